//! Rows on their way in: each batch is one `COPY` into an unlogged table, on a connection that no other batch has. There
//! they wait, seen by nobody, until the commit of their package merges them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;

use super::Result;
use super::connect::{Server, Session};
use super::copy::{Rows, Unfit};
use super::schema::{Schema, definitions, gone_of, incoming_of};
use crate::destination::cells::Cells;
use crate::destination::columns::{cells_of, key_columns, positions};
use crate::destination::sql::quoted_list;
use crate::destination::{Batch, DestinationError, Mode, PackageId, TableWriter};
use crate::schema::table::{Column, Table};

/// What a load and its writers share.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) server: Server,
    pub(super) schema: Schema,
    /// A part of the load's token.
    pub(super) load: String,
    /// Connections that carry nothing.
    idle: Mutex<Vec<Session>>,
    pub(super) package: Mutex<Progress>,
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
    /// Where they wait.
    pub(super) name: String,
    /// Where the columns that identify a row stand.
    identity: Vec<usize>,
    pub(super) arrived: Mutex<Arrived>,
}

/// What the client knows of them, and the server may forget when it crashes.
#[derive(Debug, Default, Clone)]
pub(super) struct Arrived {
    pub(super) rows: u64,
    pub(super) has_null_keys: bool,
    pub(super) gone: Option<Gone>,
    pub(super) without_nul: BTreeSet<String>,
}

/// The keys whose list rows go.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: u64,
    pub(super) has_nulls: bool,
}

impl Gate {
    pub(super) fn new(server: Server, schema: Schema, load: String) -> Self {
        Self { server, schema, load, idle: Mutex::default(), package: Mutex::default() }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.package)
    }

    /// Sends rows to a table; which columns had NUL in them.
    fn copy(
        &self,
        table: &Table,
        (into, columns): (&str, &[Column]),
        batch: &RecordBatch,
    ) -> Result<BTreeSet<String>> {
        let cells = cells_of(batch, columns, &table.name)?;
        self.send(table, (into, columns), &cells, batch.num_rows())
    }

    fn send(
        &self,
        table: &Table,
        (into, columns): (&str, &[Column]),
        cells: &[Cells<'_>],
        count: usize,
    ) -> Result<BTreeSet<String>> {
        let place = &self.server.address.place;
        let session = self.session()?;
        let names = quoted_list(columns.iter().map(|column| column.name.as_str()));
        let sql = format!("COPY {} ({names}) FROM STDIN (FORMAT BINARY)", self.schema.table(into));
        let mut rows = Rows::new(cells, count);
        let name_of = |at: &usize| columns.get(*at).map(|column| column.name.clone());
        let sent = session.copy(&sql, rows.by_ref()).map_err(place.failed("write to", &table.name))?;
        sent.map_err(|Unfit { column, why }| {
            let source = format!("`{}` holds {why}", name_of(&column).unwrap_or_default()).into();
            let (place, table) = (place.name(), table.name.clone());
            DestinationError::Table { place, action: "write to", table, source }
        })?;
        lock(&self.idle).push(session);
        Ok(rows.without_nul.iter().filter_map(name_of).collect())
    }

    /// One that nobody else has; it is put back when it has done what it was for.
    fn session(&self) -> Result<Session> {
        let idle = lock(&self.idle).pop();
        idle.map_or_else(|| self.server.connect(), Ok)
    }
}

impl Incoming {
    pub(super) fn new(gate: &Gate, table: &Table, mode: &Mode, target: &str) -> Result<Self> {
        let identity = match mode {
            Mode::Versions { of } | Mode::History { of } => of,
            Mode::Merge | Mode::Stage => &table.key,
        };
        Ok(Self {
            identity: positions(table, identity)?,
            table: table.clone(),
            mode: mode.clone(),
            target: target.to_owned(),
            name: incoming_of(target, &gate.load),
            arrived: Mutex::default(),
        })
    }

    /// The same for the table as it has become: its columns that are new are null in all rows.
    pub(super) fn of_table(&self, table: Table) -> Result<Self> {
        let identity = match &self.mode {
            Mode::Versions { of } | Mode::History { of } => of,
            Mode::Merge | Mode::Stage => &table.key,
        };
        let mut arrived = self.arrived();
        arrived.has_null_keys |= identity.iter().any(|name| self.table.column(name).is_none());
        Ok(Self {
            identity: positions(&table, identity)?,
            table,
            mode: self.mode.clone(),
            target: self.target.clone(),
            name: self.name.clone(),
            arrived: Mutex::new(arrived),
        })
    }

    /// Rows that wait in the stage of any load.
    pub(super) fn staged(table: &Table, stage: &str) -> Self {
        Self {
            identity: Vec::new(),
            table: table.clone(),
            mode: Mode::Merge,
            target: table.name.clone(),
            name: stage.to_owned(),
            arrived: Mutex::default(),
        }
    }

    pub(super) fn arrived(&self) -> Arrived {
        lock(&self.arrived).clone()
    }
}

/// Writes rows of one table.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) gate: Arc<Gate>,
    pub(super) incoming: Arc<Incoming>,
}

impl TableWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        if let Some(parents) = batch.parents.as_ref().filter(|parents| parents.num_rows() > 0) {
            self.write_gone(parents)?;
        }
        let Incoming { table, name, identity, arrived, .. } = &*self.incoming;
        let cells = cells_of(&batch.rows, &table.columns, &table.name)?;
        let count = batch.rows.num_rows();
        if count > 0 {
            let without_nul = self.gate.send(table, (name, &table.columns), &cells, count)?;
            let mut arrived = lock(arrived);
            arrived.rows += u64::try_from(count).unwrap_or(u64::MAX);
            arrived.without_nul.extend(without_nul);
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

impl Writer {
    /// The keys of records whose earlier list rows go.
    fn write_gone(&self, parents: &RecordBatch) -> Result<()> {
        let Incoming { table, target, arrived, .. } = &*self.incoming;
        let name = gone_of(target, &self.gate.load);
        let columns = key_columns(parents, table);
        let has_nulls = parents.columns().iter().any(|column| column.null_count() > 0);
        let mut arrived = lock(arrived);
        if arrived.gone.is_none() {
            let session = self.gate.session()?;
            let own = self.gate.schema.table(&name);
            // Of an earlier package it is there, and empty, unless that failed.
            let make = format!(
                "CREATE UNLOGGED TABLE IF NOT EXISTS {own} ({}); TRUNCATE {own}",
                definitions(&columns)
            );
            let place = &self.gate.server.address.place;
            session.batch(&make).map_err(place.failed("write to", &table.name))?;
            lock(&self.gate.idle).push(session);
        }
        self.gate.copy(table, (&name, &columns), parents)?;
        let gone = arrived.gone.get_or_insert(Gone { name, columns, rows: 0, has_nulls: false });
        gone.rows += u64::try_from(parents.num_rows()).unwrap_or(u64::MAX);
        gone.has_nulls |= has_nulls;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
