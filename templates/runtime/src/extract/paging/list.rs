//! What stays the same while a list is read.

use super::changes::{ascends, change_query};
use super::position::{is_set, usable};
use super::window::Place;
use crate::moment::Moment;
use crate::resource::{Incremental, NewestFirst, Pagination};

/// One list, as this run reads it.
#[derive(Debug, Clone)]
pub(in crate::extract) struct List {
    /// The parameters that the resource, the scope or the user sets.
    pub(in crate::extract) set: Vec<(String, String)>,
    /// As the definition has it.
    pub(in crate::extract) pagination: Pagination,
    /// How it is asked for changes, if it is.
    pub(in crate::extract) changes: Option<Incremental>,
    /// What changed before is not wanted.
    pub(in crate::extract) since: Option<Moment>,
    /// Its order, where it is read from the newest record until `since`.
    pub(in crate::extract) newest_first: Option<NewestFirst>,
    /// Whether its records can be told apart.
    pub(in crate::extract) has_key: bool,
    /// Records per page, where the user does not set another number.
    pub(in crate::extract) per_page: u32,
    /// How it is asked for, as far as its siblings have shown.
    pub(in crate::extract) way: Way,
}

/// How the pages of a list are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::extract) enum Way {
    /// As the resource says.
    #[default]
    Usual,
    /// By offset: the server refuses keyset for this list.
    Offset,
    /// By offset in the order that keyset has: the server takes no notice of keyset, but of the order.
    Counted,
    /// By keyset, since the list is too long for offsets: in the order that is set…
    KeysetAsOrdered,
    /// …or in the one that the resource says.
    Keyset,
}

/// The order that nearly all lists with keyset have, for a resource that does not say.
const KEYSET: Pagination = Pagination::Keyset { order_by: "id", sort: "desc" };

impl List {
    /// The front of the list.
    pub(super) fn front(&self) -> Place {
        let bound = self.since.map(Moment::floor_to_millis);
        // Rows at the bound come twice, and without a key nobody could tell.
        let ascends = self.has_key && self.changes.as_ref().is_some_and(ascends);
        Place::front(bound, ascends)
    }

    /// The parameters to send for what changed since `since`, without those of the page.
    pub(super) fn parameters(&self, way: Way, since: Option<Moment>) -> Vec<(String, String)> {
        let mut set = self.set.clone();
        if let Some(incremental) = &self.changes {
            let pagination = if way == Way::Offset { Pagination::Offset } else { self.pagination };
            let changes = change_query(incremental, pagination, since);
            set.retain(|(name, _)| !is_set(&changes, name));
            set.extend(changes);
        }
        if let Some(order) = self.newest_first.filter(|_| self.since.is_some()) {
            set.extend(order.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        if let (Way::Counted, Pagination::Keyset { order_by, sort }) = (way, self.pagination) {
            set.retain(|(name, _)| !matches!(name.as_str(), "order_by" | "sort"));
            set.extend(
                [("order_by", order_by), ("sort", sort)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
        }
        if way == Way::Keyset {
            set.retain(|(name, _)| !matches!(name.as_str(), "order_by" | "sort"));
        }
        set
    }

    /// How the pages of the list are counted.
    pub(super) fn pagination(&self, way: Way) -> Pagination {
        match (way, self.pagination) {
            (Way::Usual, keyset @ Pagination::Keyset { .. }) => usable(keyset, &self.parameters(way, None)),
            (Way::Offset | Way::Counted, Pagination::Keyset { .. }) => Pagination::Offset,
            (Way::KeysetAsOrdered | Way::Keyset, Pagination::Offset) => KEYSET,
            (_, pagination) => pagination,
        }
    }

    /// The most that a page holds: what the user asks for, where that is a number.
    pub(super) fn most(&self) -> u32 {
        let said = self.set.iter().find(|(name, _)| name == "per_page");
        said.and_then(|(_, value)| value.parse().ok()).unwrap_or(self.per_page)
    }

    /// Whether pages may be made smaller: a size that the user sets stays.
    pub(super) fn can_shrink(&self, way: Way) -> bool {
        self.pagination(way) != Pagination::None && !is_set(&self.set, "per_page")
    }
}
