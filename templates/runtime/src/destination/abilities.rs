//! What a destination can do, told before a run.

use std::time::Duration;

use crate::resource::ColumnKind;
use crate::schema::Naming;

/// What a destination can do, and how it wants to be fed. A literal ends in `..Abilities::DEFAULT`, so that a new ability
/// breaks none.
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
    /// How many bytes of rows may wait to be written, so that reading goes on during a commit.
    pub queue_bytes: usize,
    /// Whether a column can hold a [list](ColumnKind::List) of single values, of which some may be null; without it they
    /// are JSON.
    pub list_columns: bool,
    /// Versions of a record can be told by the time at which they held: [`Mode::History`](super::Mode::History).
    pub keeps_history: bool,
    /// Rows go on to whoever takes them, and nothing can be looked at: they count as new though they may take the place of
    /// others, a version that equals any earlier one takes its place, and what a list had beyond its new end stays.
    pub is_stream: bool,
    /// Which names columns and tables can have.
    pub naming: Naming,
    /// Whether the [shards](crate::shard::Shard) of a run may load at once. Each has a lease of its own, which a whole run
    /// keeps out, and shards of another number.
    pub takes_shards: bool,
    /// How often the lease has to be renewed; `None` where it lasts as long as the process.
    pub renew_every: Option<Duration>,
}

impl Abilities {
    /// How many wait where a commit takes no time: what is written is then still in the processor's cache.
    pub const SHORT_QUEUE: usize = 2 << 20;

    /// The least that there is: rows are added, package after package.
    pub const DEFAULT: Self = Self {
        merges: false,
        replaces: false,
        marks_deleted: false,
        widens: |_, _| Widening::No,
        atomic: Atomicity::Package,
        writers: 1,
        batch_rows: 2_000,
        package_rows: 20_000,
        queue_bytes: 32 << 20,
        list_columns: false,
        keeps_history: false,
        is_stream: false,
        naming: Naming::DEFAULT,
        takes_shards: false,
        renew_every: None,
    };
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
