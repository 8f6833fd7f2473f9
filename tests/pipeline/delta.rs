//! Whole runs into Delta tables: every value that SQLite gets is there, read back by tools that know nothing of the pipeline,
//! also while one of them writes to the tables.

use serde_json::json;
use test_servers::Moto;

use crate::example::Example;
use crate::files::{loads_like_sqlite, refuses_a_second_run, run, server, succeed};
use crate::rows::{Rows, compare, in_delta, in_sqlite};

fn delta(options: &str) -> Example {
    Example::new(&format!("[destination]\nkind = 'delta'\n[destination.delta]\n{options}\n"))
}

fn lies_in(example: &Example, reader: &str) -> Rows {
    in_delta(&json!({"reader": reader, "root": example.path("data").display().to_string()}))
}

#[test]
fn delta_tables_hold_what_sqlite_holds() {
    let example = delta("");
    loads_like_sqlite(&example, &[], &|| {
        ["deltalake", "duckdb"].map(|reader| lies_in(&example, reader)).into()
    });
}

#[test]
fn delta_tables_in_s3_hold_what_sqlite_holds() {
    let moto = Moto::start();
    moto.make_bucket("lake");
    let endpoint = moto.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "one"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-key"),
        ("AWS_REGION", "us-east-1"),
    ];
    let asked = json!({"reader": "deltalake", "root": "s3://lake/gitlab", "endpoint": endpoint});
    loads_like_sqlite(&delta("path = 's3://lake/gitlab'"), &environment, &|| vec![in_delta(&asked)]);
}

/// Another writer adds a row and tidies all tables between two runs: the second run finds the rows of the first in files of
/// that writer, behind a checkpoint of that writer, and leaves its row where it is.
#[test]
fn another_writer_may_come_in_between() {
    let (server, sqlite, example) = (server(), Example::new(""), delta(""));
    succeed(&sqlite, &server, &[]);
    succeed(&example, &server, &[]);
    let root = example.path("data").display().to_string();
    let own = json!({"name": "kept", "color": "#000000"});
    let asked = json!({"reader": "deltalake", "root": root, "tidy": true, "rows": {"project_labels": [own]}});
    let mut expected = in_sqlite(&sqlite);
    let found = in_delta(&asked);
    let row = found["project_labels"].keys().find(|row| row.contains("\"kept\"")).expect("its row").clone();
    expected.get_mut("project_labels").expect("labels").insert(row.clone(), 1);
    compare(&found, &expected, "after another writer came");
    let environment: &[(&str, &str)] = &[];
    let again = |example| run(example, &server, environment, &["run", "--full-refresh"]);
    assert_eq!(again(&sqlite).code, Some(0));
    let ended = again(&example);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut expected = in_sqlite(&sqlite);
    expected.get_mut("project_labels").expect("labels").insert(row, 1);
    for reader in ["deltalake", "duckdb"] {
        compare(&lies_in(&example, reader), &expected, &format!("after a full refresh, to {reader}"));
    }
}

#[test]
fn a_second_run_into_the_same_delta_tables_is_refused() {
    refuses_a_second_run(&delta(""));
}
