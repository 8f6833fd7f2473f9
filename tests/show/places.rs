//! What is loaded into other places than a SQLite file.

use std::process::Command;

use test_servers::Postgres;

use crate::example::{Ended, Example};
use crate::pages::server;
use crate::shown::Shown;

/// Loads, and looks at what every page tells of it.
fn shows(command: impl Fn() -> Command, dialect: &str) {
    let ended = command().arg("run").args(["--select", "project_issues"]).output().expect("an exit");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let shown = Shown::start(&mut command());
    let visitor = shown.visit();
    assert!(visitor.page("").contains("The last load is complete"));
    assert!(visitor.page("tables").contains(">329<"));
    let page = "table?name=project_issues&column=state&test=is&value=closed&sort=created_at&order=down";
    assert!(visitor.page(page).contains("that pass the filter"));
    assert!(visitor.page("schema").contains("data-table=\"project_issues__assignees\""));
    assert!(visitor.page("query").contains(dialect));
    assert!(visitor.sql("SELECT count(*) AS issues FROM project_issues").contains(">329<"));
    for statement in
        ["DROP TABLE project_issues", "COMMIT; DROP TABLE project_issues", "COPY project_issues TO 'x'"]
    {
        assert!(visitor.sql(statement).contains("role=\"alert\""), "{statement}");
    }
    assert!(visitor.page("tables").contains(">329<"));
}

#[test]
fn a_postgresql_schema_is_shown() {
    let (server, warehouse) = (server(), Postgres::start());
    let example = Example::new("[destination]\nkind = 'postgres'\ndataset = 'a \"schema\"'\n");
    let command = || {
        let mut command = example.command(&server);
        command.envs(warehouse.environment());
        command
    };
    shows(command, "PostgreSQL");
}

#[test]
fn a_duckdb_file_is_shown() {
    let (server, example) = (server(), Example::new("[destination]\nkind = 'duckdb'\n"));
    shows(|| example.command(&server), "DuckDB");
}

/// What goes on to somebody else is not there to be looked at.
#[test]
fn a_stream_says_that_it_cannot_be_shown() {
    let (server, example) = (server(), Example::new("[destination]\nkind = 'singer'\n"));
    let Ended { code, stderr, .. } = example.run(&server, &["show"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("what is loaded into `singer` cannot be shown"), "{stderr}");
}
