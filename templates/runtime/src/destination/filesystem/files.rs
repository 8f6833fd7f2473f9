//! Files of a table as they are written: one after the other, each hidden until a commit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use parquet::errors::ParquetError;

use super::bounds::Growing;
use super::catalog::DataFile;
use super::format::Encoder;
use super::site::{LiveFile, Site};
use super::{Result, names};
use crate::destination::objects::Upload;
use crate::destination::parquet::Coded;
use crate::destination::{DestinationError, PackageId};
use crate::schema::table::Table;

/// What all files that are being written may hold in memory; beyond it, the one that is written to is flushed.
const MEMORY: usize = 16 << 20;

/// A smaller one would make row groups of no use.
const LEAST_FLUSHED: usize = 1 << 20;

/// Writes rows of a table to files in one folder.
pub(super) struct Files {
    site: Arc<Site>,
    table: Arc<Table>,
    package: PackageId,
    folder: String,
    open: Option<Open>,
    done: Vec<LiveFile>,
}

/// A file that is being written.
struct Open {
    path: String,
    encoder: Encoder,
    upload: Upload,
    rows: usize,
    bytes: usize,
    /// What it has added to [`Site::memory`].
    memory: usize,
    growing: Growing,
}

impl Files {
    pub(super) fn new(site: &Arc<Site>, table: &Arc<Table>, folder: String, package: &PackageId) -> Self {
        let (site, table, package) = (Arc::clone(site), Arc::clone(table), package.clone());
        Self { site, table, package, folder, open: None, done: Vec::new() }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::new(&self.site, &self.table, &self.folder, &self.package)?),
        };
        open.write(batch, &self.site, &self.table)
            .map_err(self.site.place.table_failed("write to", &self.table.name))?;
        if open.encoder.is_full() { self.end_file() } else { Ok(()) }
    }

    fn end_file(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let done = open.finish(&self.site);
        self.done.push(done.map_err(self.site.place.table_failed("write to", &self.table.name))?);
        Ok(())
    }

    /// The files; they may still be under way.
    pub(super) fn finish(mut self) -> Result<Vec<LiveFile>> {
        self.end_file()?;
        Ok(std::mem::take(&mut self.done))
    }
}

impl Open {
    fn new(site: &Site, table: &Table, folder: &str, package: &PackageId) -> Result<Self> {
        let path = format!("{folder}/{}", names::file_of(package, site.style.ending()));
        let encoder = site.style.encoder(table).map_err(site.place.table_failed("write to", &table.name))?;
        let upload = site.store.upload(&names::staged(&path));
        Ok(Self { path, encoder, upload, rows: 0, bytes: 0, memory: 0, growing: Growing::default() })
    }

    fn write(&mut self, batch: &RecordBatch, site: &Site, table: &Table) -> Coded<()> {
        self.encoder.write(batch)?;
        self.growing.add(batch, &table.key, table);
        self.rows += batch.num_rows();
        if self.account(site) > MEMORY && self.memory > LEAST_FLUSHED {
            self.encoder.flush()?;
            self.account(site);
        }
        self.send()
    }

    /// Tells what all files take.
    fn account(&mut self, site: &Site) -> usize {
        let now = self.encoder.memory();
        let before = site.memory.fetch_add(now, Ordering::Relaxed);
        site.memory.fetch_sub(self.memory, Ordering::Relaxed);
        let all = (before + now).saturating_sub(self.memory);
        self.memory = now;
        all
    }

    fn send(&mut self) -> Coded<()> {
        let ready = self.encoder.ready();
        self.bytes += ready.len();
        self.upload.push(ready).map_err(|error| ParquetError::External(error.into()))
    }

    fn finish(mut self, site: &Site) -> Coded<LiveFile> {
        site.memory.fetch_sub(self.memory, Ordering::Relaxed);
        let mut last = self.encoder.finish()?;
        let external = |error: object_store::Error| ParquetError::External(error.into());
        self.bytes += last.len();
        self.upload.push(&mut last).map_err(external)?;
        site.send(names::staged(&self.path), self.upload.finish().map_err(external)?);
        let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (rows, bytes, bounds) = (size(self.rows), size(self.bytes), self.growing.bounds());
        Ok(LiveFile { file: DataFile { path: self.path, rows, bytes, bounds }, is_staged: true })
    }
}

/// Whether a batch has exactly the columns of the table.
pub(super) fn check(batch: &RecordBatch, table: &Table) -> Result<()> {
    let mismatch = |column: &str| DestinationError::mismatch(&table.name, column);
    let fields = batch.schema_ref().fields();
    if let Some(column) = table.columns.get(fields.len()) {
        return Err(mismatch(&column.name));
    }
    for (at, field) in fields.iter().enumerate() {
        let column = table.columns.get(at).filter(|column| column.name == *field.name());
        if column.is_none_or(|column| crate::schema::data_type(column.kind) != *field.data_type()) {
            return Err(mismatch(field.name()));
        }
    }
    Ok(())
}
