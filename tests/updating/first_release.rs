//! A crate of the first release, which kept little: what nobody can know is left alone, never written over.

use std::fs;
use std::path::{Path, PathBuf};

use gitlab_init::document::Source;

use super::{files, gitlab_init, replace, said};

/// A crate as the first release left it: without copies, names and most of the choices.
fn make(folder: &Path) -> PathBuf {
    let made =
        gitlab_init(folder, &["new", "pipeline", "--yes", "--select", "issue_notes", "--group", "my-group"]);
    assert!(made.status.success(), "{}", said(&made));
    let pipeline = folder.join("pipeline");
    fs::remove_dir_all(pipeline.join(".gitlab-init")).expect("a folder");
    let answers = "name = \"pipeline\"\nselect = [\"issue_notes\"]\nexclude = []\ndestination = \"sqlite\"\n\n[spec]\ntitle = \"GitLab REST API\"\nsha256 = \"00\"\n";
    fs::create_dir(pipeline.join(".gitlab-init")).expect("a folder");
    fs::write(pipeline.join(".gitlab-init/answers.toml"), answers).expect("a write");
    pipeline
}

#[test]
fn an_edited_crate_keeps_its_edits_and_gets_what_is_surely_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path());
    replace(&pipeline, "config.toml", "concurrency = 6", "concurrency = 2");
    replace(&pipeline, "src/resources/projects/issues.rs", "/// Issues of a project.", "/// Ours.");
    replace(&pipeline, "runtime/src/lib.rs", "\n", "\n// Patched.\n");
    replace(&pipeline, "README.md", "# pipeline", "# Our pipeline");
    let before = files(&pipeline);
    let update = gitlab_init(&pipeline, &["update", "--add", "project_labels"]);
    assert!(update.status.success(), "{}", said(&update));
    let told = said(&update);
    assert!(told.contains("nobody knows what was written there") && told.contains("--take"), "{told}");
    let text = |path: &str| fs::read_to_string(pipeline.join(path)).expect("a file");
    for path in [
        "src/resources/projects/issues.rs",
        "runtime/src/lib.rs",
        "README.md",
        "src/hooks.rs",
        "secrets.toml",
    ] {
        let old = before.iter().find(|(known, _)| known == path).map(|(_, text)| text.as_str());
        assert_eq!(Some(text(path).as_str()), old, "{path} was touched");
    }
    let config = text("config.toml");
    assert!(config.contains("concurrency = 2") && config.contains("groups = [\"my-group\"]"), "{config}");
    let again = gitlab_init(&pipeline, &["update"]);
    assert!(said(&again).contains("is up to date"), "{}", said(&again));

    let take = gitlab_init(&pipeline, &["update", "--take", "src/resources"]);
    assert!(take.status.success(), "{}", said(&take));
    assert!(text("src/resources/projects/issues.rs").contains("/// Issues of a project."));
    assert!(pipeline.join("src/resources/projects/labels.rs").exists());
    assert!(text("runtime/src/lib.rs").contains("// Patched."), "only what was named is taken");
}

#[test]
fn an_untouched_crate_is_up_to_date_and_remembers_from_now_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path());
    let before = files(&pipeline);
    let update = gitlab_init(&pipeline, &["update"]);
    assert!(update.status.success(), "{}", said(&update));
    let own = |files: Vec<(String, String)>| {
        files.into_iter().filter(|(path, _)| !path.starts_with(".gitlab-init/")).collect::<Vec<_>>()
    };
    assert_eq!(own(files(&pipeline)), own(before));
    replace(&pipeline, "src/resources/projects/issues.rs", "/// Issues of a project.", "/// Ours.");
    let update = gitlab_init(&pipeline, &["update", "--add", "project_labels"]);
    assert!(update.status.success(), "{}", said(&update));
    assert!(pipeline.join("src/resources/projects/labels.rs").exists());
}

/// It wrote down what its document is called, and not where it came from: another one is never taken for it.
#[test]
fn a_document_that_nobody_can_find_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path());
    replace(&pipeline, ".gitlab-init/answers.toml", "GitLab REST API", "GitLab of ours");
    let before = files(&pipeline);
    let refused = gitlab_init(&pipeline, &["update"]);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(
        said(&refused).contains("\"GitLab of ours\"") && said(&refused).contains("`--spec`"),
        "{}",
        said(&refused)
    );
    assert_eq!(files(&pipeline), before);
    fs::write(folder.path().join("ours.yaml"), Source::Bundled.read().expect("a text").body)
        .expect("a write");
    let update = gitlab_init(&pipeline, &["update", "--spec", "../ours.yaml"]);
    assert!(update.status.success(), "{}", said(&update));
    let answers = fs::read_to_string(pipeline.join(".gitlab-init/answers.toml")).expect("a file");
    assert!(answers.contains("path = \"../ours.yaml\""), "{answers}");
}
