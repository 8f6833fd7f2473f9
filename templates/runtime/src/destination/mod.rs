//! Where rows go: the contract that every destination keeps, be it a database, a lake, a warehouse or a stream.
//!
//! ```text
//! Destination ── open_load ──▶ OpenLoad ── prepare ─▶ writer … write … finish ─▶ commit ─┐ ── close
//!  (looks only)   (a lease)                    ▲                                         │
//!                                              └──────────── the next package ───────────┘
//! ```
//!
//! **Calls block**, and come from threads of the loader: a destination whose client is asynchronous holds a runtime's
//! handle. An [`OpenLoad`] is called by one thread at a time; its [`TableWriter`]s and its [`StateReader`] live on
//! threads of their own, as many writers at once as [`Abilities::writers`] says.
//!
//! **A load has a lease.** While it is open, every other [`open_load`](Destination::open_load) on the same place fails
//! with [`DestinationError::Held`], which names the holder. A lease ends with `close`, and it ends when the process
//! does, however that comes: at once where the system tells (a file lock, a connection), or when it was not
//! [renewed](OpenLoad::renew) for [`lease::TERM`]. Whoever lost it can commit nothing more:
//! [`DestinationError::LeaseLost`].
//!
//! **A load that died is settled by the next `open_load`**: what it wrote and did not commit is gone, staged rows are
//! gone, and its entry says [`Interrupted`](LoadStatus::Interrupted).
//!
//! **Shards of a run** have a lease each, where [`Abilities::takes_shards`] says so: a whole run keeps all of them out, and
//! so do shards of another number. What they do to tables and what they commit is one after the other. A shard that is
//! about to change a table which another has changed since it looked gets [`DestinationError::Moved`], looks at
//! [`tables`](OpenLoad::tables) again, and asks for what is still missing. Rows that were written for a table which has
//! become another meanwhile are made to fit. What a shard has staged stays when it closes, until one
//! [swaps it in](Swap::parts), its successor opens, or a whole run does.
//!
//! **Packages are idempotent, and state comes last.** Rows are handed to writers under the id of their package and are
//! seen by nobody before [`commit`](OpenLoad::commit). A commit makes visible, in this order: rows, swaps, deletions;
//! then states, what is forgotten, and the load's own entry. Where [`Abilities::atomic`] says `Package`, all of this
//! happens at one moment; where it says `Table`, a crash may come between any two of them, and the order sees to it that
//! no state speaks for rows that are not there. The same package id again, with the same content or with none, changes
//! nothing and is no error: a caller that does not know how a commit ended calls it once more.
//!
//! **Durable** means: after `commit` returns, the package survives the end of this process.
//!
//! **What a writer is given.** Each batch has exactly the columns of the table, in its order and kinds. Within a package
//! each key comes once, over all batches and writers of a table; so the order of batches says nothing. A null in a key
//! equals a null.
//!
//! **Values are kept exactly**: all 64 bits of an integer, every character of a text. A place that has no NUL keeps `␀`
//! (U+2400) in its stead, and says in which [columns](Committed::without_nul) it did. Names are data: a table may be called
//! `"; DROP TABLE x`, though [`normalize`](crate::normalize) never makes such a name.
//!
//! **Names and types are made to fit.** [`Abilities::naming`] says which names there can be, and others are not asked for;
//! a column gets another type only where [`Abilities::widens`] says that it can. A column of lists is asked for only where
//! [`Abilities::list_columns`] says so, and a history only where [`Abilities::keeps_history`] does. All of these have
//! defaults that promise nothing.
//!
//! **A stream** keeps nothing: its rows go on to whoever takes them. [`Abilities::is_stream`] says what such a place leaves
//! open, and durable is there what that other program has.
//!
//! **Views** are queries with names, for those who read: [`OpenLoad::views`] makes them where the place has some. No row
//! depends on them.
//!
//! **Aids** are indexes and comments: rows, states and packages know nothing of them, and a place without them lacks
//! nothing.
//!
//! **Looking** is another contract, [`reading`], for those whose tables can be read back.
//!
//! **What it cannot do, its abilities say**; `check`, `plan` and `run` compare them with what is asked for before the
//! first request. What then goes wrong is an error; it never drops a value to go on.
//!
//! A new destination is a folder here with the file names of the others, a feature, and a line in each of the lists
//! below. It reads its own settings from `[destination.<name>]`, and says in `config.toml`, `secrets.toml` and
//! `README.md` beside its code what a generated crate says of it. What several need is here: `objects` are stores, `parquet`
//! is files, `lake` tables of them. It passes `conformance::check` before anything else is said of it.

use serde_json::Value;

use crate::config;
use crate::schema::table::Table;

mod abilities;
mod aid;
#[cfg(feature = "bigquery")]
pub mod bigquery;
#[allow(dead_code, reason = "each destination needs a part of it")]
mod cells;
mod change;
#[allow(dead_code, reason = "each destination needs a part of it")]
mod columns;
#[cfg(test)]
pub mod conformance;
#[cfg(feature = "delta")]
pub mod delta;
#[cfg(feature = "duckdb")]
pub mod duckdb;
mod entry;
mod error;
#[allow(dead_code, reason = "each destination needs a part of it")]
mod file_lock;
#[cfg(feature = "filesystem")]
pub mod filesystem;
#[allow(dead_code, reason = "each destination needs a part of it")]
mod kept;
#[cfg(feature = "lake")]
mod lake;
pub mod lease;
#[cfg(feature = "objects")]
#[allow(dead_code, unused_imports, reason = "each destination needs a part of it")]
pub mod objects;
mod package;
#[cfg(feature = "parquet")]
#[allow(dead_code, unused_imports, reason = "each destination needs a part of it")]
mod parquet;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod reading;
#[cfg(feature = "redshift")]
pub mod redshift;
#[cfg(feature = "singer")]
pub mod singer;
#[cfg(feature = "snowflake")]
pub mod snowflake;
#[allow(dead_code, reason = "each destination needs a part of it")]
pub(crate) mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod views;
#[cfg(feature = "warehouse")]
mod warehouse;

pub use abilities::{Abilities, Atomicity, Widening};
pub use aid::{Aid, Definitions, OpenDefinitions};
pub use change::SchemaChange;
pub use entry::{LoadEntry, LoadStatus, StateEntry, StateKey, partition_key};
pub(crate) use entry::{RUN, SHARD};
pub use error::DestinationError;
pub use lease::Claim;
pub use package::{
    Batch, Below, Committed, Deletion, Forget, Mode, Package, PackageId, Swap, SwapWhen, Written,
};
pub use reading::Reader;
pub use views::Views;

type Result<T> = std::result::Result<T, DestinationError>;

/// A kind of destination.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As `destination.kind` calls it.
    pub name: &'static str,
    /// What it can do when it is set up so; it is not opened for that.
    pub abilities: fn(&config::Destination) -> std::result::Result<Abilities, config::ConfigError>,
    pub open: fn(&config::Destination) -> Result<Box<dyn Destination>>,
    /// Opens it to look at what is loaded; `None` where nothing can be read back.
    pub read: Option<OpenReader>,
    /// How it makes tables; `None` where it has no SQL.
    pub definitions: Option<OpenDefinitions>,
}

/// Opens a destination for one look.
pub type OpenReader = fn(&config::Destination) -> Result<Box<dyn Reader>>;

/// All destinations there are, by name; each is a feature.
pub const NAMES: &[&str] =
    &["bigquery", "delta", "duckdb", "filesystem", "postgres", "redshift", "singer", "snowflake", "sqlite"];

/// Those into which several shards of a run can load at once.
pub const TAKE_SHARDS: &[&str] = &["delta", "postgres"];

/// Those that are compiled in.
pub const KINDS: &[Kind] = &[
    #[cfg(feature = "bigquery")]
    bigquery::KIND,
    #[cfg(feature = "delta")]
    delta::KIND,
    #[cfg(feature = "duckdb")]
    duckdb::KIND,
    #[cfg(feature = "filesystem")]
    filesystem::KIND,
    #[cfg(feature = "postgres")]
    postgres::KIND,
    #[cfg(feature = "redshift")]
    redshift::KIND,
    #[cfg(feature = "singer")]
    singer::KIND,
    #[cfg(feature = "snowflake")]
    snowflake::KIND,
    #[cfg(feature = "sqlite")]
    sqlite::KIND,
];

/// A place that keeps tables, looked at from outside: nothing here changes it but [`open_load`](Self::open_load).
pub trait Destination: Send {
    /// Kind and place, for messages: `sqlite file gitlab.db`. Never a secret.
    fn place(&self) -> String;

    fn abilities(&self) -> Abilities;

    /// Finds out whether a load could write: makes what no load makes, and takes it away again.
    fn probe(self: Box<Self>) -> Result<()>;

    /// The latest loads, at most so many, the newest first. One that says [`Running`](LoadStatus::Running) holds the
    /// lease; a dead one says [`Interrupted`](LoadStatus::Interrupted), also before the next load settles it. A place
    /// that no load has opened has none.
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>>;

    /// Shows all state that is kept, one entry after the other, by resource and partition.
    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()>;

    /// Takes the lease, makes what is not there yet, and settles what a dead load left.
    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>>;
}

/// A place on which a load is open. Dropped without [`close`](Self::close) it is as if the process had been killed.
pub trait OpenLoad: Send {
    /// The tables that earlier loads made and that are still there, with those of their columns that are.
    fn tables(&mut self) -> Result<Vec<Table>>;

    /// As [`Destination::loads`].
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>>;

    /// As [`Destination::each_state`].
    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()>;

    /// A way to look states up from another thread while packages are written.
    fn state_reader(&mut self) -> Result<Box<dyn StateReader>>;

    /// Keeps the lease; called as often as [`Abilities::renew_every`] says, also between packages.
    fn renew(&mut self) -> Result<()> {
        Ok(())
    }

    /// Makes tables and columns, widens columns, sets keys; of the table and of its stage. `load_id` is noted beside
    /// new columns. Changes may become visible at once or with the next commit.
    ///
    /// No package that is open has a writer for these tables, unless a change only
    /// [notes](SchemaChange::is_note) something. A change that is there already, from a load that died, is no error.
    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()>;

    /// Sees to it that these tables have what helps those who query them, as far as there is such a thing in this place.
    /// Comes when all packages are committed. What is there already stays, also what people have made: an index that
    /// finds by the same columns will do.
    fn aid(&mut self, _aids: &[Aid]) -> Result<()> {
        Ok(())
    }

    /// Where queries can have names; none by default.
    fn views(&mut self) -> Option<&mut dyn Views> {
        None
    }

    /// A writer for rows of one table in one package. There may be several at once, of one table or of many, up to
    /// [`Abilities::writers`] threads of them; all are of the package that is committed next.
    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>>;

    /// Makes a package visible and durable; see the contract above. All its writers are finished.
    fn commit(&mut self, package: &Package<'_>) -> Result<Committed>;

    /// Gives the lease back, after the last package. A chance to tidy up, on which nothing depends.
    fn close(self: Box<Self>) -> Result<()>;
}

/// Takes rows of one table. Dropped before [`finish`](Self::finish), its rows are no part of the package.
pub trait TableWriter: Send {
    /// Writes the batch, and tells of each row whether the table had none of its key before; `None` where that is not
    /// known yet. What is told as new has no list rows from earlier, so none are looked for.
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>>;

    /// Everything that was written is ready for the commit.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Looks states up.
pub trait StateReader: Send {
    /// The states of these partitions, in their order; `None` where nothing is kept. They are those that the load
    /// found when it was opened, or that it has committed since.
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>>;
}
