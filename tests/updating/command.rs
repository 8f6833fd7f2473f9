//! What it does, says and refuses.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{files, gitlab_init, replace, said, thinned};

fn make(folder: &Path, arguments: &[&str]) -> std::path::PathBuf {
    let made = gitlab_init(folder, &[&["new", "pipeline", "--yes"], arguments].concat());
    assert!(made.status.success(), "{}", said(&made));
    folder.join("pipeline")
}

#[test]
fn what_nobody_changed_is_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--group", "my-group", "--preset", "ci"]);
    let before = files(&pipeline);
    for arguments in [&["update"][..], &["update", "--check"], &["update", "--dry-run"]] {
        let output = gitlab_init(&pipeline, arguments);
        assert!(output.status.success(), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
    assert_eq!(files(&pipeline), before);
}

/// A document with a source of its own, an overlay beside it, and paths from the crate in what it remembers.
#[test]
fn a_newer_document_is_found_where_the_old_one_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = thinned(folder.path(), "spec.json", |_, path| path.ends_with("/labels"));
    let overlay = "overlay: 1.0.0\ninfo: { title: Own, version: '1' }\nactions:\n- target: $.paths['/api/v4/projects/{id}/milestones']\n  update: { x-gitlab-init: { name: goals } }\n";
    fs::write(folder.path().join("own.yaml"), overlay).expect("a write");
    let pipeline = make(folder.path(), &["--spec", "spec.json", "--overlay", "own.yaml"]);
    let remembered = fs::read_to_string(pipeline.join(".gitlab-init/answers.toml")).expect("a file");
    assert!(
        remembered.contains("path = \"../spec.json\"") && remembered.contains("../own.yaml"),
        "{remembered}"
    );
    assert!(!remembered.contains(&folder.path().display().to_string()), "{remembered}");
    fs::remove_file(folder.path().join("own.yaml")).expect("a file");
    assert_eq!(thinned(folder.path(), "spec.json", |_, path| path.ends_with("/tags")), spec);

    let check = gitlab_init(&pipeline, &["update", "--check"]);
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    assert!(said(&check).contains("hint: `gitlab-init update`"), "{}", said(&check));
    let dry = gitlab_init(&pipeline, &["update", "--dry-run"]);
    let diff = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(dry.status.success() && diff.contains("+++ b/src/resources/projects/labels.rs"), "{diff}");
    let update = gitlab_init(&pipeline, &["update"]);
    assert!(update.status.success(), "{}", said(&update));
    let text = said(&update);
    assert!(text.contains("new\n  `group_labels`, `project_labels`\n"), "{text}");
    assert!(text.contains("left the document, and are kept, off: `project_tags`"), "{text}");
    assert!(text.contains("gone: their rows stay, and no run changes them any more"), "{text}");
    let source = fs::read_to_string(pipeline.join("src/resources/projects/milestones.rs")).expect("a file");
    assert!(source.contains("\"goals\""), "the overlay is forgotten");
    assert!(gitlab_init(&pipeline, &["update", "--check"]).status.success());
}

#[test]
fn resources_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--select", "project_issues"]);
    let update = gitlab_init(&pipeline, &["update", "--add", "issue_notes,project_labels"]);
    assert!(update.status.success() && said(&update).contains("issue_notes"), "{}", said(&update));
    let refused = gitlab_init(&pipeline, &["update", "--remove", "project_issues"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("issue_notes"), "{}", said(&refused));
    replace(
        &pipeline,
        "config.toml",
        "[resources.project_issues.query]",
        "[resources.project_issues.query]\nlabels = \"bug\"",
    );
    let update = gitlab_init(&pipeline, &["update", "--remove", "issue_notes,project_issues"]);
    assert!(update.status.success(), "{}", said(&update));
    assert!(said(&update).contains("their rows stay"), "{}", said(&update));
    let config = fs::read_to_string(pipeline.join("config.toml")).expect("a file");
    assert!(
        config.contains("# labels = \"bug\"") && !config.contains("\n[resources.project_issues"),
        "{config}"
    );
    assert!(!pipeline.join("src/resources/projects/issues.rs").exists());
    let unknown = gitlab_init(&pipeline, &["update", "--add", "project_isues"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("did you mean `project_issue"), "{}", said(&unknown));
}

/// `new --force` gives other choices to a pipeline, and keeps edits as well.
#[test]
fn choosing_again_keeps_edits() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--preset", "core"]);
    replace(&pipeline, "config.toml", "concurrency = 6", "concurrency = 2");
    replace(&pipeline, "src/resources/projects.rs", "name: \"projects\"", "name: \"projects\" /* mine */");
    fs::write(pipeline.join("src/hooks.rs"), "// mine\n").expect("a write");
    let output = gitlab_init(
        folder.path(),
        &["new", "pipeline", "--yes", "--force", "--preset", "ci", "--group", "g"],
    );
    assert!(output.status.success(), "{}", said(&output));
    let text = |path: &str| fs::read_to_string(pipeline.join(path)).expect("a file");
    assert!(
        text("config.toml").contains("concurrency = 2") && text("config.toml").contains("groups = [\"g\"]")
    );
    assert!(text("src/resources/projects.rs").contains("/* mine */"));
    assert_eq!(text("src/hooks.rs"), "// mine\n");
    assert!(
        text("src/resources/projects.rs").contains("pipelines")
            && !pipeline.join("src/resources/groups/epics.rs").exists()
    );
}

#[test]
fn clashes_are_marked_listed_and_in_the_way_of_the_next_update() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--spec", &thinned(folder.path(), "spec.json", |_, _| false)]);
    let text = fs::read_to_string(folder.path().join("spec.json")).expect("a file");
    fs::write(
        folder.path().join("spec.json"),
        text.replace("Labels usable in a project", "What marks issues"),
    )
    .expect("a write");
    replace(&pipeline, "src/resources/projects/labels.rs", "Labels usable in a project", "Our labels");
    let update = gitlab_init(&pipeline, &["update"]);
    assert_eq!(update.status.code(), Some(1));
    assert!(
        said(&update).contains("conflict src/resources/projects/labels.rs: in 1 place"),
        "{}",
        said(&update)
    );
    assert!(said(&update).contains("<<<<<<< ours"), "{}", said(&update));
    let marked = fs::read_to_string(pipeline.join("src/resources/projects/labels.rs")).expect("a file");
    assert!(
        marked.contains("<<<<<<< ours\n/// Our labels.\n=======\n/// What marks issues.\n>>>>>>> theirs\n"),
        "{marked}"
    );
    let before = files(&pipeline);
    let again = gitlab_init(&pipeline, &["update", "--add", "group_epics"]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert_eq!(files(&pipeline), before);
    let solved =
        marked.replace("<<<<<<< ours\n", "").replace("=======\n/// What marks issues.\n>>>>>>> theirs\n", "");
    fs::write(pipeline.join("src/resources/projects/labels.rs"), solved).expect("a write");
    assert!(gitlab_init(&pipeline, &["update", "--check"]).status.success());
}

#[test]
fn uncommitted_changes_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--select", "projects"]);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
        let mut command = Command::new("git");
        let status =
            command.args(identity).args(arguments).current_dir(&pipeline).output().expect("git").status;
        assert!(status.success(), "git {arguments:?}");
    };
    git(&["init", "--quiet"]);
    let add = ["update", "--add", "project_labels"];
    let refused = gitlab_init(&pipeline, &add);
    assert!(said(&refused).contains("not committed"), "{}", said(&refused));
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "Made"]);
    fs::write(pipeline.join("notes.md"), "mine\n").expect("a write");
    assert!(
        gitlab_init(&pipeline, &add).status.success(),
        "an untracked file of the user's is in nobody's way"
    );
    let before = files(&pipeline);
    let refused = gitlab_init(&pipeline, &["update", "--add", "project_tags"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("`--force`"), "{}", said(&refused));
    assert_eq!(files(&pipeline), before);
    assert!(gitlab_init(&pipeline, &["update", "--add", "project_tags", "--force"]).status.success());
}

/// A patch of the engine stays when the engine changes around it, and a file that is not patched is exchanged.
#[test]
fn a_patched_runtime_is_merged() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--select", "projects"]);
    // As if an older release had written it.
    for path in ["runtime/src/lib.rs", ".gitlab-init/pristine/runtime/src/lib.rs"] {
        replace(&pipeline, path, "\n", "\n// A line of an older release.\n");
    }
    let own = fs::read_to_string(pipeline.join("runtime/src/lib.rs")).expect("a file") + "// mine\n";
    fs::write(pipeline.join("runtime/src/lib.rs"), own).expect("a write");
    fs::write(pipeline.join("runtime/src/gone.rs"), "// older\n").expect("a write");
    fs::write(pipeline.join(".gitlab-init/pristine/runtime/src/gone.rs"), "// older\n").expect("a write");
    let update = gitlab_init(&pipeline, &["update"]);
    assert!(update.status.success(), "{}", said(&update));
    let merged = fs::read_to_string(pipeline.join("runtime/src/lib.rs")).expect("a file");
    assert!(merged.ends_with("// mine\n") && !merged.contains("older release"), "{merged}");
    assert!(!pipeline.join("runtime/src/gone.rs").exists());
}

/// An engine that several pipelines share changes when somebody says so, and nothing beside it does.
#[test]
fn a_shared_engine_is_exchanged_when_it_is_wished() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--select", "projects", "--runtime", "engine"]);
    let engine = folder.path().join("engine");
    let made = files(&engine);
    assert!(gitlab_init(&pipeline, &["update", "--engine", "--check"]).status.success());
    replace(&engine, "src/lib.rs", "\n", "\n// A line of an older release.\n");
    fs::write(engine.join("notes.md"), "ours\n").expect("a write");
    let old = files(&engine);

    let told = gitlab_init(&pipeline, &["update"]);
    assert!(told.status.success() && said(&told).contains("`--engine` exchanges it"), "{}", said(&told));
    assert!(gitlab_init(&pipeline, &["update", "--check"]).status.success(), "the pipeline is up to date");
    let check = gitlab_init(&pipeline, &["update", "--engine", "--check"]);
    assert!(check.status.code() == Some(1) && said(&check).contains("change 1 file\n"), "{}", said(&check));
    let dry = gitlab_init(&pipeline, &["update", "--engine", "--dry-run"]);
    assert!(String::from_utf8_lossy(&dry.stdout).contains("-// A line of an older release."));
    assert_eq!(files(&engine), old);

    let exchanged = gitlab_init(&pipeline, &["update", "--engine"]);
    assert!(exchanged.status.success() && said(&exchanged).contains("`src/lib.rs`"), "{}", said(&exchanged));
    fs::remove_file(engine.join("notes.md")).expect("what stood beside it");
    assert_eq!(files(&engine), made);
    assert!(!engine.join(".gitlab-init").exists());
}

#[test]
fn what_is_no_pipeline_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Cargo.toml"), "[package]\n").expect("a write");
    let refused = gitlab_init(folder.path(), &["update"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("no pipeline of `gitlab-init`"), "{}", said(&refused));
}

#[test]
fn what_a_newer_release_wrote_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--select", "projects"]);
    let answers = pipeline.join(".gitlab-init/answers.toml");
    let text = fs::read_to_string(&answers).expect("a file");
    fs::write(&answers, text.replace("format = 1", "format = 2")).expect("a write");
    let newer = gitlab_init(&pipeline, &["update"]);
    assert!(said(&newer).contains("format 2"), "{}", said(&newer));
}
