//! Looks at what is loaded, in transactions that can only read and that end by themselves. What a person writes becomes the
//! query of a cursor in one.

use std::time::Duration;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::connect::{Parameter, Session, Sql};
use super::fault::{is_of_writing, source_of};
use super::schema::{self, Schema};
use super::{Address, Result, Server, latest_loads};
use crate::config;
use crate::destination::reading::select::{Dialect, Written, by_position, is_text};
use crate::destination::reading::{
    Answer, COUNTING, Filter, Gathered, MOST_ROWS, PATIENCE, Read, ReadError, Window,
};
use crate::destination::sql::quoted;
use crate::destination::{LoadEntry, Reader};
use crate::schema::table::Table;

const DIALECT: Dialect = Dialect {
    name: "PostgreSQL",
    quoted,
    as_text: |column, _| format!("CAST({column} AS text)"),
    is_plain: |_| false,
    contains: by_position,
    value: Written::Parameter("$1"),
    type_of: |kind| (!is_text(kind)).then(|| schema::column_type(kind)),
};

/// A schema that is looked at.
#[derive(Debug)]
struct Look {
    session: Session,
    schema: Schema,
}

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Reader>> {
    let server = Server::new(Address::read(config)?)?;
    let session = server.connect()?;
    let schema = Schema::new(&server.address.schema);
    Ok(Box::new(Look { session, schema }))
}

impl Look {
    /// Nothing that is done within stays.
    fn reading<T>(&self, patience: Duration, work: impl FnOnce(&Session) -> Sql<T>) -> Sql<T> {
        self.session.batch(&format!(
            "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL TIME ZONE 'UTC'; \
             SET LOCAL search_path = {}",
            patience.as_millis(),
            self.schema.quoted()
        ))?;
        let done = work(&self.session);
        // The error that is told is the cause, and the connection ends soon.
        let _ = self.session.batch("ROLLBACK");
        done
    }
}

impl Reader for Look {
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        latest_loads(&self.session, &self.schema, most)
    }

    fn tables(&mut self) -> Result<Vec<Table>> {
        let place = &self.session.server.address.place;
        let exists = self.schema.has(&self.session, "_tables").map_err(place.failed("find", "_tables"))?;
        if exists { schema::tables(&self.session, &self.schema) } else { Ok(Vec::new()) }
    }

    fn count(&mut self, table: &Table, filter: Option<&Filter>) -> Read<Option<u64>> {
        let (sql, value) = DIALECT.count(&self.schema.table(&table.name), filter);
        let counted = self.reading(COUNTING, |session| {
            let row = session.row(&sql, &parameters(value.as_ref()))?;
            row.try_get::<_, i64>(0)
        });
        match counted {
            Err(error) if is_late(&error) => Ok(None),
            counted => {
                let place = &self.session.server.address.place;
                let count = counted.map_err(place.failed("count the rows of", &table.name))?;
                Ok(u64::try_from(count).ok())
            }
        }
    }

    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer> {
        let (sql, value) = DIALECT.rows(&self.schema.table(&table.name), table, window);
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let read = self.reading(PATIENCE, |session| {
            let mut gathered = Gathered::new(columns, window.most);
            for row in session.rows(&sql, &parameters(value.as_ref()))? {
                let cells = (0..row.len()).map(|at| row.try_get(at)).collect::<Sql<_>>()?;
                if !gathered.push(cells) {
                    break;
                }
            }
            Ok(gathered.end())
        });
        let failed = self.session.server.address.place.failed("read", &table.name);
        read.map_err(|error| if is_late(&error) { ReadError::Slow } else { failed(error).into() })
    }

    fn dialect(&self) -> Option<&'static str> {
        Some(DIALECT.name)
    }

    fn query(&mut self, sql: &str) -> Read<Answer> {
        let mut gathered = Gathered::new(Vec::new(), MOST_ROWS);
        let answered = self.reading(PATIENCE, |session| session.answer(sql, &mut gathered));
        answered.map(|()| gathered.end()).map_err(told)
    }
}

fn parameters(value: Option<&String>) -> Vec<Parameter<'_>> {
    value.into_iter().map(|value| (value as _, Type::TEXT)).collect()
}

fn is_late(error: &Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

fn told(error: Error) -> ReadError {
    match error.code() {
        Some(&SqlState::QUERY_CANCELED) => ReadError::Slow,
        _ if is_of_writing(&error) => ReadError::OnlyReads,
        _ => ReadError::Said(source_of(error).to_string()),
    }
}
