//! What an update says of the rows of a resource is what the next run does with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sample_gitlab::SampleServer;

use super::pairs::{Rows, server, tables_in, update};
use super::scaffold::{Pipeline, succeed};
use super::thinned;

/// Lists that later runs ask for what changed, and nothing else: of one project, and of all.
const LISTS: [(&str, &[&str]); 3] = [
    ("project_issues", &["/projects/{id}/issues", "/issues"]),
    ("project_merge_requests", &["/projects/{id}/merge_requests", "/merge_requests"]),
    ("project_milestones", &["/projects/{id}/milestones"]),
];

/// What an update changes, and how it is told.
struct Step {
    /// Facts of an overlay, by path.
    facts: &'static [(&'static str, &'static str)],
    /// What is replaced in the document.
    document: Option<(&'static str, &'static str)>,
    told: [&'static str; 2],
    resource: &'static str,
    table: &'static str,
}

const STEPS: [Step; 3] = [
    Step {
        facts: &[("/api/v4/projects/{id}/milestones", "table: goals")],
        document: None,
        told: [
            "another table: rows stay in the old one, and the next run fills the new one from the start",
            "`project_milestones`: table `project_milestones` → `goals`",
        ],
        resource: "project_milestones",
        table: "goals",
    },
    Step {
        facts: &[
            ("/api/v4/projects/{id}/milestones", "table: goals"),
            ("/api/v4/projects/{id}/issues", "record_key: [iid], key_scope: parent"),
        ],
        document: None,
        told: [
            "another key: of rows with the same new key the last stays, and the next run reads them from the start",
            "`project_issues`: key `id` → `iid within its parent`",
        ],
        resource: "project_issues",
        table: "project_issues",
    },
    Step {
        facts: &[
            ("/api/v4/projects/{id}/milestones", "table: goals"),
            ("/api/v4/projects/{id}/issues", "record_key: [iid], key_scope: parent"),
        ],
        document: Some((
            "\"/api/v4/projects/{id}/merge_requests\":",
            "\"/api/v4/projects/{project_id}/merge_requests\":",
        )),
        told: [
            "read from the start by the next run: their rows stay",
            "`project_merge_requests`: path `/projects/{id}/merge_requests` → `/projects/{project_id}/merge_requests`",
        ],
        resource: "project_merge_requests",
        table: "project_merge_requests",
    },
];

fn write_overlay(path: &Path, facts: &[(&str, &str)]) {
    let action = |(path, facts): &(&str, &str)| {
        format!("- target: $.paths['{path}'].get\n  update: {{ x-gitlab-init: {{ {facts} }} }}\n")
    };
    let actions: String = facts.iter().map(action).collect();
    let head = "overlay: 1.0.0\ninfo: { title: Own, version: '1' }\nactions:\n";
    fs::write(path, format!("{head}{actions}")).expect("a write");
}

/// What the server holds: what a run into nothing loads.
fn held(pipeline: &Pipeline, server: &SampleServer) -> BTreeMap<String, Rows> {
    let fresh = pipeline.folder.join("fresh.sqlite");
    let _ = fs::remove_file(&fresh);
    let mut command = pipeline.command(server);
    command.env("PIPELINE__DESTINATION__SQLITE__PATH", "fresh.sqlite").arg("run");
    succeed(&mut command).expect("a run into nothing");
    tables_in(&fresh)
}

/// The resources of which a run has read lists from their start. Nothing is left for later where nothing may be.
fn read_anew(pipeline: &Pipeline, server: &SampleServer, refresh_every: Option<&str>) -> Vec<&'static str> {
    let before = server.log().len();
    pipeline.build().expect("a build without warnings");
    let mut command = pipeline.command(server);
    command.arg("run").envs(refresh_every.map(|every| ("PIPELINE__LOAD__REFRESH_EVERY", every)));
    succeed(&mut command).expect("a run");
    let log = server.log();
    let asked = |templates: &[&str], for_changes: bool| {
        log[before..].iter().any(|exchange| {
            // What is refused leaves nothing to go on from.
            exchange.template.is_some_and(|template| templates.contains(&template))
                && exchange.status == Some(200)
                && exchange.query.contains("updated_after") == for_changes
        })
    };
    for (resource, templates) in LISTS.iter().filter(|_| refresh_every == Some("0")) {
        assert!(asked(templates, true) || asked(templates, false), "{resource} is not read");
    }
    LISTS.iter().filter(|(_, templates)| asked(templates, false)).map(|(resource, _)| *resource).collect()
}

/// Each table of the server's is there, with the same rows.
fn check(tables: &BTreeMap<String, Rows>, held: &BTreeMap<String, Rows>, when: &str) {
    for (table, rows) in held {
        let row = tables[table].symmetric_difference(rows).next();
        assert!(row.is_none(), "{row:?} of `{table}` is not as the server has it after {when}");
    }
}

#[test]
fn what_is_said_of_rows_is_done_with_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = thinned(folder.path(), "spec.json", |_, _| false);
    let select = LISTS.map(|(resource, _)| resource).join(",");
    let pipeline = Pipeline::scaffold(folder.path(), "followed", &["--spec", &spec, "--select", &select]);
    let pipeline = pipeline.expect("a crate");
    let server = server();
    assert_eq!(read_anew(&pipeline, &server, None).len(), LISTS.len());
    assert!(read_anew(&pipeline, &server, Some("0")).is_empty(), "what has not changed is asked for");
    let first = tables_in(&pipeline.database());
    check(&first, &held(&pipeline, &server), "the first run");

    for step in STEPS {
        write_overlay(&folder.path().join("own.yaml"), step.facts);
        if let Some((from, to)) = step.document {
            let text = fs::read_to_string(folder.path().join("spec.json")).expect("a file");
            assert!(text.contains(from));
            fs::write(folder.path().join("spec.json"), text.replace(from, to)).expect("a write");
        }
        let told = update(&pipeline, &["--overlay", "../own.yaml"]);
        for words in step.told {
            assert!(told.contains(words), "{words}\n{told}");
        }
        assert_eq!(read_anew(&pipeline, &server, None), [step.resource], "{told}");
        let now = tables_in(&pipeline.database());
        let held = held(&pipeline, &server);
        assert!(held[step.table].len() > 1);
        check(&now, &held, &told);
        assert!(now["project_milestones"] == first["project_milestones"], "rows have gone after\n{told}");
        assert!(read_anew(&pipeline, &server, Some("0")).is_empty(), "it is read from the start twice");
    }
}
