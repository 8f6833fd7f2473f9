//! One request of the work stack: sent, read, handed over; what it starts comes back.

use std::sync::Arc;

use super::ExtractOptions;
use super::bindings::Unbound;
use super::branch::Kept;
use super::error::{ExtractError, PartitionError};
use super::paging::{Position, Seen, given_size};
use super::replan::smaller_size;
use super::rules::{ignores_bound, is_settled};
use super::shift::{Step, Window};
use super::sink::Sink;
use super::start::{Anchor, Starter};
use super::tally::LossKind;
use super::task::Task;
use super::tree::Node;
use super::verdict::{self, Verdict};
use crate::client::{Answer, Client, Effort};
use crate::config::Scope;
use crate::moment::Moment;
use crate::page::{Binding, Page};
use crate::record::{DecodeError, Glimpse, Read, Reading, Rows};
use crate::resource::Pagination;
use crate::scope::takes;

/// Everything that the workers share.
#[derive(Debug)]
pub(super) struct Extraction<S> {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) starter: Starter<S>,
    pub(super) options: ExtractOptions,
}

/// What an answer holds, and which of it is new.
#[derive(Debug)]
struct Turn<R> {
    read: Read<R>,
    /// Which records are taken, by their place.
    keep: Vec<bool>,
    next: Option<Task>,
    /// Whether the limit cut something off.
    is_cut: bool,
}

impl<S: Sink> Extraction<S> {
    /// Sends one request and returns what it starts.
    pub(super) async fn work(&self, task: Task) -> Result<Vec<Task>, ExtractError> {
        let request = task.request(self.per_page());
        task.node.counts.add_request();
        let effort = Effort {
            can_shrink: task.can_shrink() && smaller_size(task.per_page(self.per_page())).is_some(),
            retries: task.node.counts.retries_to_count(),
        };
        let reading = Reading {
            resource: task.node.resource,
            shape: task.shape(),
            taps: &task.node.taps,
            hooks: &self.options.hooks,
        };
        let read = |text: &str| self.starter.sink.read(reading, &task.partition, text);
        let turn = match self.client.get_with(&request, effort, &read).await {
            Ok(answer) => self.turn(&task, answer),
            Err(fault) => Err(fault.into()),
        };
        let error = match turn {
            Ok(turn) => return self.deliver(&task, turn).await,
            Err(error) => error,
        };
        let size = task.per_page(self.per_page());
        match verdict::settle(self.client.api(), &task, &request, size, error)? {
            Verdict::Instead(task) => Ok(vec![*task]),
            Verdict::LeftOut(kind) => {
                task.branch.break_off(kind == LossKind::Failed);
                self.keep(task.branch.close()).await?;
                Ok(Vec::new())
            }
        }
    }

    /// A limit below the page size asks for smaller pages.
    fn per_page(&self) -> u32 {
        let limit = self.options.limit.and_then(|limit| u32::try_from(limit).ok());
        limit.map_or(self.options.per_page, |limit| self.options.per_page.min(limit.max(1)))
    }

    /// Finds the next page, and which records are new and within the limit.
    fn turn(
        &self,
        task: &Task,
        answer: Answer<Result<Read<S::Rows>, DecodeError>>,
    ) -> Result<Turn<S::Rows>, PartitionError> {
        let total = answer.total();
        let read = answer.body?;
        let count = read.glimpses.len();
        task.node.counts.add_expected(total, task.received == 0, count);
        let size = task.per_page(self.per_page());
        let seen =
            Seen { headers: &answer.headers, records: count, digest: answer.digest, previous: task.previous };
        let next = task.position.after(task.pagination(), size, &seen)?;
        let given = given_size(&answer.headers).filter(|given| *given < size);
        let skip = task.skip.min(count);
        let fresh = read.glimpses.get(skip..).unwrap_or_default();
        if self.ignores_bound(task, fresh) {
            task.node.counts.add_disobeyed();
        }
        let next = self.next(task, fresh, next, answer.digest);
        let key = task.node.resource.record_key;
        let is_new = |record: &Glimpse| key.is_empty() || task.place.is_new(record);
        let mut keep: Vec<bool> = vec![false; skip];
        keep.extend(fresh.iter().map(is_new));
        let new = keep.iter().filter(|keep| **keep).count();
        let received = task.received.saturating_add(u64::try_from(new).unwrap_or(u64::MAX));
        let next = next.map(|mut next| {
            next.received = received;
            // Some lists give smaller pages than they are asked for; the places of records follow what they give.
            next.page_size = given.or(next.page_size);
            next
        });
        let Some(limit) = self.options.limit else { return Ok(Turn { read, keep, next, is_cut: false }) };
        let rest = usize::try_from(limit.saturating_sub(task.received)).unwrap_or(usize::MAX);
        let is_cut = new > rest || (next.is_some() && received >= limit);
        keep.iter_mut().filter(|keep| **keep).skip(rest).for_each(|keep| *keep = false);
        Ok(Turn { read, keep, next: next.filter(|_| !is_cut), is_cut })
    }

    /// The request after this one. What is read by page numbers goes on so that no row is lost.
    fn next(&self, task: &Task, records: &[Glimpse], next: Option<Position>, digest: u64) -> Option<Task> {
        let newest_first = task.node.reading.newest_first.zip(task.branch.reading.since);
        if newest_first.is_some_and(|(list, since)| list.is_reached(records, since)) {
            return None;
        }
        if task.pagination() != Pagination::Offset {
            return next.map(|position| task.next(position, digest, 0));
        }
        let can_overlap = task.can_shrink() && !task.node.resource.record_key.is_empty();
        let window = Window {
            records,
            cursor: task.node.resource.incremental.and_then(|incremental| incremental.cursor),
            position: &task.position,
            size: task.per_page(self.per_page()),
            most: if can_overlap { task.most_per_page(self.per_page()) } else { 0 },
            next,
        };
        let outcome = task.place.after(&window);
        // Counted once; what does not come in order shows again in what does not keep to the bound.
        if outcome.is_disobeyed && !self.ignores_bound(task, records) {
            task.node.counts.add_disobeyed();
        }
        let (position, is_forward) = match outcome.step {
            Step::End => return None,
            Step::Next(position) => (position, true),
            Step::Back(position) => (position, false),
        };
        let is_other_list = !is_forward || position == Position::First;
        let mut next = task.next(position, digest, 0);
        next.place = outcome.place;
        next.previous = next.previous.filter(|_| !is_other_list);
        Some(next)
    }

    /// Whether the first page of a list shows that it is not bounded.
    fn ignores_bound(&self, task: &Task, records: &[Glimpse]) -> bool {
        let incremental = task.node.resource.incremental.filter(|_| task.node.reading.is_incremental);
        let bound = task.branch.reading.since.filter(|_| task.position == Position::First);
        incremental.is_some_and(|incremental| ignores_bound(&incremental, bound, records))
    }

    /// Hands the records over and returns the tasks that they start.
    async fn deliver(&self, task: &Task, turn: Turn<S::Rows>) -> Result<Vec<Task>, ExtractError> {
        let Turn { read: Read { glimpses, mut rows }, mut keep, next, is_cut } = turn;
        let branch = &task.branch;
        let page = branch.open_page(next.as_ref().and_then(Task::point));
        let mut started = self.sift(task, page, &glimpses, &mut keep);
        let kept_rows = keep.iter().filter(|keep| **keep).count();
        if kept_rows < keep.len() {
            rows.retain(&keep);
        }
        task.node.counts.add_records(kept_rows);
        let mut is_complete = false;
        if is_cut {
            task.node.counts.add_truncated();
            branch.break_off(true);
        } else if next.is_none() {
            // One of several roots ends the partition: the one whose records arrive last.
            is_complete = branch.end_list();
        }
        let kept = branch.kept_with(page);
        if task.node.is_loaded && (kept_rows > 0 || is_complete) {
            let partition = Arc::clone(&task.partition);
            self.send(Page { partition, records: rows, last: is_complete }, kept).await?;
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
        for (child, bound) in self.children(task, record) {
            let above = &task.branch.reading;
            let loaded_before = above.bound_below(created_at, child.resource.name, &task.node.reading);
            let anchor = Anchor { changed_at, loaded_before };
            started.extend(self.starter.tasks_below(&task.branch, page, child, bound, anchor));
        }
    }

    /// What hangs on the record: nothing where it ended long ago and is loaded.
    fn children<'t>(
        &self,
        task: &'t Task,
        record: &Glimpse,
    ) -> impl Iterator<Item = (&'t Arc<Node>, Result<Vec<Vec<Binding>>, Unbound>)> {
        let (rules, reading) = (&task.node.reading, &task.branch.reading);
        let is_settled =
            is_settled(record, rules, reading.loaded_before(rules), self.starter.history.started_at);
        if is_settled {
            task.node.counts.add_settled();
        }
        let bound = |child: &'t Arc<Node>| (child, child.bind(&task.partition.bindings, record));
        let children: Vec<_> = task.node.children.iter().filter(|_| !is_settled).map(bound).collect();
        children.into_iter()
    }

    async fn send(&self, page: Page<S::Rows>, kept: Option<Kept>) -> Result<(), ExtractError> {
        let sink = &self.starter.sink;
        let sent = match kept {
            Some(kept) => sink.page_and_keep(page, kept).await,
            None => sink.page(page).await,
        };
        sent.map_err(|source| ExtractError::Sink { source: Box::new(source) })
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), ExtractError> {
        if kept.is_empty() {
            return Ok(());
        }
        let kept = self.starter.sink.keep(kept).await;
        kept.map_err(|source| ExtractError::Sink { source: Box::new(source) })
    }
}
