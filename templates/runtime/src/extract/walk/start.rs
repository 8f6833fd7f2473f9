//! The first requests of partitions: at the start of a run, and below each record that starts some.

use std::sync::Arc;

use super::bindings::{Unbound, fill_path};
use super::node::Node;
use super::task::{Shared, Start, Task};
use super::tree::Tree;
use crate::client::Client;
use crate::config::Scope;
use crate::extract::resume::{Above, Branch, History, PartitionState, Plan, Reading, Run};
use crate::extract::sink::Sink;
use crate::extract::tally::LossKind;
use crate::moment::Moment;
use crate::page::Partition;
use crate::record::Glimpse;
use crate::scope::{Root, plan_roots};

/// Plans how each partition is read, by what is kept of it.
#[derive(Debug)]
pub(in crate::extract) struct Starter<S> {
    pub(super) sink: S,
    pub(super) history: History,
    run: Arc<Run>,
    per_page: u32,
}

/// What is known of the record that partitions hang on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) above: Above,
    /// What changed below it before then is loaded.
    pub(super) loaded_before: Option<Moment>,
}

impl<S: Sink> Starter<S> {
    pub(in crate::extract) fn new(sink: S, client: Client, per_page: u32) -> Self {
        let history = sink.history();
        let behind = move || {
            let offset = client.clock_offset().unwrap_or_default();
            (-offset).to_std().unwrap_or_default()
        };
        let run = Arc::new(Run::new(&history.load_id, history.clock, behind));
        Self { sink, history, run, per_page }
    }

    /// The first request of every resource that has no parent.
    pub(in crate::extract) fn first_tasks(&self, tree: &Tree, scope: &Scope) -> Vec<Task> {
        let rootless = tree.nodes().iter().filter(|node| node.resource.parent().is_none());
        let tasks = rootless.flat_map(|node| {
            if node.resource.params.is_empty() && node.resource.fan_out.is_none() {
                self.root_tasks(node, scope)
            } else {
                self.configured_tasks(node)
            }
        });
        tasks.collect()
    }

    fn root_tasks(&self, node: &Arc<Node>, scope: &Scope) -> Vec<Task> {
        let roots = plan_roots(node.resource, scope);
        let partition =
            Arc::new(Partition { resource: node.resource, bindings: Vec::new(), carried: Vec::new() });
        let Some(reading) = self.plan(node, &partition, root_filter(&roots, scope), Above::default()) else {
            return Vec::new();
        };
        let run = Arc::clone(&self.run);
        let branch = Arc::new(Branch::new(Arc::clone(&node.reading), partition, reading, run, roots.len()));
        let shared = Arc::new(Shared::new(roots.len()));
        let task = |root| {
            let start = Start::Root { root: Arc::new(root), shared: Arc::clone(&shared) };
            Task::new(Arc::clone(node), Arc::clone(&branch), start, self.per_page)
        };
        roots.into_iter().map(task).collect()
    }

    /// A resource whose parameters all stand in the configuration.
    fn configured_tasks(&self, node: &Arc<Node>) -> Vec<Task> {
        let tasks = counted(node, node.partitions(None, &Glimpse::default())).filter_map(|partition| {
            let reading = self.plan(node, &partition, String::new(), Above::default())?;
            let run = Arc::clone(&self.run);
            let branch = Branch::new(Arc::clone(&node.reading), partition, reading, run, 1);
            Some(Task::new(Arc::clone(node), Arc::new(branch), Start::Path, self.per_page))
        });
        tasks.collect()
    }

    /// The first requests of partitions of `node` that a record on a page of `branch` starts.
    pub(super) fn tasks_below(
        &self,
        branch: &Arc<Branch>,
        page: u64,
        node: &Arc<Node>,
        bound: Result<Vec<Partition>, Unbound>,
        anchor: Anchor,
    ) -> Vec<Task> {
        let tasks = counted(node, bound).filter_map(|partition| {
            let mut reading = self.plan(node, &partition, String::new(), anchor.above)?;
            reading.inherit(anchor.loaded_before, &node.reading);
            let branch = branch.below(page, Arc::clone(&node.reading), partition, reading);
            Some(Task::new(Arc::clone(node), Arc::new(branch), Start::Path, self.per_page))
        });
        tasks.collect()
    }

    /// `None` when the interrupted load has read it, or when it is left for a later run; counted.
    fn plan(&self, node: &Node, partition: &Partition, roots: String, above: Above) -> Option<Reading> {
        // State that another version wrote says nothing.
        let kept = self.sink.state(partition);
        let kept = kept.and_then(|state| serde_json::from_value::<PartitionState>(state).ok());
        let filter = node.query.iter().map(|(name, value)| format!("{name}={value}"));
        let filter = Some(roots)
            .into_iter()
            .filter(|roots| !roots.is_empty())
            .chain(filter)
            .collect::<Vec<_>>()
            .join("&");
        match Reading::plan(kept, &node.reading, filter, above, &self.history) {
            Plan::Read(reading) => return Some(reading),
            Plan::Done => node.counts.add_resumed(),
            Plan::Left { due, refused } => {
                node.counts.add_left(due);
                if let Some(refused) = refused {
                    let path = fill_path(node.resource, &partition.bindings);
                    node.counts.add_loss(LossKind::Skipped, refused.reason, path);
                }
            }
        }
        None
    }
}

/// What the scope makes of a resource: another scope is another list.
fn root_filter(roots: &[Root], scope: &Scope) -> String {
    let text = |root: &Root| {
        let query: Vec<_> = root.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}?{}", root.path, query.join("&"))
    };
    let included = scope.include.iter().map(|pattern| format!("+{pattern}"));
    let excluded = scope.exclude.iter().map(|pattern| format!("-{pattern}"));
    roots.iter().map(text).chain(included).chain(excluded).collect::<Vec<_>>().join(" ")
}

/// A record that cannot start a partition is counted.
fn counted(node: &Arc<Node>, bound: Result<Vec<Partition>, Unbound>) -> impl Iterator<Item = Arc<Partition>> {
    let bound = bound.unwrap_or_else(|unbound| {
        node.counts.add_loss(LossKind::Skipped, unbound.to_string(), node.resource.path.to_owned());
        Vec::new()
    });
    bound.into_iter().map(Arc::new)
}
