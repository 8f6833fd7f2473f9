//! SQLite: one file, one connection that writes, a package is a transaction.
//!
//! | kind | column type | value |
//! | --- | --- | --- |
//! | bool | INTEGER | 0 or 1 |
//! | int | INTEGER | |
//! | float | REAL | |
//! | date | TEXT | `2024-05-01` |
//! | timestamp | TEXT | `2024-05-01T12:30:00.123000Z`: UTC, always six digits, so that text sorts as time does |
//! | text, json | TEXT | |
//!
//! Tables are `STRICT`, so a value is never bent to the column's type. The key of a table is a unique index. SQLite
//! keeps several rows with a null in it; here a null equals a null, which writing sees to. The journal is a
//! write-ahead log: queries go on while a load writes. After a crash of the process every committed package is there;
//! after a loss of power the last ones may be missing, each as a whole.
//!
//! Its own tables: `_loads`, `_state`, `_tables`, `_columns`, `_packages` and `_lease`; beside the file, one that ends in
//! `-lease` is locked while a load is open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use serde::Deserialize;

use super::Result;
use crate::config::{self, ConfigError};
use crate::destination::{
    Abilities, Atomicity, Claim, Destination, DestinationError, Kind, LoadEntry, LoadStatus, OpenLoad,
    StateEntry, file_lock,
};

mod aid;
mod commit;
mod convert;
mod history;
mod load;
mod read;
mod schema;
mod state;
#[cfg(test)]
mod tests;
mod views;
mod write;

use self::commit::PackageProgress;

/// `[destination.sqlite]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The file; it is made when it is not there.
    pub path: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: "gitlab.sqlite".into() }
    }
}

/// A SQLite file that is looked at.
#[derive(Debug)]
pub struct Sqlite {
    database: Database,
    path: PathBuf,
    /// There was no file before.
    is_new: bool,
}

/// The connection that writes, and what it has written of a package.
#[derive(Debug)]
struct Database {
    connection: Connection,
    place: Place,
    package: PackageProgress,
}

/// The file, as messages call it.
#[derive(Debug, Clone)]
struct Place(Arc<str>);

/// What the load and its writers share.
type Shared = Arc<Mutex<Database>>;

/// How long to wait for another program that writes to the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many statements stay compiled: a few for each table that is being loaded.
const STATEMENTS: usize = 256;

const ABILITIES: Abilities = Abilities {
    merges: true,
    replaces: true,
    marks_deleted: true,
    widens: schema::widening,
    atomic: Atomicity::Package,
    writers: 1,
    batch_rows: 2_000,
    package_rows: 20_000,
    queue_bytes: Abilities::SHORT_QUEUE,
    keeps_history: true,
    ..Abilities::DEFAULT
};

pub(super) const KIND: Kind = Kind {
    name: "sqlite",
    abilities: |config| settings(config).map(|_| ABILITIES),
    open,
    read: Some(read::open),
    definitions: Some(aid::definitions),
};

fn settings(config: &config::Destination) -> std::result::Result<Settings, ConfigError> {
    let said: Settings = config.read(&[])?;
    Ok(Settings { path: config.path(said.path) })
}

fn open(config: &config::Destination) -> Result<Box<dyn Destination>> {
    Ok(Box::new(Sqlite::open(&settings(config)?)?))
}

impl Sqlite {
    /// Opens the file; makes an empty one that only its owner can read when there is none.
    pub fn open(settings: &Settings) -> Result<Self> {
        let place = Place::of(&settings.path);
        let is_new = !settings.path.exists();
        create(&settings.path).map_err(|error| place.not_opened(error))?;
        let connection = connect(&settings.path).map_err(|error| match fault_of(&error) {
            Fault::Busy => DestinationError::Busy { place: place.name(), source: error.into() },
            _ => place.not_opened(error),
        })?;
        let database = Database { connection, place, package: PackageProgress::default() };
        Ok(Self { database, path: settings.path.clone(), is_new })
    }
}

impl Destination for Sqlite {
    fn place(&self) -> String {
        self.database.place.name()
    }

    fn abilities(&self) -> Abilities {
        ABILITIES
    }

    fn probe(self: Box<Self>) -> Result<()> {
        let Self { database: Database { connection, place, .. }, path, is_new } = *self;
        let probe = connection.execute_batch("BEGIN IMMEDIATE; CREATE TABLE _probe (at INTEGER); ROLLBACK;");
        probe.map_err(place.package_failed("make a table"))?;
        drop(connection);
        // A load that has begun in the meantime keeps the file.
        let is_untouched = || path.metadata().is_ok_and(|file| file.len() == 0);
        if is_new && is_untouched() && !file_lock::is_held(&lock_beside(&path)) {
            return std::fs::remove_file(&path).map_err(|error| place.not_opened(error));
        }
        Ok(())
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        self.database.latest_loads(most, &self.path)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        self.database.visit_states(visit)
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        Ok(Box::new(load::SqliteLoad::open(*self, claim)?))
    }
}

impl Database {
    /// A load that says that it runs, and does not hold the lease, is dead.
    fn latest_loads(&self, most: usize, path: &Path) -> Result<Vec<LoadEntry>> {
        let mut loads = self.read_loads(most)?;
        let is_running = |load: &&mut LoadEntry| load.status == LoadStatus::Running;
        if loads.iter_mut().any(|load| is_running(&load)) && !file_lock::is_held(&lock_beside(path)) {
            loads.iter_mut().filter(is_running).for_each(|load| load.status = LoadStatus::Interrupted);
        }
        Ok(loads)
    }
}

impl Place {
    fn of(path: &Path) -> Self {
        Self(format!("sqlite file `{}`", path.display().to_string().escape_debug()).into())
    }

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
    ) -> impl Fn(rusqlite::Error) -> DestinationError + use<> {
        let (place, table) = (self.name(), table.to_owned());
        move |error| match fault_of(&error) {
            Fault::Busy => DestinationError::Busy { place: place.clone(), source: error.into() },
            Fault::NoSpace => DestinationError::NoSpace { place: place.clone(), source: error.into() },
            Fault::Other => {
                let (place, table) = (place.clone(), table.clone());
                DestinationError::Table { place, action, table, source: error.into() }
            }
        }
    }

    /// For `map_err`: what failed.
    fn package_failed(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> DestinationError + use<> {
        let place = self.name();
        move |error| match fault_of(&error) {
            Fault::Busy => DestinationError::Busy { place: place.clone(), source: error.into() },
            Fault::NoSpace => DestinationError::NoSpace { place: place.clone(), source: error.into() },
            Fault::Other => DestinationError::Package { place: place.clone(), action, source: error.into() },
        }
    }

    fn unreadable(&self, table: &'static str, column: &'static str, value: &str) -> DestinationError {
        DestinationError::unreadable(self.name(), table, column, value)
    }
}

enum Fault {
    Busy,
    NoSpace,
    Other,
}

fn fault_of(error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly) => Fault::NoSpace,
        _ => Fault::Other,
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Records of some kilobytes fill pages of the usual 4 KiB badly: a third of the time of a load went into that. A
    // file that is there keeps the pages that it has.
    connection.execute_batch(
        "PRAGMA page_size = 16384;
         PRAGMA synchronous = NORMAL;
         PRAGMA cache_size = -16384;
         PRAGMA foreign_keys = OFF;
         PRAGMA legacy_alter_table = ON;",
    )?;
    convert::register(&connection)?;
    Ok(connection)
}

/// What is loaded is as private as the token that it was read with. SQLite gives its other files the same mode.
fn create(path: &Path) -> std::io::Result<()> {
    file_lock::private().append(true).create(true).open(path).map(drop)
}

/// The file whose lock is the lease. SQLite's own locks are not used, because it works with them.
fn lock_beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-lease");
    path.into()
}

fn lock(database: &Shared) -> MutexGuard<'_, Database> {
    database.lock().unwrap_or_else(PoisonError::into_inner)
}
