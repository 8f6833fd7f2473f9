//! What a load and its writers share: the store, how files are written and read, and what is under way.

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use parquet::errors::ParquetError;

use super::catalog::DataFile;
use super::format::{self, Style};
use super::keys::Cache;
use super::settings::FileLayout;
use super::{Result, names};
use crate::destination::DestinationError;
use crate::destination::objects::{Place, Store, Waiting};
use crate::schema::table::{Column, Table};

#[derive(Debug)]
pub(super) struct Site {
    pub(super) store: Store,
    pub(super) place: Place,
    pub(super) style: Style,
    pub(super) layout: FileLayout,
    /// The day on which the load began.
    pub(super) day: String,
    pub(super) hasher: RandomState,
    pub(super) cache: Mutex<Cache>,
    /// What all files that are being written hold in memory.
    pub(super) memory: AtomicUsize,
    /// Files that are under way, by where they lie then.
    sent: Mutex<HashMap<String, Waiting<()>>>,
}

/// A file, and whether it is still hidden.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LiveFile {
    pub(super) file: DataFile,
    pub(super) is_staged: bool,
}

impl LiveFile {
    /// Where it lies now.
    pub(super) fn path(&self) -> String {
        if self.is_staged { names::staged(&self.file.path) } else { self.file.path.clone() }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(super) fn new(
        store: Store,
        place: Place,
        style: Style,
        layout: FileLayout,
        day: String,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            place,
            style,
            layout,
            day,
            hasher: RandomState::new(),
            cache: Mutex::default(),
            memory: AtomicUsize::new(0),
            sent: Mutex::default(),
        })
    }

    /// The folder in which new rows of a table lie.
    pub(super) fn folder_of(&self, table: &str) -> String {
        match self.layout {
            FileLayout::Plain => names::folder_of(table),
            FileLayout::Hive => names::day_folder_of(table, &self.day),
        }
    }

    pub(super) fn send(&self, path: String, waiting: Waiting<()>) {
        lock(&self.sent).insert(path, waiting);
    }

    /// Waits until everything that is under way has arrived.
    pub(super) fn settle(&self) -> Result<()> {
        let sent: Vec<Waiting<()>> = lock(&self.sent).drain().map(|(_, waiting)| waiting).collect();
        let ended: Vec<_> = sent.into_iter().map(Waiting::end).collect();
        ended.into_iter().try_for_each(|end| end.map_err(self.place.failed("write a file")))
    }

    /// Reads some columns of a file, batch by batch in the order of its rows.
    pub(super) fn each_batch(
        &self,
        table: &str,
        file: &LiveFile,
        columns: &[Column],
        visit: &mut dyn FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let path = file.path();
        let sent = lock(&self.sent).remove(&path);
        sent.map_or(Ok(()), Waiting::end).map_err(self.place.failed("write a file"))?;
        let mut visit = |batch| visit(batch).map_err(Stopped::There);
        let read = format::each_batch((&self.store, &path), self.style, columns, &mut visit);
        read.map_err(|stopped| match stopped {
            Stopped::There(error) => error,
            Stopped::Here(error) => self.place.table_failed("read a file of", table)(error),
        })
    }
}

/// The columns of a table that have these names.
pub(super) fn columns_of<'a>(table: &Table, names: impl IntoIterator<Item = &'a String>) -> Vec<Column> {
    names.into_iter().filter_map(|name| table.column(name)).cloned().collect()
}

/// Where reading came to its end.
enum Stopped {
    Here(ParquetError),
    There(DestinationError),
}

impl From<ParquetError> for Stopped {
    fn from(error: ParquetError) -> Self {
        Self::Here(error)
    }
}
