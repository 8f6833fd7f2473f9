//! The whole way through Singer targets that are not ours, and what they hold compared with SQLite, value by value.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::{Map, Value, json};
use test_servers::{Postgres, installed, program};

use crate::example::Example;
use crate::postgres::{Kinds, expected, is_list, types};
use crate::rows::{Rows, compare, counted};

/// A target from the registry, as it is started.
struct Target {
    program: PathBuf,
    config: Value,
}

impl Target {
    fn new(name: &str, config: Value) -> Self {
        Self { program: program(name, &[installed(name).join("bin")]), config }
    }

    fn postgres(warehouse: &Postgres) -> Self {
        let config = json!({
            "host": "127.0.0.1", "port": warehouse.port(), "user": Postgres::USER,
            "password": Postgres::PASSWORD, "database": Postgres::DATABASE, "default_target_schema": "piped",
            // Otherwise rows of an earlier version stay, with a mark.
            "hard_delete": true,
        });
        Self::new("target-postgres", config)
    }

    /// `run | target >> state.json`, as a shell starts it.
    fn start(&self, example: &Example, server: &SampleServer, arguments: &[&str]) -> (Child, Child) {
        let said = |name: &str| File::create(example.path(name)).expect("a file");
        std::fs::write(example.path("target.json"), self.config.to_string()).expect("a write");
        let mut run = example.command(server);
        run.arg("run").args(arguments).stdout(Stdio::piped()).stderr(said("said"));
        let mut run = run.spawn().expect("a run");
        let state = OpenOptions::new().append(true).create(true).open(example.path("state.json"));
        let mut target = Command::new(&self.program);
        target.arg("--config").arg(example.path("target.json")).current_dir(example.path(""));
        target
            .stdin(run.stdout.take().expect("a pipe"))
            .stdout(state.expect("a file"))
            .stderr(said("target"));
        (run, target.spawn().expect("a target"))
    }

    fn load(&self, example: &Example, server: &SampleServer, arguments: &[&str]) {
        let (mut run, mut target) = self.start(example, server, arguments);
        let ended = [&mut run, &mut target].map(|child| child.wait().expect("an end"));
        let said = ["said", "target"].map(|name| std::fs::read_to_string(example.path(name)).expect("text"));
        assert!(ended.iter().all(|status| status.success()), "{ended:?}\n{}", said.join("\n"));
    }
}

fn example(config: &str) -> Example {
    Example::new(&format!("{config}\n[destination]\nkind = 'singer'\n"))
}

/// What targets keep for themselves has another name.
fn called(name: &str) -> &str {
    if name == "version" { "field_version" } else { name }
}

/// Rows as SQLite has them: of columns that never had a value, a target knows nothing.
fn tables(kinds: &Kinds, records: impl Fn(&str) -> Vec<Map<String, Value>>) -> Rows {
    let rows = |(table, columns): (&String, &BTreeMap<String, String>)| {
        let row = |record: Map<String, Value>| {
            let cell = |(name, kind): (&String, &String)| {
                let value = record.get(called(name)).cloned().unwrap_or_default();
                (name.clone(), if kind == "float" { float(&value) } else { value })
            };
            columns.iter().map(cell).collect()
        };
        (table.clone(), records(table).into_iter().map(row).collect())
    };
    counted(kinds.iter().map(rows))
}

fn float(value: &Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

#[test]
fn target_jsonl_has_every_value_of_sqlite() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let (kinds, whole) = expected(&server, &[]);
    let example = example("");
    let folder = example.path("lines");
    std::fs::create_dir(&folder).expect("a folder");
    let target = Target::new("target-jsonl", json!({"destination_path": folder, "do_timestamp_file": false}));
    target.load(&example, &server, &[]);
    let found = tables(&kinds, |table| {
        let text = std::fs::read_to_string(folder.join(format!("{table}.jsonl"))).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
    });
    assert!(found.values().map(BTreeMap::len).sum::<usize>() > 2_000);
    compare(&found, &whole, "of target-jsonl");
    let info = example.succeed(&server, &["info"]);
    assert!(info.stdout.contains("complete"), "{}", info.stdout);
    // The next run goes on from what the target has printed.
    server.clear_log();
    let printed = example.succeed(&server, &["run"]).stdout;
    let requests = server.log().len();
    assert!(requests < 400, "{requests} requests");
    let messages: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("a message")).collect();
    let last = messages.last().expect("a message");
    assert_eq!(last["type"], "STATE", "state comes last, and nothing else is printed");
}

fn of_postgres(warehouse: &Postgres, kinds: &Kinds) -> Rows {
    let types = types(warehouse, "piped");
    tables(kinds, |table| {
        let Some(there) = types.get(table) else { return Vec::new() };
        let names = kinds[table].keys().map(|name| called(name));
        let shown = names.filter_map(|name| there.get(name).map(|kind| (name, kind)));
        let shown = shown.map(|(name, kind)| match kind.as_str() {
            kind if kind.starts_with("timestamp") => {
                format!("to_char(\"{name}\", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS \"{name}\"")
            }
            "ARRAY" => format!("to_jsonb(\"{name}\")::text AS \"{name}\""),
            _ => format!("\"{name}\"::text"),
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let rows = warehouse.psql(&format!(
            "SET timezone = 'UTC'; SELECT row_to_json(r) FROM (SELECT {shown} FROM piped.\"{table}\") r"
        ));
        rows.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
    })
}

#[test]
fn target_postgres_has_every_value_of_sqlite_however_often_it_is_fed() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let (kinds, whole) = expected(&server, &[]);
    assert!(kinds.values().flat_map(BTreeMap::values).all(|kind| !is_list(kind)), "SQLite has lists as JSON");
    let (warehouse, example) = (Postgres::start(), example(""));
    let target = Target::postgres(&warehouse);
    for run in ["first", "second"] {
        target.load(&example, &server, &[]);
        compare(&of_postgres(&warehouse, &kinds), &whole, &format!("of target-postgres after the {run} run"));
    }
    target.load(&example, &server, &["--full-refresh"]);
    compare(&of_postgres(&warehouse, &kinds), &whole, "of target-postgres, loaded anew");
}

const SELECT: &[&str] =
    &["--select", "project_issues,issue_notes,pipeline_jobs,project_labels,group_members"];

#[test]
fn a_run_that_is_killed_goes_on_from_the_last_state_of_its_target() {
    let size = Size { issues: 45, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let (kinds, whole) = expected(&server, SELECT);
    let (warehouse, example) = (Postgres::start(), example("[load]\npackage_rows = 50\n"));
    let target = Target::postgres(&warehouse);
    server.set(Settings { latency: Duration::from_millis(1), ..Settings::default() });
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..4 {
        server.clear_log();
        let (mut run, mut target) = target.start(&example, &server, SELECT);
        let requests = random.usize(10..120);
        while server.log().len() < requests && run.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // It may have ended.
        let _ = run.kill();
        run.wait().expect("an end");
        // Half a message ends it with an error; what it has kept by then, it has.
        target.wait().expect("an end");
    }
    target.load(&example, &server, SELECT);
    compare(&of_postgres(&warehouse, &kinds), &whole, "after four kills");
}
