//! The whole way into BigQuery, read back by Google's client and compared with SQLite, value by value; and the quickstart
//! of gitlab-data-export, as `docs/from-gitlab-data-export.md` walks it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::Value;
use test_servers::BigQuery;

use crate::example::{self, Example};
use crate::postgres::{Kinds, expected};
use crate::rows::{Rows, compare, counted};
use crate::scaffold;

fn command(example: &Example, server: &SampleServer, warehouse: &BigQuery) -> Command {
    let mut command = example.command(server);
    command.envs(warehouse.environment()).stderr(Stdio::piped());
    command
}

fn succeed(command: &mut Command) {
    example::succeed(command, &[]);
}

fn rows(warehouse: &BigQuery, sql: &str) -> Vec<Vec<Value>> {
    let answer: Value = serde_json::from_str(&warehouse.ask(sql)).expect("JSON");
    let rows = answer.get("rows").unwrap_or_else(|| panic!("{sql}: {answer}"));
    serde_json::from_value(rows.clone()).expect("rows")
}

fn text(cell: &Value) -> String {
    cell.as_str().map_or_else(|| cell.to_string(), str::to_owned)
}

fn kinds(warehouse: &BigQuery, sql: &str) -> Kinds {
    let mut kinds = Kinds::new();
    for row in rows(warehouse, sql) {
        let [table, column, kind] = &row[..] else { panic!("{row:?}") };
        kinds.entry(text(table)).or_default().insert(text(column), text(kind));
    }
    kinds
}

fn of_bigquery(warehouse: &BigQuery, dataset: &str) -> (Kinds, Rows) {
    let kinds = kinds(warehouse, &format!("SELECT table_name, column_name, kind FROM {dataset}._columns"));
    let of_table = |(table, columns): (&String, &BTreeMap<String, String>)| {
        let names: Vec<_> = columns.keys().map(|name| format!("`{name}`")).collect();
        let found = rows(warehouse, &format!("SELECT {} FROM {dataset}.`{table}`", names.join(", ")));
        let named = |row: Vec<Value>| columns.keys().cloned().zip(row).collect();
        (table.clone(), found.into_iter().map(named).collect())
    };
    let tables = counted(kinds.iter().map(of_table));
    (kinds, tables)
}

fn types(warehouse: &BigQuery, dataset: &str) -> Kinds {
    let sql = format!("SELECT table_name, column_name, data_type FROM {dataset}.INFORMATION_SCHEMA.COLUMNS");
    kinds(warehouse, &sql)
}

#[test]
fn every_value_is_that_of_sqlite() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = BigQuery::start();
    let (kinds, tables) = expected(&server, &[]);
    let example = Example::new("[destination]\nkind = 'bigquery'\ndataset = 'whole'\n");
    succeed(command(&example, &server, &warehouse).arg("check"));
    succeed(command(&example, &server, &warehouse).arg("run"));
    let (found_kinds, found) = of_bigquery(&warehouse, "whole");
    assert_eq!(found_kinds, kinds);
    assert!(tables.len() >= 35 && tables.values().map(|rows| rows.len()).sum::<usize>() > 2_000);
    compare(&found, &tables, "in BigQuery");
    let types = types(&warehouse, "whole");
    for (table, columns) in &found_kinds {
        for (column, kind) in columns {
            let expected = match kind.as_str() {
                "bool" => "BOOL",
                "int" => "INT64",
                "float" => "FLOAT64",
                "date" => "DATE",
                "timestamp" => "TIMESTAMP",
                _ => "STRING",
            };
            assert_eq!(types[table][column], expected, "{table}.{column}");
        }
    }
    succeed(command(&example, &server, &warehouse).arg("run"));
    let (_, again) = of_bigquery(&warehouse, "whole");
    compare(&again, &tables, "in BigQuery, loaded twice");
    let hidden =
        |table: &&String| ["_new_", "_gone_", "_stage_"].iter().any(|start| table.starts_with(start));
    assert_eq!(self::types(&warehouse, "whole").keys().find(hidden), None);
}

/// What the page says is typed, block by block of the language `sh`, a command a line.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default().replace("\\\n", "");
        commands.extend(block.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    commands
}

#[test]
fn the_quickstart_of_gitlab_data_export_is_walked() {
    let page = include_str!("../../docs/from-gitlab-data-export.md");
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = BigQuery::start();
    let parent = tempfile::tempdir().expect("a folder");
    let mut typed: BTreeMap<&str, usize> = BTreeMap::new();
    let folder = parent.path().join("gitlab-data-export");
    let example = Example::new("");
    for line in commands(page) {
        let words: Vec<&str> = line.split(' ').collect();
        match &words[..] {
            ["gitlab-init", arguments @ ..] => {
                let mut command = scaffold::gitlab_init().expect("the generator");
                let output = command.args(arguments).current_dir(parent.path()).output().expect("an exit");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                let config = std::fs::read_to_string(folder.join("config.toml")).expect("a configuration");
                assert!(
                    config.contains("kind = \"bigquery\"") && config.contains("\"my-group\""),
                    "{config}"
                );
                // The sample server has other groups; the rest is as it was written.
                example.configure(&config.replace("\"my-group\"", ""));
            }
            ["cargo", "run", "--", arguments @ ..] => {
                let mut command = command(&example, &server, &warehouse);
                command.env("PIPELINE__DESTINATION__DATASET", "gitlab_data_export_v4");
                succeed(command.args(arguments));
            }
            ["bq", "query", "--use_legacy_sql=false", sql @ ..] => {
                let sql = sql.join(" ");
                let found = rows(&warehouse, sql.trim_matches('\''));
                assert!(!found.is_empty(), "{sql}");
            }
            ["cd" | "export" | "gcloud" | "for" | "done" | "--member", ..] => {}
            _ => panic!("nobody has typed `{line}`"),
        }
        *typed
            .entry(
                words.first().copied().map(|word| if word == "bq" { "bq" } else { "" }).unwrap_or_default(),
            )
            .or_default() += 1;
    }
    assert!(typed.get("bq").is_some_and(|queries| *queries >= 3), "{typed:?}");
    let stanza = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a CI job");
    let stanza: serde_yaml::Value = serde_yaml::from_str(stanza).expect("YAML");
    assert_eq!(stanza["gitlab_export"]["script"][0], "cargo run --release -- run");
}
