//! What a load did, for the report at its end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::destination::{Committed, SchemaChange, Written};

/// What a load did.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSummary {
    pub load_id: String,
    pub started_at: SystemTime,
    pub duration: Duration,
    /// By table.
    pub tables: BTreeMap<String, Written>,
    /// Rows that are marked as deleted, by table.
    pub deleted: BTreeMap<String, u64>,
    /// Those that a person would notice, in the order in which they happened.
    pub changes: Vec<SchemaChange>,
    /// What is worth knowing, each said once.
    pub notes: Vec<LoadNote>,
}

impl LoadSummary {
    pub(super) fn new(load_id: String, started_at: SystemTime) -> Self {
        LoadSummary {
            load_id,
            started_at,
            duration: Duration::ZERO,
            tables: BTreeMap::new(),
            deleted: BTreeMap::new(),
            changes: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, committed: Committed) {
        for (table, written) in committed.written {
            *self.tables.entry(table).or_default() += written;
        }
        for (table, rows) in committed.deleted {
            *self.deleted.entry(table).or_default() += rows;
        }
    }

    pub(super) fn note(&mut self, notes: impl IntoIterator<Item = LoadNote>) {
        for note in notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }
}

/// Something that a person may want to change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadNote {
    /// It was to be merged, but nothing identifies its records, so that each complete read replaces the table.
    NoKey { resource: &'static str, table: String },
    /// Records without a value in any field of their key: each is kept as long as it holds the same.
    EmptyKey { table: String, key: Vec<String> },
    /// The read was not complete, so the table keeps the rows of an earlier load.
    NotReplaced { table: String },
}

impl fmt::Display for LoadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadNote::NoKey { resource, table } => {
                write!(f, "`{resource}` has no key: table `{table}` is replaced by each complete read")
            }
            LoadNote::EmptyKey { table, key } => {
                write!(
                    f,
                    "`{table}` has records without `{}`: they are told apart by what they hold, in `_digest`",
                    key.join("`, `")
                )
            }
            LoadNote::NotReplaced { table } => {
                write!(f, "`{table}` was not read completely and keeps the rows of an earlier load")
            }
        }
    }
}
