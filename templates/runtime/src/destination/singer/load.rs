//! An open load: the lease, the state, and the package that waits for its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::state::{Kept, KeptTable};
use super::write::Writer;
use super::{Place, Result, Singer, Sink, interrupt};
use crate::destination::file_lock::{self, Lock};
use crate::destination::{
    Claim, Committed, DestinationError, LoadEntry, Mode, OpenLoad, Package, PackageId, SchemaChange,
    StateEntry, StateKey, StateReader, TableWriter,
};
use crate::schema::table::Table;

/// What the load, its writers and its readers share.
pub(super) type Shared = Arc<Mutex<Stream>>;

/// A stream on which a load is open.
pub(super) struct SingerLoad {
    shared: Shared,
    lock: Lock,
}

/// What was sent, and what is to be sent.
pub(super) struct Stream {
    pub(super) sink: Sink,
    pub(super) place: Place,
    pub(super) claim: Claim,
    pub(super) lock_path: PathBuf,
    /// What the next STATE says.
    pub(super) kept: Kept,
    /// The last SCHEMA of each stream.
    pub(super) schemas: BTreeMap<String, String>,
    /// The tables that are read whole: the version of their new rows, and whether there are any yet.
    pub(super) staged: BTreeMap<String, Staged>,
    pub(super) package: Waiting,
    pub(super) committed: BTreeSet<PackageId>,
    /// One that failed: committed again without its rows, its state would speak for nothing.
    pub(super) lost: Option<PackageId>,
    /// How many bytes the last STATE had, and how many were sent after it.
    pub(super) state_bytes: usize,
    pub(super) unsaid_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Staged {
    pub(super) version: i64,
    pub(super) has_rows: bool,
}

/// What waits for the commit of its package.
#[derive(Default)]
pub(super) struct Waiting {
    /// Writers that are not finished.
    pub(super) open: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// RECORDs of one stream under one SCHEMA.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) stream: String,
    pub(super) schema: String,
    pub(super) version: Option<i64>,
    pub(super) rows: u64,
    pub(super) records: Vec<u8>,
}

pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, Stream> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SingerLoad {
    pub(super) fn open(singer: Singer, claim: &Claim) -> Result<Self> {
        let lock_path = singer.lock_path();
        let taken = file_lock::take(&lock_path, claim).map_err(|error| singer.place.not_opened(error))?;
        let lock = taken.map_err(|holder| DestinationError::Held { place: singer.place.name(), holder })?;
        let mut kept = singer.kept()?;
        for mut load in kept.loads(usize::MAX, &singer.place)? {
            interrupt(&mut load);
            kept.put_load(&load);
        }
        let stream = Stream {
            sink: singer.sink,
            place: singer.place,
            claim: claim.clone(),
            lock_path,
            kept,
            schemas: BTreeMap::new(),
            staged: BTreeMap::new(),
            package: Waiting::default(),
            committed: BTreeSet::new(),
            lost: None,
            state_bytes: 0,
            unsaid_bytes: 0,
        };
        Ok(Self { shared: Arc::new(Mutex::new(stream)), lock })
    }
}

impl Stream {
    fn change(&mut self, change: &SchemaChange) {
        let tables = &mut self.kept.tables;
        match change {
            SchemaChange::CreateTable(table) => {
                tables.entry(table.name.clone()).or_insert_with(|| KeptTable::of(table));
            }
            SchemaChange::AddColumn { table, column }
            | SchemaChange::AlterColumn { table, to: column, .. } => {
                if let Some(table) = tables.get_mut(table) {
                    table.put_column(column);
                }
            }
            SchemaChange::SetKey { table, key } => {
                if let Some(table) = tables.get_mut(table) {
                    table.key.clone_from(key);
                }
            }
        }
    }

    /// The version of the rows that gather for this table. No earlier one is higher.
    pub(super) fn version_for(&mut self, table: &str) -> i64 {
        let last = self.kept.tables.get(table).map_or(0, |table| table.version);
        let staged = self.staged.entry(table.to_owned());
        staged.or_insert_with(|| Staged { version: millis().max(last + 1), has_rows: false }).version
    }
}

/// Since 1970: what versions of a table are by custom.
fn millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl OpenLoad for SingerLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        let stream = lock(&self.shared);
        stream.kept.tables(&stream.place)
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        let stream = lock(&self.shared);
        stream.kept.loads(most, &stream.place)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        lock(&self.shared).kept.states().for_each(visit);
        Ok(())
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        Ok(Box::new(Lookup(Arc::clone(&self.shared))))
    }

    fn prepare(&mut self, changes: &[SchemaChange], _load_id: &str) -> Result<()> {
        let mut stream = lock(&self.shared);
        changes.iter().for_each(|change| stream.change(change));
        Ok(())
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        let mut stream = lock(&self.shared);
        stream.lost.take_if(|lost| lost == package);
        stream.package.open += 1;
        let version = (*mode == Mode::Stage).then(|| stream.version_for(&table.name));
        drop(stream);
        Ok(Box::new(Writer::new(&self.shared, table, mode, version)))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        lock(&self.shared).commit(package)
    }

    fn close(self: Box<Self>) -> Result<()> {
        lock(&self.shared).say_last_state()?;
        self.lock.release();
        Ok(())
    }
}

struct Lookup(Shared);

impl StateReader for Lookup {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        let stream = lock(&self.0);
        Ok(keys.iter().map(|key| stream.kept.state(key)).collect())
    }
}
