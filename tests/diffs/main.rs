//! `diff` on whole documents, word for word: `diffs/NAME.txt` and `.md` hold what is said, for review as a diff.
//! `UPDATE=1 cargo test -p gitlab-init-tests --test diffs` writes them anew.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests run no pipeline")]
#[path = "../scaffold/mod.rs"]
mod scaffold;

use std::fs;
use std::path::Path;

use gitlab_init::diff::diff_graphs;
use gitlab_init::document::{Source, Text};
use gitlab_init::graph::ResourceGraph;
use gitlab_init::infer::RecordedNames;
use gitlab_init::report::{diff_json, diff_markdown, diff_text};
use gitlab_init::{Read, read};
use scaffold::official;
use serde_json::Value;

fn read_text(text: &Text) -> Read {
    read(text, &[], &RecordedNames::new()).expect("a document")
}

fn read_official(name: &str) -> Option<Read> {
    let source: Source = official(name)?.parse().expect("a source");
    Some(read_text(&source.read().expect("a text")))
}

/// What is said of two documents, beside what was reviewed.
fn check(name: &str, old: &ResourceGraph, new: &ResourceGraph) {
    let diff = diff_graphs(old, new);
    for (ending, said) in [("txt", diff_text(&diff)), ("md", diff_markdown(&diff))] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("diffs/{name}.{ending}"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &said).expect("a write");
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(said, reviewed, "`UPDATE=1` writes what is said to {}", path.display());
    }
}

/// A document without some endpoints, and with other fields.
fn changed(document: &mut Value, is_gone: impl Fn(&str) -> bool, fields: &[&str]) -> Read {
    document["paths"].as_object_mut().expect("paths").retain(|path, _| !is_gone(path));
    let schemas = document["components"]["schemas"].as_object_mut().expect("schemas");
    for schema in schemas.values_mut() {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| !fields.contains(&name.as_str()));
        }
    }
    read_text(&Text::new("older.json", document.to_string()))
}

fn parsed(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML")
}

#[test]
fn what_the_bundled_document_has_won() {
    let text = Source::Bundled.read().expect("a text");
    let is_gone = |path: &str| path.ends_with("/labels") || path.ends_with("/notes");
    let old = changed(&mut parsed(&text.body), is_gone, &["web_url", "iid", "weight"]);
    check("bundled", &old.graph, &read_text(&text).graph);
}

#[test]
fn what_the_bundled_document_would_lose() {
    let text = Source::Bundled.read().expect("a text");
    let is_gone = |path: &str| path.ends_with("/merge_requests") || path.ends_with("/tags");
    let new = changed(&mut parsed(&text.body), is_gone, &["updated_at"]);
    check("bundled_back", &read_text(&text).graph, &new.graph);
}

#[test]
fn from_the_document_of_2024_to_the_newest() {
    let (Some(old), Some(new)) =
        (read_official("gitlab-openapi-2024.yaml"), read_official("gitlab-openapi-v3.yaml"))
    else {
        return;
    };
    check("gitlab_2024", &old.graph, &new.graph);
}

#[test]
fn from_swagger_to_openapi() {
    let (Some(old), Some(new)) =
        (read_official("gitlab-openapi-v2.yaml"), read_official("gitlab-openapi-v3.yaml"))
    else {
        return;
    };
    check("gitlab_v2", &old.graph, &new.graph);
    let diff = diff_graphs(&old.graph, &new.graph);
    assert!(diff_text(&diff).lines().count() < 80, "a report that nobody reads");
    let json = diff_json([&old.document.info, &new.document.info], &diff).expect("JSON");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["gone"].as_array().map(Vec::len), Some(diff.gone.len()));
    assert_eq!(json["changed"].as_array().map(Vec::len), Some(diff.changed.len()));
}

#[test]
fn a_document_is_as_itself() {
    let official = ["gitlab-openapi-2024.yaml", "gitlab-openapi-v2.yaml", "gitlab-openapi-v3.yaml"];
    let bundled = read_text(&Source::Bundled.read().expect("a text"));
    for read in official.into_iter().filter_map(read_official).chain([bundled]) {
        let diff = diff_graphs(&read.graph, &read.graph);
        assert!(diff.is_empty(), "{}: {}", read.document.info.origin, diff_text(&diff));
    }
}
