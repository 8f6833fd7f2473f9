//! The conformance of BigQuery, and what is its own, against an emulator that each test shares with those beside it. What
//! was loaded is read by Google's own client.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;
use test_servers::BigQuery as Server;

use super::names::quoted;
use super::{KIND, Result};
use crate::config;
use crate::destination::conformance::{self, Place, setting};
use crate::destination::{Aid, Claim, Destination, OpenLoad, Reader};
use crate::resource::ColumnKind;
use crate::schema::table::Table;

mod connecting;
pub(super) mod discovery;
mod lasting;

/// A dataset of its own.
struct Dataset {
    server: Arc<Server>,
    name: String,
}

fn server() -> Arc<Server> {
    static RUNNING: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    setting::shared(&RUNNING, Server::start)
}

fn configured(toml: &str, environment: &[(&str, &str)]) -> config::Destination {
    setting::configured("bigquery", toml, environment)
}

fn opened(config: &config::Destination) -> Result<Box<dyn Destination>> {
    (KIND.open)(config)
}

impl Dataset {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        Self { server: server(), name: format!("dataset_{}", NUMBER.fetch_add(1, Ordering::Relaxed)) }
    }

    fn config(&self) -> config::Destination {
        let endpoint = self.server.endpoint();
        let environment =
            [("BIGQUERY_EMULATOR_HOST", endpoint.as_str()), ("BIGQUERY_PROJECT", Server::PROJECT)];
        configured(&format!("dataset = '{}'", self.name), &environment)
    }

    fn load(&self) -> Box<dyn OpenLoad> {
        self.open().open_load(&Claim::new("test")).unwrap()
    }

    /// A table, as SQL writes it.
    fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.name), quoted(name))
    }

    /// The rows of a query; `None` where something that it names is not there.
    fn ask(&self, sql: &str) -> Option<Vec<Value>> {
        let answer: Value = serde_json::from_str(&self.server.ask(sql)).unwrap();
        match answer.get("error").and_then(Value::as_str) {
            Some(error) if error.contains("Not found") => None,
            Some(error) => panic!("{sql}: {error}"),
            None => Some(answer["rows"].as_array().unwrap().clone()),
        }
    }

    /// The hidden tables that are there.
    fn hidden(&self) -> Vec<String> {
        let sql = format!("SELECT table_name FROM {}.INFORMATION_SCHEMA.TABLES", quoted(&self.name));
        let names = self.ask(&sql).unwrap().into_iter().map(|row| row[0].as_str().unwrap().to_owned());
        names.filter(|name| super::names::is_hidden(name)).collect()
    }
}

impl Place for Dataset {
    fn open(&self) -> Box<dyn Destination> {
        opened(&self.config()).unwrap()
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some((KIND.read.unwrap())(&self.config()).unwrap())
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
        let rows = self.ask(&format!("SELECT {} FROM {}", names.join(", "), self.table(table)));
        let value = |(cell, (_, kind)): (Value, &(&str, ColumnKind))| match (kind, &cell) {
            (ColumnKind::Json | ColumnKind::List(_), Value::String(text)) => {
                serde_json::from_str(text).unwrap()
            }
            _ => cell,
        };
        let row = |row: Value| {
            let Value::Array(cells) = row else { panic!("{row}") };
            cells.into_iter().zip(columns).map(value).collect()
        };
        rows.into_iter().flatten().map(row).collect()
    }

    /// As SQL shows a table's own: a literal, of which JSON is one.
    fn comments(&self, table: &str) -> Option<BTreeMap<String, String>> {
        let of_table = format!("table_name = '{table}'");
        let own = quoted(&self.name);
        let sql = format!(
            "SELECT column_name, description FROM {own}.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS
             WHERE {of_table} AND description IS NOT NULL
             UNION ALL SELECT '', JSON_VALUE(option_value) FROM {own}.INFORMATION_SCHEMA.TABLE_OPTIONS
             WHERE {of_table} AND option_name = 'description'"
        );
        let said = |row: Value| serde_json::from_value::<(String, String)>(row).unwrap();
        Some(self.ask(&sql).into_iter().flatten().map(said).collect())
    }

    fn remake(&self, table: &Table, aid: &Aid) {
        let definitions = (KIND.definitions.unwrap())(&self.config()).unwrap();
        let drop = format!("DROP TABLE {}", self.table(&table.name));
        for sql in std::iter::once(drop).chain(definitions.statements(table, Some(aid))) {
            self.ask(&sql).unwrap();
        }
    }

    fn crashes_between(&self) -> usize {
        4
    }

    fn end_lease(&self) {
        let sql = format!("UPDATE {} SET ends = TIMESTAMP_SECONDS(0) WHERE TRUE", self.table("_lease"));
        // Before the first load there is none.
        self.ask(&sql);
    }
}

#[test]
fn it_conforms() {
    conformance::check(Dataset::new);
}

#[test]
fn a_probe_leaves_nothing() {
    let dataset = Dataset::new();
    dataset.open().probe().unwrap();
    let there = format!("SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = '{}'", dataset.name);
    assert_eq!(dataset.ask(&there), Some(Vec::new()));
    dataset.load().close().unwrap();
    dataset.open().probe().unwrap();
    assert_eq!(dataset.hidden(), Vec::<String>::new());
}
