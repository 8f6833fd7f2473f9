//! The first requests of partitions: at the start of a run, and below each record that starts some.

use std::sync::Arc;

use super::bindings::{Unbound, fill_path};
use super::node::Node;
use super::task::{Shared, Start, Task};
use super::tree::Tree;
use super::wide::{Sieve, WideList};
use crate::client::Client;
use crate::config::Scope;
use crate::extract::resume::{
    Above, Branch, Choice, History, Member, PartitionState, Plan, Reading, Run, Standing, choose, known_of,
};
use crate::extract::sink::Sink;
use crate::extract::tally::LossKind;
use crate::moment::Moment;
use crate::page::{Binding, Partition};
use crate::record::Glimpse;
use crate::resource::Resource;
use crate::scope::{Root, plan_roots};
use crate::shard::{Shard, is_split};

/// Plans how each partition is read, by what is kept of it.
#[derive(Debug)]
pub(in crate::extract) struct Starter<S> {
    pub(super) sink: S,
    pub(super) history: History,
    run: Arc<Run>,
    per_page: u32,
    shard: Option<Shard>,
}

/// What is known of the record that partitions hang on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) above: Above,
    /// What changed below it before then is loaded.
    pub(super) loaded_before: Option<Moment>,
}

impl<S: Sink> Starter<S> {
    pub(in crate::extract) fn new(sink: S, client: Client, per_page: u32, shard: Option<Shard>) -> Self {
        let history = sink.history();
        let behind = move || {
            let offset = client.clock_offset().unwrap_or_default();
            (-offset).to_std().unwrap_or_default()
        };
        let run = Arc::new(Run::new(&history.load_id, history.clock, behind));
        Self { sink, history, run, per_page, shard }
    }

    /// The first request of every resource that has no parent: of a list that several share, and of what is one's own.
    pub(in crate::extract) fn first_tasks(&self, tree: &Tree, scope: &Scope) -> Vec<Task> {
        let rootless = tree.nodes().iter().filter(|node| node.resource.parent().is_none());
        let is_own =
            |node: &&Arc<Node>| self.shard.is_none_or(|shard| shard.is_first() || is_split(node.resource));
        let tasks = rootless.filter(is_own).flat_map(|node| {
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

    /// Whether a record of a list that several share is this one's.
    pub(super) fn has(&self, resource: &Resource, record: &Glimpse) -> bool {
        self.shard.is_none_or(|shard| !is_split(resource) || shard.has(record.get("id")))
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
            Some(self.task_below(branch, page, node, partition, reading))
        });
        tasks.collect()
    }

    fn task_below(
        &self,
        branch: &Arc<Branch>,
        page: u64,
        node: &Arc<Node>,
        partition: Arc<Partition>,
        reading: Reading,
    ) -> Task {
        let branch = branch.below(page, Arc::clone(&node.reading), partition, reading);
        Task::new(Arc::clone(node), Arc::new(branch), Start::Path, self.per_page)
    }

    /// Gathers partitions that a record on a page of `task` starts, to be read in wide lists; the first requests of
    /// those that are not.
    pub(super) fn gather(
        &self,
        task: &Task,
        page: u64,
        (node, sieve): (&Arc<Node>, &Sieve),
        bound: Result<Vec<Partition>, Unbound>,
        anchor: Anchor,
    ) -> Vec<Task> {
        let Some(list) = sieve.list_of(task.named()) else {
            return self.tasks_below(&task.branch, page, node, bound, anchor);
        };
        let tasks = counted(node, bound).filter_map(|partition| {
            // A list of many costs no more for one that is quiet.
            let standing = Standing { active_until: None, ..anchor.above.standing };
            let reading = self.plan(node, &partition, String::new(), Above { standing, ..anchor.above })?;
            let member = || Member::new(Arc::clone(&partition), &reading, &node.reading, anchor.above, list);
            // What an interrupted load has begun is gone on with.
            match reading.point.is_none().then(member).flatten() {
                Some(member) => {
                    sieve.gather(member);
                    None
                }
                None => Some(self.task_below(&task.branch, page, node, partition, reading)),
            }
        });
        tasks.collect()
    }

    /// The first requests of the wide lists of `node` and of the own lists beside them, once all partitions are known.
    /// They hang on a page of the list above.
    pub(super) fn wide_tasks(&self, branch: &Arc<Branch>, page: u64, node: &Arc<Node>) -> Vec<Task> {
        let Some(sieve) = &node.sieve else { return Vec::new() };
        let (kept, filter) = (self.kept_wide(node), filter_of(node, String::new()));
        let paths: Vec<String> = sieve.roots.iter().map(|root| root.path.clone()).collect();
        let Choice { wide, own } = choose(sieve.take(), &paths, kept, &node.reading, &filter, &self.history);
        let mut tasks = self.own_tasks(branch, page, node, own);
        let Some((cover, reading)) = wide else { return tasks };
        let cover = Arc::new(cover);
        // What an interrupted load has read to its end is left alone.
        let is_open = |(at, _): &(usize, &Root)| cover.len(*at) > 0 && cover.place(*at) != Some(None);
        let roots: Vec<_> = sieve.roots.iter().enumerate().filter(is_open).collect();
        node.counts.add_wide(roots.len(), (0..paths.len()).map(|at| cover.len(at)).sum());
        let partition = Arc::new(of_all(node));
        let branch = branch.below(page, Arc::clone(&node.reading), partition, reading);
        let branch = Arc::new(branch.over(roots.len(), Arc::clone(&cover)));
        tasks.extend(roots.into_iter().map(|(at, root)| {
            let list = Arc::new(WideList::new(sieve, root, &cover, at));
            Task::new(Arc::clone(node), Arc::clone(&branch), Start::Wide(list), self.per_page)
        }));
        tasks
    }

    /// The first requests of the own lists of partitions.
    pub(super) fn own_tasks(
        &self,
        branch: &Arc<Branch>,
        page: u64,
        node: &Arc<Node>,
        members: Vec<Member>,
    ) -> Vec<Task> {
        let task = |member: Member| {
            let reading = self.plan(node, &member.partition, String::new(), member.above)?;
            Some(self.task_below(branch, page, node, member.partition, reading))
        };
        members.into_iter().filter_map(task).collect()
    }

    /// What is kept of the wide lists of a resource.
    fn kept_wide<'n>(&self, node: &'n Node) -> Option<&'n PartitionState> {
        let is_possible = !node.resource.wide.is_empty() && node.resource.params.len() == 1;
        let kept = || is_possible.then(|| self.kept(&of_all(node))).flatten();
        node.kept_wide.get_or_init(kept).as_ref()
    }

    /// State that another version wrote says nothing.
    fn kept(&self, partition: &Partition) -> Option<PartitionState> {
        self.sink.state(partition).and_then(|state| serde_json::from_value(state).ok())
    }

    /// `None` when the interrupted load has read it, or when it is left for a later run; counted.
    fn plan(&self, node: &Node, partition: &Partition, roots: String, above: Above) -> Option<Reading> {
        let filter = filter_of(node, roots);
        let kept = known_of(self.kept(partition), self.kept_wide(node), partition, &filter);
        match Reading::plan(kept, &node.reading, filter, above, &self.history) {
            Plan::Read(reading) => return Some(*reading),
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

/// What a list is filtered by.
fn filter_of(node: &Node, roots: String) -> String {
    let filter = node.query.iter().map(|(name, value)| format!("{name}={value}"));
    Some(roots).into_iter().filter(|roots| !roots.is_empty()).chain(filter).collect::<Vec<_>>().join("&")
}

/// What the state of a resource's wide lists is kept under: no partition has such a column.
fn of_all(node: &Node) -> Partition {
    let bindings = vec![Binding { column: "_wide", value: true.into() }];
    Partition { resource: node.resource, bindings, carried: Vec::new() }
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
