//! One item of the work stack: one request of one partition.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::bindings::fill_path;
use super::paging::{Position, usable};
use super::tree::Node;
use crate::client::Request;
use crate::page::{Partition, Record};
use crate::resource::{Pagination, Shape};
use crate::scope::Root;

/// One request. Small: thousands of them wait on the stack.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) node: Arc<Node>,
    pub(super) partition: Arc<Partition>,
    pub(super) start: Start,
    pub(super) position: Position,
    /// Records of the pages before this one.
    pub(super) received: u64,
    /// The digest of the page before this one.
    pub(super) previous: Option<u64>,
    /// Set once GitLab has said that keyset is not for this list.
    pub(super) by_offset: bool,
}

/// What the request asks for.
#[derive(Debug, Clone)]
pub(super) enum Start {
    /// The resource's own path, filled with the bindings.
    Path,
    /// A list or object that the scope leads to.
    Root { root: Arc<Root>, shared: Arc<Shared> },
}

/// What the roots of one resource share: they are one partition, and may bring the same record twice.
#[derive(Debug)]
pub(super) struct Shared {
    unfinished: AtomicUsize,
    /// Ids seen so far; `None` when one root alone cannot bring anything twice.
    seen: Option<Mutex<HashSet<RecordId>>>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum RecordId {
    Number(i64),
    Text(String),
}

impl Shared {
    pub(super) fn new(roots: usize) -> Self {
        Self { unfinished: AtomicUsize::new(roots), seen: (roots > 1).then(Mutex::default) }
    }
}

impl Task {
    /// The first request of a partition.
    pub(super) fn new(node: Arc<Node>, partition: Arc<Partition>, start: Start) -> Self {
        Self {
            node,
            partition,
            start,
            position: Position::First,
            received: 0,
            previous: None,
            by_offset: false,
        }
    }

    /// The request for the page at `position`, after a page with this digest.
    pub(super) fn next(&self, position: Position, digest: u64, received: u64) -> Self {
        Self {
            node: Arc::clone(&self.node),
            partition: Arc::clone(&self.partition),
            start: self.start.clone(),
            position,
            received,
            previous: Some(digest),
            by_offset: self.by_offset,
        }
    }

    /// Whether a refusal concerns the whole run, not one partition among many.
    pub(super) fn is_root(&self) -> bool {
        matches!(self.start, Start::Root { .. })
    }

    pub(super) fn shape(&self) -> Shape {
        match &self.start {
            Start::Path => self.node.resource.shape,
            Start::Root { root, .. } => root.shape,
        }
    }

    pub(super) fn pagination(&self) -> Pagination {
        let pagination = match &self.start {
            Start::Path => self.node.resource.pagination,
            Start::Root { root, .. } => root.pagination,
        };
        match usable(pagination, &self.set_query()) {
            Pagination::Keyset { .. } if self.by_offset => Pagination::Offset,
            pagination => pagination,
        }
    }

    /// What the user asks for, where that is a number, else `per_page`.
    pub(super) fn per_page(&self, per_page: u32) -> u32 {
        let set = self.set_query();
        let said = set.iter().find(|(name, _)| name == "per_page").and_then(|(_, value)| value.parse().ok());
        said.unwrap_or(per_page)
    }

    pub(super) fn request(&self, per_page: u32) -> Request {
        let path = match &self.start {
            Start::Path => fill_path(self.node.resource.path, &self.partition.bindings),
            Start::Root { root, .. } => root.path.clone(),
        };
        let query = self.position.query(self.pagination(), per_page, &self.set_query());
        Request { path, query }
    }

    fn set_query(&self) -> Vec<(String, String)> {
        match &self.start {
            Start::Path => {
                let own = self.node.resource.query.iter();
                let own: Vec<_> =
                    own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                self.node.set_query(&own)
            }
            Start::Root { root, .. } => self.node.set_query(&root.query),
        }
    }

    /// Whether no other root has brought the record.
    pub(super) fn is_new(&self, record: &Record) -> bool {
        let Start::Root { shared, .. } = &self.start else { return true };
        let (Some(seen), Some(id)) = (&shared.seen, record.get("id")) else { return true };
        let id = id.as_i64().map_or_else(|| RecordId::Text(id.to_string()), RecordId::Number);
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    /// Called once the records of this root are all handed over: whether those of all its siblings are.
    pub(super) fn ends_partition(&self) -> bool {
        match &self.start {
            Start::Path => false,
            Start::Root { shared, .. } => shared.unfinished.fetch_sub(1, Ordering::AcqRel) == 1,
        }
    }
}
