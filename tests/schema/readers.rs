//! What is written for programs that know nothing of the pipeline, read by them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_servers::{installed, program};

use crate::example::Example;
use crate::{said, scaffold, server};

/// Validates lists of rows: prints how many faults there are.
const VALIDATE: &str = r"
import datetime, json, sys
from jsonschema import Draft202012Validator, FormatChecker
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
checker = FormatChecker(formats=['date'])
instant = lambda text: not isinstance(text, str) or 'T' in text and datetime.datetime.fromisoformat(text)
checker.checks('date-time', raises=ValueError)(instant)
validator = Draft202012Validator(schema, format_checker=checker)
print(json.dumps([error.message for error in validator.iter_errors(json.load(open(sys.argv[2])))]))
";

fn faults(schema: &Path, rows: &Value, folder: &Path) -> Vec<String> {
    let path = folder.join("rows.json");
    std::fs::write(&path, rows.to_string()).expect("a write");
    let python = program("python", &[installed("linters").join("bin")]);
    let said = said(Command::new(python).args(["-c", VALIDATE]).arg(schema).arg(path));
    serde_json::from_str(&said).expect("JSON")
}

/// All rows of files of JSON lines, by table.
fn rows_in(folder: &Path) -> Value {
    let mut tables = serde_json::Map::new();
    let entries = |folder: &Path| {
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
    };
    for table in entries(folder).filter(|path| path.is_dir()) {
        let name = table.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let files = entries(&table).filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
        let rows = files.flat_map(|file| {
            let text = std::fs::read_to_string(file).expect("lines");
            text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect::<Vec<_>>()
        });
        let rows: Vec<Value> = rows.collect();
        if !name.starts_with('_') {
            tables.insert(name, rows.into());
        }
    }
    Value::Object(tables)
}

#[test]
fn a_validator_takes_each_row_as_json_has_it_and_none_that_is_otherwise() {
    let config = "[destination]\nkind = 'filesystem'\n[destination.filesystem]\nformat = 'jsonl'\ncompression = 'none'\npath = 'lake'\n";
    let (server, example) = (server(), Example::new(config));
    example.load(&server, &[]);
    example.succeed(&server, &["schema", "--format", "json", "--output", "."]);
    let (schema, folder) = (example.path("schema.json"), example.path(""));
    let rows = rows_in(&example.path("lake"));
    let tables = rows.as_object().expect("tables");
    assert!(tables.len() >= 60 && tables["project_issues"].as_array().is_some_and(|rows| rows.len() > 300));
    assert_eq!(faults(&schema, &rows, &folder), Vec::<String>::new());

    let issue = &rows["project_issues"][0];
    for (name, value) in [
        ("iid", json!("1")),
        ("created_at", json!("yesterday")),
        ("due_date", json!("2024-05-01T00:00:00Z")),
        ("confidential", json!(1)),
        ("stranger", json!(null)),
    ] {
        let mut broken = issue.clone();
        broken[name] = value;
        assert_eq!(faults(&schema, &json!({"project_issues": [broken]}), &folder).len(), 1, "{name}");
    }
}

#[test]
fn mermaid_takes_the_diagram() {
    let (server, example) = (server(), Example::new(""));
    let parse = || -> Value {
        example.succeed(&server, &["schema", "--format", "mermaid", "--output", "."]);
        let script = scaffold::root().join("tests/schema/diagram.mjs");
        let node = program("node", &[] as &[&Path]);
        let said =
            said(Command::new(node).arg(script).arg(installed("mermaid")).arg(example.path("schema.mmd")));
        serde_json::from_str(&said).expect("JSON")
    };
    let defined = parse();
    assert!(defined["entities"].as_u64().is_some_and(|entities| entities >= 40), "{defined}");
    example.load(&server, &[]);
    let loaded = parse();
    let tables = example.tables().len();
    assert_eq!(loaded["entities"].as_u64(), u64::try_from(tables).ok());
    let ties: Vec<&Value> = loaded["ties"].as_array().expect("a list").iter().collect();
    assert!(ties.contains(&&json!(["issue_notes", "project_issues", "project_id, issue_iid"])), "{ties:?}");
    assert!(
        ties.contains(&&json!(["project_issues__assignees", "project_issues", "_parent_id"])),
        "{ties:?}"
    );
}
