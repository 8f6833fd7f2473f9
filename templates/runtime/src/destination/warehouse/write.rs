//! Rows on their way in: each writer gathers batches in files and puts them where a `COPY` finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray};

use super::fault::Answer;
use super::files::{File, waiting};
use super::long::{self, Long};
use super::schema::Schema;
use super::session::Session;
use crate::destination::columns::{key_columns, positions};
use crate::destination::{Batch, DestinationError, Mode, PackageId, Result, TableWriter};
use crate::schema::table::{Column, Table};

/// What a load and its writers share.
pub(super) struct Gate {
    pub(super) schema: Schema,
    /// A part of the load's token.
    pub(super) load: String,
    /// Connections that carry nothing.
    idle: Mutex<Vec<Box<dyn Session>>>,
    package: Mutex<Progress>,
    /// The next number of a file, or of what waits for a table.
    numbers: AtomicU64,
}

/// What has come in of a package.
#[derive(Default)]
pub(super) struct Progress {
    /// Writers that are not finished.
    pub(super) open: usize,
    /// By the table that the rows are for, which may be a stage.
    pub(super) incoming: BTreeMap<String, Arc<Incoming>>,
    /// One that failed: committed again without its rows, its state would speak for nothing.
    pub(super) lost: Option<PackageId>,
}

/// The rows that came in for one table.
pub(super) struct Incoming {
    pub(super) table: Table,
    pub(super) mode: Mode,
    /// The table, or its stage.
    pub(super) target: String,
    /// What makes the names of its hidden tables its own: files of a package that failed are none of the next one's.
    own: String,
    /// Where they wait.
    pub(super) name: String,
    /// Where the columns that identify a row stand.
    identity: Vec<usize>,
    arrived: Mutex<Arrived>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Arrived {
    pub(super) rows: u64,
    pub(super) has_null_keys: bool,
    pub(super) gone: Option<Gone>,
    /// Columns in which another character stands for NUL.
    pub(super) without_nul: BTreeSet<String>,
    /// Whether the warehouse has all of it in tables, and not in files alone.
    pub(super) is_copied: bool,
}

/// The keys whose list rows go, and the table in which they wait.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    pub(super) table: Table,
    pub(super) rows: u64,
    pub(super) has_nulls: bool,
}

impl Gate {
    pub(super) fn new(schema: Schema, load: String) -> Self {
        let (idle, package) = (Mutex::default(), Mutex::default());
        Self { schema, load, idle, package, numbers: AtomicU64::new(0) }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.package)
    }

    /// Does something on a connection that nobody else has. One that failed is not used again.
    pub(super) fn with_session<T>(&self, work: impl FnOnce(&mut dyn Session) -> Result<T>) -> Result<T> {
        let idle = lock(&self.idle).pop();
        let mut session = match idle {
            Some(session) => session,
            None => self.schema.warehouse.connect()?,
        };
        let done = work(session.as_mut())?;
        lock(&self.idle).push(session);
        Ok(done)
    }

    /// A writer for rows of a table, which go to that or to its stage.
    pub(super) fn writer(self: &Arc<Self>, table: &Table, mode: &Mode, target: &str) -> Result<Writer> {
        let mut progress = self.progress();
        let known = progress.incoming.get(target).cloned();
        let incoming = match known {
            Some(incoming) => incoming,
            None => {
                let incoming = Arc::new(Incoming::new(self, table, mode, target)?);
                let failed = self.schema.place().failed("write to", &table.name);
                self.with_session(|session| {
                    if *mode == Mode::Stage {
                        let stage = Table { name: target.to_owned(), ..table.clone() };
                        self.schema.make_if_missing(session, target, &stage).map_err(&failed)?;
                    }
                    incoming.make_room(&self.schema, session).map_err(&failed)
                })?;
                progress.incoming.insert(target.to_owned(), Arc::clone(&incoming));
                incoming
            }
        };
        progress.open += 1;
        Ok(Writer { gate: Arc::clone(self), incoming, rows: None, gone: None, texts: None })
    }

    fn put(&self, waiting: &str, table: &str, file: File) -> Result<()> {
        let failed = self.schema.place().failed("write to", table);
        let name = format!("{:06}", self.numbers.fetch_add(1, Ordering::Relaxed));
        let bytes = file.bytes().map_err(&failed)?;
        self.with_session(|session| {
            self.schema.warehouse.put(session, waiting, &name, bytes).map_err(&failed)
        })
    }
}

impl Incoming {
    pub(super) fn new(gate: &Gate, table: &Table, mode: &Mode, target: &str) -> Result<Self> {
        let identity = match mode {
            Mode::Versions { of } | Mode::History { of } => of,
            Mode::Merge | Mode::Stage => &table.key,
        };
        let own = format!("{}{}", gate.load, gate.numbers.fetch_add(1, Ordering::Relaxed));
        Ok(Self {
            identity: positions(table, identity)?,
            table: table.clone(),
            mode: mode.clone(),
            target: target.to_owned(),
            name: gate.schema.hidden("_new_", &own, target),
            own,
            arrived: Mutex::default(),
        })
    }

    pub(super) fn arrived(&self) -> MutexGuard<'_, Arrived> {
        lock(&self.arrived)
    }

    /// Makes the table in which its rows wait.
    pub(super) fn make_room(&self, schema: &Schema, session: &mut dyn Session) -> Answer<()> {
        let columns = waiting(schema, &self.table.columns);
        schema.make_passing(session, &self.name, &Table { columns, ..self.table.clone() })
    }

    /// The tables in which something waits.
    pub(super) fn waiting(&self) -> Vec<String> {
        let gone = self.arrived().gone.as_ref().map(|gone| gone.table.name.clone());
        std::iter::once(self.name.clone()).chain(gone).collect()
    }
}

/// Writes rows of one table.
pub(super) struct Writer {
    gate: Arc<Gate>,
    incoming: Arc<Incoming>,
    rows: Option<File>,
    gone: Option<File>,
    /// Where pieces of long texts go.
    texts: Option<Box<Writer>>,
}

impl TableWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        if let Some(parents) = batch.parents.as_ref().filter(|parents| parents.num_rows() > 0) {
            self.write_gone(parents)?;
        }
        let incoming = Arc::clone(&self.incoming);
        let Incoming { table, identity, .. } = &*incoming;
        check(&batch.rows, &table.columns, &table.name)?;
        if batch.rows.num_rows() == 0 {
            return Ok(None);
        }
        let kept = self.fitting(&batch.rows)?;
        let rows = kept.as_ref().unwrap_or(&batch.rows);
        let columns = rows.columns();
        let has_nulls =
            identity.iter().filter_map(|at| columns.get(*at)).any(|column| column.null_count() > 0);
        self.push(rows)?;
        let mut arrived = incoming.arrived();
        arrived.rows += u64::try_from(rows.num_rows()).unwrap_or(u64::MAX);
        arrived.has_null_keys |= has_nulls;
        Ok(None)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { gate, incoming, rows, gone, texts } = *self;
        if let Some(rows) = rows {
            gate.put(&incoming.name, &incoming.table.name, rows)?;
        }
        let gone_table = incoming.arrived().gone.as_ref().map(|gone| gone.table.name.clone());
        if let (Some(gone), Some(name)) = (gone, gone_table) {
            gate.put(&name, &incoming.table.name, gone)?;
        }
        let mut progress = gate.progress();
        progress.open = progress.open.saturating_sub(1);
        drop(progress);
        texts.map_or(Ok(()), TableWriter::finish)
    }
}

impl Writer {
    fn push(&mut self, rows: &RecordBatch) -> Result<()> {
        let Incoming { table, name, .. } = &*self.incoming;
        let failed = self.gate.schema.place().failed("write to", &table.name);
        let mut file = match self.rows.take() {
            Some(file) => file,
            None => File::new(&self.gate.schema, &table.columns).map_err(&failed)?,
        };
        if file.push(rows).map_err(&failed)? {
            return self.gate.put(name, &table.name, file);
        }
        self.rows = Some(file);
        Ok(())
    }

    /// Rows whose texts all fit, where some did not: those are on their way in pieces.
    fn fitting(&mut self, rows: &RecordBatch) -> Result<Option<RecordBatch>> {
        let (warehouse, table) = (&self.gate.schema.warehouse, &self.incoming.table);
        let plain = if warehouse.keeps_nul() { None } else { without_nul(rows) };
        if let Some((_, columns)) = &plain {
            self.incoming.arrived().without_nul.extend(columns.iter().cloned());
        }
        let plain = plain.map(|(rows, _)| rows);
        let cut = long::cut(plain.as_ref().unwrap_or(rows), table, |kind| warehouse.longest(kind));
        let Some(Long { rows, pieces }) = cut else { return Ok(plain) };
        let mut texts = match self.texts.take() {
            Some(texts) => texts,
            None => Box::new(self.gate.writer(&long::table(), &Mode::Merge, long::TABLE)?),
        };
        texts.write(&Batch { rows: pieces, parents: None })?;
        self.texts = Some(texts);
        Ok(Some(rows))
    }

    /// The keys of records whose earlier list rows go.
    fn write_gone(&mut self, parents: &RecordBatch) -> Result<()> {
        let incoming = Arc::clone(&self.incoming);
        let Incoming { table, target, .. } = &*incoming;
        let schema = &self.gate.schema;
        let failed = schema.place().failed("write to", &table.name);
        let columns = key_columns(parents, table);
        check(parents, &columns, &table.name)?;
        let mut arrived = incoming.arrived();
        if arrived.gone.is_none() {
            let name = schema.hidden("_gone_", &incoming.own, target);
            let waiting = waiting(schema, &columns);
            let gone = Table { name: name.clone(), key: Vec::new(), columns: waiting, ..table.clone() };
            self.gate.with_session(|session| schema.make_passing(session, &name, &gone).map_err(&failed))?;
            arrived.gone = Some(Gone { table: gone, rows: 0, has_nulls: false });
        }
        let mut file = match self.gone.take() {
            Some(file) => file,
            None => File::new(schema, &columns).map_err(&failed)?,
        };
        let is_large = file.push(parents).map_err(&failed)?;
        if let Some(gone) = &mut arrived.gone {
            gone.rows += u64::try_from(parents.num_rows()).unwrap_or(u64::MAX);
            gone.has_nulls |= parents.columns().iter().any(|column| column.null_count() > 0);
            if is_large {
                return self.gate.put(&gone.table.name, &table.name, file);
            }
        }
        self.gone = Some(file);
        Ok(())
    }
}

/// The rows with `␀` in place of NUL, and the columns where that was; `None` where it was in none.
fn without_nul(rows: &RecordBatch) -> Option<(RecordBatch, Vec<String>)> {
    let (mut arrays, mut columns) = (rows.columns().to_vec(), Vec::new());
    for (array, field) in arrays.iter_mut().zip(rows.schema_ref().fields()) {
        let Some(texts) = array.as_string_opt::<i32>() else { continue };
        if texts.value_data().contains(&0) {
            let plain = texts.iter().map(|text| text.map(|text| text.replace('\0', "\u{2400}")));
            *array = Arc::new(plain.collect::<StringArray>());
            columns.push(field.name().clone());
        }
    }
    let rows = (!columns.is_empty()).then(|| RecordBatch::try_new(rows.schema(), arrays).ok())??;
    Some((rows, columns))
}

/// A batch has these columns, in their order; their types are looked at where it is written.
fn check(batch: &RecordBatch, columns: &[Column], table: &str) -> Result<()> {
    let fields = batch.schema_ref().fields();
    let is_there = |at: usize, name: &str| fields.get(at).is_some_and(|field| field.name() == name);
    let missing = columns.iter().enumerate().find(|(at, column)| !is_there(*at, &column.name));
    let missing = missing.map(|(_, column)| &column.name);
    let surplus = fields.get(columns.len()).map(|field| field.name());
    missing.or(surplus).map_or(Ok(()), |name| Err(DestinationError::mismatch(table, name)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
