//! One item of the work stack: one request of one partition.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::bindings::fill_path;
use super::node::Node;
use super::wide::WideList;
use crate::client::Request;
use crate::extract::paging::{List, Pager};
use crate::extract::resume::{Branch, Id, Point};
use crate::extract::tally::Counts;
use crate::page::Partition;
use crate::record::Glimpse;
use crate::resource::{Pagination, Resource, Shape};
use crate::scope::{Named, Root};

/// One request. Small: thousands of them wait on the stack.
#[derive(Debug)]
pub(in crate::extract) struct Task {
    pub(super) node: Arc<Node>,
    /// How far the partition has come.
    pub(super) branch: Arc<Branch>,
    pub(super) start: Start,
    pub(super) pager: Pager,
    /// Whether nothing of the list was asked for before.
    pub(super) is_first: bool,
    /// Whether the list goes on, and the server does not say for how long.
    pub(super) is_open_ended: bool,
}

/// What the request asks for.
#[derive(Debug, Clone)]
pub(super) enum Start {
    /// The resource's own path, filled with the bindings.
    Path,
    /// A list or object that the scope leads to.
    Root { root: Arc<Root>, shared: Arc<Shared> },
    /// A list that holds many partitions.
    Wide(Arc<WideList>),
}

/// What the roots of one resource share: they are one partition, and may bring the same record twice.
#[derive(Debug)]
pub(super) struct Shared {
    /// Ids seen so far; `None` when one root alone cannot bring anything twice.
    seen: Option<Mutex<HashSet<Id>>>,
}

impl Shared {
    pub(super) fn new(roots: usize) -> Self {
        Self { seen: (roots > 1).then(Mutex::default) }
    }
}

impl Task {
    /// The first request of a partition.
    pub(super) fn new(node: Arc<Node>, branch: Arc<Branch>, start: Start, per_page: u32) -> Self {
        node.counts.add_list();
        let list = list_of(&node, &branch, &start, per_page);
        let from = match &start {
            Start::Wide(list) => list.cover.place(list.number).flatten().map(Point::From),
            Start::Path | Start::Root { .. } => branch.reading.point.clone(),
        };
        let pager = Pager::new(&list, from.as_ref());
        Self { node, branch, start, pager, is_first: true, is_open_ended: false }
    }

    /// The request that comes after this one, or in its place.
    pub(super) fn at(&self, pager: Pager) -> Self {
        let (node, branch) = (Arc::clone(&self.node), Arc::clone(&self.branch));
        let (start, is_open_ended) = (self.start.clone(), self.is_open_ended);
        Self { node, branch, start, pager, is_first: false, is_open_ended }
    }

    /// Notes that it waits for its turn.
    pub(in crate::extract) fn open(&self) {
        self.node.counts.open(self.is_open_ended);
    }

    /// Where to note that it is clear what it starts.
    pub(in crate::extract) fn closing(&self) -> (Arc<Counts>, bool) {
        (Arc::clone(&self.node.counts), self.is_open_ended)
    }

    /// The list that it reads.
    pub(super) fn list(&self, per_page: u32) -> List {
        list_of(&self.node, &self.branch, &self.start, per_page)
    }

    pub(super) fn partition(&self) -> &Arc<Partition> {
        &self.branch.partition
    }

    /// The place from which a later run can go on: several lists have no common one, and where wide lists wait for all
    /// records of this one there is none but the end.
    pub(super) fn point(&self, list: &List) -> Option<Point> {
        let point = self.pager.point(list);
        match &self.start {
            Start::Path => point,
            Start::Root { shared, .. } => {
                point.filter(|_| shared.seen.is_none() && !self.node.has_wide_children())
            }
            Start::Wide(list) => match point {
                Some(Point::From(place)) => Some(list.point(Some(place))),
                _ => None,
            },
        }
    }

    /// The place behind its list.
    pub(super) fn end(&self) -> Option<Point> {
        self.wide().map(|list| list.point(None))
    }

    /// The wide list that it reads, if it is one.
    pub(super) fn wide(&self) -> Option<&Arc<WideList>> {
        match &self.start {
            Start::Wide(list) => Some(list),
            Start::Path | Start::Root { .. } => None,
        }
    }

    /// The entry of the scope that has led to it.
    pub(super) fn named(&self) -> Option<&Named> {
        self.root().and_then(|root| root.named.as_ref())
    }

    fn root(&self) -> Option<&Root> {
        match &self.start {
            Start::Path => None,
            Start::Root { root, .. } => Some(root),
            Start::Wide(list) => Some(&list.root),
        }
    }

    /// Whether a refusal concerns the whole run: nothing that follows would have anything to start from.
    pub(in crate::extract) fn starts_the_scope(&self) -> bool {
        matches!(self.start, Start::Root { .. }) && self.node.resource.start.is_some()
    }

    /// Whether nothing is kept of it, nor of anything below, until all of it is read.
    pub(in crate::extract) fn is_in_one_go(&self) -> bool {
        self.node.is_in_one_go
    }

    pub(in crate::extract) fn is_wide(&self) -> bool {
        self.wide().is_some()
    }

    pub(in crate::extract) fn resource(&self) -> &'static Resource {
        self.node.resource
    }

    /// Whether only what changed is asked for.
    pub(in crate::extract) fn is_bounded(&self) -> bool {
        self.branch.reading.since.is_some()
    }

    /// Whether an interrupted load has begun it.
    pub(in crate::extract) fn is_resumed(&self) -> bool {
        self.branch.reading.point.is_some()
    }

    /// Whether it is not read to the end of the list, so that its length says nothing.
    pub(in crate::extract) fn ends_early(&self) -> bool {
        self.is_bounded() && self.node.reading.newest_first.is_some()
    }

    pub(super) fn shape(&self) -> Shape {
        self.root().map_or(self.node.resource.shape, |root| root.shape)
    }

    /// What its limit goes by.
    pub(in crate::extract) fn route(&self) -> &'static str {
        self.root().map_or(self.node.resource.path, |root| root.route)
    }

    pub(super) fn request(&self, list: &List) -> Request {
        let own = || fill_path(self.node.resource, &self.partition().bindings);
        let path = self.root().map_or_else(own, |root| root.path.clone());
        Request { path, query: self.pager.query(list), route: self.route() }
    }

    /// Whether no other root has brought the record.
    pub(super) fn is_new(&self, record: &Glimpse) -> bool {
        let Start::Root { shared, .. } = &self.start else { return true };
        let (Some(seen), Some(id)) = (&shared.seen, record.get("id")) else { return true };
        let id = Id::of(id).unwrap_or_else(|| Id::Text(id.to_string()));
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }
}

fn list_of(node: &Node, branch: &Branch, start: &Start, per_page: u32) -> List {
    let (set, pagination) = match start {
        Start::Path => (node.own_query(&branch.partition.bindings), node.resource.pagination),
        Start::Root { root, .. } => (node.set_query(&root.query), root.pagination),
        Start::Wide(list) => (node.set_query(&list.root.query), list.root.pagination),
    };
    let (incremental, is_wide) = match start {
        Start::Path | Start::Root { .. } => (node.resource.incremental, false),
        Start::Wide(list) => (list.wide.incremental, true),
    };
    // What is learned of the resource's own lists says nothing of others that the scope leads to.
    let is_alike = pagination != Pagination::None && !is_wide;
    let way = node.way.get().copied().filter(|_| is_alike).unwrap_or_default();
    List {
        set,
        pagination,
        changes: incremental.filter(|_| node.reading.is_incremental),
        since: branch.reading.since,
        newest_first: node.reading.newest_first,
        has_key: !node.resource.record_key.is_empty(),
        per_page,
        way,
    }
}
