//! Reads records out of GitLab: a [`Tree`] of resources and where they start come in, [`Page`]s go out to a [`Sink`].
//!
//! Workers take requests from a depth-first stack. Each answer is decoded, its records go through the hooks and to the
//! sink, and what it starts (the partitions below its records, then its own next page) goes on top of the stack: children
//! are done before the parent's next page is fetched, so memory stays flat. One partition that GitLab refuses is counted
//! and left out; see `verdict`. Knows nothing of tables or destinations.
//!
//! What a later run needs to know of a partition is kept by the sink, with the rows it speaks for: `reading` decides by
//! it how a partition is read, `branch` when it may be kept, and `shift` reads lists whose rows come and go meanwhile.

mod bindings;
mod branch;
mod decode;
mod error;
mod estimate;
mod newest_first;
mod paging;
mod reading;
mod replan;
mod rules;
mod shift;
mod sink;
mod stack;
mod start;
mod state;
mod tally;
mod task;
mod tree;
mod verdict;
mod work;

use std::sync::Arc;

pub use branch::{Kept, Whole};
pub use decode::DecodeError;
pub use error::{ExtractError, PartitionError};
pub use estimate::{Basis, Estimate, estimate};
pub use paging::PagingError;
pub use reading::History;
pub use sink::Sink;
pub use state::{Done, PartitionState, Point, Unfinished};
pub use tally::{Counts, Loss, LossKind, Losses, Tally};
pub use tree::{Tree, TreeError};

use crate::client::Client;
use crate::config::Scope;
use crate::hooks::Hooks;
use start::Starter;
use task::Task;
use work::Extraction;

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

/// Reads all resources of the tree. What it counts shows in a [`Tally`] of the tree.
pub async fn extract<S: Sink>(
    client: Client,
    tree: &Tree,
    scope: &Scope,
    sink: S,
    options: ExtractOptions,
) -> Result<(), ExtractError> {
    let starter = Starter::new(sink);
    let tasks = starter.first_tasks(tree, scope);
    let concurrency = options.concurrency;
    let extraction = Arc::new(Extraction { client, scope: scope.clone(), starter, options });
    let limits = extraction.client.clone();
    let is_held = move |task: &Task| limits.is_held_back(task.route());
    stack::drain(tasks, concurrency, is_held, move |task| {
        let extraction = Arc::clone(&extraction);
        async move { extraction.work(task).await }
    })
    .await
}
