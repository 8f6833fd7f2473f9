//! Looks at what is loaded. The file is open for reading alone, DuckDB reaches no other file or host, and its settings are
//! locked. What a person writes is handed to DuckDB as a text, to a function that takes a single SELECT and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use duckdb::{Connection, Result as Sql, params_from_iter};

use super::{Database, Duckdb, Result, schema, settings};
use crate::config;
use crate::destination::reading::select::{Dialect, Written, by_position, is_text};
use crate::destination::reading::{
    Answer, COUNTING, Filter, Gathered, MOST_ROWS, PATIENCE, Read, ReadError, Window,
};
use crate::destination::sql::quoted;
use crate::destination::{Destination, LoadEntry, Reader};
use crate::schema::table::Table;

const DIALECT: Dialect = Dialect {
    name: "DuckDB",
    quoted,
    as_text: |column, _| format!("CAST({column} AS VARCHAR)"),
    is_plain: |_| false,
    contains: by_position,
    value: Written::Parameter("?"),
    type_of: |kind| (!is_text(kind)).then(|| schema::column_type(kind)),
};

/// How often a statement that is late is told so: one that has only just begun may not hear it.
const REMIND: Duration = Duration::from_millis(50);

/// A file that is looked at; `None` where there is none yet.
#[derive(Debug)]
struct Look {
    duckdb: Duckdb,
    database: Option<Database>,
}

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Reader>> {
    look(Duckdb::new(&settings(config)?))
}

pub(super) fn look(duckdb: Duckdb) -> Result<Box<dyn Reader>> {
    let database = duckdb.look()?;
    Ok(Box::new(Look { duckdb, database }))
}

impl Reader for Look {
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        self.duckdb.loads(most)
    }

    fn tables(&mut self) -> Result<Vec<Table>> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let exists = database.exists("_tables").map_err(database.place.failed("find", "_tables"))?;
        if exists { database.read_tables() } else { Ok(Vec::new()) }
    }

    fn count(&mut self, table: &Table, filter: Option<&Filter>) -> Read<Option<u64>> {
        let Some(database) = &self.database else { return Ok(Some(0)) };
        let (sql, value) = DIALECT.count(&quoted(&table.name), filter);
        let count = within(COUNTING, &database.connected, |connection| {
            connection.query_row(&sql, params_from_iter(value), |row| row.get::<_, i64>(0))
        });
        let failed = database.place.failed("count the rows of", &table.name);
        count.map_or(Ok(None), |count| Ok(u64::try_from(count.map_err(failed)?).ok()))
    }

    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer> {
        let Some(database) = &self.database else { return Ok(Answer::default()) };
        let (sql, value) = DIALECT.rows(&quoted(&table.name), table, window);
        let rows =
            within(PATIENCE, &database.connected, |connection| gather(connection, &sql, value, window.most));
        let failed = database.place.failed("read", &table.name);
        rows.ok_or(ReadError::Slow)?.map_err(|error| failed(error).into())
    }

    fn dialect(&self) -> Option<&'static str> {
        Some(DIALECT.name)
    }

    fn query(&mut self, sql: &str) -> Read<Answer> {
        let Some(database) = &self.database else { return Ok(Answer::default()) };
        let literal = format!("'{}'", sql.replace('\'', "''"));
        let most = MOST_ROWS + 1;
        let sql = format!("SELECT COLUMNS(*)::VARCHAR FROM query({literal}) LIMIT {most}");
        let answer =
            within(PATIENCE, &database.connected, |connection| gather(connection, &sql, None, MOST_ROWS));
        answer.ok_or(ReadError::Slow)?.map_err(told)
    }
}

/// What DuckDB says, without the statement that it was wrapped in.
fn told(error: duckdb::Error) -> ReadError {
    let text = error.to_string();
    if text.contains("Expected a single SELECT statement") {
        return ReadError::OnlyReads;
    }
    let said = text.split("\n\nLINE ").next().unwrap_or(&text);
    ReadError::Said(said.to_owned())
}

/// What the work brings; `None` where it was too late.
fn within<T>(
    patience: Duration,
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Sql<T>,
) -> Option<Sql<T>> {
    let (is_late, interrupt) = (Arc::new(AtomicBool::new(false)), connection.interrupt_handle());
    let (done, waiting) = mpsc::channel::<()>();
    let late = Arc::clone(&is_late);
    let watch = thread::spawn(move || {
        let mut patience = patience;
        while waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            late.store(true, Ordering::Relaxed);
            interrupt.interrupt();
            patience = REMIND;
        }
    });
    let result = work(connection);
    drop(done);
    // It has nothing that could fail.
    let _ = watch.join();
    (result.is_ok() || !is_late.load(Ordering::Relaxed)).then_some(result)
}

fn gather(connection: &Connection, sql: &str, value: Option<String>, most: usize) -> Sql<Answer> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params_from_iter(value))?;
    // Columns have names once the statement runs.
    let columns = rows.as_ref().map(|statement| statement.column_names()).unwrap_or_default();
    let count = columns.len();
    let mut gathered = Gathered::new(columns, most);
    while let Some(row) = rows.next()? {
        let cells = (0..count).map(|at| row.get::<_, Option<String>>(at));
        if !gathered.push(cells.collect::<Sql<_>>()?) {
            break;
        }
    }
    Ok(gathered.end())
}
