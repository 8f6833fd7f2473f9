//! DuckDB: one file that one process has open at a time; a package is a transaction.
//!
//! | kind | column type | value |
//! | --- | --- | --- |
//! | bool | BOOLEAN | |
//! | int | BIGINT | |
//! | float | DOUBLE | |
//! | date | DATE | |
//! | timestamp | TIMESTAMP | in UTC: with a zone, other programs would need an extension or a module to read it |
//! | text | VARCHAR | |
//! | list | its items' with `[]` | |
//! | json | VARCHAR | JSON's own type needs an extension that not every build has; its functions take text too |
//!
//! Arrow goes straight into the appender, inside the transaction of the package. Tables have no indexes: rows find those
//! of the same key by a join over the batch, which is faster than an index, and free of the rule that a transaction may
//! not take out a key and put it back. A null in a key equals a null. After a crash, DuckDB's own log has every
//! committed package.
//!
//! DuckDB lets a process open a file only while no other has it. So `loads` and the like say who is loading,
//! [`Held`](DestinationError::Held), where that is another process; and a load waits a little for programs that have
//! the file open, then says [`Busy`](DestinationError::Busy).
//!
//! Its own tables: `_loads`, `_state`, `_tables`, `_columns`, `_packages` and `_lease`; beside the file, one that ends in
//! `-lease` is locked while a load is open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::Result;
use super::sql::{quoted, quoted_list};
use crate::config::{self, ConfigError};
use crate::destination::{
    Abilities, Atomicity, Claim, Destination, DestinationError, Kind, LoadEntry, LoadStatus, OpenLoad,
    StateEntry, file_lock,
};
use crate::schema::Naming;

mod aid;
mod commit;
mod convert;
mod history;
mod instance;
mod load;
mod read;
mod schema;
mod state;
#[cfg(test)]
mod tests;
mod views;
mod write;

use self::instance::{Access, Connected, Limits};

/// `[destination.duckdb]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The file; it is made when it is not there.
    pub path: PathBuf,
    /// How much memory DuckDB takes, as it writes sizes. What is more goes to a folder beside the file for a while.
    pub memory_limit: String,
    /// How many threads DuckDB has.
    pub threads: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: "gitlab.duckdb".into(), memory_limit: "64MiB".to_owned(), threads: 1 }
    }
}

/// A DuckDB file that is looked at. It is open only while something is asked of it.
#[derive(Debug)]
pub struct Duckdb {
    settings: Settings,
    place: Place,
}

/// The file, as messages call it.
#[derive(Debug, Clone)]
struct Place(Arc<str>);

const ABILITIES: Abilities = Abilities {
    merges: true,
    replaces: true,
    marks_deleted: true,
    widens: schema::widening,
    atomic: Atomicity::Package,
    writers: 1,
    batch_rows: 4_096,
    // The end of a package ends a group of each table, and a checkpoint compresses short ones again.
    package_rows: 100_000,
    queue_bytes: Abilities::SHORT_QUEUE,
    list_columns: true,
    keeps_history: true,
    naming: Naming { takes: |letter| letter != '\0', ..Naming::DEFAULT },
    ..Abilities::DEFAULT
};

pub(super) const KIND: Kind = Kind {
    name: "duckdb",
    abilities: |config| settings(config).map(|_| ABILITIES),
    open,
    read: Some(read::open),
    definitions: Some(aid::definitions),
};

fn settings(config: &config::Destination) -> std::result::Result<Settings, ConfigError> {
    let said: Settings = config.read(&[])?;
    if ::duckdb::Config::default().max_memory(&said.memory_limit).is_err() {
        return Err(config.unusable("memory_limit", "it is no size, such as `64MiB`"));
    }
    Ok(Settings { path: config.path(said.path), ..said })
}

fn open(config: &config::Destination) -> Result<Box<dyn Destination>> {
    Ok(Box::new(Duckdb::new(&settings(config)?)))
}

impl Duckdb {
    pub fn new(settings: &Settings) -> Self {
        let place =
            Place(format!("duckdb file `{}`", settings.path.display().to_string().escape_debug()).into());
        Self { settings: settings.clone(), place }
    }

    fn limits(&self) -> Limits<'_> {
        Limits { memory: &self.settings.memory_limit, threads: self.settings.threads }
    }

    /// `None` where there is no file.
    fn look(&self) -> Result<Option<Database>> {
        if !self.settings.path.exists() {
            return Ok(None);
        }
        self.connect(Access::Look).map(Some)
    }

    fn connect(&self, access: Access) -> Result<Database> {
        let connected = instance::open(&self.settings.path, access, self.limits());
        let connected = connected.map_err(|error| match fault_of(&error) {
            Fault::Busy => self.refuse_where_held().err().unwrap_or_else(|| DestinationError::Busy {
                place: self.place.name(),
                source: cause(&error),
            }),
            _ => self.place.not_opened(cause(&error)),
        })?;
        Ok(Database { connected, place: self.place.clone(), package: commit::PackageProgress::default() })
    }

    fn try_to_write(&self) -> Result<()> {
        let database = self.connect(Access::Load)?;
        let tried = database.connected.execute_batch("BEGIN; CREATE TABLE _probe (id BIGINT); ROLLBACK;");
        tried.map_err(self.place.package_failed("make a table"))
    }

    fn is_held(&self) -> bool {
        file_lock::is_held(&lock_beside(&self.settings.path))
    }

    fn refuse_where_held(&self) -> Result<()> {
        if !self.is_held() {
            return Ok(());
        }
        let holder = file_lock::holder(&lock_beside(&self.settings.path));
        Err(DestinationError::Held { place: self.place.name(), holder })
    }
}

/// A connection, and what it has written of a package.
#[derive(Debug)]
struct Database {
    connected: Connected,
    place: Place,
    package: commit::PackageProgress,
}

impl Destination for Duckdb {
    fn place(&self) -> String {
        self.place.name()
    }

    fn abilities(&self) -> Abilities {
        ABILITIES
    }

    fn probe(self: Box<Self>) -> Result<()> {
        self.refuse_where_held()?;
        if self.settings.path.exists() {
            return self.try_to_write();
        }
        // In a file of its own: a first run may begin at this very moment.
        let path = beside(&self.settings.path, &format!("-probe-{}", std::process::id()));
        let settings = Settings { path: path.clone(), ..self.settings };
        let tried = Self { settings, place: self.place.clone() }.try_to_write();
        let removed = instance::remove(&path).map_err(|error| self.place.not_opened(error));
        tried.and(removed)
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        let mut loads = self.look()?.map_or(Ok(Vec::new()), |database| database.read_loads(most))?;
        let is_running = |load: &&mut LoadEntry| load.status == LoadStatus::Running;
        if loads.iter_mut().any(|load| is_running(&load)) && !self.is_held() {
            loads.iter_mut().filter(is_running).for_each(|load| load.status = LoadStatus::Interrupted);
        }
        Ok(loads)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        self.look()?.map_or(Ok(()), |database| database.visit_states(visit))
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        Ok(Box::new(load::DuckdbLoad::open(&self, claim)?))
    }
}

impl Place {
    fn name(&self) -> String {
        self.0.to_string()
    }

    fn not_opened(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DestinationError {
        DestinationError::Open { place: self.name(), source: error.into() }
    }

    /// For `map_err`: what failed on which table.
    fn failed(
        &self,
        action: &'static str,
        table: &str,
    ) -> impl Fn(::duckdb::Error) -> DestinationError + use<> {
        let (place, table) = (self.clone(), table.to_owned());
        move |error| {
            place.fault(error, |place, source| {
                let table = table.clone();
                DestinationError::Table { place, action, table, source }
            })
        }
    }

    /// For `map_err`: what failed.
    fn package_failed(&self, action: &'static str) -> impl Fn(::duckdb::Error) -> DestinationError + use<> {
        let place = self.clone();
        move |error| place.fault(error, |place, source| DestinationError::Package { place, action, source })
    }

    fn fault(
        &self,
        error: ::duckdb::Error,
        other: impl FnOnce(String, Box<dyn std::error::Error + Send + Sync>) -> DestinationError,
    ) -> DestinationError {
        let (place, fault) = (self.name(), fault_of(&error));
        match fault {
            Fault::Busy => DestinationError::Busy { place, source: cause(&error) },
            Fault::NoSpace => DestinationError::NoSpace { place, source: cause(&error) },
            Fault::Other => other(place, cause(&error)),
        }
    }

    fn unreadable(&self, table: &'static str, column: &'static str, value: &str) -> DestinationError {
        DestinationError::unreadable(self.name(), table, column, value)
    }
}

/// What DuckDB says, without the number below it, which is always the same.
fn cause(error: &::duckdb::Error) -> Box<dyn std::error::Error + Send + Sync> {
    error.to_string().into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Busy,
    NoSpace,
    Other,
}

/// DuckDB has no codes for these; its texts have stayed the same for years.
fn fault_of(error: &::duckdb::Error) -> Fault {
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    if says(&["Could not set lock on file", "Conflicting lock", instance::LOOKED_AT]) {
        Fault::Busy
    } else if says(&["No space left on device", "read-only mode", "Read-only file system"]) {
        Fault::NoSpace
    } else {
        Fault::Other
    }
}

/// The file whose lock is the lease: DuckDB's own lock does not say who has it.
fn lock_beside(database: &Path) -> PathBuf {
    beside(database, "-lease")
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
