//! The generated example as people run it, with a configuration and a database of its own.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, and each uses a part of it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Once;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use sample_gitlab::SampleServer;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with `config.toml`.
pub(crate) struct Example {
    folder: TempDir,
}

/// By table: the rows, each with its columns by name, without what differs from load to load.
pub(crate) type Tables = BTreeMap<String, BTreeSet<String>>;

static BUILT: Once = Once::new();

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Example {
    pub(crate) fn new(config: &str) -> Self {
        BUILT.call_once(|| {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let build = ["build", "--quiet", "--package", "generated-example"];
            assert!(Command::new(cargo).args(build).current_dir(root()).status().expect("cargo").success());
        });
        let example = Self { folder: tempfile::tempdir().expect("a folder") };
        example.configure(config);
        example
    }

    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.folder.path().join("config.toml"), config).expect("a write");
    }

    pub(crate) fn command(&self, server: &SampleServer) -> Command {
        let mut command = Command::new(root().join("target/debug/generated-example"));
        command
            .current_dir(self.folder.path())
            .env("GITLAB_URL", server.url())
            .env("GITLAB_TOKEN", server.token())
            .env_remove("CI_JOB_TOKEN")
            .env_remove("CI_SERVER_URL");
        command
    }

    /// Runs it to its end, which is a good one, and tells how many requests that took.
    pub(crate) fn run(&self, server: &SampleServer, arguments: &[&str]) -> usize {
        server.clear_log();
        let output = self.output(server, &[&["run"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        server.log().len()
    }

    pub(crate) fn output(&self, server: &SampleServer, arguments: &[&str]) -> Output {
        self.command(server).args(arguments).output().expect("an exit")
    }

    /// What a command prints as JSON.
    pub(crate) fn json(&self, server: &SampleServer, arguments: &[&str]) -> Value {
        let output = self.output(server, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.folder.path().join("gitlab.sqlite")).expect("a database")
    }

    /// The values of one column of a query.
    pub(crate) fn column(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(sql).expect("a statement");
        let cells = statement.query_map([], |row| row.get::<_, Cell>(0)).expect("rows");
        cells.map(|cell| shown(&cell.expect("a cell"))).collect()
    }

    pub(crate) fn count(&self, table: &str) -> usize {
        self.column(&format!("SELECT count(*) FROM {table}"))[0].parse().expect("a number")
    }

    /// Everything that was loaded.
    pub(crate) fn tables(&self) -> Tables {
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '[_]*' AND name NOT GLOB 'sqlite*' ORDER BY name";
        self.column(names).into_iter().map(|name| (name.clone(), self.rows(&name))).collect()
    }

    fn rows(&self, table: &str) -> BTreeSet<String> {
        let database = self.database();
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        let mut found = BTreeSet::new();
        while let Some(row) = rows.next().expect("a row") {
            let cell = |(at, name): (usize, &String)| (name.clone(), shown(&row.get(at).expect("a cell")));
            let cells: BTreeMap<String, String> = names.iter().enumerate().map(cell).collect();
            let cells =
                cells.into_iter().filter(|(name, _)| !matches!(name.as_str(), "_load_id" | "_loaded_at"));
            let row: Vec<String> = cells.map(|(name, cell)| format!("{name}={cell}")).collect();
            assert!(found.insert(row.join(" ")), "{table} has a row twice: {row:?}");
        }
        found
    }
}

/// Compares table by table, and says shortly where they differ.
pub(crate) fn compare(actual: &Tables, expected: &Tables, when: &str) {
    let names = |tables: &Tables| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(actual), names(expected), "tables {when}");
    for (table, expected) in expected {
        let short = |row: Option<&String>| row.map(|row| row.chars().take(2_000).collect::<String>());
        let actual = &actual[table];
        let (missing, surplus) = (expected.difference(actual).next(), actual.difference(expected).next());
        assert!(
            missing.is_none() && surplus.is_none(),
            "{table} {when}: {} rows in place of {}\nmissing: {:?}\nsurplus: {:?}",
            actual.len(),
            expected.len(),
            short(missing),
            short(surplus)
        );
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(_) => "a blob".to_owned(),
    }
}
