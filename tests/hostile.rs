//! Nothing in a document is code, configuration, or a command to a terminal.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "this test builds a pipeline and runs none")]
mod scaffold;

use std::fs;
use std::process::Output;

use scaffold::{Pipeline, files_below, gitlab_init};
use serde_json::{Map, Value, json};

/// Quotes, braces, parent folders, keywords, SQL, terminal escapes, comments, names of other crates.
const HOSTILE: [&str; 19] = [
    "x\"); std::process::exit(9); (\"",
    "}}; fn main() { panic!() } mod m {{",
    "../../../../escape",
    "fn",
    "self",
    "mod",
    "all",
    "std",
    "gitlab_pipeline",
    "x'; DROP TABLE projects; --",
    "\u{1b}[31mred\u{1b}[0m",
    "*/ compile_error!(\"out of a comment\") /*",
    "line\nbreak = true\n[scope]\ngroups = [\"stolen\"]",
    "{{ answers.name }}{% include 'secrets.toml' %}",
    "\u{202e}right to left",
    "%2e%2e%2fescape",
    "$(touch /tmp/owned)",
    "r#\"raw\"#",
    "x\n[gitlab.oauth]\nclient_id = \"stolen\"",
];

#[test]
fn hostile_names_are_only_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = folder.path().join("hostile.json");
    fs::write(&spec, hostile_document().to_string()).expect("a write");
    let args = ["--preset", "all", "--spec", spec.to_str().expect("a path")];
    let pipeline = Pipeline::scaffold(folder.path(), "hostile", &args).expect("a crate");
    pipeline.build().expect("a build without warnings");
    let entries = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(entries, 2, "something was written outside of the crate");
    let config = fs::read_to_string(pipeline.folder.join("config.toml")).expect("a file");
    let config: toml_edit::DocumentMut = config.parse().expect("TOML");
    let groups = config["scope"]["groups"].as_array().map(toml_edit::Array::len);
    assert_eq!(groups, Some(0), "a name became configuration");
    assert!(config["gitlab"].get("oauth").is_none(), "a name became configuration");
    let is_engine = |file: &&String| file.starts_with("runtime/") || file.contains("/pristine/runtime/");
    for file in files_below(&pipeline.folder).iter().filter(|file| !is_engine(file)) {
        let text = fs::read_to_string(pipeline.folder.join(file)).expect("a file");
        assert!(!controls(&text), "{file} has control characters");
    }
}

#[test]
fn no_command_lets_a_document_steer_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = folder.path().join("hostile.json");
    fs::write(&spec, hostile_document().to_string()).expect("a write");
    let spec = spec.to_str().expect("a path");
    for format in ["table", "json", "overlay", "dot"] {
        check(&run(&["inspect", "--spec", spec, "--format", format]), format);
    }
    let output = run(&["inspect", "--spec", spec, "--format", "json"]);
    let inspection: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let resources = inspection["resources"].as_array().expect("resources");
    assert!(resources.len() > HOSTILE.len(), "{} resources", resources.len());
    for resource in resources.iter().flat_map(|resource| [&resource["name"], &resource["path"]]) {
        let resource = resource.as_str().expect("a name");
        check(&run(&["explain", resource, "--spec", spec]), resource);
    }
    let dir = folder.path().join("pipeline");
    let dir = dir.to_str().expect("a path");
    check(&run(&["new", dir, "--yes", "--preset", "all", "--spec", spec]), "new");
    let near = run(&["explain", "red", "--spec", spec]);
    assert_eq!(near.status.code(), Some(2));
    assert!(!controls(&String::from_utf8_lossy(&near.stderr)));
}

/// What `--format overlay` prints of a hostile document is an overlay, and changes nothing that it does not name.
#[test]
fn doubts_about_a_hostile_document_can_be_given_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = folder.path().join("hostile.json");
    fs::write(&spec, hostile_document().to_string()).expect("a write");
    let spec = spec.to_str().expect("a path");
    let overlay = folder.path().join("overlay.yaml");
    fs::write(&overlay, run(&["inspect", "--spec", spec, "--format", "overlay"]).stdout).expect("a write");
    let output = run(&["inspect", "--spec", spec, "--overlay", overlay.to_str().expect("a path")]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("matches nothing"), "{stderr}");
}

fn run(arguments: &[&str]) -> Output {
    gitlab_init().expect("the generator").args(arguments).output().expect("an exit")
}

fn check(output: &Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    for printed in [&output.stdout, &output.stderr] {
        assert!(!controls(&String::from_utf8_lossy(printed)), "{what} prints control characters");
    }
}

/// Whether a text could steer a terminal, or look like another one.
fn controls(text: &str) -> bool {
    let steers = |letter: char| letter.is_control() && letter != '\n';
    let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().any(|letter| steers(letter) || turns(letter))
}

/// Each hostile text as a path segment, a placeholder, a property, a query parameter, a summary, a tag and a value.
fn hostile_document() -> Value {
    let long = "very_long_".repeat(1_000);
    let mut paths = Map::new();
    for text in HOSTILE.into_iter().chain([long.as_str()]) {
        let segment = text.replace('/', "~");
        let operation = json!({
            "operationId": text, "summary": text, "description": text, "tags": [text],
            "parameters": [
                { "name": text, "in": "query", "description": text, "schema": { "type": "string", "enum": [text] } },
                { "name": "page", "in": "query", "schema": { "type": "integer" } },
                { "name": "per_page", "in": "query", "schema": { "type": "integer" } },
            ],
            "responses": { "200": { "description": text, "content": { "application/json": { "schema": {
                "type": "array", "items": { "type": "object", "properties": {
                    "id": { "type": "integer" }, text: { "type": "string" },
                    "nested": { "type": "object", "properties": { text: { "type": "integer" } } },
                } },
            } } } } },
        });
        paths.insert(format!("/api/v4/{segment}"), json!({ "get": operation }));
        let name = segment.replace(['{', '}'], "");
        paths.insert(format!("/api/v4/{segment}/{{{name}}}/below"), json!({ "get": operation }));
    }
    json!({ "openapi": "3.0.0", "info": { "title": HOSTILE[0], "version": HOSTILE[12] }, "paths": paths })
}
