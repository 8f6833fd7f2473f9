//! What a newer document means for a pipeline: which resources come and go, how those that stay are read, what becomes
//! of their rows, and which columns and filters there are. Pure: two sides go in, data comes out.
//!
//! Each side is a list of [`Outline`]s: of a graph, or of the definitions that stand in a crate. So an update and a
//! comparison of two documents say the same.

mod change;
mod fate;
mod outline;
mod pairs;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::graph::ResourceGraph;

pub use change::{Aspect, Change};
pub use fate::Fate;
pub use outline::Outline;

use pairs::pairs;

/// Everything that differs, in the order of the newer side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    pub gone: Vec<Gone>,
    pub added: Vec<Added>,
    pub changed: Vec<Changed>,
}

/// A resource that only the older side has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gone {
    pub resource: String,
    pub table: String,
    pub path: String,
    pub end: End,
}

/// Why a resource is not there any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The document does not have it.
    #[default]
    Document,
    /// The same, and the crate keeps it, off.
    Kept,
    /// Somebody wishes so.
    Removed,
}

/// A resource that only the newer side has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Added {
    pub resource: String,
    pub path: String,
    /// Whether a run can take it as it is.
    pub is_on: bool,
    /// Whether it needs what only the user knows.
    pub is_needy: bool,
    /// Whether it comes along unasked.
    pub is_core: bool,
}

/// A resource that both sides have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub resource: String,
    /// What it was called, where that is another name.
    pub was: Option<String>,
    /// Where its rows are.
    pub table: String,
    /// Whether a run can take it as it is.
    pub is_on: bool,
    /// What becomes of them; `None`: nothing.
    pub fate: Option<Fate>,
    pub changes: Vec<Change>,
}

/// Compares all resources of two documents, also those that a document leaves out and GitLab has.
pub fn diff_graphs(old: &ResourceGraph, new: &ResourceGraph) -> Diff {
    let outlines = |graph: &ResourceGraph| -> Vec<Outline> {
        graph.resources.iter().map(Outline::of_resource).collect()
    };
    diff(&outlines(old), &outlines(new))
}

/// Compares two sides, in which a resource is known again by its place.
pub fn diff(old: &[Outline], new: &[Outline]) -> Diff {
    let pairs = pairs(old, new);
    let mut diff = Diff::default();
    for own in new {
        match pairs.before(own) {
            Some(before) => diff.changed.extend(Changed::of(before, own, &|name| pairs.name_now(name))),
            None => diff.added.push(Added {
                resource: own.name.clone(),
                path: own.path.clone(),
                is_on: own.is_on,
                is_needy: own.is_needy(),
                is_core: own.is_core,
            }),
        }
    }
    diff.gone = old.iter().filter(|own| pairs.after(own).is_none()).map(Gone::of).collect();
    diff
}

impl Diff {
    /// Leaves out what is not about one of these resources.
    pub fn narrow(&mut self, names: &BTreeSet<String>) {
        self.gone.retain(|gone| names.contains(&gone.resource));
        self.added.retain(|added| names.contains(&added.resource));
        let is_named = |own: &Changed| {
            names.contains(&own.resource) || own.was.as_ref().is_some_and(|was| names.contains(was))
        };
        self.changed.retain(is_named);
    }

    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }
}

impl Gone {
    fn of(own: &Outline) -> Self {
        let (resource, table, path) = (own.name.clone(), own.table.clone(), own.path.clone());
        Self { resource, table, path, end: End::default() }
    }
}

impl Changed {
    /// Whether it needed something that it needs no more.
    pub fn comes_on(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.aspect == Aspect::Switch && change.to.as_deref() == Some("on"))
    }

    fn of(old: &Outline, new: &Outline, name_now: &dyn Fn(&str) -> String) -> Option<Self> {
        let changes = change::changes(old, new, name_now);
        let was = (old.name != new.name).then(|| old.name.clone());
        let fate = Fate::of(old, new, &changes);
        (was.is_some() || !changes.is_empty()).then(|| Self {
            resource: new.name.clone(),
            was,
            table: old.table.clone(),
            is_on: new.is_on,
            fate,
            changes,
        })
    }
}

#[cfg(test)]
mod tests;
