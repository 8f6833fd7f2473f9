//! One request of the work stack: sent, read, handed over; what it starts comes back.

use std::sync::Arc;

use super::ExtractOptions;
use super::bindings::Unbound;
use super::branch::Kept;
use super::decode::decode_records;
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
use crate::hooks::Keep;
use crate::moment::Moment;
use crate::page::{Binding, Page, Record};
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

/// What an answer holds.
#[derive(Debug)]
struct Read {
    records: Vec<Record>,
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
        let read = match self.client.get_with(&request, effort).await {
            Ok(answer) => self.read(&task, answer),
            Err(fault) => Err(fault.into()),
        };
        let error = match read {
            Ok(read) => return self.deliver(&task, read).await,
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

    /// Finds the records and the next page in an answer, and cuts off what is beyond the limit.
    fn read(&self, task: &Task, answer: Answer) -> Result<Read, PartitionError> {
        let total = answer.total();
        let mut records = decode_records(task.shape(), answer.body)?;
        task.node.counts.add_expected(total, task.received == 0, records.len());
        let size = task.per_page(self.per_page());
        let seen = Seen {
            headers: &answer.headers,
            records: records.len(),
            digest: answer.digest,
            previous: task.previous,
        };
        let next = task.position.after(task.pagination(), size, &seen)?;
        let given = given_size(&answer.headers).filter(|given| *given < size);
        records.drain(..task.skip.min(records.len()));
        if self.ignores_bound(task, &records) {
            task.node.counts.add_disobeyed();
        }
        let next = self.next(task, &records, next, answer.digest);
        let key = task.node.resource.record_key;
        records.retain(|record| key.is_empty() || task.place.is_new(record, key));
        let received = task.received.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
        let next = next.map(|mut next| {
            next.received = received;
            // Some lists give smaller pages than they are asked for; the places of records follow what they give.
            next.page_size = given.or(next.page_size);
            next
        });
        let Some(limit) = self.options.limit else { return Ok(Read { records, next, is_cut: false }) };
        let rest = usize::try_from(limit.saturating_sub(task.received)).unwrap_or(usize::MAX);
        let is_cut = records.len() > rest || (next.is_some() && received >= limit);
        records.truncate(rest);
        Ok(Read { records, next: next.filter(|_| !is_cut), is_cut })
    }

    /// The request after this one. What is read by page numbers goes on so that no row is lost.
    fn next(&self, task: &Task, records: &[Record], next: Option<Position>, digest: u64) -> Option<Task> {
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
            record_key: task.node.resource.record_key,
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
    fn ignores_bound(&self, task: &Task, records: &[Record]) -> bool {
        let incremental = task.node.resource.incremental.filter(|_| task.node.reading.is_incremental);
        let bound = task.branch.reading.since.filter(|_| task.position == Position::First);
        incremental.is_some_and(|incremental| ignores_bound(&incremental, bound, records))
    }

    /// Hands the records over and returns the tasks that they start.
    async fn deliver(&self, task: &Task, read: Read) -> Result<Vec<Task>, ExtractError> {
        let Read { records, next, is_cut } = read;
        let branch = &task.branch;
        let page = branch.open_page(next.as_ref().and_then(Task::point));
        let (records, mut started) = self.sift(task, page, records);
        task.node.counts.add_records(records.len());
        let mut is_complete = false;
        if is_cut {
            task.node.counts.add_truncated();
            branch.break_off(true);
        } else if next.is_none() {
            // One of several roots ends the partition: the one whose records arrive last.
            is_complete = branch.end_list();
        }
        let kept = branch.kept_with(page);
        self.send(task, records, is_complete, kept).await?;
        self.keep(branch.hand_over(page)).await?;
        started.extend(next);
        Ok(started)
    }

    /// The records that are loaded, and the tasks that they start.
    fn sift(&self, task: &Task, page: u64, records: Vec<Record>) -> (Vec<Record>, Vec<Task>) {
        let mut started = Vec::new();
        let mut kept = Vec::with_capacity(records.len());
        for mut record in records {
            let is_outside = task.starts_the_scope() && !takes(&self.scope, task.node.resource, &record);
            if is_outside || !task.is_new(&record) {
                continue;
            }
            // By the record as GitLab sent it: the hook may change or remove what a child's path needs.
            let below: Vec<_> = self.children(task, &record).collect();
            let time = |field: &str| record.get(field).and_then(|value| Moment::parse(value.as_str()?));
            let (created_at, changed_at) = (time("created_at"), time("updated_at"));
            if self.options.hooks.apply(task.node.resource.name, &mut record) == Keep::Yes {
                started.extend(below.into_iter().flat_map(|(child, bound)| {
                    let above = &task.branch.reading;
                    let loaded_before =
                        above.bound_below(created_at, child.resource.name, &task.node.reading);
                    let anchor = Anchor { changed_at, loaded_before };
                    self.starter.tasks_below(&task.branch, page, child, bound, anchor)
                }));
                kept.push(record);
            }
        }
        (kept, started)
    }

    /// What hangs on the record: nothing where it ended long ago and is loaded.
    fn children<'t>(
        &self,
        task: &'t Task,
        record: &Record,
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

    async fn send(
        &self,
        task: &Task,
        records: Vec<Record>,
        last: bool,
        kept: Option<Kept>,
    ) -> Result<(), ExtractError> {
        if !task.node.is_loaded || (records.is_empty() && !last) {
            return self.keep(kept.into_iter().collect()).await;
        }
        let page = Page { partition: Arc::clone(&task.partition), records, last };
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
