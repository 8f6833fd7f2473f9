//! `generated-example` is what the generator makes of the bundled document, to the byte.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests build nothing")]
mod scaffold;

use std::fs;
use std::path::Path;

use gitlab_init::document::{Document, Source};
use gitlab_init::gitlab::Preset;
use gitlab_init::graph::{ResourceGraph, Selection};
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use gitlab_init::render::{Answers, Destination, File, FileKind, Runtime, render};
use scaffold::files_below;

const REFRESH: &str = "cargo example";

#[test]
fn the_example_is_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated-example");
    let rendered = rendered();
    for file in rendered.iter().filter(|file| file.kind != FileKind::Secret) {
        let on_disk = fs::read_to_string(folder.join(&file.path)).unwrap_or_default();
        assert!(
            on_disk == file.body,
            "generated-example/{} is stale; refresh it with `{REFRESH}`",
            file.path
        );
    }
    let is_known = |path: &String| is_left_behind(path) || rendered.iter().any(|file| file.path == *path);
    let stray = files_below(&folder).into_iter().find(|path| !is_known(path));
    assert_eq!(stray, None, "nothing renders this file any more; delete it and run `{REFRESH}`");
}

#[test]
fn the_example_goes_three_levels_deep() {
    let graph = core();
    for (child, parents) in [
        ("pipeline_jobs", ["project_pipelines", "projects"]),
        ("merge_request_notes", ["project_merge_requests", "projects"]),
    ] {
        let mut name = child;
        for parent in parents {
            name = graph.get(name).and_then(|resource| resource.parent()).expect("a parent");
            assert_eq!(name, parent, "above {child}");
        }
    }
}

fn core() -> ResourceGraph {
    let text = Source::Bundled.read().expect("the bundled document");
    let graph = read(&text, &[], &RecordedNames::new()).expect("an OpenAPI document").graph;
    graph.select(&Selection { preset: Some(Preset::Core), ..Selection::default() }).expect("the core preset")
}

fn rendered() -> Vec<File> {
    let text = Source::Bundled.read().expect("the bundled document");
    let document = Document::parse(&text, &[]).expect("an OpenAPI document");
    let answers = Answers {
        name: "generated-example".into(),
        spec: None,
        spec_title: document.info.title.clone(),
        spec_sha256: document.info.sha256.clone(),
        preset: Some(Preset::Core),
        select: vec![],
        exclude: vec![],
        destination: Destination::default(),
        base_url: "https://gitlab.com".into(),
        groups: vec![],
        projects: vec![],
        runtime: Runtime::Shared("../templates/runtime".into()),
        workspace_member: true,
    };
    render(&answers, &core()).expect("a crate")
}

/// Whether a run or an editor leaves such a file behind.
fn is_left_behind(path: &str) -> bool {
    path == "secrets.toml" || path.starts_with("target/") || path.contains(".sqlite")
}
