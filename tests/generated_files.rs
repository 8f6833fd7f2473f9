//! The files of a generated crate: they compile, stay short, and stay where they are.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests build pipelines and run none")]
mod scaffold;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use scaffold::{Pipeline, files_below, official};
use serde_json::{Value, json};

/// What `cargo` writes and no person reads, and the one file that has a line for each resource and each parameter.
const LONG: [&str; 2] = ["Cargo.lock", "config.toml"];

/// Every resource of GitLab's own documents, in one crate each.
#[test]
fn everything_compiles_without_a_warning() {
    for (spec, name) in
        [("gitlab-openapi-v3.yaml", "everything-v3"), ("gitlab-openapi-v2.yaml", "everything-v2")]
    {
        let Some(spec) = official(spec) else { continue };
        let folder = tempfile::tempdir().expect("a folder");
        let pipeline = everything(folder.path(), name, &spec);
        let is_read = |file: &&String| !LONG.contains(&file.as_str()) && !file.starts_with(".gitlab-init/");
        for file in files_below(&pipeline.folder).iter().filter(is_read) {
            let lines = read(&pipeline.folder, file).lines().count();
            assert!(lines <= 500, "{file} has {lines} lines");
        }
        pipeline.build().expect("a build without warnings");
    }
}

/// A line for each resource, and a line for each parameter: sections of their own would be twice as long.
#[test]
fn the_configuration_is_as_short_as_it_can_be() {
    let Some(spec) = official("gitlab-openapi-v3.yaml") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = everything(folder.path(), "everything", &spec);
    let text = read(&pipeline.folder, "config.toml");
    let config: toml_edit::DocumentMut = text.parse().expect("TOML");
    let resources = config["resources"].as_table().expect("a table");
    assert!(resources.len() > 600, "{} resources", resources.len());
    for (name, resource) in resources {
        assert!(resource["enabled"].is_bool(), "{name} is neither on nor off");
    }
    assert!(text.lines().count() < 4_000, "{} lines", text.lines().count());
}

/// As a default that is sent, or as a filter that could be set, and never as both.
#[test]
fn the_configuration_lists_each_parameter_once() {
    for name in ["gitlab-openapi-2024.yaml", "gitlab-openapi-v2.yaml", "gitlab-openapi-v3.yaml"] {
        let Some(spec) = official(name) else { return };
        let folder = tempfile::tempdir().expect("a folder");
        let text = read(&everything(folder.path(), "everything", &spec).folder, "config.toml");
        let mut section = "";
        let mut listed = BTreeSet::new();
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            } else if let Some((parameter, _)) = line.trim_start_matches("# ").split_once(" = ") {
                let is_one = section.contains(".query]") || section.contains(".params]");
                assert!(!is_one || listed.insert((section, parameter)), "{name}: {section} {parameter}");
            }
        }
        assert!(listed.len() >= 20, "{name}: {} parameters", listed.len());
    }
}

/// Where a resource stands depends on its path alone, unless its file grows too long.
#[test]
fn a_document_that_grows_moves_no_resource() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/gitlab.yaml");
    let document: Value = serde_yaml::from_str(&fs::read_to_string(spec).expect("a document")).expect("YAML");
    let grown = places(folder.path(), "grown", &document);
    for rest in 0..2 {
        let mut thinned = document.clone();
        let paths = thinned["paths"].as_object_mut().expect("paths");
        let gone: Vec<String> = paths.keys().skip(rest).step_by(2).cloned().collect();
        gone.iter().for_each(|path| drop(paths.remove(path)));
        let before = places(folder.path(), &format!("thinned-{rest}"), &thinned);
        assert!(before.len() > 100, "{} resources are left", before.len());
        // What the document leaves out and GitLab has is there for its children.
        let mut moved = 0;
        for (resource, file) in before {
            let now = grown.get(&resource).unwrap_or_else(|| panic!("{resource} is gone"));
            let is_spread =
                now.strip_prefix(file.trim_end_matches(".rs")).is_some_and(|rest| rest.starts_with('/'));
            assert!(*now == file || is_spread, "{resource} stood in {file} and stands in {now}");
            moved += usize::from(*now != file);
        }
        assert!(moved <= 4, "{moved} resources have moved");
    }
}

/// A part of an API that is too much for one file gets one for each resource, whatever its paths are.
#[test]
fn long_files_are_spread() {
    let folder = tempfile::tempdir().expect("a folder");
    let properties: serde_json::Map<String, Value> =
        (0..60).map(|number| (format!("field{number}"), json!({ "type": "string" }))).collect();
    let schema = json!({ "type": "array", "items": { "type": "object", "properties": properties } });
    let get = json!({ "get": { "responses": { "200": { "content": { "application/json": { "schema": schema } } } } } });
    let paths: serde_json::Map<String, Value> =
        (0..12).map(|number| (format!("/lamps/kind{number}"), get.clone())).collect();
    let paths =
        paths.into_iter().chain([("/lamps".to_owned(), get.clone()), ("/other".to_owned(), get.clone())]);
    let paths: serde_json::Map<String, Value> = paths.collect();
    let places = places(folder.path(), "spread", &json!({ "openapi": "3.0.0", "info": {}, "paths": paths }));
    assert_eq!(places.len(), 14);
    assert_eq!(places["lamps"], "lamps/lamps_itself.rs");
    assert_eq!(places["lamps_kind3"], "lamps/lamps_kind3.rs");
    assert_eq!(places["other"], "other.rs");
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let make = |name: &str| {
        let parent = folder.path().join(name);
        Pipeline::scaffold(&parent, "pipeline", &["--preset", "all"]).expect("a crate").folder
    };
    let (one, other) = (make("one"), make("other"));
    assert_eq!(files_below(&one), files_below(&other));
    for file in files_below(&one) {
        assert_eq!(read(&one, &file), read(&other, &file), "{file}");
    }
}

/// What holds tables and state is kept from run to run, and what the program needs comes along.
#[test]
fn what_runs_elsewhere_has_what_its_destination_needs() {
    for kind in ["sqlite", "duckdb"] {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Pipeline::scaffold(folder.path(), "elsewhere", &["--destination", kind]).expect("a crate");
        let ci: Value = serde_yaml::from_str(&read(&made.folder, ".gitlab-ci.yml")).expect("YAML");
        let file = json!(format!("gitlab.{kind}"));
        assert!(ci["load"]["artifacts"].is_null(), "who may see the project could download them");
        let caches = ci["load"]["cache"].as_array().expect("caches");
        assert!(caches.iter().any(|cache| cache["paths"] == json!([file])), "{caches:?}");
        let image = read(&made.folder, "Dockerfile");
        assert_eq!(image.contains("libduckdb.so"), kind == "duckdb", "{image}");
    }
}

fn everything(parent: &Path, name: &str, spec: &str) -> Pipeline {
    Pipeline::scaffold(parent, name, &["--spec", spec, "--preset", "all"]).expect("a crate")
}

/// The file in `src/resources` in which each resource stands.
fn places(parent: &Path, name: &str, document: &Value) -> BTreeMap<String, String> {
    let spec = parent.join(format!("{name}.json"));
    fs::write(&spec, document.to_string()).expect("a write");
    let folder = everything(parent, name, &spec.display().to_string()).folder.join("src/resources");
    let mut places = BTreeMap::new();
    for file in files_below(&folder) {
        let text = read(&folder, &file);
        let names = text.lines().filter_map(|line| line.strip_prefix("    name: \"")?.strip_suffix("\","));
        places.extend(names.map(|name| (name.to_owned(), file.clone())));
    }
    places
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).expect("a file")
}
