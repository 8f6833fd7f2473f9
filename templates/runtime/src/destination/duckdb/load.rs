//! An open load: the lease on the file, and the one connection that writes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use duckdb::params;

use super::instance::Access;
use super::state::{self, Lookup};
use super::write::Writer;
use super::{Database, Duckdb, Result, lock_beside};
use crate::destination::file_lock::{self, Lock};
use crate::destination::{
    Aid, Claim, Committed, DestinationError, LoadEntry, LoadStatus, Mode, OpenLoad, Package, PackageId,
    SchemaChange, StateEntry, StateReader, TableWriter, Views,
};
use crate::schema::table::Table;

/// What the load and its writers share.
pub(super) type Shared = Arc<Mutex<Database>>;

/// A DuckDB file on which a load is open.
#[derive(Debug)]
pub(super) struct DuckdbLoad {
    pub(super) database: Shared,
    token: String,
    lock: Lock,
}

pub(super) fn lock(database: &Shared) -> MutexGuard<'_, Database> {
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DuckdbLoad {
    /// The lease comes before the file, so that whoever finds the file in use finds who uses it.
    pub(super) fn open(duckdb: &Duckdb, claim: &Claim) -> Result<Self> {
        let Duckdb { settings, place } = duckdb;
        let taken = file_lock::take(&lock_beside(&settings.path), claim);
        let taken = taken.map_err(|error| place.not_opened(error))?;
        let lock = taken.map_err(|holder| DestinationError::Held { place: place.name(), holder })?;
        let mut database = match duckdb.connect(Access::Load) {
            // The lock that is held is this one.
            Err(DestinationError::Held { place, .. }) => {
                let source = "it has the file open".into();
                return Err(DestinationError::Busy { place, source });
            }
            connected => connected?,
        };
        database.begin()?;
        database.settle(claim).map_err(place.package_failed("open a load"))?;
        database.end(true)?;
        let database = Arc::new(Mutex::new(database));
        Ok(Self { database, token: claim.token.clone(), lock })
    }
}

impl Database {
    /// What a dead load left.
    fn settle(&self, claim: &Claim) -> duckdb::Result<()> {
        self.connected.execute_batch(state::TABLES)?;
        let (running, interrupted) = (LoadStatus::Running.name(), LoadStatus::Interrupted.name());
        let settled = "UPDATE _loads SET status = ? WHERE status = ?";
        self.connected.execute(settled, params![interrupted, running])?;
        self.connected.execute_batch("DELETE FROM _packages; DELETE FROM _lease;")?;
        let holder = serde_json::to_string(&claim.holder).unwrap_or_default();
        let lease = "INSERT INTO _lease (token, holder) VALUES (?, ?)";
        self.connected.execute(lease, params![claim.token, holder])?;
        self.drop_stages()
    }
}

impl OpenLoad for DuckdbLoad {
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
        let database = lock(&self.database);
        let place = database.place.clone();
        let connected = database.connected.again().map_err(|error| place.not_opened(error))?;
        Ok(Box::new(Lookup { connected, place }))
    }

    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        let mut database = lock(&self.database);
        let is_alone = !database.package.is_begun;
        database.begin()?;
        let prepared = changes.iter().try_for_each(|change| database.change_schema(change, load_id));
        if is_alone {
            database.end(prepared.is_ok())?;
        }
        prepared
    }

    fn aid(&mut self, aids: &[Aid]) -> Result<()> {
        let mut database = lock(&self.database);
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

    /// Moves the log into the file, so that the file alone is the whole database.
    fn close(self: Box<Self>) -> Result<()> {
        let database = lock(&self.database);
        // Whoever looks holds it up; then the next load does it.
        let _ = database.connected.execute_batch("CHECKPOINT");
        drop(database);
        let Self { database, lock, .. } = *self;
        drop(database);
        lock.release();
        Ok(())
    }
}
