//! The whole way into PostgreSQL, read back by `psql` and compared with SQLite, value by value.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::types::Value as Cell;
use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::Value;
use test_servers::Postgres;

use crate::example::{Example, Row, Tables, compare};

/// Kinds by table and column.
pub(crate) type Kinds = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) const FRESH: [&str; 2] = ["_load_id", "_loaded_at"];

/// A pipeline that loads into a schema.
fn example(dataset: &str, config: &str) -> Example {
    Example::new(&format!("{config}\n[destination]\nkind = 'postgres'\ndataset = '{dataset}'\n"))
}

fn command(example: &Example, server: &SampleServer, warehouse: &Postgres) -> Command {
    let mut command = example.command(server);
    command
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", warehouse.port().to_string())
        .env("PGUSER", Postgres::USER)
        .env("PGPASSWORD", Postgres::PASSWORD)
        .env("PGDATABASE", Postgres::DATABASE)
        .stderr(Stdio::piped());
    command
}

pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("an exit");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(Postgres::PASSWORD), "a secret is told");
    said
}

/// What a value is, however it is stored.
pub(crate) fn plain(text: String, kind: &str) -> String {
    match kind {
        "float" => format!("{:?}", text.parse::<f64>().expect("a float")),
        kind if kind == "json" || is_list(kind) => {
            sorted(serde_json::from_str(&text).expect("JSON")).to_string()
        }
        _ => text,
    }
}

pub(crate) fn is_list(kind: &str) -> bool {
    kind.starts_with("list of ")
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> =
                object.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            sorted.into_iter().collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

fn of_sqlite(example: &Example) -> (Kinds, Tables) {
    let database = example.database();
    let mut kinds = Kinds::new();
    let mut statement =
        database.prepare("SELECT table_name, column_name, kind FROM _columns").expect("columns");
    let columns =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("columns");
    for (table, column, kind) in columns.map(|column| column.expect("a column")) {
        kinds.entry(table).or_default().insert(column, kind);
    }
    let mut tables = Tables::new();
    for (table, columns) in &kinds {
        let columns: Vec<_> = columns.iter().filter(|(name, _)| !FRESH.contains(&name.as_str())).collect();
        let names: Vec<_> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let sql = format!("SELECT {} FROM \"{table}\"", names.join(", "));
        let mut statement = database.prepare(&sql).expect("a table");
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let cell = |(at, (name, kind)): (usize, &(&String, &String))| {
                let text = match row.get(at).expect("a cell") {
                    Cell::Null => return ((*name).clone(), "null".to_owned()),
                    Cell::Integer(int) if *kind == "bool" => (int == 1).to_string(),
                    Cell::Integer(int) => int.to_string(),
                    Cell::Real(real) => real.to_string(),
                    Cell::Text(text) => text,
                    Cell::Blob(_) => panic!("a blob"),
                };
                ((*name).clone(), plain(text, kind))
            };
            let row: Row = columns.iter().enumerate().map(cell).collect();
            assert!(tables.entry(table.clone()).or_default().insert(row), "{table} has a row twice");
        }
        tables.entry(table.clone()).or_default();
    }
    (kinds, tables)
}

fn of_postgres(warehouse: &Postgres, dataset: &str) -> (Kinds, Tables) {
    let mut kinds = Kinds::new();
    let columns = warehouse.psql(&format!("SELECT table_name, column_name, kind FROM {dataset}._columns"));
    for line in columns.lines() {
        let [table, column, kind] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        kinds.entry(table.to_owned()).or_default().insert(column.to_owned(), kind.to_owned());
    }
    let mut tables = Tables::new();
    for (table, columns) in &kinds {
        let columns: Vec<_> = columns.iter().filter(|(name, _)| !FRESH.contains(&name.as_str())).collect();
        let shown = columns.iter().map(|(name, kind)| match kind.as_str() {
            "timestamp" => format!(
                "to_char(\"{name}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS \"{name}\""
            ),
            kind if is_list(kind) => format!("to_jsonb(\"{name}\")::text AS \"{name}\""),
            _ => format!("\"{name}\"::text"),
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let rows = warehouse
            .psql(&format!("SELECT row_to_json(r) FROM (SELECT {shown} FROM {dataset}.\"{table}\") r"));
        let found = tables.entry(table.clone()).or_default();
        for row in rows.lines() {
            let row: BTreeMap<String, Option<String>> = serde_json::from_str(row).expect("a row");
            let cell = |(name, text): (String, Option<String>)| {
                let text = text.map_or("null".to_owned(), |text| plain(text, &kinds[table][&name]));
                (name, text)
            };
            assert!(found.insert(row.into_iter().map(cell).collect()), "{table} has a row twice");
        }
    }
    (kinds, tables)
}

/// The same server, loaded into SQLite.
pub(crate) fn expected(server: &SampleServer, arguments: &[&str]) -> (Kinds, Tables) {
    let example = Example::new("");
    example.load(server, arguments);
    of_sqlite(&example)
}

fn types(warehouse: &Postgres, dataset: &str) -> Kinds {
    let sql = format!(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = '{dataset}'"
    );
    let mut types = Kinds::new();
    for line in warehouse.psql(&sql).lines() {
        let [table, column, kind] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        types.entry(table.to_owned()).or_default().insert(column.to_owned(), kind.to_owned());
    }
    types
}

#[test]
fn every_value_is_that_of_sqlite() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Postgres::start();
    let (kinds, tables) = expected(&server, &[]);
    let example = example("whole", "");
    succeed(command(&example, &server, &warehouse).arg("check"));
    succeed(command(&example, &server, &warehouse).arg("run"));
    let (found_kinds, found) = of_postgres(&warehouse, "whole");
    let mut without_lists = found_kinds.clone();
    let lists = without_lists.values_mut().flat_map(BTreeMap::values_mut).filter(|kind| is_list(kind));
    let lists = lists.map(|kind| kind.replace_range(.., "json")).count();
    assert!(lists > 0, "there are columns of lists");
    assert_eq!(without_lists, kinds);
    assert!(tables.len() >= 40 && tables.values().map(|rows| rows.len()).sum::<usize>() > 2_000);
    compare(&found, &tables, "in PostgreSQL");
    let types = types(&warehouse, "whole");
    for (table, columns) in &found_kinds {
        for (column, kind) in columns {
            let expected = match kind.as_str() {
                "bool" => "boolean",
                "int" => "bigint",
                "float" => "double precision",
                "timestamp" => "timestamp with time zone",
                "json" => "jsonb",
                kind if is_list(kind) => "ARRAY",
                other => other,
            };
            assert_eq!(types[table][column], expected, "{table}.{column}");
        }
    }
    succeed(command(&example, &server, &warehouse).args(["run", "--full-refresh"]));
    let (_, again) = of_postgres(&warehouse, "whole");
    compare(&again, &tables, "in PostgreSQL, loaded twice");
    let left = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^_(new|gone|stage)_'";
    assert_eq!(warehouse.psql(left), "0");
}

/// Packages are small, so that a kill finds the database in as many states as possible.
const CONFIG: &str = "[load]\npackage_rows = 20\n[extract]\nconcurrency = 3\nper_page = 20\n";

const SELECT: &str =
    "project_issues,issue_notes,project_merge_requests,pipeline_jobs,project_labels,group_members";

fn kill_after(child: &mut Child, server: &SampleServer, requests: usize, millis: u64) {
    while server.log().len() < requests && child.try_wait().expect("a state").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(millis));
    // It may have ended.
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn a_killed_run_goes_on_at_once() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Postgres::start();
    let (_, tables) = expected(&server, &["--select", SELECT]);
    let example = example("killed", CONFIG);
    let mut random = fastrand::Rng::with_seed(7);
    let status = "SELECT status FROM killed._loads ORDER BY load_id DESC LIMIT 1";
    let mut kills = 0;
    loop {
        server.clear_log();
        let mut command = command(&example, &server, &warehouse);
        let mut child =
            command.args(["run", "--select", SELECT]).stderr(Stdio::null()).spawn().expect("a child");
        kill_after(&mut child, &server, random.usize(10..100 + 20 * kills), random.u64(0..200));
        let has_begun = "SELECT count(*) FROM pg_tables WHERE schemaname = 'killed' AND tablename = '_loads'";
        if warehouse.psql(has_begun) == "1" && warehouse.psql(status) == "complete" {
            break;
        }
        kills += 1;
        assert!(kills < 100, "it never ends");
    }
    assert!(kills >= 3, "{kills} kills came in time");
    let (_, found) = of_postgres(&warehouse, "killed");
    compare(&found, &tables, &format!("after {kills} kills"));
    let loads = warehouse.psql("SELECT status, count(*) FROM killed._loads GROUP BY 1 ORDER BY 1");
    assert!(loads.starts_with("complete\t1\ninterrupted\t"), "{loads}");
}

#[test]
fn runs_into_one_schema_wait_and_into_many_do_not() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Postgres::start();
    let (_, tables) = expected(&server, &["--select", SELECT]);
    server.set(Settings { latency: Duration::from_millis(20), ..Settings::default() });
    let datasets = ["one", "two", "three"];
    let examples = datasets.map(|dataset| example(dataset, ""));
    let spawn = |example: &Example| {
        let mut command = command(example, &server, &warehouse);
        command.args(["run", "--select", SELECT]).spawn().expect("a child")
    };
    let children: Vec<Child> = examples.iter().map(spawn).collect();
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    while warehouse.psql(held) != "3" {}
    let second = command(&examples[0], &server, &warehouse).arg("run").output().expect("an exit");
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another run is loading into PostgreSQL schema `one`"), "{said}");
    assert!(said.contains(&format!("process {}", children[0].id())), "{said}");
    for child in children {
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for dataset in datasets {
        let (_, found) = of_postgres(&warehouse, dataset);
        compare(&found, &tables, &format!("in `{dataset}`"));
    }
}
