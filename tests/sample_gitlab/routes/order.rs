//! In which order a list comes, and where keyset paging is offered.

use super::{Query, Refusal};
use crate::world::Caller;

/// Stands for the order in which rows were made, where no field says it.
pub(crate) const PLACE: &str = "";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    by: &'static str,
    descending: bool,
    /// Legal values of `order_by`. Without any, `order_by` and `sort` are ignored.
    choices: &'static [&'static str],
}

impl Order {
    pub(crate) const NATURAL: Self = Self { by: PLACE, descending: false, choices: &[] };

    pub(crate) const fn ascending(by: &'static str, choices: &'static [&'static str]) -> Self {
        Self { by, descending: false, choices }
    }

    pub(crate) const fn descending(by: &'static str, choices: &'static [&'static str]) -> Self {
        Self { by, descending: true, choices }
    }

    pub(crate) fn has_choice(&self) -> bool {
        !self.choices.is_empty()
    }

    /// The field and whether it descends.
    pub(crate) fn asked(&self, query: &Query) -> Result<(&'static str, bool), Refusal> {
        if !self.has_choice() {
            return Ok((self.by, self.descending));
        }
        let field = match query.get("order_by") {
            None => self.by,
            Some(name) => {
                let choice = self.choices.iter().find(|choice| **choice == name);
                choice.map(|choice| field_of(choice)).ok_or_else(|| Refusal::not_a_choice("order_by"))?
            }
        };
        match query.get("sort") {
            None => Ok((field, self.descending)),
            Some("asc") => Ok((field, false)),
            Some("desc") => Ok((field, true)),
            Some(_) => Err(Refusal::not_a_choice("sort")),
        }
    }
}

/// Some choices are not called like the field that they sort by.
fn field_of(choice: &'static str) -> &'static str {
    match choice {
        "updated" => "commit/committed_date",
        "version" => "name",
        "similarity" | "relative_position" | "priority" => "id",
        field => field,
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyset {
    /// Field and, where only one is legal, the direction.
    pub(crate) orders: &'static [(&'static str, Option<bool>)],
    /// Tells rows with equal fields apart.
    pub(crate) tie: &'static str,
    pub(crate) next: Next,
    pub(crate) offered: Offered,
    /// Named in the refusal of offsets that are too large.
    pub(crate) class: &'static str,
    pub(crate) limits_offset: bool,
}

/// How the link to the next page says where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Cursor,
    /// `id_after` or `id_before`
    IdBound,
    PageToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    Everyone,
    SignedIn,
    Anonymous,
}

impl Keyset {
    /// By cursor, for signed-in callers, ids descending.
    pub(crate) const fn newest_first(class: &'static str) -> Self {
        Self {
            orders: &[("id", Some(true))],
            tie: "id",
            next: Next::Cursor,
            offered: Offered::SignedIn,
            class,
            limits_offset: true,
        }
    }

    /// By the name of the last row, as repositories are read.
    pub(crate) const fn by_token(orders: &'static [(&'static str, Option<bool>)]) -> Self {
        Self {
            orders,
            tie: "name",
            next: Next::PageToken,
            offered: Offered::Everyone,
            class: "Git",
            limits_offset: false,
        }
    }

    pub(crate) fn is_offered_to(&self, caller: Caller) -> bool {
        match self.offered {
            Offered::Everyone => true,
            Offered::SignedIn => caller.user.is_some(),
            Offered::Anonymous => caller.user.is_none(),
        }
    }

    pub(crate) fn allows(&self, field: &str, descending: bool) -> bool {
        let legal = |(name, only): &(&str, Option<bool>)| {
            *name == field && only.is_none_or(|only| only == descending)
        };
        self.orders.iter().any(legal)
    }
}
