//! A pipeline that loads into DuckDB, as a user makes and runs it: what DuckDB's own Python package reads back is, value
//! by value, what one into SQLite holds; killed at any moment it goes on; a second run is refused by name.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "not all tests need all of it")]
mod scaffold;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sample_gitlab::{SampleServer, Settings, Size, World};
use scaffold::{Pipeline, succeed};
use serde_json::{Map, Value};
use tempfile::TempDir;
use test_servers::duckdb_tables;

/// By table: the rows as text, sorted, without what differs from load to load.
type Tables = BTreeMap<String, Vec<String>>;

/// The same crate twice, for either destination; all tests share them.
struct Pipelines {
    sqlite: Pipeline,
    duckdb: Pipeline,
    _folder: TempDir,
}

fn pipelines() -> &'static Pipelines {
    static PIPELINES: OnceLock<Pipelines> = OnceLock::new();
    PIPELINES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let made = |name: &str, args: &[&str]| {
            let pipeline = Pipeline::scaffold(folder.path(), name, args).expect("a crate");
            pipeline.build().expect("a build without warnings");
            pipeline
        };
        let sqlite = made("beside-duckdb", &[]);
        let duckdb = made("into-duckdb", &["--destination", "duckdb"]);
        Pipelines { sqlite, duckdb, _folder: folder }
    })
}

/// A folder of a test's own, for one run after the other.
struct Place(TempDir);

impl Place {
    fn new(load: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!("[load]\n{load}\n[destination]\nkind = 'duckdb'\n");
        std::fs::write(folder.path().join("config.toml"), config).expect("a write");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("gitlab.duckdb")
    }

    /// Where the library is, nobody says.
    fn command(&self, server: &SampleServer) -> Command {
        let mut command = pipelines().duckdb.command(server);
        command.current_dir(self.0.path()).env_remove("LD_LIBRARY_PATH");
        command
    }
}

fn server(size: Size) -> SampleServer {
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

#[test]
fn every_value_is_the_one_that_sqlite_has() {
    let (server, place) = (server(Size::small()), Place::new(""));
    for run in ["first", "second"] {
        succeed(pipelines().sqlite.command(&server).arg("run")).expect("a run");
        succeed(place.command(&server).arg("run")).expect("a run");
        let (expected, actual) = (of_sqlite(&pipelines().sqlite.database()), of_duckdb(&place.file()));
        assert!(expected.len() >= 50, "{} tables", expected.len());
        compare(&actual, &expected, run);
    }
    let info = succeed(place.command(&server).arg("info")).expect("the loads");
    assert_eq!(String::from_utf8_lossy(&info.stdout).matches("complete").count(), 2);
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let server = server(Size { issues: 45, merge_requests: 12, ..Size::small() });
    let undisturbed = Place::new("");
    succeed(undisturbed.command(&server).arg("run")).expect("a run");
    let expected = of_duckdb(&undisturbed.file());
    let all = server.log().len();
    server.set(Settings { latency: Duration::from_millis(1), ..Settings::default() });
    let (mut random, mut kills) = (fastrand::Rng::with_seed(5), 0);
    let place = Place::new("package_rows = 100");
    loop {
        server.clear_log();
        let said = place.0.path().join("stderr");
        let stderr = std::fs::File::create(&said).expect("a file");
        let mut child = place.command(&server).arg("run").stderr(stderr).spawn().expect("a child");
        // Without a request, it may be killed while it makes the file. Later it gets further, and so to its end.
        let requests = if kills < 5 { 0 } else { random.usize(1..all / 3 + 20 * kills) };
        while server.log().len() < requests && child.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(random.u64(0..40)));
        child.kill().expect("a kill");
        let status = child.wait().expect("an end");
        if status.code().is_some() {
            let said = std::fs::read_to_string(&said).unwrap_or_default();
            assert!(status.success(), "{status} after {kills} kills:\n{said}");
            break;
        }
        kills += 1;
        assert!(kills < 100, "it never ends");
    }
    assert!(kills >= 8, "{kills} kills");
    compare(&of_duckdb(&place.file()), &expected, &format!("after {kills} kills"));
}

#[test]
fn who_comes_second_is_told_who_is_loading() {
    let (server, place) = (server(Size::small()), Place::new("package_rows = 1"));
    server.set(Settings { latency: Duration::from_millis(500), ..Settings::default() });
    let mut child = place.command(&server).arg("run").stderr(Stdio::null()).spawn().expect("a child");
    while server.log().len() < 5 {
        std::thread::sleep(Duration::from_millis(5));
    }
    for command in [&["run"][..], &["info"], &["state", "show"]] {
        let ended = place.command(&server).args(command).output().expect("an end");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{command:?}: {said}");
        assert!(said.contains("another run is loading into duckdb file"), "{command:?}: {said}");
        assert!(said.contains(&format!("process {}", child.id())), "{command:?}: {said}");
        assert!(said.contains("hint:"), "{command:?}: {said}");
    }
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let info = succeed(place.command(&server).arg("info")).expect("the loads");
    assert!(String::from_utf8_lossy(&info.stdout).contains("interrupted"), "a dead run holds nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_lies_beside_the_program_which_finds_it_there() {
    let (server, place) = (server(Size::small()), Place::new(""));
    let program = place.command(&server).get_program().to_owned();
    let beside = Path::new(&program).parent().expect("a folder").join("libduckdb.so");
    let output = Command::new("ldd").arg(&program).env_remove("LD_LIBRARY_PATH").output().expect("ldd");
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().find(|line| line.contains("libduckdb.so")).expect("a library");
    assert!(line.contains(&beside.display().to_string()), "{line}");
}

fn compare(actual: &Tables, expected: &Tables, when: &str) {
    assert_eq!(actual.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{when}");
    for (table, rows) in expected {
        assert_eq!(actual[table].len(), rows.len(), "rows of `{table}`, {when}");
        for (actual, expected) in actual[table].iter().zip(rows) {
            assert_eq!(actual, expected, "`{table}`, {when}");
        }
    }
}

fn row_of(cells: impl Iterator<Item = (String, Value)>) -> String {
    let of_the_load = |name: &str| matches!(name, "_load_id" | "_loaded_at");
    let mut cells: Vec<(String, Value)> = cells.filter(|(name, _)| !of_the_load(name)).collect();
    cells.sort_by(|one, other| one.0.cmp(&other.0));
    Value::Object(cells.into_iter().collect::<Map<_, _>>()).to_string()
}

/// Without the pipeline's own.
fn is_of_records(table: &str) -> bool {
    !["_loads", "_state", "_tables", "_columns", "_packages", "_lease"].contains(&table)
}

fn of_duckdb(file: &Path) -> Tables {
    let read = duckdb_tables(file);
    let tables = read.as_object().expect("tables").iter().filter(|(name, _)| is_of_records(name));
    let tables = tables.map(|(name, rows)| {
        let rows = rows.as_array().expect("rows").iter().map(|cells| {
            row_of(
                cells
                    .as_object()
                    .expect("a row")
                    .iter()
                    .map(|(name, cell)| (name.clone(), as_sqlite_has(cell))),
            )
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        (name.clone(), rows)
    });
    tables.collect()
}

/// SQLite has lists as JSON.
fn as_sqlite_has(cell: &Value) -> Value {
    if cell.is_array() { cell.to_string().into() } else { cell.clone() }
}

/// SQLite has numbers for booleans; `_columns` tells which.
fn of_sqlite(file: &Path) -> Tables {
    let database = Connection::open(file).expect("a database");
    let list = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("a statement");
        statement.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a name")).collect()
    };
    let tables = list("SELECT table_name FROM _tables").into_iter().map(|table| {
        let name = table.replace('\'', "''");
        let flags =
            list(&format!("SELECT column_name FROM _columns WHERE table_name = '{name}' AND kind = 'bool'"));
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let cells = statement.query_map([], |row| {
            let cell = |(at, name): (usize, &String)| {
                let value = match row.get_ref(at).expect("a cell") {
                    ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                    ValueRef::Integer(flag) if flags.contains(name) => (flag == 1).into(),
                    ValueRef::Integer(number) => number.into(),
                    ValueRef::Real(number) => number.into(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
                };
                (name.clone(), value)
            };
            Ok(row_of(names.iter().enumerate().map(cell)))
        });
        let mut rows: Vec<String> = cells.expect("rows").map(|row| row.expect("a row")).collect();
        rows.sort();
        (table, rows)
    });
    tables.collect()
}
