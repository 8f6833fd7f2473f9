//! One item of the work stack: one request of one partition.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::bindings::fill_path;
use super::branch::Branch;
use super::paging::{Position, is_set, usable};
use super::rules::{ascends, change_query};
use super::shift::Place;
use super::state::Point;
use super::tree::Node;
use crate::client::Request;
use crate::moment::Moment;
use crate::page::{Partition, Record};
use crate::resource::{Pagination, Shape};
use crate::scope::Root;

/// One request. Small: thousands of them wait on the stack.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) node: Arc<Node>,
    pub(super) partition: Arc<Partition>,
    /// How far the partition has come.
    pub(super) branch: Arc<Branch>,
    pub(super) start: Start,
    pub(super) position: Position,
    pub(super) place: Place,
    /// It goes on where an interrupted load stopped.
    pub(super) is_resumed: bool,
    /// Records of the pages before this one.
    pub(super) received: u64,
    /// The digest of the page before this one.
    pub(super) previous: Option<u64>,
    pub(super) paging: Paging,
    /// Records per page, where the usual number does not go.
    pub(super) page_size: Option<u32>,
    /// Records at the start of the page that were read before its size changed.
    pub(super) skip: usize,
}

/// How the pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    /// As the resource says.
    Usual,
    /// GitLab has said that keyset is not for this list.
    Offset,
    /// GitLab has said that the list is too long for offsets: keyset, in the order that is set…
    KeysetAsOrdered,
    /// …or in the one that the resource says.
    Keyset,
}

/// The order that nearly all lists with keyset have, for a resource that does not say.
const KEYSET: Pagination = Pagination::Keyset { order_by: "id", sort: "desc" };

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
        Self { seen: (roots > 1).then(Mutex::default) }
    }
}

/// Where a partition is begun, or gone on with.
fn opening(branch: &Branch) -> (Position, Place) {
    let mut place = first_place(branch);
    let position = match &branch.reading.point {
        None => Position::First,
        Some(Point::Link(query)) => Position::Link(query.clone()),
        Some(Point::From(since)) => {
            place.since = Some(*since);
            Position::First
        }
    };
    (position, place)
}

fn first_place(branch: &Branch) -> Place {
    let bound = branch.reading.since.map(Moment::floor_to_millis);
    let incremental = branch.node.resource.incremental.filter(|_| branch.node.reading.is_incremental);
    // Rows at the bound come twice, and without a key nobody could tell.
    let has_key = !branch.node.resource.record_key.is_empty();
    let ascends = has_key && incremental.as_ref().is_some_and(ascends);
    Place::front(bound, ascends)
}

impl Task {
    /// The first request of a partition.
    pub(super) fn new(branch: Arc<Branch>, start: Start) -> Self {
        let (node, partition) = (Arc::clone(&branch.node), Arc::clone(&branch.partition));
        let (position, place) = opening(&branch);
        Self {
            node,
            partition,
            is_resumed: branch.reading.point.is_some(),
            branch,
            start,
            position,
            place,
            received: 0,
            previous: None,
            paging: Paging::Usual,
            page_size: None,
            skip: 0,
        }
    }

    /// The request for the page at `position`, after a page with this digest.
    pub(super) fn next(&self, position: Position, digest: u64, received: u64) -> Self {
        Self {
            node: Arc::clone(&self.node),
            partition: Arc::clone(&self.partition),
            branch: Arc::clone(&self.branch),
            start: self.start.clone(),
            position,
            place: self.place.clone(),
            is_resumed: false,
            received,
            previous: Some(digest),
            paging: self.paging,
            page_size: self.page_size,
            skip: 0,
        }
    }

    /// The list from its start, in another way of asking or after one that did not go.
    pub(super) fn afresh(&self, paging: Paging) -> Self {
        let place = first_place(&self.branch);
        Self { place, paging, previous: None, ..self.next(Position::First, 0, 0) }
    }

    /// The place from which a later run can go on: where rows come and go, a page number is none.
    pub(super) fn point(&self) -> Option<Point> {
        let is_one_list = !matches!(&self.start, Start::Root { shared, .. } if shared.seen.is_some());
        let point = match (&self.position, self.pagination()) {
            (Position::Link(query), Pagination::Keyset { .. }) => Some(Point::Link(query.clone())),
            (Position::First, Pagination::Offset) if self.place.ascends => self.place.since.map(Point::From),
            _ => None,
        };
        point.filter(|_| is_one_list)
    }

    /// Whether a refusal concerns the whole run: nothing that follows would have anything to start from.
    pub(super) fn starts_the_scope(&self) -> bool {
        self.is_root() && self.node.resource.start.is_some()
    }

    /// Whether the resource has no parameters.
    pub(super) fn is_root(&self) -> bool {
        matches!(self.start, Start::Root { .. })
    }

    pub(super) fn shape(&self) -> Shape {
        match &self.start {
            Start::Path => self.node.resource.shape,
            Start::Root { root, .. } => root.shape,
        }
    }

    fn usual_pagination(&self) -> Pagination {
        match &self.start {
            Start::Path => self.node.resource.pagination,
            Start::Root { root, .. } => root.pagination,
        }
    }

    pub(super) fn pagination(&self) -> Pagination {
        match (self.paging, self.usual_pagination()) {
            (Paging::Usual, pagination) => usable(pagination, &self.set_query()),
            (Paging::Offset, Pagination::Keyset { .. }) => Pagination::Offset,
            (Paging::KeysetAsOrdered | Paging::Keyset, Pagination::Offset) => KEYSET,
            (_, pagination) => pagination,
        }
    }

    /// Whether pages may be made smaller: a size that the user sets stays.
    pub(super) fn can_shrink(&self) -> bool {
        self.pagination() != Pagination::None && !is_set(&self.set_query(), "per_page")
    }

    /// What the user asks for, where that is a number, else `per_page`.
    pub(super) fn per_page(&self, per_page: u32) -> u32 {
        match self.position {
            Position::Window { size, .. } => size,
            _ => self.most_per_page(per_page),
        }
    }

    /// The most that a page of the list may hold.
    pub(super) fn most_per_page(&self, per_page: u32) -> u32 {
        if let Some(size) = self.page_size {
            return size;
        }
        let set = self.set_query();
        let said = set.iter().find(|(name, _)| name == "per_page").and_then(|(_, value)| value.parse().ok());
        said.unwrap_or(per_page)
    }

    /// What its limit goes by.
    pub(super) fn route(&self) -> &'static str {
        match &self.start {
            Start::Path => self.node.resource.path,
            Start::Root { root, .. } => root.route,
        }
    }

    pub(super) fn request(&self, per_page: u32) -> Request {
        let path = match &self.start {
            Start::Path => fill_path(self.node.resource.path, &self.partition.bindings),
            Start::Root { root, .. } => root.path.clone(),
        };
        let per_page = match self.position {
            Position::Window { size, .. } => size,
            _ => self.page_size.unwrap_or(per_page),
        };
        let query = self.position.query(self.pagination(), per_page, &self.set_query());
        Request { path, query, route: self.route() }
    }

    /// The parameters that the resource, the scope or the user sets.
    pub(super) fn set_query(&self) -> Vec<(String, String)> {
        let mut set = match &self.start {
            Start::Path => {
                let own = self.node.resource.query.iter();
                let own: Vec<_> =
                    own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                self.node.set_query(&own)
            }
            Start::Root { root, .. } => self.node.set_query(&root.query),
        };
        if let Some(incremental) = self.node.resource.incremental.filter(|_| self.node.reading.is_incremental)
        {
            let pagination =
                if self.paging == Paging::Offset { Pagination::Offset } else { self.usual_pagination() };
            let changes = change_query(&incremental, pagination, self.place.since);
            set.retain(|(name, _)| !is_set(&changes, name));
            set.extend(changes);
        }
        if let Some(newest_first) =
            self.node.reading.newest_first.filter(|_| self.branch.reading.since.is_some())
        {
            set.extend(
                newest_first.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            );
        }
        if self.paging == Paging::Keyset {
            set.retain(|(name, _)| !matches!(name.as_str(), "order_by" | "sort"));
        }
        set
    }

    /// Whether no other root has brought the record.
    pub(super) fn is_new(&self, record: &Record) -> bool {
        let Start::Root { shared, .. } = &self.start else { return true };
        let (Some(seen), Some(id)) = (&shared.seen, record.get("id")) else { return true };
        let id = id.as_i64().map_or_else(|| RecordId::Text(id.to_string()), RecordId::Number);
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }
}
