//! One small document per rule of inference: `cases/<rule>/document.yaml` and what `inspect --format json` must say of
//! it, as far as `expected.json` names it.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use gitlab_init::document::{Source, Text};
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use gitlab_init::report::inspect_json;
use serde_json::Value;

const LONGEST_DOCUMENT: usize = 60;

#[test]
fn every_case_comes_out_as_expected() {
    let cases = cases();
    assert!(cases.len() >= 50, "only {} cases were found", cases.len());
    let mut faults = Vec::new();
    for case in cases {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let text = Source::File(case.join("document.yaml")).read().expect("a document");
        assert!(
            text.body.lines().count() <= LONGEST_DOCUMENT,
            "{name}: a case is at most {LONGEST_DOCUMENT} lines long"
        );
        let says = |line: Option<&str>| line.is_some_and(|line| line.starts_with("# "));
        let (first, last) = (text.body.lines().next(), text.body.lines().next_back());
        assert!(says(first) || says(last), "{name}: no line says which rule the case shows");
        let overlay = fs::read_to_string(case.join("overlay.yaml")).ok();
        let overlay = overlay.map(|body| Text::new("overlay.yaml", body));
        let read = read(&text, overlay.as_slice(), &RecordedNames::new()).expect("an OpenAPI document");
        let json = inspect_json(&read.document.info, &read.document.auth(), &read.graph).expect("JSON");
        let actual: Value = serde_json::from_str(&json).expect("JSON");
        let expected = fs::read_to_string(case.join("expected.json")).expect("what is expected");
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        faults.extend(differences(&expected, &actual).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// `expected` names resources and skipped endpoints by path, and of each the facts that the case is about.
fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compared = 0;
    for kind in ["resources", "skipped"] {
        for (path, facts) in expected[kind].as_object().into_iter().flatten() {
            let Some(row) =
                actual[kind].as_array().and_then(|rows| rows.iter().find(|row| row["path"] == **path))
            else {
                differences.push(format!("{path} is not among the {kind}"));
                continue;
            };
            for (fact, value) in facts.as_object().expect("facts") {
                compared += 1;
                let actual = match fact.strip_prefix("reasons.") {
                    Some(reason) => &row["reasons"][reason],
                    None => &row[fact],
                };
                if actual != value {
                    differences
                        .push(format!("`{fact}` of {path} is {actual}, not {value}; {}", row["reasons"]));
                }
            }
        }
    }
    assert!(compared > 0 || !differences.is_empty(), "a case expects nothing");
    differences
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let entries = fs::read_dir(folder).expect("a folder of cases");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}
