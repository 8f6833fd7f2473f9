//! What a destination can do, told before a run.

use std::time::Duration;

use crate::resource::ColumnKind;

/// What a destination can do, and how it wants to be fed.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    /// Rows can take the place of those with the same key. Without it there are neither [`Mode::Merge`] nor
    /// [`Mode::Versions`](super::Mode::Versions), and list rows cannot go with their record.
    ///
    /// [`Mode::Merge`]: super::Mode::Merge
    pub merges: bool,
    /// Staged rows can take the place of all rows of a table.
    pub replaces: bool,
    /// Rows that are gone can be marked.
    pub marks_deleted: bool,
    /// What becomes of a column whose values need a wider kind.
    pub widens: fn(from: ColumnKind, to: ColumnKind) -> Widening,
    /// What a commit makes visible at one moment.
    pub atomic: Atomicity,
    /// How many threads may write at once.
    pub writers: usize,
    /// How many rows make a batch worth its overhead.
    pub batch_rows: usize,
    /// How many rows make a package worth its overhead, unless the configuration says.
    pub package_rows: usize,
    /// Whether a column can hold a list of scalars.
    pub list_columns: bool,
    /// How often the lease has to be renewed; `None` where it lasts as long as the process.
    pub renew_every: Option<Duration>,
}

/// How a column gets a wider kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widening {
    /// The stored values are the same in both kinds.
    Free,
    /// They are rewritten in place.
    InPlace,
    /// It cannot be: another column beside it is needed.
    No,
}

/// What becomes visible at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atomicity {
    /// A package.
    Package,
    /// The rows of one table, and then the state.
    Table,
}
