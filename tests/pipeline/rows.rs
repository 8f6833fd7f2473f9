//! What lies in a place after a run, read by tools that know nothing of the pipeline, in a form in which all places agree.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Map, Value};
use test_servers::{Postgres, installed, program};

use crate::example::{Example, rows_of};

/// By table: how often each row is there.
pub(crate) type Rows = BTreeMap<String, BTreeMap<String, usize>>;

/// Rows by table, without tables that have none.
pub(crate) fn counted(tables: impl IntoIterator<Item = (String, Vec<Map<String, Value>>)>) -> Rows {
    let count = |rows: Vec<Map<String, Value>>| {
        let mut counted = BTreeMap::new();
        for row in rows {
            *counted.entry(line(row)).or_default() += 1;
        }
        counted
    };
    let tables = tables.into_iter().map(|(name, rows)| (name, count(rows)));
    tables.filter(|(_, rows): &(_, BTreeMap<_, _>)| !rows.is_empty()).collect()
}

/// A row as a text, in which columns without a value and those that differ from load to load do not stand.
fn line(row: Map<String, Value>) -> String {
    let kept = row.into_iter().filter(|(name, _)| !matches!(name.as_str(), "_load_id" | "_loaded_at"));
    let kept: BTreeMap<String, String> =
        kept.filter_map(|(name, value)| Some((name, cell(&value)?))).collect();
    format!("{kept:?}")
}

/// A value as CSV has it. SQLite writes booleans as numbers, and some places order the fields of an object.
fn cell(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => i64::from(*flag).to_string(),
        Value::String(text) if text == "true" => "1".to_owned(),
        Value::String(text) if text == "false" => "0".to_owned(),
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).map_or_else(|_| text.clone(), |json| sorted(json).to_string())
        }
        Value::String(text) => text.clone(),
        other => sorted(other.clone()).to_string(),
    })
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> =
                object.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            sorted.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// What Python's libraries read of files; `asked` is told in `read_files.py`.
pub(crate) fn in_files(asked: &Value) -> Rows {
    read_by("readers", "read_files.py", asked)
}

/// The same of Delta tables; `asked` is told in `read_delta.py`.
pub(crate) fn in_delta(asked: &Value) -> Rows {
    read_by("delta-readers", "read_delta.py", asked)
}

/// What a script reads that needs these packages.
fn read_by(packages: &str, script: &str, asked: &Value) -> Rows {
    let python = program("python", &[&installed(packages).join("bin")]);
    let script = format!("{}/pipeline/{script}", env!("CARGO_MANIFEST_DIR"));
    let output =
        Command::new(python).args(["-B".to_owned(), script, asked.to_string()]).output().expect("an exit");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    counted(serde_json::from_slice::<BTreeMap<_, _>>(&output.stdout).expect("JSON"))
}

pub(crate) fn in_sqlite(example: &Example) -> Rows {
    let database = example.database();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '[_]*' AND name NOT GLOB 'sqlite*'";
    counted(example.column(names).into_iter().map(|name| (name.clone(), rows_of(&database, &name))))
}

/// What `psql` reads in a schema.
pub(crate) fn in_postgres(warehouse: &Postgres, dataset: &str) -> Rows {
    let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let columns = "SELECT table_name, column_name, kind FROM {dataset}._columns";
    for column in warehouse.psql(&columns.replace("{dataset}", dataset)).lines() {
        let [table, column, kind] = column.split('\t').collect::<Vec<_>>()[..] else { panic!("{column}") };
        tables.entry(table.to_owned()).or_default().push((column.to_owned(), kind.to_owned()));
    }
    let rows_of = |table: &str, columns: &[(String, String)]| {
        let shown = columns.iter().map(|(name, kind)| match kind.as_str() {
            "timestamp" => format!(
                "to_char(\"{name}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS \"{name}\""
            ),
            kind if kind.starts_with("list of ") => format!("to_jsonb(\"{name}\")::text AS \"{name}\""),
            _ => format!("\"{name}\"::text"),
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let rows = format!("SELECT row_to_json(r) FROM (SELECT {shown} FROM {dataset}.\"{table}\") r");
        let floats: Vec<&str> =
            columns.iter().filter(|(_, kind)| kind == "float").map(|(name, _)| name.as_str()).collect();
        let row = |text: &str| {
            let mut row: Map<String, Value> = serde_json::from_str(text).expect("a row");
            for name in &floats {
                let number = row[*name].as_str().map(|text| text.parse::<f64>().expect("a number"));
                row[*name] = number.map_or(Value::Null, Value::from);
            }
            row
        };
        warehouse.psql(&rows).lines().map(row).collect()
    };
    counted(tables.iter().map(|(table, columns)| (table.clone(), rows_of(table, columns))))
}

/// Compares table by table, and says shortly where they differ.
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
