//! What a load hands over: batches of rows, and packages of them with what they mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;

use arrow_array::RecordBatch;
use serde_json::Value;

use super::entry::{LoadEntry, StateEntry};

/// The name of a package: the same content has the same name, and no other ever has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId {
    pub load_id: String,
    /// From 0, in the order of their commits.
    pub number: u64,
}

impl PackageId {
    /// What one shard does for all, `last` being the last of their loads: each of them would call it so.
    pub fn of_all(last: &str) -> Self {
        Self { load_id: format!("{last}{OF_ALL}"), number: 0 }
    }

    pub fn is_of_all(&self) -> bool {
        self.load_id.ends_with(OF_ALL)
    }
}

const OF_ALL: &str = "-all";

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.load_id, self.number)
    }
}

/// What rows do to those that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// A row takes the place of the one with the same key, as a whole.
    Merge,
    /// A row is added, unless the last one that has the same values in `of` has the same `_digest` as well. The last is
    /// the one with the highest `_load_id`, and among those the highest `_loaded_at`. The table has no key.
    Versions { of: Vec<String> },
    /// A row is a version of what its values in `of` name. Where the version that holds, the one whose `_valid_to` is null,
    /// has the same `_digest`, the row takes its place and keeps its `_valid_from`. If not, that version ends, at the
    /// `_valid_from` of the row, and the row is added. Where there are several without an end, which rows that were written
    /// in another mode leave, the one with the highest `_load_id` holds, and the others end as well. The table has no key.
    History { of: Vec<String> },
    /// Rows gather in a hidden copy of the table, over packages, until a [`Swap`]. With a key, a row takes the place
    /// of the one with the same key there.
    Stage,
}

/// Rows of one table: exactly its columns, in its order and kinds.
#[derive(Debug, Clone)]
pub struct Batch {
    pub rows: RecordBatch,
    /// For the table of a list: the keys of records whose earlier rows go before these are added, also of records with
    /// an empty list. Its columns are the first of the table's key.
    pub parents: Option<RecordBatch>,
}

/// What a commit makes visible, beside the rows that were written under its id.
#[derive(Debug, Clone, Copy)]
pub struct Package<'p> {
    pub id: &'p PackageId,
    pub swaps: &'p [Swap],
    pub deletions: &'p [Deletion],
    /// In place of what is kept of these partitions.
    pub states: &'p [StateEntry],
    pub forget: &'p [Forget],
    /// In place of what is kept of this load; `None` where it is none that anybody asks for.
    pub load: Option<&'p LoadEntry>,
}

/// Staged rows take the place of the rows of a table; without any, the table becomes empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    pub table: String,
    /// The tables of its lists, which go with it.
    pub lists: Vec<String>,
    pub when: SwapWhen,
    /// Whose staged rows these are: the tokens of [claims](super::Claim) of shards whose loads are closed. None: those of
    /// the load itself.
    pub parts: Vec<String>,
}

/// Whether rows that are there stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapWhen {
    Always,
    /// Only if the table has no rows. Otherwise what was staged is dropped.
    Empty,
}

/// Rows that a read of their whole partition no longer found: their `mark`, which the table has, becomes `at` where it is
/// null.
#[derive(Debug, Clone, PartialEq)]
pub struct Deletion {
    pub table: String,
    /// `_deleted_at`, or `_valid_to` where the table is a history.
    pub mark: &'static str,
    /// The values that the rows of the partition have in some columns; none: all rows.
    pub partition: Vec<(String, Value)>,
    /// Rows whose `_load_id` is this or higher…
    pub from: String,
    /// …and lower than this. Load ids sort as text does.
    pub before: String,
    pub at: SystemTime,
    /// What goes with them, parents before children.
    pub below: Vec<Below>,
}

/// Rows that hang on rows of another table: those whose row above was marked by the same deletion are marked as well,
/// where their `_load_id` is lower than the deletion's `before`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    pub table: String,
    pub mark: &'static str,
    /// The table that they hang on.
    pub above: String,
    pub mark_above: &'static str,
    /// Which column has the value of which column above.
    pub on: Vec<(String, String)>,
}

/// The state of partitions of a resource that are gone: those that this load has not written, nor any of `loads`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    pub resource: String,
    /// Their partitions keep what they have.
    pub except: BTreeSet<String>,
    /// What these loads have written stays as well.
    pub loads: BTreeSet<String>,
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// By table.
    pub written: BTreeMap<String, Written>,
    /// Rows that were marked, by table.
    pub deleted: BTreeMap<String, u64>,
    /// Tables whose staged rows have taken their place.
    pub swapped: BTreeSet<String>,
    /// Tables and columns with texts in which another character stands for NUL, which the place cannot keep.
    pub without_nul: BTreeSet<(String, String)>,
}

/// Rows that came into a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub inserted: u64,
    pub updated: u64,
}

impl Written {
    /// All rows that were written.
    pub fn total(self) -> u64 {
        self.inserted.saturating_add(self.updated)
    }
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.inserted = self.inserted.saturating_add(other.inserted);
        self.updated = self.updated.saturating_add(other.updated);
    }
}
