//! One request of the walk, as a run would send it, for those who only want to know what a run will ask: nothing is
//! handed over.

use super::task::Task;
use super::verdict::{self, Verdict};
use super::visit::Walk;
use crate::client::Effort;
use crate::extract::error::ExtractError;
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
    /// What the records start.
    pub(in crate::extract) below: Vec<Task>,
    /// GitLab does not give it.
    pub(in crate::extract) is_refused: bool,
}

impl<S: Sink> Walk<S> {
    /// Asks for the page of the task.
    pub(in crate::extract) async fn look(&self, mut task: Task) -> Result<Look, ExtractError> {
        let mut requests = 0;
        loop {
            if task.node.refusals.verdict().is_some() {
                return Ok(Look { requests, is_refused: true, ..Look::default() });
            }
            requests += 1;
            let list = task.list(self.options.page_size());
            let request = task.request(&list);
            let retries = task.node.counts.retries_to_count();
            let effort = Effort { can_shrink: task.pager.can_shrink(&list), retries };
            let reading = Reading {
                resource: task.node.resource,
                shape: task.shape(),
                taps: &task.node.taps,
                hooks: &self.options.hooks,
                omit: task.node.omit,
            };
            let read = |text: &str| self.starter.sink.read(reading, task.partition(), text);
            let answer = self.client.get_with(&request, effort, &read).await;
            let total = answer.as_ref().ok().and_then(|answer| answer.total());
            let error = match answer.map_err(Into::into).and_then(|answer| self.look_at(&task, &list, answer))
            {
                Ok(brought) => {
                    task.node.refusals.given();
                    let (length, mut keep) = (brought.read.glimpses.len(), brought.keep);
                    let page = task.branch.open_page(None);
                    let below = self.sift(&task, page, &brought.read.glimpses, &mut keep);
                    let records = keep.iter().filter(|keep| **keep).count();
                    let next = brought.next;
                    return Ok(Look { requests, records, length, total, next, below, is_refused: false });
                }
                Err(error) => error,
            };
            match verdict::settle(&self.client, &task, &list, &request, error)? {
                Verdict::Instead(instead) => task = *instead,
                Verdict::LeftOut(_) => return Ok(Look { requests, is_refused: true, ..Look::default() }),
            }
        }
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
