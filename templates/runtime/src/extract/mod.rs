//! Reads records out of GitLab: a [`Tree`] of resources and where they start come in, [`Page`]s go out to a [`Sink`].
//!
//! - `walk`: from where a run starts, list by list, to what hangs on each record. Children are done before their
//!   parent's next page is fetched, so memory stays flat.
//! - `paging`: one list from its front to its end, without losing a row while others come, go and move.
//! - `resume`: what is known from earlier runs, and what may be kept for later ones.
//! - [`Tally`] counts, [`estimate`] looks ahead, a [`Sink`] takes the pages.
//!
//! One partition that GitLab refuses is counted and left out. It knows nothing of tables or destinations.

mod error;
mod estimate;
mod outlook;
mod paging;
mod resume;
mod sink;
mod tally;
mod walk;

use std::sync::Arc;

pub(crate) use error::At;
pub use error::{ExtractError, PartitionError};
pub use estimate::{Basis, Estimate, estimate};
pub use outlook::Outlook;
pub use paging::PagingError;
pub use resume::{Done, History, PartitionState, Point, Refused, Unfinished};
pub use sink::Sink;
pub use tally::{Counts, LeftForLater, Loss, LossKind, Losses, Tally};
pub use walk::{Tree, TreeError};

use crate::client::Client;
use crate::config::Scope;
use crate::hooks::Hooks;
use walk::{Starter, Task, Walk};

/// How to read.
#[derive(Debug, Clone)]
pub struct ExtractOptions {
    /// Requests at a time.
    pub concurrency: usize,
    /// Records per page.
    pub per_page: u32,
    /// At most so many records of each partition; children start from those alone.
    pub limit: Option<u64>,
    /// What is done to records before they are loaded.
    pub hooks: Hooks,
}

impl ExtractOptions {
    /// Records per page: a limit below it asks for smaller pages.
    fn page_size(&self) -> u32 {
        let limit = self.limit.and_then(|limit| u32::try_from(limit).ok());
        limit.map_or(self.per_page, |limit| self.per_page.min(limit.max(1)))
    }
}

/// Reads all resources of the tree. What it counts shows in a [`Tally`] of the tree.
pub async fn extract<S: Sink>(
    client: Client,
    tree: &Tree,
    scope: &Scope,
    sink: S,
    options: ExtractOptions,
) -> Result<(), ExtractError> {
    let starter = Starter::new(sink, client.clone(), options.page_size());
    let tasks = starter.first_tasks(tree, scope);
    let concurrency = options.concurrency;
    let limits = client.clone();
    let walk = Arc::new(Walk { client, scope: scope.clone(), starter, options });
    let is_held = move |task: &Task| limits.is_held_back(task.route());
    walk::drain(tasks, concurrency, is_held, move |task| {
        let walk = Arc::clone(&walk);
        async move { walk.visit(task).await }
    })
    .await
}
