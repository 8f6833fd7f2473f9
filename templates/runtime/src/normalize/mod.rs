//! From the records of a page to rows of tables.
//!
//! In comes the text of a body, out come Arrow record batches, one per table: nested objects are flattened
//! (`author__username`), lists of objects become child tables (`project_issues__assignees`), and each column has the
//! narrowest type that holds every value seen so far. It runs in the task that fetched the page, so many pages are
//! normalised at once; what they share is the [`Catalog`].
//!
//! ```text
//! text ────────────────▶ visit ─▶ fill ─▶ rows ─▶ batches      a page that fits the plan: one pass
//! text ─▶ records ─▶ hooks ─▶ tree ─▶ plan, then as above      any other
//! ```
//!
//! It never fails for what a record holds and never drops a value. It knows nothing of destinations: no SQL, no
//! files.
//!
//! - Every row carries `_load_id` and `_loaded_at`, and the columns of its partition (`project_id`). A field of the
//!   same name as such a column gets one of its own, `record_project_id`, where it differs.
//! - A row of a child table carries the key of its record as `_parent_…` and its place in the list as `_index`; for a
//!   list within a list, `_index_1` is the place in the outer one. A list of single values is a list column where the
//!   destination has such, unless it is a key; any other list is JSON.
//! - A field that is null or missing is null. A column begins with its first value, or with a null where the document
//!   knows its type; then the first value still decides. An empty list or object is
//!   null as well, unless the document calls the column JSON.
//! - Strings are timestamps where all of them are whole ISO 8601 instants (`2024-05-01T12:30:00Z`), unless the
//!   document says text; where it says date or timestamp, other spellings count too. Instants are kept in UTC.
//! - A list or an object beyond the depth limit is JSON, and so is one that the document calls JSON.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::Deserialize;

use crate::resource::ColumnKind;
use crate::schema::TableRows;

mod catalog;
mod cells;
mod digest;
mod fill;
mod plan;
mod reader;
mod repeats;
mod rows;
mod scalar;
mod tree;
mod visit;

pub use catalog::{Allowed, Catalog, Renamed, Why};
pub use reader::Reader;
pub use rows::PageRows;

/// What becomes of a list of objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NestedLists {
    /// The rows of a child table.
    #[default]
    Tables,
    /// JSON in a column of the record.
    Json,
}

/// Which rows carry a digest of their record, lists and all: equal records have equal ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digests {
    None,
    /// Those that have no value in any field of their key, in place of one.
    #[default]
    Keyless,
    /// All. It is part of the key: of their own where there is no other, and of that which ties lists to them.
    Each,
}

/// Where the records of a resource go, and how they are told apart there.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    pub table: String,
    /// The columns of the partition that are part of the key.
    pub partition_key: Vec<&'static str>,
    /// The fields of a record that are part of the key.
    pub record_key: Vec<&'static str>,
    /// Whether a row takes the place of one with the same key. If not, the key only ties lists to their records.
    pub is_unique: bool,
    /// Which rows say in a column what their record holds.
    pub digests: Digests,
    /// Whether rows say from when on and until when they held.
    pub is_history: bool,
    pub lists: NestedLists,
    pub max_depth: usize,
    pub hints: HashMap<&'static str, ColumnKind>,
}

/// The load that rows belong to.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'s> {
    pub load_id: &'s str,
    pub loaded_at: SystemTime,
}

/// What a page became.
#[derive(Debug)]
pub struct Normalized {
    /// The records' own table, then those of their lists.
    pub tables: Vec<TableRows>,
    /// Records without a value in any field of their key.
    pub without_key: usize,
}

/// The columns of a batch do not fit together: a fault of this module.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot build a batch for table `{table}`")]
pub struct NormalizeError {
    pub table: String,
    pub source: std::sync::Arc<arrow_schema::ArrowError>,
}

impl NormalizeError {
    /// A plan does not take the records that it was made of.
    fn unfit(table: &str) -> Self {
        let source = arrow_schema::ArrowError::SchemaError("the records do not fit their plan".to_owned());
        Self { table: table.to_owned(), source: std::sync::Arc::new(source) }
    }
}

impl Layout {
    fn has_key(&self) -> bool {
        !self.partition_key.is_empty() || !self.record_key.is_empty()
    }

    /// Whether the lists of a record take the place of those that it had. Not of versions, whose lists stay with them.
    fn replaces_lists(&self) -> bool {
        self.is_unique && self.digests != Digests::Each
    }
}

#[cfg(test)]
mod tests;
