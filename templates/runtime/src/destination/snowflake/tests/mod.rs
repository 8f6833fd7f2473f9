//! The conformance of Snowflake, and what is its own, against fakesnow: Snowflake's protocol, through the real driver. What
//! it lets pass and Snowflake would not, the grammar of all warehouses looks for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;
use test_servers::Fakesnow;

use super::{KIND, Snowflake};
use crate::config;
use crate::destination::conformance::{self, Place, setting};
use crate::destination::warehouse::grammar::{self, Recorded, Sent};
use crate::destination::warehouse::{self, Looked, Session, Warehouse, rows};
use crate::destination::{Aid, Destination, Reader, Result};
use crate::resource::ColumnKind;
use crate::schema::table::Table;
use crate::schema::time::instant_text;

mod connecting;

const DATABASE: &str = "ANALYTICS";

/// A schema of its own.
struct Dataset {
    server: Arc<Fakesnow>,
    name: String,
    sent: Sent,
}

fn server() -> Arc<Fakesnow> {
    static RUNNING: Mutex<Weak<Fakesnow>> = Mutex::new(Weak::new());
    setting::shared(&RUNNING, Fakesnow::start)
}

fn configured(toml: &str, environment: &[(&str, &str)]) -> config::Destination {
    setting::configured("snowflake", toml, environment)
}

fn opened(config: &config::Destination) -> Result<Box<dyn Destination>> {
    (KIND.open)(config)
}

impl Dataset {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("gitlab_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let dataset = Self { server: server(), name, sent: Sent::default() };
        dataset.session().run(&format!("CREATE DATABASE IF NOT EXISTS {DATABASE}")).unwrap();
        dataset
    }

    fn config(&self) -> config::Destination {
        let driver = Fakesnow::driver();
        let port = self.server.port().to_string();
        configured(
            &format!("dataset = '{}'\n[destination.snowflake]\ndriver = '{}'", self.name, driver.display()),
            &[
                ("SNOWFLAKE_ACCOUNT", "an-account"),
                ("SNOWFLAKE_USER", "LOADER"),
                ("SNOWFLAKE_PASSWORD", "a-secret"),
                ("SNOWFLAKE_DATABASE", DATABASE),
                ("SNOWFLAKE_HOST", "127.0.0.1"),
                ("SNOWFLAKE_PORT", &port),
                ("SNOWFLAKE_PROTOCOL", "http"),
            ],
        )
    }

    fn warehouse(&self) -> Snowflake {
        Snowflake::new(super::Address::read(&self.config()).unwrap()).unwrap()
    }

    fn recorded(&self) -> Arc<dyn Warehouse> {
        let warehouse = self.warehouse();
        Arc::new(Recorded { warehouse, sent: Arc::clone(&self.sent), longest: usize::MAX })
    }

    fn session(&self) -> Box<dyn Session> {
        self.warehouse().connect().unwrap()
    }

    fn schema(&self) -> String {
        self.name.to_uppercase()
    }
}

/// A column as a text that tells all of its value.
fn shown(name: &str, kind: ColumnKind) -> String {
    let column = format!("\"{}\"", name.to_uppercase());
    match kind {
        ColumnKind::Timestamp => format!("CAST(DATE_PART(EPOCH_MICROSECOND, {column}) AS VARCHAR)"),
        ColumnKind::Json | ColumnKind::List(_) => format!("TO_JSON({column})"),
        _ => format!("CAST({column} AS VARCHAR)"),
    }
}

/// Times are numbers of microseconds.
fn value_of(cell: Option<String>, kind: ColumnKind) -> Value {
    let micros = |text: String| instant_text(text.parse().unwrap());
    let cell = if kind == ColumnKind::Timestamp { cell.map(micros) } else { cell };
    setting::value_of(cell, kind)
}

impl Place for Dataset {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(Looked::open(self.recorded()).unwrap())
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some(warehouse::read(self.recorded()).unwrap())
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let mut session = self.session();
        let (schema, table) = (self.schema(), table.to_uppercase());
        let there = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' AND table_name = '{table}'"
        );
        if rows(session.as_mut(), &there).unwrap().is_empty() {
            return Vec::new();
        }
        let cells: Vec<String> = columns.iter().map(|(name, kind)| shown(name, *kind)).collect();
        let sql = format!("SELECT {} FROM \"{schema}\".\"{table}\"", cells.join(", "));
        let value = |(cell, (_, kind)): (Option<String>, &(&str, ColumnKind))| value_of(cell, *kind);
        let rows = rows(session.as_mut(), &sql).unwrap().into_iter();
        rows.map(|row| row.into_iter().zip(columns).map(value).collect()).collect()
    }

    fn comments(&self, table: &str) -> Option<BTreeMap<String, String>> {
        let of_table =
            format!("table_schema = '{}' AND table_name = '{}'", self.schema(), table.to_uppercase());
        let sql = format!(
            "SELECT CAST('' AS VARCHAR), CAST(comment AS VARCHAR) FROM information_schema.tables WHERE {of_table}
             UNION ALL SELECT CAST(column_name AS VARCHAR), CAST(comment AS VARCHAR)
             FROM information_schema.columns WHERE {of_table}"
        );
        let said = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row).unwrap() {
            [Some(name), Some(text)] => Some((name.to_lowercase(), text)),
            _ => None,
        };
        Some(rows(self.session().as_mut(), &sql).unwrap().into_iter().filter_map(said).collect())
    }

    fn remake(&self, table: &Table, aid: &Aid) {
        let definitions = (KIND.definitions.unwrap())(&self.config()).unwrap();
        let mut session = self.session();
        let drop = format!("DROP TABLE \"{}\".\"{}\"", self.schema(), table.name.to_uppercase());
        for sql in std::iter::once(drop).chain(definitions.statements(table, Some(aid))) {
            session.run(&sql).unwrap();
        }
    }

    fn crashes_between(&self) -> usize {
        4
    }

    fn end_lease(&self) {
        let sql = format!("UPDATE \"{}\".\"_LEASE\" SET \"ENDS\" = 0", self.schema());
        // Where no load was ever opened there is none.
        let _ = self.session().run(&sql);
    }
}

#[test]
fn it_conforms() {
    let sent = Sent::default();
    conformance::check(|| Dataset { sent: Arc::clone(&sent), ..Dataset::new() });
    grammar::check("snowflake", &sent);
}

#[test]
fn a_probe_leaves_nothing_but_the_schema() {
    let dataset = Dataset::new();
    dataset.open().probe().unwrap();
    let there = format!(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}'",
        dataset.schema()
    );
    assert_eq!(rows(dataset.session().as_mut(), &there).unwrap(), Vec::<Vec<_>>::new());
}
