//! Hooks as a user writes them: what the README of a crate shows, word for word, and what the compiler and the pipeline say
//! of the usual slips.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests look into no folder")]
mod scaffold;

use std::collections::BTreeSet;
use std::fs;

use rusqlite::Connection;
use sample_gitlab::{SampleServer, Settings, Size, World};
use scaffold::{Pipeline, succeed};

/// The Rust in the README of a crate.
fn example(pipeline: &Pipeline) -> String {
    let readme = fs::read_to_string(pipeline.folder.join("README.md")).expect("a README");
    let (_, after) = readme.split_once("```rust\n").expect("an example");
    let (example, _) = after.split_once("```").expect("its end");
    example.to_owned()
}

fn write(pipeline: &Pipeline, hooks: &str) {
    fs::write(pipeline.folder.join("src/hooks.rs"), hooks).expect("a write");
}

/// Texts in the first column of a query.
fn column(pipeline: &Pipeline, sql: &str) -> Vec<Option<String>> {
    let database = Connection::open(pipeline.database()).expect("a database");
    let mut query = database.prepare(sql).expect("a query");
    let rows = query.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a text")).collect()
}

fn load(pipeline: &Pipeline, server: &SampleServer) {
    let _ = fs::remove_file(pipeline.database());
    pipeline.build().expect("a build without warnings");
    succeed(pipeline.command(server).arg("run")).expect("a run");
}

const ISSUES: &str = "SELECT CAST(id AS TEXT) FROM project_issues ORDER BY id";
const PUBLIC: &str = "SELECT CAST(id AS TEXT) FROM project_issues WHERE NOT confidential ORDER BY id";
const NOTES: &str = "SELECT CAST(id AS TEXT) FROM issue_notes";
/// Notes whose issue is not there.
const STRAYS: &str = "SELECT CAST(id AS TEXT) FROM issue_notes note WHERE NOT EXISTS (SELECT 1 FROM project_issues issue \
                      WHERE issue.project_id = note.project_id AND issue.iid = note.issue_iid)";
const ADDRESSES: &str = "SELECT author_email FROM project_commits ORDER BY id, project_id";
const DOMAINS: &str = "SELECT author_domain FROM project_commits ORDER BY id, project_id";

/// One crate for all, as each has an engine of its own to compile.
#[test]
fn the_example_does_what_it_says_and_slips_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["--select", "issue_notes,project_commits"];
    let pipeline = Pipeline::scaffold(folder.path(), "hooked", &args).expect("a crate");
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    load(&pipeline, &server);
    let (all, public) = (column(&pipeline, ISSUES), column(&pipeline, PUBLIC));
    let addresses = column(&pipeline, ADDRESSES);
    assert!(public.len() > 3 && all.len() > public.len(), "{} of {}", public.len(), all.len());
    assert!(addresses.len() > 3);

    write(&pipeline, &example(&pipeline));
    load(&pipeline, &server);
    assert_eq!(column(&pipeline, ISSUES), public, "what is confidential is loaded, or more is left out");
    assert!(!column(&pipeline, NOTES).is_empty() && column(&pipeline, STRAYS).is_empty());
    let redacted: BTreeSet<Option<String>> = column(&pipeline, ADDRESSES).into_iter().collect();
    assert_eq!(redacted, BTreeSet::from([Some("redacted".to_owned())]));
    let domain = |address: &Option<String>| {
        address.as_deref().and_then(|address| address.split_once('@')).map(|(_, domain)| domain.to_owned())
    };
    assert_eq!(column(&pipeline, DOMAINS), addresses.iter().map(domain).collect::<Vec<_>>());

    slips_are_explained(&pipeline);
    a_name_that_is_no_resource_is_told(&pipeline, &server);
}

fn slips_are_explained(pipeline: &Pipeline) {
    let hook = |body: &str| {
        format!(
            "use gitlab_pipeline::{{Hooks, Keep}};\n\npub fn hooks() -> Hooks {{\n    let _ = Keep::Yes;\n    Hooks::new().on(\"projects\", {body})\n}}\n"
        )
    };
    for (body, said) in [
        (
            "|record| { record.remove(\"name\"); }",
            "a hook ends with what becomes of its record, and this one ends with `()`",
        ),
        ("|record| record.contains(\"name\")", "and this one ends with `bool`"),
        ("|record| { record.remove(\"name\"); }", "end it with `Keep::Yes`, without a semicolon"),
        ("|record, other| Keep::Yes", "closure is expected to take 1 argument"),
        ("|record| { record.remov(\"name\"); Keep::Yes }", "there is a method `remove` with a similar name"),
    ] {
        write(pipeline, &hook(body));
        let refused = pipeline.build().expect_err("a slip that compiles").to_string();
        assert!(refused.contains(said), "{body}: {refused}");
        assert!(refused.contains("src/hooks.rs"), "{body}: {refused}");
    }
}

fn a_name_that_is_no_resource_is_told(pipeline: &Pipeline, server: &SampleServer) {
    let hooks = "use gitlab_pipeline::{Hooks, Keep};\n\npub fn hooks() -> Hooks {\n    Hooks::new().on(\"project_isues\", |_| Keep::Yes)\n}\n";
    write(pipeline, hooks);
    pipeline.build().expect("a build");
    let before = server.log().len();
    for command in ["run", "check"] {
        let refused = pipeline.command(server).arg(command).output().expect("an exit");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("`project_isues`") && said.contains("did you mean `project_issues`"), "{said}");
    }
    assert_eq!(server.log().len(), before, "something was asked for");
}
