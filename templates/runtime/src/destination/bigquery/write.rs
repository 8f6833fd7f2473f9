//! Rows on their way in: each batch becomes Parquet and is a load job into a table of its package that nobody sees.
//! There they wait until the commit merges them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Result;
use super::convert::parquet;
use super::dataset::Dataset;
use super::names::{gone_of, incoming_of};
use crate::destination::columns::{key_columns, positions};
use crate::destination::{Batch, DestinationError, Mode, PackageId, TableWriter};
use crate::schema::table::{Column, Table};
use arrow_array::RecordBatch;

/// What a load and its writers share.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) dataset: Dataset,
    /// A part of the load's token.
    pub(super) load: String,
    package: Mutex<Progress>,
}

/// What has come in of a package.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Writers that are not finished.
    pub(super) open: usize,
    /// By the table that the rows are for, which may be a stage.
    pub(super) incoming: BTreeMap<String, Arc<Incoming>>,
    /// One that failed: committed again without its rows, its state would speak for nothing.
    pub(super) lost: Option<PackageId>,
}

/// The rows that came in for one table.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) table: Table,
    pub(super) mode: Mode,
    /// The table, or its stage.
    pub(super) target: String,
    /// Where they wait, and where keys wait whose list rows go.
    pub(super) name: String,
    gone_name: String,
    /// What the ids of its jobs begin with.
    jobs: String,
    /// Where the columns that identify a row stand.
    identity: Vec<usize>,
    arrived: Mutex<Arrived>,
}

/// What has come in.
#[derive(Debug, Default, Clone)]
pub(super) struct Arrived {
    pub(super) rows: u64,
    pub(super) has_null_keys: bool,
    pub(super) gone: Option<Gone>,
    /// How many files were sent.
    files: usize,
}

/// The keys whose list rows go.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) has_nulls: bool,
}

impl Gate {
    pub(super) fn new(dataset: Dataset, load: String) -> Self {
        Self { dataset, load, package: Mutex::default() }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.package)
    }
}

impl Incoming {
    /// `number` is that of no other of this load.
    pub(super) fn new(
        gate: &Gate,
        (table, mode): (&Table, &Mode),
        target: &str,
        (package, number): (&PackageId, usize),
    ) -> Result<Self> {
        let identity = match mode {
            Mode::Versions { of } | Mode::History { of } => of,
            Mode::Merge | Mode::Stage => &table.key,
        };
        let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || ['-', '_'].contains(letter);
        let jobs = format!("gitlab-pipeline-{package}-{}-{number}", gate.load);
        Ok(Self {
            identity: positions(table, identity)?,
            table: table.clone(),
            mode: mode.clone(),
            target: target.to_owned(),
            name: incoming_of(target, &gate.load, number),
            gone_name: gone_of(target, &gate.load, number),
            jobs: jobs.chars().filter(is_plain).collect(),
            arrived: Mutex::default(),
        })
    }

    pub(super) fn arrived(&self) -> Arrived {
        lock(&self.arrived).clone()
    }

    /// The hidden tables that it takes.
    pub(super) fn hidden(&self) -> impl Iterator<Item = String> {
        let gone = self.arrived().gone.map(|gone| gone.name);
        std::iter::once(self.name.clone()).chain(gone)
    }
}

/// Writes rows of one table.
pub(super) struct Writer {
    pub(super) gate: Arc<Gate>,
    pub(super) incoming: Arc<Incoming>,
}

impl Writer {
    /// A load job of its own for each batch, so that nothing is held in memory.
    fn send(&self, rows: &RecordBatch, into: &str, columns: &[Column]) -> Result<()> {
        let (dataset, table) = (&self.gate.dataset, &self.incoming.table.name);
        let file = parquet(rows, columns, table, &dataset.place)?;
        let number = {
            let mut arrived = lock(&self.incoming.arrived);
            arrived.files += 1;
            arrived.files
        };
        let loaded = dataset.load(&format!("{}-{number}", self.incoming.jobs), into, columns, &file);
        let loaded = loaded.map_err(dataset.place.failed("write to", table))?;
        if usize::try_from(loaded) != Ok(rows.num_rows()) {
            let source = format!("of {} rows, {loaded} came in", rows.num_rows()).into();
            let (place, table) = (dataset.place.name(), table.clone());
            return Err(DestinationError::Table { place, action: "write to", table, source });
        }
        Ok(())
    }

    /// The keys of records whose earlier list rows go.
    fn send_gone(&self, parents: &RecordBatch) -> Result<()> {
        let columns = key_columns(parents, &self.incoming.table);
        let name = self.incoming.gone_name.clone();
        {
            let mut arrived = lock(&self.incoming.arrived);
            if arrived.gone.is_none() {
                let dataset = &self.gate.dataset;
                let made = dataset.make_table(&name, &columns);
                made.map_err(dataset.place.failed("write to", &self.incoming.table.name))?;
            }
            let own = Gone { name: name.clone(), columns: columns.clone(), has_nulls: false };
            let gone = arrived.gone.get_or_insert(own);
            gone.has_nulls |= parents.columns().iter().any(|column| column.null_count() > 0);
        }
        self.send(parents, &name, &columns)
    }
}

impl TableWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        if let Some(parents) = batch.parents.as_ref().filter(|parents| parents.num_rows() > 0) {
            self.send_gone(parents)?;
        }
        let Incoming { table, name, identity, arrived, .. } = &*self.incoming;
        if batch.rows.num_rows() > 0 {
            self.send(&batch.rows, name, &table.columns)?;
            let mut arrived = lock(arrived);
            arrived.rows += u64::try_from(batch.rows.num_rows()).unwrap_or(u64::MAX);
            let columns = batch.rows.columns();
            arrived.has_null_keys |=
                identity.iter().filter_map(|at| columns.get(*at)).any(|column| column.null_count() > 0);
        }
        Ok(None)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut progress = self.gate.progress();
        progress.open = progress.open.saturating_sub(1);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
