//! Whole runs into files, here and in object stores: every value that SQLite gets is there, read back by tools that know
//! nothing of the pipeline.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::types::ValueRef;
use sample_gitlab::{SampleServer, Settings, Size, World, cast};
use serde_json::{Map, Value, json};
use test_servers::{Azurite, GoogleStorage, Moto, installed, program};

use crate::example::{Ended, Example};
use crate::incremental::now;
use crate::interrupted::{SELECT, killed_after};

/// By table: how often each row is there.
pub(crate) type Rows = BTreeMap<String, BTreeMap<String, usize>>;

pub(crate) fn server() -> SampleServer {
    let size = Size { issues: 30, merge_requests: 8, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

/// Reads what lies there.
fn read(asked: &Value) -> Rows {
    read_by("readers", "read_files.py", asked)
}

/// Reads what lies there, by a script that needs these packages.
pub(crate) fn read_by(packages: &str, script: &str, asked: &Value) -> Rows {
    let python = program("python", &[&installed(packages).join("bin")]);
    let script = format!("{}/pipeline/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).args([script, asked.to_string()]).output().expect("an exit");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables: BTreeMap<String, Vec<Map<String, Value>>> =
        serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = |rows: Vec<Map<String, Value>>| {
        let mut counted = BTreeMap::new();
        for row in rows {
            let row = row.into_iter().map(|(name, value)| (name, cell(&value)));
            *counted.entry(line(row)).or_default() += 1;
        }
        counted
    };
    tables
        .into_iter()
        .map(|(name, of_table)| (name, rows(of_table)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect()
}

/// A row as a text, in which columns without a value and those that differ from load to load do not stand.
fn line(cells: impl Iterator<Item = (String, Option<String>)>) -> String {
    let kept = cells.filter(|(name, _)| !matches!(name.as_str(), "_load_id" | "_loaded_at"));
    let kept: BTreeMap<String, String> = kept.filter_map(|(name, cell)| Some((name, cell?))).collect();
    format!("{kept:?}")
}

/// A value as CSV has it; SQLite writes booleans as numbers.
fn cell(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => i64::from(*flag).to_string(),
        Value::String(text) if text == "true" => "1".to_owned(),
        Value::String(text) if text == "false" => "0".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// What SQLite has.
pub(crate) fn in_sqlite(example: &Example) -> Rows {
    let database = example.database();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '[_]*' AND name NOT GLOB 'sqlite*'";
    let rows_of = |table: &str| {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        let mut counted = BTreeMap::new();
        while let Some(row) = rows.next().expect("a row") {
            let value = |at: usize| match row.get_ref(at).expect("a value") {
                ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
            };
            let cells = names.iter().enumerate().map(|(at, name)| (name.clone(), cell(&value(at))));
            *counted.entry(line(cells)).or_default() += 1;
        }
        counted
    };
    let tables = example.column(names).into_iter().map(|name| (name.clone(), rows_of(&name)));
    tables.filter(|(_, rows)| !rows.is_empty()).collect()
}

#[track_caller]
pub(crate) fn compare(found: &Rows, expected: &Rows, when: &str) {
    let names = |rows: &Rows| rows.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "tables {when}");
    for (table, expected) in expected {
        let found = &found[table];
        let differs = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
            let row = one.iter().find(|(row, count)| other.get(*row) != Some(count));
            row.map(|(row, count)| format!("{count} x {}", row.chars().take(2_000).collect::<String>()))
        };
        let (missing, surplus) = (differs(expected, found), differs(found, expected));
        assert!(
            missing.is_none() && surplus.is_none(),
            "{table} {when}\nmissing: {missing:?}\nsurplus: {surplus:?}"
        );
    }
}

/// A run into files.
pub(crate) fn run(
    example: &Example,
    server: &SampleServer,
    environment: &[(&str, &str)],
    arguments: &[&str],
) -> Ended {
    let url = server.url();
    let gitlab = [("GITLAB_URL", url.as_str()), ("GITLAB_TOKEN", server.token())];
    example.run_with(&[&gitlab, environment].concat(), arguments)
}

pub(crate) fn succeed(example: &Example, server: &SampleServer, environment: &[(&str, &str)]) {
    let ended = run(example, server, environment, &["run"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

/// Loads, changes what was loaded, loads again: what lies there is what SQLite has each time.
pub(crate) fn loads_like_sqlite(
    example: &Example,
    environment: &[(&str, &str)],
    read: &dyn Fn() -> Vec<Rows>,
) {
    let (server, sqlite) = (server(), Example::new(""));
    for when in ["after a first run", "after a second run"] {
        succeed(&sqlite, &server, &[]);
        succeed(example, &server, environment);
        let expected = in_sqlite(&sqlite);
        assert!(expected.len() >= 20, "there are only {} tables", expected.len());
        read().iter().for_each(|found| compare(found, &expected, when));
        let project = server.world().project_id(cast::ORDINARY).expect("a project");
        (1..=5).for_each(|iid| server.world().touch_issue(project, iid, now()));
        server.world().create_issue(project, now());
    }
}

fn local(options: &str) -> Example {
    Example::new(&format!("[destination]\nkind = 'filesystem'\n[destination.filesystem]\n{options}\n"))
}

fn lies_in(example: &Example, readers: &[&str]) -> Vec<Rows> {
    let root = example.path("data").display().to_string();
    readers.iter().map(|reader| read(&json!({"reader": reader, "store": "local", "root": root}))).collect()
}

#[test]
fn parquet_holds_what_sqlite_holds() {
    let example = local("");
    loads_like_sqlite(&example, &[], &|| lies_in(&example, &["pyarrow", "duckdb"]));
}

#[test]
fn other_files_hold_what_sqlite_holds() {
    let hive = local("layout = 'hive'\ncompression = 'snappy'");
    loads_like_sqlite(&hive, &[], &|| lies_in(&hive, &["duckdb"]));
    let lines = local("format = 'jsonl'\ncompression = 'gzip'");
    loads_like_sqlite(&lines, &[], &|| lies_in(&lines, &["jsonl"]));
    let csv = local("format = 'csv'");
    loads_like_sqlite(&csv, &[], &|| lies_in(&csv, &["csv"]));
}

#[test]
fn s3_holds_what_sqlite_holds() {
    let moto = Moto::start();
    moto.make_bucket("lake");
    let endpoint = moto.endpoint();
    let example = local("path = 's3://lake/gitlab'");
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "one"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-key"),
        ("AWS_REGION", "us-east-1"),
    ];
    let asked = json!({"reader": "pyarrow", "store": "s3", "root": "lake/gitlab", "endpoint": endpoint});
    loads_like_sqlite(&example, &environment, &|| vec![read(&asked)]);

    let example = local("path = 's3://puddle/gitlab'");
    let ended = run(&example, &server(), &environment, &["check"]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("there is no bucket `puddle`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("a-secret-key"), "{}", ended.stderr);
}

#[test]
fn azure_holds_what_sqlite_holds() {
    let azurite = Azurite::start();
    azurite.make_container("lake");
    let endpoint = azurite.endpoint();
    let example = local(&format!("path = 'az://lake/gitlab'\nendpoint = '{endpoint}'"));
    let environment =
        [("AZURE_STORAGE_ACCOUNT_NAME", Azurite::ACCOUNT), ("AZURE_STORAGE_ACCOUNT_KEY", Azurite::KEY)];
    let asked = json!({
        "reader": "pyarrow", "store": "azure", "root": "lake/gitlab", "endpoint": endpoint,
        "account": Azurite::ACCOUNT, "key": Azurite::KEY,
    });
    loads_like_sqlite(&example, &environment, &|| vec![read(&asked)]);
}

#[test]
fn google_holds_what_sqlite_holds() {
    let google = GoogleStorage::start();
    let endpoint = google.endpoint();
    let example = local("path = 'gs://lake/gitlab'");
    let environment = [("STORAGE_EMULATOR_HOST", endpoint.as_str()), ("GOOGLE_BEARER_TOKEN", "a-token")];
    let asked = json!({"reader": "pyarrow", "store": "google", "root": "lake/gitlab", "endpoint": endpoint});
    loads_like_sqlite(&example, &environment, &|| vec![read(&asked)]);
}

/// Kills a run at random moments and starts it again until it comes to its end, twice; then `holds` looks.
pub(crate) fn killed_runs_go_on(kind: &str, holds: &dyn Fn(&Example, &Rows, &str)) {
    let (server, sqlite) = (server(), Example::new(""));
    sqlite.load(&server, &["--select", SELECT]);
    let expected = in_sqlite(&sqlite);
    server.set(Settings { latency: Duration::from_millis(1), ..Settings::default() });
    let config = "[load]\npackage_rows = 20\n[extract]\nconcurrency = 3\nper_page = 20\n[destination]\n";
    let config = format!("{config}kind = '{kind}'\n");
    for seed in 0..2 {
        let mut random = fastrand::Rng::with_seed(seed);
        let example = Example::new(&config);
        let mut kills = 0;
        loop {
            server.clear_log();
            let mut command = example.command(&server);
            command.args(["run", "--select", SELECT]).stderr(Stdio::null());
            let mut child = command.spawn().expect("a child");
            match killed_after(&mut child, &server, random.usize(20..300), random.u64(0..40)) {
                Some(status) if status.success() => break,
                _ => kills += 1,
            }
            assert!(kills < 100, "it never ends");
        }
        assert!(kills > 0, "seed {seed}: no kill came in time");
        holds(&example, &expected, &format!("with seed {seed} after {kills} kills"));
        println!("seed {seed}: {kills} kills");
    }
}

#[test]
fn a_killed_run_into_files_goes_on_where_it_was() {
    killed_runs_go_on("filesystem", &|example, expected, when| {
        compare(&lies_in(example, &["pyarrow"])[0], expected, when);
    });
}

#[test]
fn a_second_run_into_the_same_files_is_refused() {
    let (server, example) = (server(), local(""));
    server.set(Settings { latency: Duration::from_millis(50), ..Settings::default() });
    let mut first = example.command(&server).arg("run").stderr(Stdio::null()).spawn().expect("a child");
    while server.log().len() < 5 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = run(&example, &server, &[], &["run"]);
    first.kill().expect("a kill");
    first.wait().expect("an end");
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert!(second.stderr.contains("another run is loading into folder"), "{}", second.stderr);
}
