//! `generated-example` is what the generator makes of the bundled document, to the byte.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod example;

use std::fs;

use example::{core, files_below, folder, rendered};

const REFRESH: &str = "cargo example";

#[test]
fn the_example_is_fresh() {
    let (folder, rendered) = (folder(), rendered());
    for file in &rendered {
        let on_disk = fs::read_to_string(folder.join(&file.path)).unwrap_or_default();
        assert!(
            on_disk == file.body,
            "generated-example/{} is stale; refresh it with `{REFRESH}`",
            file.path
        );
    }
    let is_known = |path: &String| rendered.iter().any(|file| file.path == *path);
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
