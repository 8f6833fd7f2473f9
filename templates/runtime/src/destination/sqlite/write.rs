//! Rows: prepared statements, filled from Arrow arrays.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use rusqlite::{CachedStatement, Connection, Result as Sql, Statement};

use super::history::{History, Versions};
use super::schema::{row_name, stage_of};
use super::{Database, Result, Shared, lock};
use crate::destination::cells::Cells;
use crate::destination::columns::{cells_of, key_columns, positions};
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{Batch, Mode, TableWriter, Written};
use crate::schema::table::{DIGEST, Table, VALID_TO};
use crate::schema::time::{date_text, instant_text};

/// Writes rows of one table; its SQL is made once.
pub(super) struct Writer {
    database: Shared,
    table: Table,
    /// The table, or its stage.
    target: String,
    insert: String,
    /// Finds the rows with the key of another, also where a part of it is null.
    remove: Option<String>,
    /// Finds the digest of the last version of a record.
    last_version: Option<String>,
    history: Option<History>,
    /// Tells the highest number that SQLite has given to a row: it grows with each new row.
    last_row: Option<String>,
    /// Where the columns that identify a row stand.
    key: Vec<usize>,
    digest: Option<usize>,
}

/// What happens to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    New,
    Replaced,
    /// It equals the last version.
    Same,
}

impl Writer {
    pub(super) fn new(database: &Shared, table: &Table, mode: &Mode) -> Result<Self> {
        let guard = lock(database);
        let ready = guard.ready(table, mode).map_err(guard.place.failed("write to", &table.name));
        drop(guard);
        let name = ready?;
        let (identity, is_versioned) = match mode {
            Mode::Versions { of } => (of, true),
            Mode::History { of } => (of, false),
            Mode::Merge | Mode::Stage => (&table.key, false),
        };
        let is_history = matches!(mode, Mode::History { .. });
        let key = positions(table, identity)?;
        let conditions = conditions(identity.iter().map(String::as_str));
        let row = row_name(table.columns.iter().map(|column| column.name.as_str()));
        let has_key = !identity.is_empty() && !is_versioned && !is_history;
        Ok(Self {
            database: Arc::clone(database),
            insert: insert_sql(table, &name),
            remove: has_key.then(|| format!("DELETE FROM {} WHERE {conditions}", quoted(&name))),
            last_version: is_versioned.then(|| {
                let digest = quoted(DIGEST);
                format!(
                    "SELECT {digest} FROM {} WHERE {conditions} ORDER BY _load_id DESC, _loaded_at DESC LIMIT 1",
                    quoted(&name)
                )
            }),
            history: is_history.then(|| History::new(table, &name, (&conditions, identity.len()), row)).transpose()?,
            last_row: row
                .filter(|_| has_key)
                .map(|row| format!("SELECT coalesce(max({row}), 0) FROM {}", quoted(&name))),
            key,
            digest: table.columns.iter().position(|column| column.name == DIGEST),
            target: name,
            table: table.clone(),
        })
    }

    fn write_rows(&self, connection: &Connection, cells: &[Cells<'_>], rows: usize) -> Sql<Vec<Outcome>> {
        let mut statements = Statements::new(self, connection)?;
        (0..rows).map(|row| statements.write(self, cells, row)).collect()
    }
}

impl TableWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        let cells = cells_of(&batch.rows, &self.table.columns, &self.table.name)?;
        let mut database = lock(&self.database);
        if let Some(parents) = &batch.parents {
            let removed = remove_lists(&database.connection, &self.table, &self.target, parents);
            removed?.map_err(database.place.failed("remove rows of", &self.table.name))?;
        }
        let outcomes = self.write_rows(&database.connection, &cells, batch.rows.num_rows());
        let outcomes = outcomes.map_err(database.place.failed("write to", &self.table.name))?;
        let count = |outcome| {
            let rows = outcomes.iter().filter(|one| **one == outcome).count();
            u64::try_from(rows).unwrap_or(u64::MAX)
        };
        let written = Written { inserted: count(Outcome::New), updated: count(Outcome::Replaced) };
        *database.package.written.entry(self.table.name.clone()).or_default() += written;
        let is_known = self.last_row.is_some() || self.last_version.is_some() || self.history.is_some();
        Ok(is_known.then(|| outcomes.iter().map(|outcome| *outcome == Outcome::New).collect()))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut database = lock(&self.database);
        database.package.open = database.package.open.saturating_sub(1);
        Ok(())
    }
}

/// The statements of a batch.
struct Statements<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
    remove: Option<CachedStatement<'c>>,
    last_version: Option<CachedStatement<'c>>,
    versions: Option<Versions<'c>>,
    last_row: Option<CachedStatement<'c>>,
    /// Whether the number that SQLite gave last, to a row of any table, is not the next of this one.
    is_telling: bool,
}

impl<'c> Statements<'c> {
    fn new(writer: &Writer, connection: &'c Connection) -> Sql<Self> {
        let cached =
            |sql: &Option<String>| sql.as_ref().map(|sql| connection.prepare_cached(sql)).transpose();
        let mut statements = Self {
            connection,
            insert: connection.prepare_cached(&writer.insert)?,
            remove: cached(&writer.remove)?,
            last_version: cached(&writer.last_version)?,
            versions: writer.history.as_ref().map(|sql| sql.prepare(connection)).transpose()?,
            last_row: cached(&writer.last_row)?,
            is_telling: false,
        };
        statements.is_telling = connection.last_insert_rowid() != statements.highest()?.saturating_add(1);
        Ok(statements)
    }

    fn write(&mut self, writer: &Writer, cells: &[Cells<'_>], row: usize) -> Sql<Outcome> {
        let key = || writer.key.iter().filter_map(|at| cells.get(*at));
        let digest = || writer.digest.and_then(|at| cells.get(at)).and_then(|cells| int(*cells, row));
        if let Some(versions) = &mut self.versions {
            if versions.keep_or_end(key(), digest(), cells, row)? {
                return Ok(Outcome::Replaced);
            }
            return self.insert(cells, row).map(|()| Outcome::New);
        }
        if let Some(last_version) = &mut self.last_version {
            bind(last_version, key(), row)?;
            let digest = digest();
            let mut found = last_version.raw_query();
            if digest.is_some()
                && found.next()?.map(|row| row.get::<_, Option<i64>>(0)).transpose()? == Some(digest)
            {
                return Ok(Outcome::Same);
            }
        }
        if let Some(remove) = self.remove.as_mut().filter(|_| key().any(|cells| cells.is_null(row))) {
            bind(remove, key(), row)?;
            let removed = remove.raw_execute()?;
            self.insert(cells, row)?;
            return Ok(if removed == 0 { Outcome::New } else { Outcome::Replaced });
        }
        self.upsert(cells, row)
    }

    /// A new row has another number than the one before, and a replaced one has none.
    fn upsert(&mut self, cells: &[Cells<'_>], row: usize) -> Sql<Outcome> {
        if self.last_row.is_none() {
            self.insert(cells, row)?;
            return Ok(Outcome::New);
        }
        let before = if self.is_telling { self.connection.last_insert_rowid() } else { self.highest()? };
        self.insert(cells, row)?;
        let after = if self.is_telling { self.connection.last_insert_rowid() } else { self.highest()? };
        if after == before {
            return Ok(Outcome::Replaced);
        }
        self.is_telling = true;
        Ok(Outcome::New)
    }

    fn highest(&mut self) -> Sql<i64> {
        self.last_row.as_mut().map_or(Ok(0), |last_row| last_row.query_row([], |row| row.get(0)))
    }

    fn insert(&mut self, cells: &[Cells<'_>], row: usize) -> Sql<()> {
        bind(&mut self.insert, cells.iter(), row)?;
        self.insert.raw_execute().map(drop)
    }
}

pub(super) fn bind<'c, 'b: 'c>(
    statement: &mut Statement<'_>,
    cells: impl Iterator<Item = &'c Cells<'b>>,
    row: usize,
) -> Sql<()> {
    cells.zip(1..).try_for_each(|(cells, parameter)| bind_cell(statement, parameter, *cells, row))
}

fn bind_cell(statement: &mut Statement<'_>, parameter: usize, cells: Cells<'_>, row: usize) -> Sql<()> {
    if cells.is_null(row) {
        return statement.raw_bind_parameter(parameter, rusqlite::types::Null);
    }
    match cells {
        Cells::Bool(array) => statement.raw_bind_parameter(parameter, array.value(row)),
        Cells::Int(array) => statement.raw_bind_parameter(parameter, array.value(row)),
        Cells::Float(array) => statement.raw_bind_parameter(parameter, array.value(row)),
        Cells::Date(array) => statement.raw_bind_parameter(parameter, date_text(array.value(row))),
        Cells::Timestamp(array) => statement.raw_bind_parameter(parameter, instant_text(array.value(row))),
        Cells::Text(array) | Cells::Json(array) => statement.raw_bind_parameter(parameter, array.value(row)),
        Cells::List(..) => Err(rusqlite::Error::ToSqlConversionFailure("it has no columns of lists".into())),
    }
}

fn int(cells: Cells<'_>, row: usize) -> Option<i64> {
    match cells {
        Cells::Int(array) if array.is_valid(row) => Some(array.value(row)),
        _ => None,
    }
}

impl Database {
    /// Makes what the writer needs, and tells the name of the table that it writes to.
    fn ready(&self, table: &Table, mode: &Mode) -> Sql<String> {
        match mode {
            Mode::Merge => Ok(table.name.clone()),
            Mode::Versions { of } => {
                let index = quoted(&format!("_versions_of_{}", table.name));
                let columns = quoted_list(of.iter().map(String::as_str));
                let sql =
                    format!("CREATE INDEX IF NOT EXISTS {index} ON {} ({columns})", quoted(&table.name));
                self.connection.execute_batch(&sql)?;
                Ok(table.name.clone())
            }
            Mode::History { of } => {
                let index = quoted(&format!("_current_of_{}", table.name));
                let (name, columns) = (quoted(&table.name), quoted_list(of.iter().map(String::as_str)));
                let sql = format!(
                    "CREATE INDEX IF NOT EXISTS {index} ON {name} ({columns}) WHERE {VALID_TO} IS NULL"
                );
                self.connection.execute_batch(&sql)?;
                Ok(table.name.clone())
            }
            Mode::Stage => {
                let stage = stage_of(&table.name);
                if !self.exists(&stage)? {
                    self.create_copy(table, &stage)?;
                }
                Ok(stage)
            }
        }
    }
}

/// Removes the rows of these records, whose keys are the first columns of the table's key.
fn remove_lists(
    connection: &Connection,
    table: &Table,
    target: &str,
    parents: &RecordBatch,
) -> Result<Sql<()>> {
    let columns = key_columns(parents, table);
    let keys = cells_of(parents, &columns, &table.name)?;
    let names = columns.iter().map(|column| column.name.as_str());
    let sql = format!("DELETE FROM {} WHERE {}", quoted(target), conditions(names));
    let remove = || {
        let mut statement = connection.prepare_cached(&sql)?;
        (0..parents.num_rows()).try_for_each(|row| {
            bind(&mut statement, keys.iter(), row)?;
            statement.raw_execute().map(drop)
        })
    };
    Ok(remove())
}

/// `IS` finds nulls as well, and uses the index of the key.
fn conditions<'a>(columns: impl Iterator<Item = &'a str>) -> String {
    let conditions = columns.zip(1..).map(|(column, at)| format!("{} IS ?{at}", quoted(column)));
    conditions.collect::<Vec<_>>().join(" AND ")
}

/// With a key, the row takes the place of the one that is there.
fn insert_sql(table: &Table, name: &str) -> String {
    let parameters: Vec<String> = (1..=table.columns.len()).map(|at| format!("?{at}")).collect();
    let list = quoted_list(table.columns.iter().map(|column| column.name.as_str()));
    let insert = format!("INSERT INTO {} ({list}) VALUES ({})", quoted(name), parameters.join(", "));
    if table.key.is_empty() {
        return insert;
    }
    let key = quoted_list(table.key.iter().map(String::as_str));
    let others = table.columns.iter().filter(|column| !table.key.contains(&column.name));
    let set = |name: String| format!("{name} = excluded.{name}");
    let sets: Vec<String> = others.map(|column| set(quoted(&column.name))).collect();
    match sets.is_empty() {
        true => format!("{insert} ON CONFLICT ({key}) DO NOTHING"),
        false => format!("{insert} ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", ")),
    }
}
