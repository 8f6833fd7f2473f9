//! Rows: batches go into the appender, after the rows that they take the place of are taken out.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};
use duckdb::Result as Sql;

use super::convert::appendable;
use super::history::held_since;
use super::load::{Shared, lock};
use super::schema::stage_of;
use super::{Database, Result, quoted, quoted_list};
use crate::destination::{Batch, DestinationError, Mode, TableWriter, Written};
use crate::schema::arrow::data_type;
use crate::schema::table::{DIGEST, Table, VALID_FROM};

/// The table of the keys of a batch; it is the connection's own.
pub(super) const KEYS: &str = "_keys_of_batch";

/// Its column of a row's place in the batch.
pub(super) const ROW: &str = "_row_of_batch";

/// Writes rows of one table.
pub(super) struct Writer {
    database: Shared,
    table: Table,
    /// The table, or its stage.
    target: String,
    mode: Mode,
    /// Whether it had no rows when the package began: none comes twice in one, so there are none to take out.
    was_empty: bool,
    /// Where the columns that identify a row stand in a batch; of a version, its digest comes then, and since when it
    /// holds.
    key: Vec<usize>,
}

/// What became of the rows of a batch.
struct Outcome {
    written: Written,
    /// Of each row, whether there was none of its key; `None` where it is not known.
    is_new: Option<Vec<bool>>,
}

impl Writer {
    pub(super) fn new(database: &Shared, table: &Table, mode: &Mode) -> Result<Self> {
        let guard = lock(database);
        let ready = guard.ready(table, mode).and_then(|target| {
            let was_empty = guard.is_empty(&target)?;
            Ok((target, was_empty))
        });
        let (target, was_empty) = ready.map_err(guard.place.failed("write to", &table.name))?;
        drop(guard);
        let (identity, of_version): (_, &[&str]) = match mode {
            Mode::Merge | Mode::Stage => (&table.key, &[]),
            Mode::Versions { of } => (of, &[DIGEST]),
            Mode::History { of } => (of, &[DIGEST, VALID_FROM]),
        };
        let identity = identity.iter().map(String::as_str).chain(of_version.iter().copied());
        let key = identity.map(|name| position(table, name)).collect::<Result<_>>()?;
        let (database, table, mode) = (Arc::clone(database), table.clone(), mode.clone());
        Ok(Self { database, table, target, mode, was_empty, key })
    }

    fn write_rows(&self, database: &Database, batch: &Batch) -> Sql<Outcome> {
        if let Some(parents) = batch.parents.as_ref().filter(|_| !self.was_empty) {
            database.remove(&self.target, parents)?;
        }
        match self.mode {
            Mode::Versions { .. } => return self.write_versions(database, &batch.rows),
            Mode::History { .. } => return self.write_history(database, &batch.rows),
            Mode::Merge | Mode::Stage => {}
        }
        let rows = batch.rows.num_rows();
        let mut replaced = 0;
        // What a list had of its records went with them.
        if !self.key.is_empty() && batch.parents.is_none() && !self.was_empty {
            let keys = batch.rows.project(&self.key).map_err(unfit)?;
            replaced = database.remove(&self.target, &keys)?;
        }
        database.append(&self.target, &batch.rows)?;
        let is_new = match replaced {
            0 => Some(vec![true; rows]),
            _ if replaced == rows => Some(vec![false; rows]),
            _ => None,
        };
        Ok(Outcome {
            written: Written { inserted: count(rows.saturating_sub(replaced)), updated: count(replaced) },
            is_new: is_new.filter(|_| !self.key.is_empty()),
        })
    }

    /// Leaves out those that equal the last version of their record.
    fn write_versions(&self, database: &Database, rows: &RecordBatch) -> Sql<Outcome> {
        let keys = rows.project(&self.key).map_err(unfit)?;
        let same = database.same_as_last(&self.target, &keys)?;
        let is_new: Vec<bool> = (0_i64..).take(rows.num_rows()).map(|row| !same.contains(&row)).collect();
        let new = arrow_select::filter::filter_record_batch(rows, &BooleanArray::from(is_new.clone()));
        let new = new.map_err(unfit)?;
        database.append(&self.target, &new)?;
        let written = Written { inserted: count(new.num_rows()), updated: 0 };
        Ok(Outcome { written, is_new: Some(is_new) })
    }

    fn write_history(&self, database: &Database, rows: &RecordBatch) -> Sql<Outcome> {
        let keys = rows.project(&self.key).map_err(unfit)?;
        let held = database.keep_or_end(&self.target, &keys)?;
        database.append(&self.target, &held_since(rows, &held)?)?;
        let is_new = (0_i64..).take(rows.num_rows()).map(|row| !held.contains_key(&row)).collect();
        let inserted = count(rows.num_rows().saturating_sub(held.len()));
        Ok(Outcome { written: Written { inserted, updated: count(held.len()) }, is_new: Some(is_new) })
    }
}

impl TableWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        check(&batch.rows, &self.table)?;
        let mut database = lock(&self.database);
        let outcome = self.write_rows(&database, batch);
        let outcome = outcome.map_err(database.place.failed("write to", &self.table.name))?;
        *database.package.written.entry(self.table.name.clone()).or_default() += outcome.written;
        Ok(outcome.is_new)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut database = lock(&self.database);
        database.package.open = database.package.open.saturating_sub(1);
        Ok(())
    }
}

impl Database {
    /// Makes what the writer needs, and tells the name of the table that it writes to.
    fn ready(&self, table: &Table, mode: &Mode) -> Sql<String> {
        if *mode != Mode::Stage {
            return Ok(table.name.clone());
        }
        let stage = stage_of(&table.name);
        if !self.exists(&stage)? {
            self.create_copy(table, &stage)?;
        }
        Ok(stage)
    }

    /// Puts rows at the end of a table that has their columns.
    pub(super) fn append(&self, table: &str, rows: &RecordBatch) -> Sql<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let schema = rows.schema_ref();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut appender = self.connected.appender_with_columns(table, &columns)?;
        appender.append_record_batch(appendable(rows).map_err(unfit)?)?;
        // What is left to its end would fail in silence.
        appender.flush()
    }

    /// Takes out the rows that have one of these keys in the columns of the same names; tells how many.
    pub(super) fn remove(&self, table: &str, keys: &RecordBatch) -> Sql<usize> {
        if keys.num_rows() == 0 || keys.num_columns() == 0 {
            return Ok(0);
        }
        self.put_keys(table, keys)?;
        let sql =
            format!("DELETE FROM {} AS t USING {KEYS} AS k WHERE {}", quoted(table), same("t", "k", keys));
        self.connected.execute(&sql, [])
    }

    /// Makes [`KEYS`] these, and numbers them.
    pub(super) fn put_keys(&self, table: &str, keys: &RecordBatch) -> Sql<()> {
        let names = quoted_list(keys.schema_ref().fields().iter().map(|field| field.name().as_str()));
        // The types are the table's.
        self.connected.execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE {KEYS} AS
                 SELECT {names}, CAST(NULL AS BIGINT) AS {ROW} FROM {} LIMIT 0",
            quoted(table)
        ))?;
        let mut appender = self.connected.appender_to_catalog_and_db(KEYS, "temp", "main")?;
        appender.append_record_batch(appendable(&numbered(keys).map_err(unfit)?).map_err(unfit)?)?;
        appender.flush()
    }
}

/// The condition that rows of both have the same values in the columns of the keys. Where no key has a null, it lets
/// whole blocks of the table be passed over.
pub(super) fn same(one: &str, other: &str, keys: &RecordBatch) -> String {
    let conditions = keys.schema_ref().fields().iter().zip(keys.columns()).map(|(field, array)| {
        let (name, is) =
            (quoted(field.name()), if array.null_count() == 0 { "=" } else { "IS NOT DISTINCT FROM" });
        format!("{one}.{name} {is} {other}.{name}")
    });
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
}

/// The keys with the place of each in the batch beside them.
fn numbered(keys: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let places: ArrayRef = Arc::new(Int64Array::from_iter_values((0_i64..).take(keys.num_rows())));
    let field = Arc::new(Field::new(ROW, places.data_type().clone(), true));
    let fields: Vec<_> = keys.schema_ref().fields().iter().cloned().chain([field]).collect();
    let columns = keys.columns().iter().cloned().chain([places]).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// A batch has exactly the columns of its table.
fn check(rows: &RecordBatch, table: &Table) -> Result<()> {
    let fields = rows.schema_ref().fields();
    if let Some(column) = table.columns.get(fields.len()) {
        return Err(DestinationError::mismatch(&table.name, &column.name));
    }
    for (at, field) in fields.iter().enumerate() {
        let column = table.columns.get(at).filter(|column| column.name == *field.name());
        if column.is_none_or(|column| data_type(column.kind) != *field.data_type()) {
            return Err(DestinationError::mismatch(&table.name, field.name()));
        }
    }
    Ok(())
}

fn position(table: &Table, name: &str) -> Result<usize> {
    let at = table.columns.iter().position(|column| column.name == name);
    at.ok_or_else(|| DestinationError::mismatch(&table.name, name))
}

/// A batch that Arrow does not make.
pub(super) fn unfit(error: ArrowError) -> duckdb::Error {
    duckdb::Error::ToSqlConversionFailure(error.into())
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
