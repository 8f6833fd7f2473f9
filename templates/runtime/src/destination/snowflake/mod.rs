//! Snowflake: a schema of a database, through its ADBC driver, which is a library that people install.
//!
//! | kind | column type | value |
//! | --- | --- | --- |
//! | bool | `BOOLEAN` | |
//! | int | `NUMBER(38, 0)` | what Snowflake has for integers: all 64 bits fit |
//! | float | `FLOAT` | |
//! | date | `DATE` | |
//! | timestamp | `TIMESTAMP_TZ` | in UTC; it compares as an instant, whatever the time zone of who asks |
//! | text | `VARCHAR` | one of more than 16 MB in pieces |
//! | json, list | `VARIANT` | keeps what JSON means: not blanks, nor the order of keys |
//!
//! Names are in upper case, as Snowflake makes them of names without quotes: `SELECT title FROM gitlab.project_issues`
//! finds what the pipeline calls so. Names that differ only in case would be one, so there are none.
//!
//! Files go to the stage that every table has, so a waiting table that is dropped takes them along. What is made and
//! dropped ends a transaction in Snowflake, so none of it is in that of a package. See [`warehouse`](super::warehouse) for
//! the rest.
//!
//! Its own tables: `_LOADS`, `_REPORTS`, `_STATE`, `_TABLES`, `_COLUMNS`, `_PACKAGES`, `_TEXTS` and `_LEASE`; while a load
//! is open, those that begin with `_NEW_`, `_GONE_`, `_STAGE_`, `_OPEN_` and `_KEPT_`.

use std::sync::Arc;
use std::time::Duration;

use super::reading::select::{Dialect, Written, is_text};
use super::sql::quoted;
use super::warehouse::{self, Answer, Looked, Place, Session, Warehouse, abilities, definitions};
use super::{Kind, Result};
use crate::resource::ColumnKind;
use crate::schema::Naming;

mod cells;
mod connect;
mod driver;
mod files;
mod judge;
mod settings;
#[cfg(test)]
mod tests;

use self::connect::{Account, Connection};
use self::files::Folder;
use self::settings::Address;
use super::warehouse::Schema;

pub(super) const KIND: Kind = Kind {
    name: "snowflake",
    abilities: |_| Ok(abilities(NAMING)),
    open: |config| Ok(Box::new(Looked::open(Arc::new(Snowflake::new(Address::read(config)?)?))?)),
    read: Some(|config| warehouse::read(Arc::new(Snowflake::new(Address::read(config)?)?))),
    definitions: Some(|config| Ok(definitions(Arc::new(Snowflake::new(Address::read(config)?)?)))),
};

/// Names that need no quotes, apart from reserved words.
const NAMING: Naming = Naming {
    longest: 255,
    folds_case: true,
    takes: |letter| letter.is_ascii_alphanumeric() || letter == '_',
    ..Naming::DEFAULT
};

/// How rows are read.
const DIALECT: Dialect = Dialect {
    name: "Snowflake",
    quoted: |name| quoted(&name.to_ascii_uppercase()),
    as_text: |column, kind| match kind {
        ColumnKind::Json | ColumnKind::List(_) => format!("TO_JSON({column})"),
        _ => format!("CAST({column} AS VARCHAR)"),
    },
    is_plain: |kind| !is_text(kind),
    contains: |text, part| format!("CONTAINS({text}, {part})"),
    value: Written::Literal(literal),
    type_of: |kind| (!is_text(kind)).then(|| column_type(kind)),
};

/// How long a `VARCHAR` is that says nothing of its length.
const LONGEST: usize = 16 << 20;

/// A schema of a database of an account.
#[derive(Debug)]
struct Snowflake {
    account: Account,
    schema: String,
    folder: Folder,
}

impl Snowflake {
    fn new(address: Address) -> Result<Self> {
        let schema = address.schema.clone();
        let folder = Folder::new();
        Ok(Self { account: Account::open(address)?, schema, folder })
    }
}

fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "BOOLEAN",
        ColumnKind::Int => "NUMBER(38, 0)",
        ColumnKind::Float => "FLOAT",
        ColumnKind::Date => "DATE",
        ColumnKind::Timestamp => "TIMESTAMP_TZ",
        ColumnKind::Text => "VARCHAR",
        ColumnKind::Json | ColumnKind::List(_) => "VARIANT",
    }
}

/// In quotes, a backslash begins an escape.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

impl Warehouse for Snowflake {
    fn place(&self) -> &Place {
        &self.account.place
    }

    fn dialect(&self) -> &'static str {
        KIND.name
    }

    fn schema(&self) -> &str {
        &self.schema
    }

    fn naming(&self) -> Naming {
        NAMING
    }

    fn named(&self, name: &str) -> String {
        name.to_ascii_uppercase()
    }

    fn connect(&self) -> Result<Box<dyn Session>> {
        let connection = Connection::open(&self.account);
        Ok(Box::new(connection.map_err(|fault| self.place().not_connected(fault))?))
    }

    fn enter(&self, session: &mut dyn Session) -> Answer<()> {
        session.run(&format!("USE SCHEMA {}", quoted(&self.schema))).map(drop)
    }

    fn column_type(&self, kind: ColumnKind) -> &'static str {
        column_type(kind)
    }

    /// Of a key that comes twice the last value counts.
    fn settled(&self, column: &str, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Json | ColumnKind::List(_) => format!("PARSE_JSON({column}, 'd')"),
            _ => column.to_owned(),
        }
    }

    fn literal(&self, text: &str) -> String {
        literal(text)
    }

    fn instant(&self, column: &str) -> String {
        format!("CAST(DATE_PART(EPOCH_MICROSECOND, {column}) AS VARCHAR)")
    }

    /// JSON in pieces would be none any more.
    fn longest(&self, kind: ColumnKind) -> usize {
        if kind == ColumnKind::Text { LONGEST } else { usize::MAX }
    }

    /// What is read again after a crash need not be kept for days.
    fn passing_table(&self) -> &'static str {
        "TRANSIENT TABLE"
    }

    fn keeps_readers(&self) -> &'static str {
        " COPY GRANTS"
    }

    fn reading(&self) -> &'static Dialect {
        &DIALECT
    }

    /// An account may say that a request can hold several statements. The schema is that of the connection.
    fn looking(&self) -> String {
        "ALTER SESSION SET MULTI_STATEMENT_COUNT = 1".to_owned()
    }

    fn patience(&self, patience: Duration) -> String {
        format!("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {}", patience.as_secs_f64().ceil().max(1.0))
    }

    fn commented(&self) -> String {
        let schema = self.literal(&self.schema);
        format!(
            "SELECT CAST(table_name AS VARCHAR), CAST('' AS VARCHAR) FROM information_schema.tables
             WHERE table_schema = {schema} AND comment <> ''
             UNION ALL SELECT CAST(table_name AS VARCHAR), CAST(column_name AS VARCHAR)
             FROM information_schema.columns WHERE table_schema = {schema} AND comment <> ''"
        )
    }

    fn comment_on_columns(&self, table: &str, columns: &[[String; 2]]) -> String {
        let columns = columns.iter().map(|[name, text]| format!("COLUMN {name} COMMENT {text}"));
        format!("ALTER TABLE {table} ALTER {}", columns.collect::<Vec<_>>().join(", "))
    }

    fn put(&self, session: &mut dyn Session, waiting: &str, file: &str, bytes: Vec<u8>) -> Answer<()> {
        let file = self.folder.write(file, &bytes)?;
        let put = format!(
            "PUT {} @%{} AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
            self.literal(&file.url()),
            self.named(waiting)
        );
        session.run(&put).map(drop)
    }

    /// Logical types are those of dates and times; and no text stands for null.
    fn copy(&self, waiting: &str, schema: &Schema) -> Answer<String> {
        Ok(format!(
            "COPY INTO {} FROM @%{} FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE NULL_IF = ()) \
             MATCH_BY_COLUMN_NAME = CASE_SENSITIVE",
            schema.table(waiting),
            self.named(waiting)
        ))
    }
}
