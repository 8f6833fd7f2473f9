//! What a load and its writers share: the store, how files are written and read, and what is under way.

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use parquet::errors::ParquetError;
use serde::Deserialize;

use super::catalog::DataFile;
use super::format::{self, Style};
use super::keys::Cache;
use super::{Result, names};
use crate::destination::DestinationError;
use crate::destination::objects::{Place, Store, Waiting};
use crate::moment::Moment;
use crate::schema::table::{Column, Table};

#[derive(Debug)]
pub(in super::super) struct Site {
    pub(in super::super) store: Store,
    pub(in super::super) place: Place,
    pub(in super::super) style: Style,
    pub(in super::super) layout: FileLayout,
    /// Whether files lie elsewhere until they are committed.
    pub(in super::super) hides: bool,
    /// The day on which the load began.
    pub(in super::super) day: String,
    pub(in super::super) hasher: RandomState,
    pub(in super::super) cache: Mutex<Cache>,
    /// What all files that are being written hold in memory.
    pub(in super::super) memory: AtomicUsize,
    /// Files that are under way, by where they lie then.
    sent: Mutex<HashMap<String, Waiting<()>>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(not(feature = "filesystem"), expect(unreachable_pub, reason = "a setting of files alone"))]
pub enum FileLayout {
    /// The files of a table lie in its folder.
    #[default]
    Plain,
    /// They lie in a folder for each day on which rows came: `load_date=2024-05-01`.
    Hive,
}

/// A file, and whether it is committed.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct LiveFile {
    pub(in super::super) file: DataFile,
    pub(in super::super) is_staged: bool,
}

pub(in super::super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(in super::super) fn new(
        (store, place): (Store, Place),
        style: Style,
        layout: FileLayout,
        hides: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            place,
            style,
            layout,
            hides,
            day: Moment::now().date_text(),
            hasher: RandomState::new(),
            cache: Mutex::default(),
            memory: AtomicUsize::new(0),
            sent: Mutex::default(),
        })
    }

    /// The folder in which new rows of a table lie.
    pub(in super::super) fn folder_of(&self, table: &str) -> String {
        match self.layout {
            FileLayout::Plain => names::folder_of(table),
            FileLayout::Hive => names::day_folder_of(table, &self.day),
        }
    }

    /// Where a file lies that is not committed.
    pub(in super::super) fn hidden(&self, path: &str) -> String {
        if self.hides { names::staged(path) } else { path.to_owned() }
    }

    pub(in super::super) fn send(&self, path: String, waiting: Waiting<()>) {
        lock(&self.sent).insert(path, waiting);
    }

    /// Removes files; what is not there is no fault.
    pub(in super::super) fn remove(&self, paths: Vec<String>) -> Result<()> {
        self.store.delete_all(paths).map_err(self.place.failed("remove files"))
    }

    /// Waits until everything that is under way has arrived.
    pub(in super::super) fn settle(&self) -> Result<()> {
        let sent: Vec<Waiting<()>> = lock(&self.sent).drain().map(|(_, waiting)| waiting).collect();
        let ended: Vec<_> = sent.into_iter().map(Waiting::end).collect();
        ended.into_iter().try_for_each(|end| end.map_err(self.place.failed("write a file")))
    }

    /// Reads some columns of a file, batch by batch in the order of its rows.
    pub(in super::super) fn each_batch(
        &self,
        table: &str,
        file: &LiveFile,
        columns: &[Column],
        visit: &mut dyn FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let path = if file.is_staged { self.hidden(&file.file.path) } else { file.file.path.clone() };
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
pub(in super::super) fn columns_of<'a>(
    table: &Table,
    names: impl IntoIterator<Item = &'a String>,
) -> Vec<Column> {
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
