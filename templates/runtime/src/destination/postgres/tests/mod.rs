//! The conformance of PostgreSQL, and what is its own, against a server that each test shares with those beside it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::Postgres as Server;

use super::lease::number_of;
use super::{KIND, Result};
use crate::config;
use crate::destination::conformance::{self, Place, setting};
use crate::destination::sql::quoted;
use crate::destination::{
    Batch, Claim, Committed, Destination, DestinationError, Mode, OpenLoad, Package, PackageId, Reader,
    SchemaChange, Swap,
};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, TableRows};

mod connecting;
mod lasting;
mod values;

/// A schema of its own.
struct Dataset {
    server: Arc<Server>,
    name: String,
}

fn server() -> Arc<Server> {
    static RUNNING: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    setting::shared(&RUNNING, Server::start)
}

fn configured(toml: &str, environment: &[(&str, &str)]) -> config::Destination {
    setting::configured("postgres", toml, environment)
}

fn opened(config: &config::Destination) -> Result<Box<dyn Destination>> {
    (KIND.open)(config)
}

impl Dataset {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("It's \"{}\"", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self { server: server(), name }
    }

    fn config(&self) -> config::Destination {
        let port = self.server.port().to_string();
        let name = json!(self.name).to_string();
        configured(
            &format!("dataset = {name}"),
            &[
                ("PGHOST", "127.0.0.1"),
                ("PGPORT", &port),
                ("PGUSER", Server::USER),
                ("PGPASSWORD", Server::PASSWORD),
                ("PGDATABASE", Server::DATABASE),
            ],
        )
    }

    fn load(&self) -> Box<dyn OpenLoad> {
        self.open().open_load(&Claim::new("test")).unwrap()
    }

    /// A table, as SQL writes it.
    fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.name), quoted(name))
    }

    /// The hidden tables that are there.
    fn hidden(&self) -> Vec<String> {
        let sql = format!(
            "SELECT tablename FROM pg_tables WHERE schemaname = {} AND tablename ~ '^_(new|gone|stage)_'",
            literal(&self.name)
        );
        self.server.psql(&sql).lines().map(str::to_owned).collect()
    }
}

impl Place for Dataset {
    fn open(&self) -> Box<dyn Destination> {
        opened(&self.config()).unwrap()
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        KIND.read.map(|read| read(&self.config()).unwrap())
    }

    /// Read by `psql`.
    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let exists = format!(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
            literal(&self.name),
            literal(table)
        );
        if self.server.psql(&exists) == "0" {
            return Vec::new();
        }
        let cells: Vec<String> = columns.iter().map(|(name, kind)| shown(&quoted(name), *kind)).collect();
        let sql = format!("SELECT json_build_array({}) FROM {}", cells.join(", "), self.table(table));
        let rows = self.server.psql(&sql);
        let rows = rows.lines().map(|row| serde_json::from_str::<Vec<Option<String>>>(row).unwrap());
        let value = |(cell, (_, kind)): (Option<String>, &(&str, ColumnKind))| value_of(cell, *kind);
        rows.map(|row| row.into_iter().zip(columns).map(value).collect()).collect()
    }

    /// As if its connection had been cut. Shards have the same lock, each a part of it.
    fn end_lease(&self) {
        let lock = format!(
            "FROM pg_locks WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = {}",
            number_of(&self.name, None)
        );
        self.server.psql(&format!("SELECT pg_terminate_backend(pid) {lock}"));
        while self.server.psql(&format!("SELECT count(*) {lock}")) != "0" {}
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn shown(column: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Timestamp => {
            format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        ColumnKind::List(item) => {
            let item = shown("item", item.kind());
            format!(
                "CASE WHEN {column} IS NOT NULL THEN (SELECT coalesce(json_agg({item} ORDER BY at), '[]')
                 FROM unnest({column}) WITH ORDINALITY AS items (item, at))::text END"
            )
        }
        _ => format!("{column}::text"),
    }
}

/// Lists are those of texts.
fn value_of(cell: Option<String>, kind: ColumnKind) -> Value {
    let (Some(text), ColumnKind::List(item)) = (&cell, kind) else { return setting::value_of(cell, kind) };
    let items: Vec<Option<String>> = serde_json::from_str(text).unwrap();
    items.into_iter().map(|cell| value_of(cell, item.kind())).collect()
}

fn create(rows: &TableRows) -> SchemaChange {
    SchemaChange::CreateTable((*rows.table).clone())
}

fn alter(table: &str, column: &str, from: (ColumnKind, Seen), to: ColumnKind) -> SchemaChange {
    let column = |kind, seen| Column { name: column.to_owned(), kind, seen, source: "/v".to_owned() };
    let (from, to) = (column(from.0, from.1), column(to, Seen::Text));
    SchemaChange::AlterColumn { table: table.to_owned(), from, to }
}

/// Writes rows in a package; it is committed by its id.
fn write(load: &mut dyn OpenLoad, rows: &TableRows, mode: &Mode) -> PackageId {
    let id = PackageId { load_id: "l".to_owned(), number: fastrand::u64(..1 << 40) };
    let mut writer = load.writer(&rows.table, mode, &id).unwrap();
    writer.write(&Batch { rows: rows.batch.clone(), parents: rows.parents.clone() }).unwrap();
    writer.finish().unwrap();
    id
}

fn commit(load: &mut dyn OpenLoad, id: &PackageId, swaps: &[Swap]) -> Result<Committed> {
    load.commit(&Package { id, swaps, deletions: &[], states: &[], forget: &[], load: None })
}

#[test]
fn it_conforms() {
    // One server for all of the checks.
    let _server = server();
    conformance::check(Dataset::new);
}

#[test]
fn a_probe_leaves_nothing() {
    let dataset = Dataset::new();
    dataset.open().probe().unwrap();
    let schemas = format!("SELECT count(*) FROM pg_namespace WHERE nspname = {}", literal(&dataset.name));
    assert_eq!(dataset.server.psql(&schemas), "0");
    dataset.load().close().unwrap();
    dataset.open().probe().unwrap();
    assert_eq!(dataset.hidden(), Vec::<String>::new());
}
