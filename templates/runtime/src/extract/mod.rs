//! Reads records out of GitLab: a [`Tree`] of resources and where they start come in, [`Page`]s go out to a [`Sink`].
//!
//! - `walk`: from where a run starts, list by list, to what hangs on each record. Children are done before their
//!   parent's next page is fetched, so memory stays flat.
//! - `paging`: one list from its front to its end, without losing a row while others come, go and move.
//! - `resume`: what is known from earlier runs, and what may be kept for later ones.
//! - [`Budget`] bounds what a run costs.
//! - [`Tally`] counts, [`estimate`] looks ahead, a [`Sink`] takes the pages.
//!
//! One partition that GitLab refuses is counted and left out. It knows nothing of tables or destinations.

mod budget;
mod error;
mod estimate;
mod outlook;
mod paging;
mod resume;
mod sink;
mod tally;
mod walk;

use std::sync::Arc;

pub use budget::{Budget, End, Spent};
pub(crate) use error::At;
pub use error::{ExtractError, PartitionError};
pub use estimate::{Basis, Estimate, estimate};
pub use outlook::{Outlook, Records};
pub use paging::PagingError;
pub use resume::{Done, History, PartitionState, Point, Refused, Unfinished};
pub use sink::Sink;
pub use tally::{Counts, LeftForLater, Loss, LossKind, Losses, Tally};
pub use walk::{Tree, TreeError};

use crate::client::Client;
use crate::config::Scope;
use crate::hooks::Hooks;
use crate::shard::Shard;
use crate::telemetry::Telemetry;
use budget::Spending;
use walk::{Starter, Task, Turns, Walk};

/// How to read.
#[derive(Debug, Clone)]
pub struct ExtractOptions {
    /// Requests at a time.
    pub concurrency: usize,
    /// Records per page.
    pub per_page: u32,
    /// At most so many records of each partition; children start from those alone.
    pub limit: Option<u64>,
    pub budget: Budget,
    /// The part that is read where several do it together; `None`: everything.
    pub shard: Option<Shard>,
    /// What is done to records before they are loaded.
    pub hooks: Hooks,
    /// Where requests are noted for those who look on from outside.
    pub telemetry: Telemetry,
}

impl ExtractOptions {
    /// Records per page: a limit below it asks for smaller pages.
    fn page_size(&self) -> u32 {
        let limit = self.limit.and_then(|limit| u32::try_from(limit).ok());
        limit.map_or(self.per_page, |limit| self.per_page.min(limit.max(1)))
    }
}

/// Reads all resources of the tree, or as much as the budget allows. What it counts shows in a [`Tally`] of the tree.
pub async fn extract<S: Sink>(
    client: Client,
    tree: &Tree,
    scope: &Scope,
    sink: S,
    options: ExtractOptions,
) -> Result<End, ExtractError> {
    let starter = Starter::new(sink, client.clone(), options.page_size(), options.shard);
    let tasks = starter.first_tasks(tree, scope);
    tasks.iter().for_each(Task::open);
    let concurrency = options.concurrency;
    let spending = Arc::new(Spending::new(options.budget, client.clone()));
    let turns = Limited { client: client.clone(), spending: Arc::clone(&spending) };
    let walk =
        Arc::new(Walk { client, scope: scope.clone(), starter, options, spending: Arc::clone(&spending) });
    let is_stopped = walk::drain(tasks, concurrency, turns, move |task| {
        let walk = Arc::clone(&walk);
        let (counts, is_open_ended) = task.closing();
        async move {
            let started = walk.visit(task).await?;
            started.iter().for_each(Task::open);
            counts.close(is_open_ended);
            Ok::<_, ExtractError>(started)
        }
    })
    .await?;
    Ok(spending.spent().filter(|_| is_stopped).map_or(End::Whole, End::Stopped))
}

/// Goes by the limits of the server and by the budget.
struct Limited {
    client: Client,
    spending: Arc<Spending>,
}

impl Turns<Task> for Limited {
    fn is_held(&self, task: &Task) -> bool {
        self.client.is_held_back(task.route())
    }

    /// Of what a table is replaced with, a part would be read for nothing.
    fn is_last(&self, task: &Task) -> bool {
        self.spending.is_bounded() && task.is_in_one_go()
    }

    fn is_over(&self) -> bool {
        self.spending.spent().is_some()
    }
}
