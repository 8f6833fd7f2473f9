//! Amazon Redshift: a schema of a database, over the protocol of PostgreSQL, with files in S3 on the way.
//!
//! | kind | column type | value |
//! | --- | --- | --- |
//! | bool | `BOOLEAN` | |
//! | int | `BIGINT` | |
//! | float | `DOUBLE PRECISION` | |
//! | date | `DATE` | |
//! | timestamp | `TIMESTAMPTZ` | |
//! | text | `VARCHAR(65535)` | one of more than 65,535 bytes in pieces; `␀` (U+2400) stands for NUL |
//! | json, list | `VARCHAR(65535)` | as text, letter by letter: `JSON_PARSE(labels)` makes a `SUPER` of it |
//!
//! A `SUPER` holds no text of more than 65,535 bytes either, and would keep numbers as it sees fit; so JSON is text.
//!
//! Files go below `staging` in S3, from where `COPY … FORMAT AS PARQUET` takes them by the order of their columns; it
//! knows no times with a zone, so those come as texts. Everything is sent by the simple protocol, which has no parameters
//! and all values as texts. See [`warehouse`](super::warehouse) for the rest.
//!
//! Its own tables: `_loads`, `_reports`, `_state`, `_tables`, `_columns`, `_packages`, `_texts` and `_lease`; while a load
//! is open, those that begin with `_new_`, `_gone_`, `_stage_`, `_open_` and `_kept_`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::objects::{self, Store};
use super::postgres::Server;
use super::reading::select::{Dialect, Written, by_position, is_text};
use super::sql::quoted;
use super::warehouse::{
    self, Answer, Fault, Looked, Place, Schema, Session, Warehouse, Why, abilities, definitions,
};
use super::{DestinationError, Kind, Result};
use crate::resource::ColumnKind;
use crate::schema::Naming;
use crate::schema::table::Table;

mod connect;
mod settings;
#[cfg(test)]
mod tests;

use self::connect::Connection;
use self::settings::{Address, Grant};

pub(super) const KIND: Kind = Kind {
    name: "redshift",
    abilities: |_| Ok(abilities(NAMING)),
    open: |config| Ok(Box::new(Looked::open(Arc::new(Redshift::new(Address::read(config)?)?))?)),
    read: Some(|config| warehouse::read(Arc::new(Redshift::new(Address::read(config)?)?))),
    definitions: Some(|config| Ok(definitions(Arc::new(Redshift::new(Address::read(config)?)?)))),
};

/// Names are in lower case, also in quotes. A few are those of columns that every table has.
const NAMING: Naming = Naming {
    longest: 127,
    folds_case: true,
    takes: |letter| letter.is_ascii_alphanumeric() || letter == '_',
    reserved: &["cmax", "cmin", "ctid", "deletexid", "insertxid", "oid", "tableoid", "xmax", "xmin"],
    ..Naming::DEFAULT
};

/// How rows are read. Truth cannot be cast to a text, and a text that is cast would lose what is beyond 256 bytes.
const DIALECT: Dialect = Dialect {
    name: "Redshift",
    quoted: |name| quoted(&name.to_ascii_lowercase()),
    as_text: |column, kind| match kind {
        ColumnKind::Bool => format!("CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' END"),
        kind if is_text(kind) => column.to_owned(),
        _ => format!("CAST({column} AS VARCHAR)"),
    },
    is_plain: |kind| kind != ColumnKind::Bool && !is_text(kind),
    contains: by_position,
    value: Written::Literal(literal),
    type_of: |kind| (!is_text(kind)).then(|| column_type(kind)),
};

/// What a `VARCHAR` holds, in bytes.
const LONGEST: usize = 65_535;

/// A schema of a database of a cluster or workgroup.
#[derive(Debug)]
struct Redshift {
    server: Server,
    schema: String,
    store: Store,
    objects: objects::Place,
    /// Where files lie, as `COPY` names it, and below it those of this schema.
    staging: String,
    folder: String,
    grant: Grant,
    place: Place,
}

impl Redshift {
    fn new(address: Address) -> Result<Self> {
        let Address { server, schema, objects, staging, folder, grant, place, variables } = address;
        let variable = |name: &str| variables.get(name).cloned();
        let (store, objects) = objects::open(&objects, &variable)?;
        Ok(Self { server: Server::new(server)?, schema, store, objects, staging, folder, grant, place })
    }

    fn folder_of(&self, waiting: &str) -> String {
        format!("{}/{waiting}", self.folder)
    }

    fn staging_fault(&self, action: &'static str, error: &object_store::Error) -> Fault {
        let error = self.objects.fault(action, error);
        let why = match &error {
            DestinationError::Denied { .. } | DestinationError::Unknown { .. } => Why::Denied,
            DestinationError::Unreachable { .. } => Why::Unreachable,
            DestinationError::NoSpace { .. } => Why::Full,
            _ => Why::Other,
        };
        Fault { why, source: error.into() }
    }
}

fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "BOOLEAN",
        ColumnKind::Int => "BIGINT",
        ColumnKind::Float => "DOUBLE PRECISION",
        ColumnKind::Date => "DATE",
        ColumnKind::Timestamp => "TIMESTAMPTZ",
        ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_) => "VARCHAR(65535)",
    }
}

/// Whether a backslash begins an escape depends on the server, so none is written.
fn literal(text: &str) -> String {
    let parts: Vec<String> = text.split('\\').map(|part| format!("'{}'", part.replace('\'', "''"))).collect();
    match parts.as_slice() {
        [plain] => plain.clone(),
        parts => format!("({})", parts.join(" || CHR(92) || ")),
    }
}

impl Warehouse for Redshift {
    fn place(&self) -> &Place {
        &self.place
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
        name.to_ascii_lowercase()
    }

    fn connect(&self) -> Result<Box<dyn Session>> {
        Ok(Box::new(Connection(self.server.connect()?)))
    }

    fn column_type(&self, kind: ColumnKind) -> &'static str {
        column_type(kind)
    }

    fn waiting_kind(&self, kind: ColumnKind) -> ColumnKind {
        match kind {
            ColumnKind::Json | ColumnKind::Timestamp => ColumnKind::Text,
            other => other,
        }
    }

    fn settled(&self, column: &str, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Timestamp => {
                format!("CAST(REPLACE(REPLACE({column}, 'T', ' '), 'Z', '+00') AS TIMESTAMPTZ)")
            }
            _ => column.to_owned(),
        }
    }

    fn literal(&self, text: &str) -> String {
        literal(text)
    }

    /// One backslash, or two where the server takes it for a letter; whichever it is, the text ends where it should.
    fn plain_literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    }

    fn instant(&self, column: &str) -> String {
        format!("TO_CHAR({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    }

    fn longest(&self, _kind: ColumnKind) -> usize {
        LONGEST
    }

    fn keeps_nul(&self) -> bool {
        false
    }

    /// Rows that are merged by a key lie on the node that the last part of the key says, and so do those that wait: they
    /// meet without travelling. Within a node they are sorted by the key.
    fn layout(&self, table: &Table, schema: &Schema) -> String {
        let (Some(first), Some(last)) = (table.key.first(), table.key.last()) else { return String::new() };
        format!(" DISTSTYLE KEY DISTKEY ({}) SORTKEY ({})", schema.column(last), schema.column(first))
    }

    fn reading(&self) -> &'static Dialect {
        &DIALECT
    }

    fn looking(&self) -> String {
        format!("SET search_path = {}; SET timezone = 'UTC'", quoted(&self.schema))
    }

    fn patience(&self, patience: Duration) -> String {
        format!("SET statement_timeout = {}", patience.as_millis().max(1))
    }

    fn commented(&self) -> String {
        format!(
            "SELECT CAST(c.relname AS VARCHAR), COALESCE(CAST(a.attname AS VARCHAR), '')
             FROM pg_catalog.pg_description AS d
             JOIN pg_catalog.pg_class AS c ON c.oid = d.objoid
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_class AS k ON k.oid = d.classoid AND k.relname = 'pg_class'
             LEFT JOIN pg_catalog.pg_attribute AS a
                 ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
             WHERE n.nspname = {}",
            self.literal(&self.schema)
        )
    }

    /// A statement for each, which the protocol takes at once.
    fn comment_on_columns(&self, table: &str, columns: &[[String; 2]]) -> String {
        let comment = |[name, text]: &[String; 2]| format!("COMMENT ON COLUMN {table}.{name} IS {text}");
        columns.iter().map(comment).collect::<Vec<_>>().join(";\n")
    }

    fn put(&self, _session: &mut dyn Session, waiting: &str, file: &str, bytes: Vec<u8>) -> Answer<()> {
        let path = format!("{}/{file}.parquet", self.folder_of(waiting));
        let put = self.store.put(&path, Bytes::from(bytes));
        put.map(drop).map_err(|error| self.staging_fault("put files of rows", &error))
    }

    fn copy(&self, waiting: &str, schema: &Schema) -> Answer<String> {
        let from = format!("{}/{}/", self.staging, self.folder_of(waiting));
        let grant = match &self.grant {
            Grant::DefaultRole => "IAM_ROLE DEFAULT".to_owned(),
            Grant::Role(role) => format!("IAM_ROLE {}", self.literal(role)),
            Grant::Keys { id, key, token } => {
                let token =
                    token.as_ref().map(|token| format!(" SESSION_TOKEN {}", self.literal(token.expose())));
                format!(
                    "ACCESS_KEY_ID {} SECRET_ACCESS_KEY {}{}",
                    self.literal(id.expose()),
                    self.literal(key.expose()),
                    token.unwrap_or_default()
                )
            }
        };
        Ok(format!("COPY {} FROM {} {grant} FORMAT AS PARQUET", schema.table(waiting), self.literal(&from)))
    }

    fn sweep(&self, waiting: Option<&str>) -> Answer<()> {
        let swept = match waiting {
            Some(waiting) => self.store.clear(&self.folder_of(waiting)),
            None => self.store.list(&self.folder).and_then(|listing| {
                listing.folders.iter().try_for_each(|waiting| self.store.clear(&self.folder_of(waiting)))
            }),
        };
        swept.map_err(|error| self.staging_fault("remove files of rows", &error))
    }
}
