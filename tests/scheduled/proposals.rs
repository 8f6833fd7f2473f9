//! The job that proposes what a newer document brings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use gitlab_init::document::Source;
use serde_json::Value;

use super::gitlab::GitLab;
use super::make;

pub(crate) const TOKEN: &str = "glpat-not-to-be-seen";

/// The bundled document, without labels if that is wanted.
fn write_document(folder: &Path, has_labels: bool) -> String {
    let text = Source::Bundled.read().expect("the bundled document");
    let mut document: Value = serde_yaml::from_str(&text.body).expect("YAML");
    let paths = document["paths"].as_object_mut().expect("paths");
    paths.retain(|path, _| has_labels || !path.ends_with("/labels"));
    let path = folder.join("spec.json");
    fs::write(&path, document.to_string()).expect("a write");
    path.display().to_string()
}

fn start(folder: &Path, status: &'static str) -> (GitLab, PathBuf) {
    let pipeline = make(folder, &["--spec", &write_document(folder, false)]);
    (GitLab::start(folder, &pipeline, status), pipeline)
}

fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(!said.concat().contains(TOKEN), "the token is shown: {}", said.concat());
    said.concat()
}

/// The fields of a form.
fn fields(body: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let bytes = text.replace('+', " ");
        let mut decoded = Vec::new();
        let mut rest = bytes.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
            match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| *first == b'%') {
                Some(byte) => {
                    decoded.push(byte);
                    rest = &after[2..];
                }
                None => {
                    decoded.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8(decoded).expect("a text")
    };
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

#[test]
fn a_newer_document_becomes_a_merge_request_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gitlab, pipeline) = start(folder.path(), "201 Created");
    let quiet = gitlab.update();
    assert!(quiet.status.success(), "{}", said(&quiet));
    assert!(gitlab.branches().is_empty() && gitlab.requests.lock().expect("a list").is_empty());

    write_document(folder.path(), true);
    let proposed = gitlab.update();
    assert!(proposed.status.success(), "{}", said(&proposed));
    let branches = gitlab.branches();
    assert_eq!(branches.len(), 1, "{branches:?}");
    assert!(gitlab.file(&branches[0], "src/resources/projects/labels.rs").contains("project_labels"));
    {
        let requests = gitlab.requests.lock().expect("a list");
        let (head, body) = &requests[0];
        assert!(head.starts_with("POST /api/v4/projects/7/merge_requests HTTP"), "{head}");
        assert!(head.contains(TOKEN), "the API is asked by nobody");
        let fields = fields(body);
        assert_eq!(fields["source_branch"], branches[0]);
        assert_eq!(fields["target_branch"], "main");
        assert!(
            fields["description"].contains("### New\n\n- `group_labels`, `project_labels`\n"),
            "{fields:?}"
        );
    }
    // Also after other commits, as long as it is the same that is proposed.
    fs::write(pipeline.join("notes.md"), "mine\n").expect("a write");
    gitlab.commit(&pipeline, "Noted");
    let again = gitlab.update();
    assert!(again.status.success() && said(&again).contains("proposed already"), "{}", said(&again));
    assert_eq!(gitlab.branches(), branches);
    assert_eq!(gitlab.requests.lock().expect("a list").len(), 1);
}

#[test]
fn a_clash_is_proposed_with_its_marks_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gitlab, pipeline) = start(folder.path(), "201 Created");
    let path = pipeline.join("src/resources/projects/milestones.rs");
    let text = fs::read_to_string(&path).expect("a file");
    fs::write(&path, text.replace("Milestones of a project", "Goals of a project")).expect("a write");
    gitlab.commit(&pipeline, "Edited");
    let spec = folder.path().join("spec.json");
    let document = fs::read_to_string(&spec).expect("a file");
    fs::write(&spec, document.replace("Milestones of a project", "Aims of a project")).expect("a write");
    let proposed = gitlab.update();
    assert!(proposed.status.success(), "{}", said(&proposed));
    let branches = gitlab.branches();
    assert_eq!(branches.len(), 1, "{}", said(&proposed));
    assert!(gitlab.file(&branches[0], "src/resources/projects/milestones.rs").contains("<<<<<<< ours\n"));
    let requests = gitlab.requests.lock().expect("a list");
    let description = &fields(&requests[0].1)["description"];
    let named = "### Clashes\n\nTo be solved on this branch:\n\n- `src/resources/projects/milestones.rs`\n";
    assert!(description.ends_with(named), "{description}");
}

#[test]
fn without_its_merge_request_a_branch_does_not_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gitlab, _) = start(folder.path(), "403 Forbidden");
    write_document(folder.path(), true);
    let refused = gitlab.update();
    assert!(!refused.status.success(), "{}", said(&refused));
    assert!(gitlab.branches().is_empty());
    assert_eq!(gitlab.requests.lock().expect("a list").len(), 1);
}

/// What cannot be read is no reason to propose anything.
#[test]
fn a_document_that_is_gone_fails_the_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gitlab, _) = start(folder.path(), "201 Created");
    fs::remove_file(folder.path().join("spec.json")).expect("a file");
    let failed = gitlab.update();
    assert!(!failed.status.success() && said(&failed).contains("spec.json"), "{}", said(&failed));
    assert!(gitlab.branches().is_empty());
}
