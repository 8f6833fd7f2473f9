//! The crate `generated-example`, run as a user runs it: with a configuration and a database of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::{Value as Cell, ValueRef};
use sample_gitlab::SampleServer;
use serde_json::{Map, Value};
use tempfile::TempDir;
use toml_edit::{DocumentMut, Table};

use crate::scaffold;

/// What is tested is what happens, not how long it takes.
const SHORT_WAITS: &str = "retry_delay = '5ms'\nretries = 12\ntimeout = '2s'\nrate_limit_wait = '1s'\n";

/// How long any command may take, also on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(600);

/// A folder with a `config.toml`; its runs have nothing of this process's environment.
#[derive(Debug)]
pub(crate) struct Example {
    folder: TempDir,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// By table: the rows, each once.
pub(crate) type Tables = BTreeMap<String, BTreeSet<Row>>;

/// By column: the values with their types, without what differs from load to load.
pub(crate) type Row = BTreeMap<String, String>;

impl Example {
    /// One whose runs ask for every list each time, wherever `config` says nothing else.
    pub(crate) fn new(config: &str) -> Self {
        let example = Self { folder: tempfile::tempdir().expect("a folder") };
        example.configure(config);
        example
    }

    /// One that leaves for later what it can, as it does by default.
    pub(crate) fn patient(config: &str) -> Self {
        let example = Self { folder: tempfile::tempdir().expect("a folder") };
        example.write(config);
        example
    }

    /// One that waits shortly, wherever `config` says nothing else: for servers that fail or limit.
    pub(crate) fn impatient(config: &str) -> Self {
        let mut config: DocumentMut = config.parse().expect("TOML");
        let waits: DocumentMut = SHORT_WAITS.parse().expect("TOML");
        let extract = config.entry("extract").or_insert(Table::new().into());
        let extract = extract.as_table_mut().expect("a table");
        for (name, wait) in waits.iter().filter(|(name, _)| !extract.contains_key(name)).collect::<Vec<_>>() {
            extract.insert(name, wait.clone());
        }
        Self::new(&config.to_string())
    }

    pub(crate) fn configure(&self, config: &str) {
        match config.parse::<DocumentMut>() {
            Ok(mut config) => {
                let load = config.entry("load").or_insert(Table::new().into());
                if let Some(load) =
                    load.as_table_like_mut().filter(|load| !load.contains_key("refresh_every"))
                {
                    load.insert("refresh_every", toml_edit::value("0"));
                }
                self.write(&config.to_string());
            }
            Err(_) => self.write(config),
        }
    }

    fn write(&self, config: &str) {
        std::fs::write(self.path("config.toml"), config).expect("a write");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, with the address and the token of the server.
    pub(crate) fn command(&self, server: &SampleServer) -> Command {
        self.command_with(&[("GITLAB_URL", &server.url()), ("GITLAB_TOKEN", server.token())])
    }

    fn command_with(&self, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(program());
        command.current_dir(self.folder.path()).env_clear().envs(environment.iter().copied());
        command
    }

    /// Any command to any end.
    pub(crate) fn run(&self, server: &SampleServer, arguments: &[&str]) -> Ended {
        Ended::of(self.command(server).args(arguments))
    }

    /// The same with an environment of one's own.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
        Ended::of(self.command_with(environment).args(arguments))
    }

    /// Any command to a good end.
    pub(crate) fn succeed(&self, server: &SampleServer, arguments: &[&str]) -> Ended {
        let ended = self.run(server, arguments);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended
    }

    /// What a command prints as JSON.
    pub(crate) fn json(&self, server: &SampleServer, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeed(server, arguments).stdout).expect("JSON")
    }

    /// `run` to a good end. Tells how many requests that took; the server's log has them, and no others.
    pub(crate) fn load(&self, server: &SampleServer, arguments: &[&str]) -> usize {
        server.clear_log();
        self.succeed(server, &[&["run"], arguments].concat());
        server.log().len()
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.path("gitlab.sqlite")).expect("a database")
    }

    /// The values of one column of a query.
    pub(crate) fn column(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(sql).expect("a statement");
        let cells = statement.query_map([], |row| row.get(0)).expect("rows");
        cells.map(|cell| plain(cell.expect("a cell"))).collect()
    }

    pub(crate) fn count(&self, table: &str) -> usize {
        self.column(&format!("SELECT count(*) FROM {table}"))[0].parse().expect("a number")
    }

    /// Everything that was loaded.
    pub(crate) fn tables(&self) -> Tables {
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '[_]*' \
                     AND name NOT GLOB 'sqlite*' ORDER BY name";
        self.column(names).into_iter().map(|name| (name.clone(), self.rows(&name))).collect()
    }

    fn rows(&self, table: &str) -> BTreeSet<Row> {
        let database = self.database();
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        let mut found = BTreeSet::new();
        while let Some(row) = rows.next().expect("a row") {
            let kept = names.iter().enumerate();
            let kept = kept.filter(|(_, name)| !matches!(name.as_str(), "_load_id" | "_loaded_at"));
            let cell = |at: usize| format!("{:?}", row.get::<_, Cell>(at).expect("a cell"));
            let row: Row = kept.map(|(at, name)| (name.clone(), cell(at))).collect();
            assert!(!found.contains(&row), "{table} has a row twice: {row:?}");
            found.insert(row);
        }
        found
    }
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let output = output(command);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// What a command says until it ends. One that never does ends its test, and not the time of all.
pub(crate) fn output(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("a child");
    let (id, (ended, end)) = (child.id(), mpsc::channel::<()>());
    let watch = std::thread::spawn(move || {
        let is_late = end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        is_late && Command::new("kill").args(["-KILL", &id.to_string()]).status().is_ok()
    });
    let output = child.wait_with_output().expect("an exit");
    drop(ended);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !watch.join().expect("a watch"),
        "{:?} has not ended in {PATIENCE:?}:\n{said}",
        command.get_program()
    );
    output
}

/// Runs a command to a good end, on which none of the secrets is told.
pub(crate) fn succeed(command: &mut Command, secrets: &[&str]) -> String {
    let output = output(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!secrets.iter().any(|secret| said.contains(secret)), "a secret is told");
    said
}

/// Compares table by table, and says shortly where they differ.
pub(crate) fn compare(actual: &Tables, expected: &Tables, when: &str) {
    let names = |tables: &Tables| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(actual), names(expected), "tables {when}");
    for (table, expected) in expected {
        let short =
            |row: Option<&Row>| row.map(|row| format!("{row:?}").chars().take(2_000).collect::<String>());
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

fn plain(cell: Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text,
        Cell::Blob(_) => "a blob".to_owned(),
    }
}

/// Built once, by the first test that needs it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| scaffold::built("generated-example").expect("a build"))
}

/// The rows of a table or a view of SQLite, as JSON has them.
pub(crate) fn rows_of(database: &Connection, table: &str) -> Vec<Map<String, Value>> {
    let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).expect("rows");
    let mut found = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        let value = |at: usize| match row.get_ref(at).expect("a value") {
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        };
        found.push(names.iter().enumerate().map(|(at, name)| (name.clone(), value(at))).collect());
    }
    found
}
