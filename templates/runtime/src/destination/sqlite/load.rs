//! An open load: the lease on the file, and the one connection that writes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::params;

use super::state::Lookup;
use super::write::Writer;
use super::{Result, Shared, Sqlite, connect, lock, lock_beside, state};
use crate::destination::file_lock::{self, Lock};
use crate::destination::{
    Aid, Claim, Committed, DestinationError, LoadEntry, LoadStatus, Mode, OpenLoad, Package, PackageId,
    SchemaChange, StateEntry, StateReader, TableWriter, Views,
};
use crate::schema::table::Table;

/// A SQLite file on which a load is open.
#[derive(Debug)]
pub(super) struct SqliteLoad {
    pub(super) database: Shared,
    path: PathBuf,
    token: String,
    lock: Lock,
}

impl SqliteLoad {
    pub(super) fn open(sqlite: Sqlite, claim: &Claim) -> Result<Self> {
        let Sqlite { database, path, .. } = sqlite;
        let taken =
            file_lock::take(&lock_beside(&path), claim).map_err(|error| database.place.not_opened(error))?;
        let lock = taken.map_err(|holder| DestinationError::Held { place: database.place.name(), holder })?;
        let settle = || {
            database.connection.execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;")?;
            database.connection.execute_batch(state::TABLES)?;
            let (running, interrupted) = (LoadStatus::Running.name(), LoadStatus::Interrupted.name());
            let settled = "UPDATE _loads SET status = ?1 WHERE status = ?2";
            database.connection.execute(settled, params![interrupted, running])?;
            database.connection.execute("DELETE FROM _packages", [])?;
            let holder = serde_json::to_string(&claim.holder).unwrap_or_default();
            let lease = "INSERT OR REPLACE INTO _lease (one, token, holder) VALUES (1, ?1, ?2)";
            database.connection.execute(lease, params![claim.token, holder])?;
            database.drop_stages()?;
            database.connection.execute_batch("COMMIT")
        };
        settle().map_err(database.place.package_failed("open a load"))?;
        let database = Arc::new(Mutex::new(database));
        Ok(Self { database, path, token: claim.token.clone(), lock })
    }
}

impl OpenLoad for SqliteLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        lock(&self.database).read_tables()
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        lock(&self.database).read_loads(most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        lock(&self.database).visit_states(visit)
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        let place = lock(&self.database).place.clone();
        let connection = connect(&self.path).map_err(|error| place.not_opened(error))?;
        Ok(Box::new(Lookup { connection, place }))
    }

    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        let database = lock(&self.database);
        let is_alone = database.connection.is_autocommit();
        database.begin()?;
        let prepared = changes.iter().try_for_each(|change| database.change_schema(change, load_id));
        if is_alone {
            database.end(prepared.is_ok())?;
        }
        prepared
    }

    fn aid(&mut self, aids: &[Aid]) -> Result<()> {
        let database = lock(&self.database);
        database.begin()?;
        let made = aids.iter().try_for_each(|aid| database.aid(aid));
        database.end(made.is_ok())?;
        made
    }

    fn views(&mut self) -> Option<&mut dyn Views> {
        Some(self)
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        lock(&self.database).open_writer(package)?;
        Ok(Box::new(Writer::new(&self.database, table, mode)?))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        lock(&self.database).commit(package, &self.token)
    }

    /// Moves the write-ahead log into the file, so that the file alone is the whole database.
    fn close(self: Box<Self>) -> Result<()> {
        let database = lock(&self.database);
        // While someone reads the old rows the log stays, and nobody waits; the next load moves it.
        let _ = database.connection.busy_timeout(Duration::ZERO);
        let _ = database.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;");
        drop(database);
        self.lock.release();
        Ok(())
    }
}
