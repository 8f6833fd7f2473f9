//! Names stay: when a document grows, and when a crate has recorded them.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests build nothing")]
mod scaffold;

use std::collections::BTreeMap;

use gitlab_init::document::{Source, Text};
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use scaffold::official;
use serde_json::{Value, json};

/// A document without every path whose place in it leaves `rest` when divided by `by`.
fn thinned(document: &Value, by: usize, rest: usize) -> Text {
    let mut document = document.clone();
    let paths = document["paths"].as_object_mut().expect("paths");
    let gone: Vec<String> =
        paths.keys().enumerate().filter(|(at, _)| at % by == rest).map(|(_, path)| path.clone()).collect();
    gone.iter().for_each(|path| drop(paths.remove(path)));
    Text::new("thinned.json", document.to_string())
}

fn names(text: &Text, recorded: &RecordedNames) -> BTreeMap<String, String> {
    let graph = read(text, &[], recorded).expect("a document").graph;
    let resources = graph.resources.into_iter().filter(|resource| resource.is_declared);
    resources.map(|resource| (resource.path, resource.name)).collect()
}

/// The bundled document, and GitLab's own where they are at hand.
fn documents() -> Vec<Text> {
    let official = ["gitlab-openapi-v3.yaml", "gitlab-openapi-v2.yaml"].into_iter().filter_map(official);
    let official = official.map(|path| Source::File(path.into()).read().expect("a document"));
    [Source::Bundled.read().expect("the bundled document")].into_iter().chain(official).collect()
}

#[test]
fn a_new_endpoint_renames_no_old_one() {
    let none = RecordedNames::new();
    for text in documents() {
        let document: Value = serde_yaml::from_str(&text.body).expect("YAML");
        let grown = names(&text, &none);
        for (by, rest) in [(2, 0), (2, 1), (3, 1), (5, 0), (5, 1), (5, 2), (5, 3), (5, 4)] {
            let before = names(&thinned(&document, by, rest), &none);
            assert!(before.len() > 100, "{} endpoints are left", before.len());
            for (path, name) in before {
                assert_eq!(grown.get(&path), Some(&name), "{path} without the {rest} of {by}");
            }
        }
    }
}

#[test]
fn recorded_names_win_and_newcomers_give_way() {
    let answer = json!({ "200": { "description": "OK" } });
    let get = json!({ "get": { "summary": "List things", "responses": answer } });
    let document = json!({ "openapi": "3.0.0", "info": { "title": "Case", "version": "1" },
        "paths": { "/things": get, "/old": get, "/other": get } });
    let text = Text::new("case.json", document.to_string());
    let recorded =
        [("/old".to_owned(), "things".to_owned()), ("/other".to_owned(), "no name".to_owned())].into();
    let names = names(&text, &recorded);
    assert_eq!(names["/old"], "things", "as it was recorded");
    assert_eq!(names["/other"], "other", "what can be no name is not taken");
    assert!(
        names["/things"].starts_with("things_"),
        "{} does not take the name of another",
        names["/things"]
    );
}
