//! One request of the walk, as a run would send it, for those who only want to know what a run will ask: nothing is
//! handed over.

use super::task::Task;
use super::verdict::{self, Verdict};
use super::visit::{Brought, Walk};
use crate::client::{Effort, Request};
use crate::extract::error::{ExtractError, PartitionError};
use crate::extract::paging::List;
use crate::extract::sink::Sink;
use crate::record::Reading;

/// What one page shows.
#[derive(Debug, Default)]
pub(in crate::extract) struct Look {
    pub(in crate::extract) requests: u32,
    /// Records that a run would take.
    pub(in crate::extract) records: usize,
    /// Records on the page.
    pub(in crate::extract) length: usize,
    /// How long the list is, where it says so.
    pub(in crate::extract) total: Option<u32>,
    pub(in crate::extract) next: Option<Task>,
    /// What the records start, or what is read in place of the list.
    pub(in crate::extract) below: Vec<Task>,
    /// GitLab does not give it.
    pub(in crate::extract) is_refused: bool,
}

impl<S: Sink> Walk<S> {
    /// Asks for the page of the task.
    pub(in crate::extract) async fn look(&self, task: &Task) -> Result<Look, ExtractError> {
        let (mut requests, mut instead) = (0, None);
        loop {
            let task: &Task = instead.as_ref().unwrap_or(task);
            let refused = |requests| Look { requests, is_refused: true, ..Look::default() };
            if task.node.refusals.verdict().is_some() {
                return Ok(refused(requests));
            }
            requests += 1;
            let list = task.list(self.options.page_size());
            let request = task.request(&list);
            let error = match self.page(task, &list, &request).await {
                Ok(look) => return Ok(Look { requests, ..look }),
                Err(error) => error,
            };
            match verdict::settle(&self.client, task, &list, &request, error)? {
                Verdict::Instead(other) => instead = Some(*other),
                Verdict::Refused(_) | Verdict::Failed => return Ok(refused(requests)),
                Verdict::Aside(reason) => {
                    let below = self.aside(task, task.branch.open_page(None), reason);
                    return Ok(Look { requests, below, ..Look::default() });
                }
            }
        }
    }

    async fn page(&self, task: &Task, list: &List, request: &Request) -> Result<Look, PartitionError> {
        let node = &task.node;
        let retries = node.counts.retries_to_count();
        let effort = Effort { can_shrink: task.pager.can_shrink(list), retries };
        let (shape, taps, hooks) = (task.shape(), &node.taps, &self.options.hooks);
        let reading = Reading { resource: node.resource, shape, taps, hooks, omit: node.omit };
        let answer = self.client.get_with(request, effort, &|text| self.read(task, reading, text)).await?;
        let mut brought = self.look_at(task, list, answer)?;
        if task.wide().is_none() {
            node.refusals.given();
        }
        let page = task.branch.open_page(None);
        let below = self.follow(task, list, page, &mut brought);
        let Brought { pieces, keep, next, total, .. } = brought;
        let records = keep.iter().filter(|keep| **keep).count();
        Ok(Look { records, length: pieces.glimpses.len(), total, next, below, ..Look::default() })
    }

    /// What a run starts when the lists of the task's partition are read to their end.
    pub(in crate::extract) fn at_end(&self, task: &Task) -> Vec<Task> {
        self.start_at_end(task, task.branch.open_page(None))
    }

    /// How many records the list of the task has: asked by offset, as keyset says no totals.
    pub(in crate::extract) async fn total(&self, task: &Task) -> Option<u32> {
        let list = task.list(self.options.page_size());
        let mut request = task.request(&list);
        let is_of_page =
            |name: &str| matches!(name, "page" | "per_page" | "pagination" | "cursor" | "id_after");
        request.query.retain(|(name, _)| !is_of_page(name));
        request
            .query
            .extend([("page", "1"), ("per_page", "1")].map(|(name, value)| (name.into(), value.into())));
        self.client.get(&request).await.ok()?.total()
    }
}
