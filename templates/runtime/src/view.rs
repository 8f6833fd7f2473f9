//! Views over tables, as data: what a pipeline hands to the engine beside its resources.
//!
//! The engine knows nothing of what a view tells. It makes those whose tables are loaded, with the columns that they need,
//! and draws what their charts say.

pub use crate::resource::Column;

/// The views of a pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Views {
    /// Whose SQL they are written in: a kind of destination, as `destination.kind` calls it.
    pub dialect: &'static str,
    /// One that stands on another comes after it.
    pub all: &'static [&'static View],
}

/// A query with a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    pub name: &'static str,
    /// What it tells, in a sentence without an end.
    pub says: &'static str,
    pub needs: &'static [Need],
    /// A SELECT. Each table that it needs stands there as the definition of the resource calls it, in quotes, with an alias:
    /// `FROM "project_issues" AS issue`. What the table really is called takes the place of that.
    pub sql: &'static str,
    pub charts: &'static [Chart],
}

/// What a view stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// A resource, or a view that comes before.
    pub name: &'static str,
    /// The columns that are read. A JSON column may also be one of lists.
    pub columns: &'static [Column],
    /// Whether nothing may stand in its place where it is not loaded.
    pub is_optional: bool,
}

impl Need {
    pub const fn of(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, columns, is_optional: false }
    }

    /// The view tells something without it as well.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

/// Bars: one for each value of the column `by`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chart {
    pub title: &'static str,
    pub by: &'static str,
    /// Whether the greatest come first; else bars are in the order of `by`, the latest of them at the right.
    pub is_ranked: bool,
    pub value: &'static str,
    /// How the values of many rows become one.
    pub fold: Fold,
    /// What a bar counts.
    pub unit: &'static str,
}

/// How the values of many rows become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Sum,
    Average,
    /// How many there are.
    Count,
    /// The sum, divided by that of another column.
    Per(&'static str),
}
