//! What a load did, for the report at its end.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::contract::{Breach, Discarded};
use super::views::Lack;
use crate::client::Excerpt;
use crate::destination::{Committed, DestinationError, SchemaChange, Written};
use crate::normalize::{Renamed, Why};

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
    /// Values and rows that the schema contract left out.
    pub discarded: BTreeMap<Discarded, u64>,
    /// Resources that failed, because their tables may not change as they need it. What came before is loaded.
    pub breaches: BTreeMap<&'static str, Breach>,
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
            discarded: BTreeMap::new(),
            breaches: BTreeMap::new(),
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
        let note = |(table, column)| LoadNote::WithoutNul { table, column };
        self.note(committed.without_nul.into_iter().map(note));
    }

    /// What is kept of it with the load, for people who ask later: lists of lines.
    pub(crate) fn record(&self) -> Map<String, Value> {
        let lines = [
            ("schema_changes", self.changes.iter().map(ToString::to_string).collect()),
            ("discarded", self.discarded.iter().map(|(what, count)| what.told(*count)).collect()),
            ("breaches", self.breaches.iter().map(|(name, breach)| format!("`{name}`: {breach}")).collect()),
            ("notes", self.notes.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ];
        lines.into_iter().map(|(name, lines)| (name.to_owned(), lines.into())).collect()
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
    /// A field or a list could not have its own name.
    Renamed(Renamed),
    /// So many shards of the run have ended, and others have not: what needs all of them waits.
    AwaitsShards { ended: usize, of: u32 },
    /// The load was that of the last shard, and has done what needed all of them.
    EndsRun { of: u32 },
    /// Views of the pipeline that are not made.
    ViewsLeftOut { views: Vec<&'static str>, why: Lack },
    /// Some of its values have the character NUL, and the destination has not.
    WithoutNul { table: String, column: String },
    /// Indexes and comments for those who query were not all made.
    Unaided { why: String },
}

impl LoadNote {
    pub(super) fn unaided(error: &DestinationError) -> Self {
        let (mut why, mut cause) = (error.to_string(), error.source());
        while let Some(error) = cause {
            why.push_str(&format!(": {}", Excerpt::new(&error.to_string())));
            cause = error.source();
        }
        Self::Unaided { why }
    }
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
            LoadNote::Renamed(Renamed { table, source, wanted, name, why }) => {
                let source = source.escape_debug();
                let why = match why {
                    Why::Taken => "is taken",
                    Why::TooLong => "is too long",
                    Why::Reserved => "is reserved",
                };
                write!(f, "`{source}` of `{table}` is called `{name}`, as `{wanted}` {why}")
            }
            LoadNote::NotReplaced { table } => {
                write!(f, "`{table}` was not read completely and keeps the rows of an earlier load")
            }
            LoadNote::ViewsLeftOut { views, why } => {
                let (s, are) = if views.len() == 1 { ("", "is") } else { ("s", "are") };
                write!(f, "view{s} `{}` {are} left out: {why}", views.join("`, `"))
            }
            LoadNote::AwaitsShards { ended, of } => {
                write!(
                    f,
                    "{ended} of {of} shards have ended: the last one replaces tables and marks what is gone"
                )
            }
            LoadNote::EndsRun { of } => {
                write!(f, "all {of} shards have ended: tables are replaced, and what is gone is marked")
            }
            LoadNote::WithoutNul { table, column } => {
                write!(f, "`{table}.{column}` has values with the character NUL: `␀` stands for it")
            }
            LoadNote::Unaided { why } => {
                write!(f, "all rows are loaded, and some indexes or comments were not made: {why}")
            }
        }
    }
}
