//! The SQL for warehouses that run in no test is such as their dialect has it, by a parser that knows each.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::written::written;

const PARSE: &str = "
import json, sys, sqlglot
from sqlglot import exp
dialect = sys.argv[1]
for name, sql in json.load(sys.stdin):
    trees = sqlglot.parse(sql, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert len(trees) == 1 and isinstance(trees[0], exp.Select), name
    # Functions that it knows in no dialect.
    unknown = {function.name for function in trees[0].find_all(exp.Anonymous)}
    assert not unknown, (name, unknown)
";

#[test]
fn warehouses_have_views_in_their_own_sql() {
    for dialect in ["bigquery", "snowflake", "redshift"] {
        let views = written(dialect);
        assert_eq!(views.len(), 16);
        let mut python = Command::new(test_servers::Fakesnow::python());
        let child = python.args(["-c", PARSE, dialect]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("a start");
        let text = serde_json::to_vec(&views).expect("JSON");
        child.stdin.take().expect("a pipe").write_all(&text).expect("a write");
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{dialect}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
