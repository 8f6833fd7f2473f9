//! Reads records out of GitLab: a [`Tree`] of resources and where they start come in, [`Page`]s go out to a [`Sink`].
//!
//! Workers take requests from a depth-first stack. Each answer is decoded, its records go through the hooks and to the
//! sink, and what it starts (the partitions below its records, then its own next page) goes on top of the stack: children
//! are done before the parent's next page is fetched, so memory stays flat. One partition that GitLab refuses is counted
//! and left out; see `verdict`. Knows nothing of tables or destinations.

mod bindings;
mod decode;
mod error;
mod paging;
mod stack;
mod tally;
mod task;
mod tree;
mod verdict;

use std::sync::Arc;

pub use decode::DecodeError;
pub use error::{ExtractError, PartitionError};
pub use paging::PagingError;
pub use tally::{Counts, Loss, LossKind, Losses, Tally};
pub use tree::{Tree, TreeError};

use crate::client::{Answer, Client};
use crate::config::Scope;
use crate::page::{Binding, Keep, Page, Partition, Record};
use crate::resource::Resource;
use crate::scope::plan_roots;
use bindings::Unbound;
use paging::Seen;
use task::{Shared, Start, Task};
use tree::Node;

/// Takes the pages. The engine waits while it is busy.
pub trait Sink: Send + Sync + 'static {
    type Error: std::error::Error + Send + Sync + 'static;

    fn page(&self, page: Page) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What the user's hook does with a record.
pub type Hook = fn(&Resource, &mut Record) -> Keep;

/// How to read.
#[derive(Debug, Clone, Copy)]
pub struct ExtractOptions {
    /// Requests at a time.
    pub concurrency: usize,
    /// Records per page.
    pub per_page: u32,
    /// At most so many records of each partition; children start from those alone.
    pub limit: Option<u64>,
    pub hook: Hook,
}

/// Everything that the workers share.
#[derive(Debug)]
struct Extraction<S> {
    client: Client,
    sink: S,
    options: ExtractOptions,
}

/// Reads all resources of the tree. What it counts shows in a [`Tally`] of the tree.
pub async fn extract<S: Sink>(
    client: Client,
    tree: &Tree,
    scope: &Scope,
    sink: S,
    options: ExtractOptions,
) -> Result<(), ExtractError> {
    let extraction = Arc::new(Extraction { client, sink, options });
    stack::drain(first_tasks(tree, scope), options.concurrency, move |task| {
        let extraction = Arc::clone(&extraction);
        async move { extraction.work(task).await }
    })
    .await
}

/// The first request of every resource that has no parent.
fn first_tasks(tree: &Tree, scope: &Scope) -> Vec<Task> {
    let rootless = tree.nodes().iter().filter(|node| node.resource.parent().is_none());
    rootless
        .flat_map(|node| {
            if node.resource.params.is_empty() { root_tasks(node, scope) } else { configured_tasks(node) }
        })
        .collect()
}

fn root_tasks(node: &Arc<Node>, scope: &Scope) -> Vec<Task> {
    let roots = plan_roots(node.resource, scope);
    let shared = Arc::new(Shared::new(roots.len()));
    let partition = Arc::new(Partition { resource: node.resource, bindings: Vec::new() });
    let task = |root| {
        let start = Start::Root { root: Arc::new(root), shared: Arc::clone(&shared) };
        Task::new(Arc::clone(node), Arc::clone(&partition), start)
    };
    roots.into_iter().map(task).collect()
}

/// A resource whose parameters all stand in the configuration.
fn configured_tasks(node: &Arc<Node>) -> Vec<Task> {
    partition_tasks(node, node.bind(&[], &Record::new()))
}

/// The first requests of partitions of `node`; a record that cannot start one is counted.
fn partition_tasks(node: &Arc<Node>, bound: Result<Vec<Vec<Binding>>, Unbound>) -> Vec<Task> {
    let bound = bound.unwrap_or_else(|unbound| {
        node.counts.add_loss(LossKind::Skipped, unbound.to_string(), node.resource.path.to_owned());
        Vec::new()
    });
    let task = |bindings| {
        let partition = Arc::new(Partition { resource: node.resource, bindings });
        Task::new(Arc::clone(node), partition, Start::Path)
    };
    bound.into_iter().map(task).collect()
}

impl<S: Sink> Extraction<S> {
    /// Sends one request and returns what it starts.
    async fn work(&self, task: Task) -> Result<Vec<Task>, ExtractError> {
        let request = task.request(self.per_page());
        task.node.counts.add_request();
        let read = match self.client.get(&request).await {
            Ok(answer) => self.read(&task, answer),
            Err(fault) => Err(fault.into()),
        };
        match read {
            Ok(read) => self.deliver(&task, read).await,
            Err(error) => verdict::settle(self.client.api(), &task, &request, error),
        }
    }

    /// A limit below the page size asks for smaller pages.
    fn per_page(&self) -> u32 {
        let limit = self.options.limit.and_then(|limit| u32::try_from(limit).ok());
        limit.map_or(self.options.per_page, |limit| self.options.per_page.min(limit.max(1)))
    }

    /// Finds the records and the next page in an answer, and cuts off what is beyond the limit.
    fn read(&self, task: &Task, answer: Answer) -> Result<Read, PartitionError> {
        let mut records = decode::decode_records(task.shape(), answer.body)?;
        let seen = Seen {
            headers: &answer.headers,
            records: records.len(),
            digest: answer.digest,
            previous: task.previous,
        };
        let next = task.position.after(task.pagination(), task.per_page(self.per_page()), &seen)?;
        let received = task.received.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
        let next = next.map(|position| task.next(position, answer.digest, received));
        let Some(limit) = self.options.limit else { return Ok(Read { records, next, is_cut: false }) };
        let rest = usize::try_from(limit.saturating_sub(task.received)).unwrap_or(usize::MAX);
        let is_cut = records.len() > rest || (next.is_some() && received >= limit);
        records.truncate(rest);
        Ok(Read { records, next: next.filter(|_| !is_cut), is_cut })
    }

    /// Hands the records over and returns the tasks that they start.
    async fn deliver(&self, task: &Task, read: Read) -> Result<Vec<Task>, ExtractError> {
        let Read { records, next, is_cut } = read;
        let (kept, mut started) = self.sift(task, records);
        task.node.counts.add_records(kept.len());
        if is_cut {
            task.node.counts.add_truncated();
        }
        let is_end = next.is_none() && !is_cut;
        self.send(task, kept, is_end && !task.is_root()).await?;
        // One of several roots ends the partition: the one whose records arrive last.
        if is_end && task.ends_partition() {
            self.send(task, Vec::new(), true).await?;
        }
        started.extend(next);
        Ok(started)
    }

    /// The records that are loaded, and the tasks that they start.
    fn sift(&self, task: &Task, records: Vec<Record>) -> (Vec<Record>, Vec<Task>) {
        let mut started = Vec::new();
        let mut kept = Vec::with_capacity(records.len());
        for mut record in records {
            if !task.is_new(&record) {
                continue;
            }
            // By the record as GitLab sent it: the hook may change or remove what a child's path needs.
            let children = task.node.children.iter();
            let below: Vec<_> =
                children.map(|child| (child, child.bind(&task.partition.bindings, &record))).collect();
            if (self.options.hook)(task.node.resource, &mut record) == Keep::Yes {
                started.extend(below.into_iter().flat_map(|(child, bound)| partition_tasks(child, bound)));
                kept.push(record);
            }
        }
        (kept, started)
    }

    async fn send(&self, task: &Task, records: Vec<Record>, last: bool) -> Result<(), ExtractError> {
        if !task.node.is_loaded || (records.is_empty() && !last) {
            return Ok(());
        }
        let page = Page { partition: Arc::clone(&task.partition), records, last };
        self.sink.page(page).await.map_err(|source| ExtractError::Sink { source: Box::new(source) })
    }
}

/// What an answer holds.
#[derive(Debug)]
struct Read {
    records: Vec<Record>,
    next: Option<Task>,
    /// Whether the limit cut something off.
    is_cut: bool,
}
