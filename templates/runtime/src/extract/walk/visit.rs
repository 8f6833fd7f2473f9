//! One request of the work stack: sent, read, handed over; what it starts comes back.

use std::sync::Arc;

use super::bindings::Unbound;
use super::node::Node;
use super::start::{Anchor, Starter};
use super::task::Task;
use super::verdict::{self, Verdict};
use crate::client::{Answer, Client, Effort};
use crate::config::Scope;
use crate::extract::ExtractOptions;
use crate::extract::error::{ExtractError, PartitionError};
use crate::extract::paging::{List, Seen};
use crate::extract::resume::{Above, is_settled, standing_of};
use crate::extract::sink::Sink;
use crate::extract::tally::LossKind;
use crate::moment::Moment;
use crate::page::{Kept, Page, Partition};
use crate::record::{DecodeError, Glimpse, Read, Reading, Rows};
use crate::scope::takes;

/// Everything that the workers share.
#[derive(Debug)]
pub(in crate::extract) struct Walk<S> {
    pub(in crate::extract) client: Client,
    pub(in crate::extract) scope: Scope,
    pub(in crate::extract) starter: Starter<S>,
    pub(in crate::extract) options: ExtractOptions,
}

/// What an answer brings.
#[derive(Debug)]
struct Brought<R> {
    read: Read<R>,
    /// Which records are taken, by their place.
    keep: Vec<bool>,
    next: Option<Task>,
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
        if let Some(reason) = task.node.refusals.verdict() {
            counts.add_loss(LossKind::Skipped, reason.clone(), request.path);
            return self.refuse(&task, reason).await;
        }
        if task.node.children.is_empty() && !self.starter.sink.takes(task.node.resource) {
            return self.leave_out(&task).await;
        }
        counts.add_request();
        let can_shrink = task.pager.can_shrink(&list);
        let effort = Effort { can_shrink, retries: counts.retries_to_count() };
        let (shape, taps, hooks) = (task.shape(), &task.node.taps, &self.options.hooks);
        let reading = Reading { resource: task.node.resource, shape, taps, hooks, omit: task.node.omit };
        let read = |text: &str| self.starter.sink.read(reading, task.partition(), text);
        let brought = match self.client.get_with(&request, effort, &read).await {
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
            Verdict::Refused(reason) => self.refuse(&task, reason).await,
            Verdict::Failed => self.leave_out(&task).await,
        }
    }

    /// Leaves out a partition that should have been read.
    async fn leave_out(&self, task: &Task) -> Result<Vec<Task>, ExtractError> {
        task.branch.break_off(true);
        self.keep(task.branch.close()).await?;
        Ok(Vec::new())
    }

    /// Leaves out a partition that GitLab does not give.
    async fn refuse(&self, task: &Task, reason: String) -> Result<Vec<Task>, ExtractError> {
        let refused = task.branch.refuse(reason).filter(|_| task.is_first);
        self.keep(refused.into_iter().chain(task.branch.close()).collect()).await?;
        Ok(Vec::new())
    }

    /// Finds where the list goes on, and which records are new and within the limit.
    fn look_at(
        &self,
        task: &Task,
        list: &List,
        answer: Answer<Result<Read<S::Rows>, DecodeError>>,
    ) -> Result<Brought<S::Rows>, PartitionError> {
        let total = answer.total();
        let Answer { headers, body, digest, .. } = answer;
        let read = body?;
        let counts = &task.node.counts;
        counts.add_expected(total, task.pager.received() == 0, read.glimpses.len());
        let seen = Seen { headers: &headers, records: &read.glimpses, digest, total };
        let turn = task.pager.after(list, &seen)?;
        if turn.is_disobeyed {
            counts.add_disobeyed();
        }
        if let Some(way) = turn.learned {
            let _ = task.node.way.set(way);
        }
        let mut keep = turn.is_new;
        let is_cut = self.cut(task, &mut keep, turn.next.is_some());
        if is_cut {
            counts.add_truncated();
        }
        let next = turn.next.filter(|_| !is_cut).map(|pager| task.at(pager));
        Ok(Brought { read, keep, next, is_cut })
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
        brought: Brought<S::Rows>,
    ) -> Result<Vec<Task>, ExtractError> {
        let Brought { read: Read { glimpses, mut rows }, mut keep, next, is_cut } = brought;
        let branch = &task.branch;
        let page = branch.open_page(next.as_ref().and_then(|next| next.point(list)));
        let mut started = self.sift(task, page, &glimpses, &mut keep);
        let count = keep.iter().filter(|keep| **keep).count();
        if count < keep.len() {
            rows.retain(&keep);
        }
        task.node.counts.add_records(count);
        let mut is_complete = false;
        if is_cut {
            branch.break_off(true);
        } else if next.is_none() {
            // One of several roots ends the partition: the one whose records arrive last.
            is_complete = branch.end_list();
        }
        let kept = branch.kept_with(page);
        if task.node.is_loaded && (count > 0 || is_complete) {
            let partition = Arc::clone(task.partition());
            let page = Page { partition, records: rows, last: is_complete };
            let sent = self.starter.sink.page(page, kept).await;
            sent.map_err(|source| ExtractError::Sink { source: Box::new(source) })?;
        } else {
            self.keep(kept.into_iter().collect()).await?;
        }
        self.keep(branch.hand_over(page)).await?;
        started.extend(next);
        Ok(started)
    }

    /// Leaves out what lies outside of the scope, comes twice or is dropped; returns the tasks that the others start.
    fn sift(&self, task: &Task, page: u64, glimpses: &[Glimpse], keep: &mut [bool]) -> Vec<Task> {
        let mut started = Vec::new();
        for (record, keep) in glimpses.iter().zip(keep).filter(|(_, keep)| **keep) {
            let is_outside = task.starts_the_scope() && !takes(&self.scope, task.node.resource, record);
            *keep = !is_outside && task.is_new(record) && !record.is_dropped();
            if *keep {
                self.start_below(task, page, record, &mut started);
            }
        }
        started
    }

    fn start_below(&self, task: &Task, page: u64, record: &Glimpse, started: &mut Vec<Task>) {
        let time = |field: &str| record.text(field).and_then(Moment::parse);
        let (created_at, changed_at) = (time("created_at"), time("updated_at"));
        for (child, bound) in self.below(task, record) {
            let reading = &task.branch.reading;
            let loaded_before = reading.bound_below(created_at, child.resource.name, &task.node.reading);
            let standing = standing_of(record, task.node.resource, child.resource);
            let anchor = Anchor { above: Above { changed_at, standing }, loaded_before };
            started.extend(self.starter.tasks_below(&task.branch, page, child, bound, anchor));
        }
    }

    /// What hangs on the record: nothing where it ended long ago and is loaded, and no list that it does not have.
    fn below<'t>(&self, task: &'t Task, record: &Glimpse) -> Below<'t> {
        let (rules, reading) = (&task.node.reading, &task.branch.reading);
        let now = self.starter.history.started_at;
        if is_settled(record, rules, reading.loaded_before(rules), now) {
            task.node.counts.add_settled();
            return Vec::new();
        }
        let parent = task.partition();
        let (absent, there): (Vec<_>, Vec<_>) =
            task.node.children.iter().partition(|child| child.unless.iter().any(|sign| record.shows(sign)));
        absent.iter().for_each(|child| child.counts.add_absent());
        there.into_iter().map(|child| (child, child.partitions(Some(parent), record))).collect()
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), ExtractError> {
        if kept.is_empty() {
            return Ok(());
        }
        let kept = self.starter.sink.keep(kept).await;
        kept.map_err(|source| ExtractError::Sink { source: Box::new(source) })
    }
}
