//! Where rows go: the contract that every destination keeps.
//!
//! One thread calls a destination, in this order: [`tables`](Destination::tables), [`states`](Destination::states) and
//! [`loads`](Destination::loads) at any time outside a package; then packages, each of them
//! [`begin`](Destination::begin), any of `apply`, `write`, `mark_deleted`, `swap`, `discard_stages`,
//! `write_state`, `write_load`, and
//! [`commit`](Destination::commit).
//!
//! - **A package is all or nothing.** Schema changes, rows, state and the load's own row become visible together, in
//!   `commit`. A destination that is dropped inside a package, or whose process is killed there, is afterwards as
//!   it was before `begin`.
//! - **Durable** means: after `commit` returns, the package survives the end of this process, however it comes.
//! - **May be called twice.** After a crash the same rows come again. Rows of a table with a key replace those that are
//!   there; a null in a key equals a null.
//! - **Values are kept exactly**: all 64 bits of an integer, every character of a text. Names are data: a table
//!   may be called `"; DROP TABLE x`, though [`normalize`](crate::normalize) never makes such a name.
//! - It reports what it cannot do as an error; it never drops a value to go on.
//!
//! A new destination passes `conformance::check` before anything else is said of it.

use std::error::Error;
use std::ops::Range;
use std::time::SystemTime;

use serde_json::Value;

use crate::schema::table::{Table, TableRows};

mod change;
#[cfg(test)]
pub mod conformance;
mod entry;
mod settings;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use change::SchemaChange;
pub use entry::{LoadEntry, LoadStatus, StateEntry, partition_key};
pub use settings::Settings;

/// A place that keeps tables.
pub trait Destination: Send {
    /// Kind and place, for messages: `sqlite file gitlab.db`. Never a secret.
    fn place(&self) -> String;

    /// The tables that earlier loads made and that are still there.
    fn tables(&mut self) -> Result<Vec<Table>, DestinationError>;

    /// All state that is kept.
    fn states(&mut self) -> Result<Vec<StateEntry>, DestinationError>;

    /// The loads that are kept, the newest first.
    fn loads(&mut self) -> Result<Vec<LoadEntry>, DestinationError>;

    /// Opens a package. Fails when one is open.
    fn begin(&mut self) -> Result<(), DestinationError>;

    /// Changes the schema of a table, and that of its stage if it has one. `load_id` is noted beside new columns.
    fn apply(&mut self, change: &SchemaChange, load_id: &str) -> Result<(), DestinationError>;

    /// Writes rows whose columns are all known to the table, each with the table's kind. A column that the rows
    /// lack is null in each of them.
    ///
    /// - Without a key: adds the rows.
    /// - With a key: a row takes the place of the one with the same key; of two in one batch the last stays.
    /// - With `parents`: first removes all rows whose `parents` columns equal one of theirs, then adds the rows.
    fn write(&mut self, rows: &TableRows, target: Target) -> Result<Written, DestinationError>;

    /// Sets `_deleted_at`, which the table has, to `at` in the rows of a partition whose `_load_id` is one of
    /// `loads` and whose `_deleted_at` is null; tells how many. `partition` is the value that its rows have in some columns;
    /// none: all rows. Load ids sort as text does.
    fn mark_deleted(
        &mut self,
        table: &str,
        partition: &[(&str, &Value)],
        loads: Range<&str>,
        at: SystemTime,
    ) -> Result<u64, DestinationError>;

    /// The staged rows become the rows of the table, and the stage is gone. Nothing staged: the table is empty.
    fn swap(&mut self, table: &str) -> Result<(), DestinationError>;

    /// Removes all stages, also those of a load that crashed.
    fn discard_stages(&mut self) -> Result<(), DestinationError>;

    /// Whether a table, which is there, holds no rows.
    fn is_empty(&mut self, table: &str) -> Result<bool, DestinationError>;

    /// Keeps the state of some partitions in place of what was kept of them.
    fn write_state(&mut self, states: &[StateEntry], load_id: &str) -> Result<(), DestinationError>;

    /// Keeps what is known of a load in place of what was kept of it; a load that is written as running marks all
    /// others that still say so as interrupted.
    fn write_load(&mut self, load: &LoadEntry) -> Result<(), DestinationError>;

    /// Closes the package; see the contract above.
    fn commit(&mut self) -> Result<(), DestinationError>;

    /// Called once after the last package: a chance to tidy up. Nothing may depend on it.
    fn close(&mut self) -> Result<(), DestinationError> {
        Ok(())
    }
}

/// Which copy of a table rows are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// What people query.
    Table,
    /// A hidden copy that starts empty and takes the table's place in [`Destination::swap`].
    Stage,
}

/// What a write did.
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

/// A destination could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    #[error("cannot open {place}")]
    Open { place: String, source: Box<dyn Error + Send + Sync> },
    #[error("{place} is in use by another program")]
    Busy { place: String, source: Box<dyn Error + Send + Sync> },
    #[error("{place} is full or read-only")]
    NoSpace { place: String, source: Box<dyn Error + Send + Sync> },
    #[error("{place} has a table `{table}` that this pipeline did not make")]
    ForeignTable { place: String, table: String },
    #[error("{place} cannot {action} table `{table}`")]
    Table { place: String, action: &'static str, table: String, source: Box<dyn Error + Send + Sync> },
    #[error("{place} cannot {action}")]
    Package { place: String, action: &'static str, source: Box<dyn Error + Send + Sync> },
    #[error("{place} holds `{value}` in `{table}.{column}`, which this version cannot read")]
    Metadata { place: String, table: &'static str, column: &'static str, value: String },
    #[error("rows for table `{table}` carry column `{column}`, which the table does not have in that type")]
    Mismatch { table: String, column: String },
}

impl DestinationError {
    /// What to do next, in a line.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            DestinationError::Open { .. } => "see that the folder exists and that you may write to it",
            DestinationError::Busy { .. } => "wait until the other run is over, or load into another place",
            DestinationError::NoSpace { .. } => "make room, or load into another place",
            DestinationError::ForeignTable { .. } => "load into another place, or rename that table",
            DestinationError::Metadata { .. } => "use the version that wrote it, or load into another place",
            DestinationError::Table { .. }
            | DestinationError::Package { .. }
            | DestinationError::Mismatch { .. } => return None,
        })
    }
}
