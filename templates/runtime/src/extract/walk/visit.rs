//! One request of the work stack: sent, read, handed over; what it starts comes back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::bindings::Unbound;
use super::node::Node;
use super::pieces::{self, Pieces};
use super::start::{Anchor, Starter};
use super::task::Task;
use super::verdict::{self, Verdict};
use super::wide::WideList;
use crate::client::{Answer, Client, Effort};
use crate::config::Scope;
use crate::extract::ExtractOptions;
use crate::extract::budget::Spending;
use crate::extract::error::{ExtractError, PartitionError};
use crate::extract::paging::{List, Seen};
use crate::extract::resume::{Above, is_settled, standing_of};
use crate::extract::sink::Sink;
use crate::extract::tally::LossKind;
use crate::moment::Moment;
use crate::page::{Kept, Page, Partition};
use crate::record::{DecodeError, Glimpse, Reading, Rows};
use crate::scope::takes;

/// Everything that the workers share.
#[derive(Debug)]
pub(in crate::extract) struct Walk<S> {
    pub(in crate::extract) client: Client,
    pub(in crate::extract) scope: Scope,
    pub(in crate::extract) starter: Starter<S>,
    pub(in crate::extract) options: ExtractOptions,
    pub(in crate::extract) spending: Arc<Spending>,
}

/// What an answer brings.
#[derive(Debug)]
pub(super) struct Brought<R> {
    pub(super) pieces: Pieces<R>,
    /// Which records are taken, by their place.
    pub(super) keep: Vec<bool>,
    pub(super) next: Option<Task>,
    /// How long the server says that the list is.
    pub(super) total: Option<u32>,
    /// Whether the limit cut something off.
    is_cut: bool,
}

/// What hangs on a record: per child, the partitions that the record starts.
type Below<'n> = Vec<(&'n Arc<Node>, Result<Vec<Partition>, Unbound>)>;

impl<S: Sink> Walk<S> {
    /// Sends one request and returns what it starts.
    pub(in crate::extract) async fn visit(&self, task: Task) -> Result<Vec<Task>, ExtractError> {
        let list = task.list(self.options.page_size());
        let request = task.request(&list);
        let counts = &task.node.counts;
        if task.is_first {
            counts.begin_list();
        }
        if let Some(reason) = task.node.refusals.verdict().filter(|_| task.wide().is_none()) {
            counts.add_loss(LossKind::Skipped, reason.clone(), request.path);
            return self.leave_out(&task, Some(reason)).await;
        }
        if task.node.children.is_empty() && !self.starter.sink.takes(task.node.resource) {
            return self.leave_out(&task, None).await;
        }
        counts.add_request();
        self.spending.begin();
        let can_shrink = task.pager.can_shrink(&list);
        let retries = AtomicU64::new(0);
        let effort = Effort { can_shrink, retries: &retries };
        let (shape, taps, hooks) = (task.shape(), &task.node.taps, &self.options.hooks);
        let reading = Reading { resource: task.node.resource, shape, taps, hooks, omit: task.node.omit };
        let read = |text: &str| self.read(&task, reading, text);
        let asking = self.options.telemetry.ask(task.node.resource.name, request.route);
        let answered = self.client.get_with(&request, effort, &read).await;
        let retries = retries.into_inner();
        counts.add_retries(retries);
        asking.end(retries, answered.as_ref().err());
        let brought = match answered {
            Ok(answer) => self.look_at(&task, &list, answer),
            Err(fault) => Err(fault.into()),
        };
        let error = match brought {
            Ok(brought) => {
                task.node.refusals.given();
                return self.deliver(&task, &list, brought).await;
            }
            Err(error) => error,
        };
        match verdict::settle(&self.client, &task, &list, &request, error)? {
            Verdict::Instead(task) => Ok(vec![*task]),
            Verdict::Refused(reason) => self.leave_out(&task, Some(reason)).await,
            Verdict::Failed => self.leave_out(&task, None).await,
            Verdict::Aside(reason) => self.leave_aside(&task, reason).await,
        }
    }

    /// Reads a body: of one partition, or of the many in a wide list.
    pub(super) fn read(&self, task: &Task, reading: Reading<'_>, text: &str) -> pieces::Outcome<S::Rows> {
        let sink = &self.starter.sink;
        match task.wide() {
            None => {
                let read = sink.read(reading, task.partition(), text)?;
                Ok(read.map(|read| Pieces::of_one(task.partition(), read)))
            }
            Some(list) => {
                let read = |partition: &Partition, text: &str| sink.read(reading, partition, text);
                Pieces::of_many(reading, text, list.wide, |value| list.partition_of(value), read)
            }
        }
    }

    /// Leaves out the rest of a partition: what GitLab does not give, and says why, or what should have come.
    async fn leave_out(&self, task: &Task, refused: Option<String>) -> Result<Vec<Task>, ExtractError> {
        let is_over = task.branch.break_off(refused.is_none());
        // Runs that share the work between them ask for it once.
        let is_shared = self.spending.is_bounded();
        let refused = refused.and_then(|reason| task.branch.kept_as_refused(reason, is_shared));
        self.keep(refused.filter(|_| is_shared || task.is_first).into_iter().collect()).await?;
        if !is_over || !task.node.has_wide_children() {
            self.keep(task.branch.close()).await?;
            return Ok(Vec::new());
        }
        let page = task.branch.open_page(None);
        let started = self.start_at_end(task, page);
        self.keep(task.branch.hand_over(page)).await?;
        Ok(started)
    }

    /// Ends a wide list that cannot be read: its partitions are read by lists of their own.
    async fn leave_aside(&self, task: &Task, reason: String) -> Result<Vec<Task>, ExtractError> {
        let page = task.branch.open_page(None);
        let mut started = self.aside(task, page, reason);
        if task.branch.end_list() {
            started.extend(self.start_at_end(task, page));
        }
        self.keep(task.branch.hand_over(page)).await?;
        Ok(started)
    }

    /// The first requests of the own lists of what a wide list was read for.
    pub(super) fn aside(&self, task: &Task, page: u64, reason: String) -> Vec<Task> {
        let Some(list) = task.wide() else { return Vec::new() };
        let members = list.cover.leave(list.number);
        task.node.counts.leave_wide(members.len());
        task.node.counts.add_aside(reason, members.len());
        self.starter.own_tasks(&task.branch, page, &task.node, members)
    }

    /// What is read once all lists of a partition are read, and hangs on its last page: wide lists below it, and, of
    /// wide lists, what none of them has said anything of.
    pub(super) fn start_at_end(&self, task: &Task, page: u64) -> Vec<Task> {
        let below = task.node.children.iter();
        let mut started: Vec<Task> =
            below.flat_map(|child| self.starter.wide_tasks(&task.branch, page, child)).collect();
        if let Some(list) = task.wide() {
            let silent = list.cover.leave_silent();
            task.node.counts.leave_wide(silent.len());
            started.extend(self.starter.own_tasks(&task.branch, page, &task.node, silent));
        }
        started
    }

    /// Finds where the list goes on, and which records are new and within the limit.
    pub(super) fn look_at(
        &self,
        task: &Task,
        list: &List,
        answer: Answer<Result<Pieces<S::Rows>, DecodeError>>,
    ) -> Result<Brought<S::Rows>, PartitionError> {
        let total = answer.total();
        let Answer { headers, body, digest, .. } = answer;
        let pieces = body?;
        let counts = &task.node.counts;
        counts.add_expected(total, task.pager.received() == 0, pieces.glimpses.len());
        let seen = Seen { headers: &headers, records: &pieces.glimpses, digest, total };
        let turn = task.pager.after(list, &seen)?;
        if turn.is_disobeyed {
            counts.add_disobeyed();
        }
        if let Some(way) = turn.learned.filter(|_| task.wide().is_none()) {
            let _ = task.node.way.set(way);
        }
        let mut keep = turn.is_new;
        let is_cut = self.cut(task, &mut keep, turn.next.is_some());
        if is_cut {
            counts.add_truncated();
        }
        let next = turn.next.filter(|_| !is_cut).map(|pager| task.at(pager));
        let next = next.map(|next| Task { is_open_ended: total.is_none(), ..next });
        Ok(Brought { pieces, keep, next, total, is_cut })
    }

    /// Leaves out what is beyond the limit; whether something is.
    fn cut(&self, task: &Task, keep: &mut [bool], has_next: bool) -> bool {
        let Some(limit) = self.options.limit else { return false };
        let rest = usize::try_from(limit.saturating_sub(task.pager.received())).unwrap_or(usize::MAX);
        let count = keep.iter().filter(|keep| **keep).count();
        keep.iter_mut().filter(|keep| **keep).skip(rest).for_each(|keep| *keep = false);
        count > rest || (has_next && count >= rest)
    }

    /// Hands the records over and returns the tasks that they start.
    async fn deliver(
        &self,
        task: &Task,
        list: &List,
        mut brought: Brought<S::Rows>,
    ) -> Result<Vec<Task>, ExtractError> {
        let branch = &task.branch;
        let point = brought.next.as_ref().map_or_else(|| task.end(), |next| next.point(list));
        let page = branch.open_page(point);
        let mut started = self.follow(task, list, page, &mut brought);
        let Brought { pieces, keep, next, is_cut, .. } = brought;
        let mut is_complete = false;
        if is_cut {
            branch.break_off(true);
        } else if next.is_none() {
            // One of several roots ends the partition: the one whose records arrive last.
            is_complete = branch.end_list();
        }
        if is_complete {
            started.extend(self.start_at_end(task, page));
        }
        self.send(task, page, pieces, &keep, is_complete).await?;
        self.keep(branch.hand_over(page)).await?;
        started.extend(next);
        Ok(started)
    }

    /// Hands over the records of a page that are kept, and with them what is to be kept of their partition.
    async fn send(
        &self,
        task: &Task,
        page: u64,
        mut pieces: Pieces<S::Rows>,
        keep: &[bool],
        is_complete: bool,
    ) -> Result<(), ExtractError> {
        let counts = pieces.retain(keep);
        task.node.counts.add_records(counts.iter().sum());
        let kept = task.branch.kept_with(page);
        self.spending.keep(&kept);
        let last = is_complete && task.wide().is_none();
        let is_sent = |count: usize| task.node.is_loaded && (count > 0 || last);
        let sent = pieces.all.into_iter().zip(counts).filter(|(_, count)| is_sent(*count));
        let mut pages: Vec<_> =
            sent.map(|(piece, _)| Page { partition: piece.partition, records: piece.rows, last }).collect();
        // What is kept speaks for all of them.
        let with_kept = pages.pop();
        for page in pages {
            self.send_page(page, None).await?;
        }
        match with_kept {
            Some(page) => self.send_page(page, kept).await,
            None => self.keep(kept.into_iter().collect()).await,
        }
    }

    async fn send_page(&self, page: Page<S::Rows>, kept: Option<Kept>) -> Result<(), ExtractError> {
        let sent = self.starter.sink.page(page, kept).await;
        sent.map_err(|source| ExtractError::Sink { source: Box::new(source) })
    }

    /// The tasks that the records of a page start; leaves out those that are not for this run, and the rest of a wide list
    /// that has too many of them.
    pub(super) fn follow(
        &self,
        task: &Task,
        list: &List,
        page: u64,
        Brought { pieces, keep, next, total, .. }: &mut Brought<S::Rows>,
    ) -> Vec<Task> {
        let (mut started, strays) = self.sift(task, page, pieces, keep);
        let is_wasteful =
            |wide: &WideList| wide.is_wasteful(strays, pieces.glimpses.len(), *total, list.per_page);
        if let Some(wide) = task.wide().filter(|wide| is_wasteful(wide)) {
            let reason = format!("most of `{}` belongs to others", wide.root.route);
            if next.take().is_some() {
                started.extend(self.aside(task, page, reason));
            }
        }
        started
    }

    /// Leaves out what lies outside of the scope, is another shard's, comes twice or is dropped; returns the tasks that the
    /// others start, and how many records belong to no partition of this run.
    fn sift<R: Rows>(
        &self,
        task: &Task,
        page: u64,
        pieces: &Pieces<R>,
        keep: &mut [bool],
    ) -> (Vec<Task>, usize) {
        let (mut started, mut strays) = (Vec::new(), 0);
        for (place, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
            let Some((record, partition)) = pieces.glimpses.get(place).zip(pieces.partition(place)) else {
                *keep = false;
                strays += 1;
                continue;
            };
            if let Some(list) = task.wide() {
                list.cover.hear(partition);
            }
            let is_outside = task.starts_the_scope() && !takes(&self.scope, task.node.resource, record);
            let is_own = self.starter.has(task.node.resource, record);
            *keep = !is_outside && is_own && task.is_new(record) && !record.is_dropped();
            if *keep {
                self.start_below(task, page, (partition, record), &mut started);
            }
        }
        (started, strays)
    }

    fn start_below(
        &self,
        task: &Task,
        page: u64,
        (partition, record): (&Partition, &Glimpse),
        started: &mut Vec<Task>,
    ) {
        let time = |field: &str| record.text(field).and_then(Moment::parse);
        let (created_at, changed_at) = (time("created_at"), time("updated_at"));
        for (child, bound) in self.below(task, partition, record) {
            let reading = &task.branch.reading;
            let loaded_before = reading.bound_below(created_at, child.resource.name, &task.node.reading);
            let standing = standing_of(record, task.node.resource, child.resource);
            let anchor = Anchor { above: Above { changed_at, standing }, loaded_before };
            // A limit is one of each list.
            let sieve =
                child.sieve.as_ref().filter(|_| self.options.limit.is_none() && self.options.shard.is_none());
            started.extend(match sieve {
                Some(sieve) => self.starter.gather(task, page, (child, sieve), bound, anchor),
                None => self.starter.tasks_below(&task.branch, page, child, bound, anchor),
            });
        }
    }

    /// What hangs on the record: nothing where it ended long ago and is loaded, and no list that it does not have.
    fn below<'t>(&self, task: &'t Task, parent: &Partition, record: &Glimpse) -> Below<'t> {
        let (rules, reading) = (&task.node.reading, &task.branch.reading);
        let now = self.starter.history.started_at;
        if is_settled(record, rules, reading.loaded_before(rules), now) {
            task.node.counts.add_settled();
            return Vec::new();
        }
        let (absent, there): (Vec<_>, Vec<_>) =
            task.node.children.iter().partition(|child| child.unless.iter().any(|sign| record.shows(sign)));
        absent.iter().for_each(|child| child.counts.add_absent());
        there.into_iter().map(|child| (child, child.partitions(Some(parent), record))).collect()
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), ExtractError> {
        if kept.is_empty() {
            return Ok(());
        }
        self.spending.keep(&kept);
        let kept = self.starter.sink.keep(kept).await;
        kept.map_err(|source| ExtractError::Sink { source: Box::new(source) })
    }
}
