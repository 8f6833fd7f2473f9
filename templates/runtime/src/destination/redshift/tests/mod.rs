//! The conformance of Redshift, and what is its own, against PostgreSQL behind a proxy that stands in for it. What
//! PostgreSQL takes and Redshift would not, the grammar of all warehouses looks for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::{Value, json};
use test_servers::{Postgres, Redshift as Server};

use super::settings::Address;
use super::{KIND, Redshift};
use crate::config;
use crate::destination::conformance::setting::{self, value_of};
use crate::destination::conformance::{self, Place};
use crate::destination::sql::quoted;
use crate::destination::warehouse::grammar::{self, Recorded, Sent};
use crate::destination::warehouse::{self, Looked, Warehouse};
use crate::destination::{
    Aid, Batch, Claim, Destination, DestinationError, Mode, Package, PackageId, Reader, Result, SchemaChange,
};
use crate::resource::ColumnKind;
use crate::schema::table::{Table, TableRows};

/// A schema of its own.
struct Dataset {
    server: Arc<Server>,
    name: String,
    sent: Sent,
}

fn server() -> Arc<Server> {
    static RUNNING: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    setting::shared(&RUNNING, Server::start)
}

fn configured(toml: &str, environment: &[(&str, &str)]) -> config::Destination {
    setting::configured("redshift", toml, environment)
}

fn opened(config: &config::Destination) -> Result<Box<dyn Destination>> {
    (KIND.open)(config)
}

impl Dataset {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("gitlab_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self { server: server(), name, sent: Sent::default() }
    }

    fn config(&self) -> config::Destination {
        self.config_with("")
    }

    fn config_with(&self, more: &str) -> config::Destination {
        let (port, s3) = (self.server.port().to_string(), self.server.s3());
        let toml = format!(
            "dataset = '{}'\n[destination.redshift]\nstaging = 's3://{}/some/prefix/'\n{more}",
            self.name,
            Server::BUCKET
        );
        configured(
            &toml,
            &[
                ("REDSHIFT_HOST", "127.0.0.1"),
                ("REDSHIFT_PORT", &port),
                ("REDSHIFT_USER", Postgres::USER),
                ("PGPASSWORD", Postgres::PASSWORD),
                ("PGDATABASE", Postgres::DATABASE),
                ("PGSSLMODE", "disable"),
                ("AWS_ENDPOINT_URL", &s3),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", Server::ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", Server::SECRET_KEY),
            ],
        )
    }

    fn recorded(&self) -> Arc<dyn Warehouse> {
        let warehouse = Redshift::new(Address::read(&self.config()).unwrap()).unwrap();
        // PostgreSQL has half of what Redshift takes.
        Arc::new(Recorded { warehouse, sent: Arc::clone(&self.sent), longest: 63 })
    }

    fn psql(&self, sql: &str) -> String {
        self.server.postgres().psql(sql)
    }
}

/// A column as a text that tells all of its value.
fn shown(column: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Timestamp => {
            format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        _ => format!("{column}::text"),
    }
}

impl Place for Dataset {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(Looked::open(self.recorded()).unwrap())
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some(warehouse::read(self.recorded()).unwrap())
    }

    /// Read by `psql`, long texts with all of their pieces.
    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let exists = format!(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = '{}' AND table_name = '{table}'",
            self.name
        );
        if self.psql(&exists) == "0" {
            return Vec::new();
        }
        let whole = |text: String| {
            let digest = text.rsplit_once("… [_texts ").and_then(|(_, rest)| rest.strip_suffix(']'));
            let Some(digest) = digest else { return text };
            let sql = format!(
                "SELECT string_agg(text, '' ORDER BY piece) FROM {}._texts WHERE digest = '{digest}'",
                self.name
            );
            self.psql(&sql)
        };
        let cells: Vec<String> = columns.iter().map(|(name, kind)| shown(&quoted(name), *kind)).collect();
        let cells = cells.join(", ");
        let sql = format!("SELECT json_build_array({cells}) FROM {}.{}", self.name, quoted(table));
        let rows = self.psql(&sql);
        let rows = rows.lines().map(|row| serde_json::from_str::<Vec<Option<String>>>(row).unwrap());
        let value =
            |(cell, (_, kind)): (Option<String>, &(&str, ColumnKind))| value_of(cell.map(whole), *kind);
        rows.map(|row| row.into_iter().zip(columns).map(value).collect()).collect()
    }

    fn comments(&self, table: &str) -> Option<BTreeMap<String, String>> {
        let sql = format!(
            "SELECT json_build_array(coalesce(a.attname::text, ''), d.description) FROM pg_description d
             JOIN pg_class c ON c.oid = d.objoid AND c.relname = '{table}'
             JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = '{}'
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
             WHERE d.classoid = 'pg_class'::regclass",
            self.name
        );
        let rows = self.psql(&sql);
        let rows = rows.lines().map(|row| serde_json::from_str::<(String, String)>(row).unwrap());
        // A backslash is a letter to PostgreSQL.
        Some(rows.map(|(name, text)| (name, text.replace("\\\\", "\\"))).collect())
    }

    fn remake(&self, table: &Table, aid: &Aid) {
        let definitions = (KIND.definitions.unwrap())(&self.config()).unwrap();
        let mut session = Redshift::new(Address::read(&self.config()).unwrap()).unwrap().connect().unwrap();
        let drop = format!("DROP TABLE {}.{}", self.name, quoted(&table.name));
        for sql in std::iter::once(drop).chain(definitions.statements(table, Some(aid))) {
            session.run(&sql).unwrap();
        }
    }

    fn crashes_between(&self) -> usize {
        4
    }

    fn end_lease(&self) {
        let table = format!("{}._lease", self.name);
        let sql = format!(
            "DO $$ BEGIN IF to_regclass('{table}') IS NOT NULL THEN UPDATE {table} SET ends = 0; END IF; END $$"
        );
        self.psql(&sql);
    }
}

#[test]
fn it_conforms() {
    let sent = Sent::default();
    conformance::check(|| Dataset { sent: Arc::clone(&sent), ..Dataset::new() });
    grammar::check("redshift", &sent);
}

#[test]
fn nothing_is_left_in_the_bucket() {
    let server = Arc::new(Server::start());
    let dataset = Dataset { server, ..Dataset::new() };
    dataset.open().probe().unwrap();
    let rows = TableRows::of("t", &["id"], &[("id", ColumnKind::Int)], &[json!([1])]);
    let mut load = dataset.open().open_load(&Claim::new("test")).unwrap();
    load.prepare(&[SchemaChange::CreateTable((*rows.table).clone())], "l").unwrap();
    let id = PackageId { load_id: "l".to_owned(), number: 0 };
    for _ in 0..2 {
        let mut writer = load.writer(&rows.table, &Mode::Merge, &id).unwrap();
        writer.write(&Batch { rows: rows.batch.clone(), parents: None }).unwrap();
        writer.finish().unwrap();
        assert_ne!(dataset.server.objects().trim(), "[]", "files wait");
        let package = Package { id: &id, swaps: &[], deletions: &[], states: &[], forget: &[], load: None };
        load.commit(&package).unwrap();
    }
    load.close().unwrap();
    assert_eq!(dataset.psql(&format!("SELECT id FROM {}.t", dataset.name)), "1");
    assert_eq!(dataset.server.objects().trim(), "[]");
}

#[test]
fn files_that_the_cluster_cannot_read_are_named_without_a_secret() {
    let dataset = Dataset::new();
    let config = dataset.config_with("iam_role = 'arn:aws:iam::1:role/other'");
    let error = opened(&config).unwrap().probe().unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(error.to_string().contains("bring files of rows"), "{error}: {cause}");
    assert!(cause.contains("access denied") && !cause.contains(Server::SECRET_KEY), "{cause}");
    opened(&dataset.config_with("iam_role = 'default'")).unwrap().probe().unwrap();
}

#[test]
fn what_is_missing_is_named() {
    let said = |toml: &str, environment: &[(&str, &str)]| {
        let Err(error) = opened(&configured(toml, environment)) else { panic!("it was let in") };
        assert!(matches!(error, DestinationError::Config(_)), "{error}");
        error.to_string()
    };
    let host = ("PGHOST", "127.0.0.1");
    assert!(said("", &[]).contains("destination.redshift.host"));
    assert!(said("", &[host]).contains("destination.redshift.staging"));
    let staging = "[destination.redshift]\nstaging = 's3://b/p'";
    assert!(said(staging, &[host]).contains("destination.redshift.iam_role"));
    assert!(said("[destination.redshift]\nstaging = '/tmp'", &[host]).contains("s3://"));
    assert!(
        said("[destination.redshift]\npassword = 'x'", &[host]).contains("destination.redshift.password")
    );
    assert!(said("dataset = 'a b'", &[host]).contains("destination.dataset"));
}
