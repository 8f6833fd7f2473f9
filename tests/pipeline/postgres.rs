//! The whole way into PostgreSQL, read back by `psql` and compared with SQLite, value by value.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};
use test_servers::Postgres;

use crate::example::{self, Example};
use crate::rows::{Rows, compare, in_postgres, in_sqlite};

/// Kinds by table and column.
pub(crate) type Kinds = BTreeMap<String, BTreeMap<String, String>>;

/// A pipeline that loads into a schema.
fn example(dataset: &str, config: &str) -> Example {
    Example::new(&format!("{config}\n[destination]\nkind = 'postgres'\ndataset = '{dataset}'\n"))
}

fn command(example: &Example, server: &SampleServer, warehouse: &Postgres) -> Command {
    let mut command = example.command(server);
    command.envs(warehouse.environment()).stderr(Stdio::piped());
    command
}

fn succeed(command: &mut Command) {
    example::succeed(command, &[Postgres::PASSWORD]);
}

pub(crate) fn is_list(kind: &str) -> bool {
    kind.starts_with("list of ")
}

fn kinds<'c>(columns: impl Iterator<Item = &'c str>) -> Kinds {
    let mut kinds = Kinds::new();
    for line in columns {
        let [table, column, kind] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        kinds.entry(table.to_owned()).or_default().insert(column.to_owned(), kind.to_owned());
    }
    kinds
}

/// Kinds as the pipeline has noted them in a schema.
pub(crate) fn kinds_in(warehouse: &Postgres, dataset: &str) -> Kinds {
    let columns = format!("SELECT table_name, column_name, kind FROM {dataset}._columns");
    kinds(warehouse.psql(&columns).lines())
}

const COLUMNS: &str = "SELECT table_name || char(9) || column_name || char(9) || kind FROM _columns";

/// The same server, loaded into SQLite.
pub(crate) fn expected(server: &SampleServer, arguments: &[&str]) -> (Kinds, Rows) {
    let example = Example::new("");
    example.load(server, arguments);
    let columns = example.column(COLUMNS);
    (kinds(columns.iter().map(String::as_str)), in_sqlite(&example))
}

pub(crate) fn types(warehouse: &Postgres, dataset: &str) -> Kinds {
    let sql = format!(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = '{dataset}'"
    );
    kinds(warehouse.psql(&sql).lines())
}

#[test]
fn every_value_is_that_of_sqlite() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Postgres::start();
    let (expected_kinds, tables) = expected(&server, &[]);
    let example = example("whole", "");
    succeed(command(&example, &server, &warehouse).arg("check"));
    succeed(command(&example, &server, &warehouse).arg("run"));
    let found = in_postgres(&warehouse, "whole");
    let found_kinds = kinds_in(&warehouse, "whole");
    let mut without_lists = found_kinds.clone();
    let lists = without_lists.values_mut().flat_map(BTreeMap::values_mut).filter(|kind| is_list(kind));
    let lists = lists.map(|kind| kind.replace_range(.., "json")).count();
    assert!(lists > 0, "there are columns of lists");
    assert_eq!(without_lists, expected_kinds);
    assert!(tables.len() >= 35 && tables.values().map(|rows| rows.len()).sum::<usize>() > 2_000);
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
    let again = in_postgres(&warehouse, "whole");
    compare(&again, &tables, "in PostgreSQL, loaded twice");
    let left = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^_(new|gone|stage)_'";
    assert_eq!(warehouse.psql(left), "0");
}

const SELECT: &str =
    "project_issues,issue_notes,project_merge_requests,pipeline_jobs,project_labels,group_members";

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
        let found = in_postgres(&warehouse, dataset);
        compare(&found, &tables, &format!("in `{dataset}`"));
    }
}
