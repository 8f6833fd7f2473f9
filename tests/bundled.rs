//! The bundled document, one line per resource, so that a change of the document or of a rule is reviewed as a diff of
//! `bundled.txt`. `UPDATE=1 cargo test -p gitlab-init-tests --test bundled` writes it anew.
#![allow(clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use gitlab_init::document::Source;
use gitlab_init::graph::{Resource, ResourceGraph};
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;

#[test]
fn the_bundled_document_comes_out_as_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("bundled.txt");
    let actual = lines(&graph());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &actual).expect("a write");
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let differing = actual.lines().zip(reviewed.lines()).find(|(actual, reviewed)| actual != reviewed);
    assert_eq!(differing, None, "left is inferred, right is reviewed; `UPDATE=1` writes what is inferred");
    assert_eq!(actual.lines().count(), reviewed.lines().count(), "`UPDATE=1` writes what is inferred");
}

fn graph() -> ResourceGraph {
    let text = Source::Bundled.read().expect("a document");
    let read = read(&text, &[], &RecordedNames::new()).expect("an OpenAPI document");
    assert!(read.document.info.version == "v4", "the bundled document has a version");
    let unread = read.graph.skipped.iter().find(|skipped| skipped.reason.contains("cannot be read"));
    assert_eq!(unread, None, "each operation of the bundled document can be read");
    read.graph
}

fn lines(graph: &ResourceGraph) -> String {
    let resources = graph.resources.iter().map(line);
    let skipped = graph.skipped.iter().map(|skipped| format!("skipped {}: {}", skipped.path, skipped.shape));
    let mut lines = resources.chain(skipped).collect::<Vec<_>>().join("\n");
    lines.push('\n');
    lines
}

fn line(resource: &Resource) -> String {
    let params = resource.params.iter().map(|param| match &param.source.value {
        Some(source) => format!("{}={}.{}", param.name, source.resource, source.field),
        None => format!("{}=?", param.name),
    });
    let incremental =
        resource.incremental.value.as_ref().map_or("-", |incremental| incremental.param.as_str());
    let wide: Vec<&str> = resource.wide.value.iter().map(|wide| wide.request_path.as_str()).collect();
    format!(
        "{} {} [{}] {} key({}) {} {} {}{}{}{}",
        resource.name,
        resource.request_path,
        params.collect::<Vec<_>>().join(" "),
        resource.shape.value.name(),
        resource.primary_key.join(","),
        resource.pagination.value.name(),
        incremental,
        resource.status(),
        resource.fan_out.as_ref().map(|fan_out| format!(" each {}", fan_out.param)).unwrap_or_default(),
        if wide.is_empty() { String::new() } else { format!(" or {}", wide.join(", ")) },
        if resource.default.value { " core" } else { "" },
    )
}

/// Pages for people who come from something else say which resource is what they had.
#[test]
fn what_pages_call_a_resource_is_one() {
    let graph = graph();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for page in ["from-airbyte-and-estuary.md", "from-dx.md"] {
        let text = fs::read_to_string(docs.join(page)).expect("a page");
        let rows = text.lines().skip_while(|line| !line.contains("| resource |"));
        let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
        let named: Vec<&str> = rows.flat_map(|row| row.split(" | ").nth(1)).collect();
        let names: Vec<&str> = named.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        assert!(names.len() >= 4, "{page} has a table of resources");
        for name in names {
            assert!(graph.resources.iter().any(|resource| resource.name == name), "{page} names `{name}`");
        }
    }
}
