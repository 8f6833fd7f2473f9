//! Looks at what is loaded, on a connection that cannot write.
//!
//! Three locks hold, each alone enough: the file is open for reading, SQLite runs nothing but queries, and of a statement
//! that a person writes every part is looked at before it runs. So neither `ATTACH` nor `PRAGMA` nor a function of
//! SQLite's that reads files is let in.

use std::path::PathBuf;
use std::time::Instant;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, ErrorCode, OpenFlags, Row, Statement, params_from_iter};

use super::{Database, PATIENCE as BUSY, PackageProgress, Place, Result, settings};
use crate::config;
use crate::destination::reading::select::{Dialect, Written};
use crate::destination::reading::{
    Answer, COUNTING, Filter, Gathered, MOST_ROWS, PATIENCE, Read, ReadError, Window,
};
use crate::destination::sql::quoted;
use crate::destination::{LoadEntry, Reader};
use crate::resource::ColumnKind;
use crate::schema::table::Table;
use crate::schema::widen::float_text;

/// How many bytes a value may have that a statement makes.
const MOST_BYTES: i32 = 64 << 20;

/// How many steps of SQLite's machine pass between looks at the clock.
const STEPS: i32 = 5_000;

const DIALECT: Dialect = Dialect {
    name: "SQLite",
    quoted,
    as_text: |column, _| format!("CAST({column} AS TEXT)"),
    is_plain: |kind| matches!(kind, ColumnKind::Bool | ColumnKind::Int | ColumnKind::Float),
    contains: |text, part| format!("instr({text}, {part}) > 0"),
    value: Written::Parameter("?1"),
    type_of: |kind| match kind {
        ColumnKind::Bool | ColumnKind::Int => Some("INTEGER"),
        ColumnKind::Float => Some("REAL"),
        _ => None,
    },
};

/// A file that is looked at; `None` where there is none yet.
#[derive(Debug)]
struct Look {
    database: Option<Database>,
    path: PathBuf,
}

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Reader>> {
    look(settings(config)?.path)
}

pub(super) fn look(path: PathBuf) -> Result<Box<dyn Reader>> {
    let place = Place::of(&path);
    let connect = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_BYTES)?;
        Ok(connection)
    };
    let connection = path.exists().then(connect).transpose().map_err(|error| place.not_opened(error))?;
    let database =
        connection.map(|connection| Database { connection, place, package: PackageProgress::default() });
    Ok(Box::new(Look { database, path }))
}

impl Reader for Look {
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        self.database.as_ref().map_or(Ok(Vec::new()), |database| database.latest_loads(most, &self.path))
    }

    fn tables(&mut self) -> Result<Vec<Table>> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let exists = database.exists("_tables").map_err(database.place.failed("find", "_tables"))?;
        if exists { database.read_tables() } else { Ok(Vec::new()) }
    }

    fn count(&mut self, table: &Table, filter: Option<&Filter>) -> Read<Option<u64>> {
        let Some(database) = &mut self.database else { return Ok(Some(0)) };
        let (sql, value) = DIALECT.count(&quoted(&table.name), filter.map(as_stored).as_ref());
        let failed = database.place.failed("count the rows of", &table.name);
        database.connection.end_at(Instant::now() + COUNTING).map_err(&failed)?;
        let counted =
            database.connection.query_row(&sql, params_from_iter(value), |row| row.get::<_, i64>(0));
        match counted {
            Err(error) if is_late(&error) => Ok(None),
            counted => Ok(u64::try_from(counted.map_err(failed)?).ok()),
        }
    }

    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer> {
        let Some(database) = &mut self.database else { return Ok(Answer::default()) };
        let filter = window.filter.map(as_stored);
        let window = Window { filter: filter.as_ref(), ..*window };
        let (sql, value) = DIALECT.rows(&quoted(&table.name), table, &window);
        let failed = database.place.failed("read", &table.name);
        database.connection.end_at(Instant::now() + PATIENCE).map_err(&failed)?;
        let kinds: Vec<ColumnKind> = table.columns.iter().map(|column| column.kind).collect();
        let read = || {
            let mut statement = database.connection.prepare(&sql)?;
            gather(&mut statement, value, window.most, &kinds)
        };
        read().map_err(|error| if is_late(&error) { ReadError::Slow } else { failed(error).into() })
    }

    fn dialect(&self) -> Option<&'static str> {
        Some(DIALECT.name)
    }

    fn query(&mut self, sql: &str) -> Read<Answer> {
        let Some(database) = &mut self.database else { return Ok(Answer::default()) };
        let connection = &mut database.connection;
        let locked =
            connection.authorizer(Some(judge)).and_then(|()| connection.end_at(Instant::now() + PATIENCE));
        locked.map_err(database.place.package_failed("lock itself"))?;
        let mut statements = Batch::new(&database.connection, sql);
        let mut statement = statements.next().map_err(told)?.ok_or(ReadError::OnlyReads)?;
        let is_single = matches!(statements.next(), Ok(None));
        if !is_single || !statement.readonly() || statement.column_count() == 0 {
            return Err(ReadError::OnlyReads);
        }
        gather(&mut statement, None, MOST_ROWS, &[]).map_err(told)
    }
}

/// Ends whatever runs, from then on.
trait Ending {
    fn end_at(&mut self, end: Instant) -> rusqlite::Result<()>;
}

impl Ending for Connection {
    fn end_at(&mut self, end: Instant) -> rusqlite::Result<()> {
        self.progress_handler(STEPS, Some(move || Instant::now() >= end))
    }
}

/// What a statement that a person writes may do: read tables and call functions.
fn judge(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

fn told(error: rusqlite::Error) -> ReadError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => ReadError::Slow,
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => ReadError::OnlyReads,
        _ => ReadError::Said(error.to_string()),
    }
}

fn is_late(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// Truth is a number here.
fn as_stored(filter: &Filter) -> Filter {
    let mut filter = filter.clone();
    if filter.kind == ColumnKind::Bool {
        filter.value = match filter.value.as_str() {
            "true" => "1".to_owned(),
            "false" => "0".to_owned(),
            _ => filter.value,
        };
    }
    filter
}

/// `kinds` are those of the columns, as far as they are known.
fn gather(
    statement: &mut Statement<'_>,
    value: Option<String>,
    most: usize,
    kinds: &[ColumnKind],
) -> rusqlite::Result<Answer> {
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let mut gathered = Gathered::new(columns, most);
    let mut rows = statement.query(params_from_iter(value))?;
    while let Some(row) = rows.next()? {
        let cells = (0..count).map(|at| text_of(row, at, kinds.get(at).copied()));
        if !gathered.push(cells.collect::<rusqlite::Result<_>>()?) {
            break;
        }
    }
    Ok(gathered.end())
}

fn text_of(row: &Row<'_>, at: usize, kind: Option<ColumnKind>) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(int) if kind == Some(ColumnKind::Bool) => Some((int != 0).to_string()),
        ValueRef::Integer(int) => Some(int.to_string()),
        ValueRef::Real(float) => Some(float_text(float)),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(format!("{} bytes", bytes.len())),
    })
}
