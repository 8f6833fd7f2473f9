//! What the command line says, word for word: `command_line/NAME.txt` holds a command, its exit code, and what it printed.
//! `UPDATE=1 cargo test -p gitlab-init-tests --test command_line` writes it anew, for review as a diff.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests run no pipeline")]
mod scaffold;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use scaffold::{gitlab_init, root};

/// A name, and the arguments: `CASE/x` is a document of `tests/cases`, `DIR` a new folder.
const SAID: [(&str, &str); 42] = [
    ("help", "--help"),
    ("help_new", "new --help"),
    ("help_update", "update --help"),
    ("help_diff", "diff --help"),
    ("help_inspect", "inspect --help"),
    ("help_explain", "explain --help"),
    ("explain", "explain project_dora_metrics"),
    ("explain_detail", "explain project_pipeline"),
    ("explain_scope", "explain project_badges --spec CASE/fed_by_the_scope"),
    ("explain_doubts", "explain repo_branches --spec CASE/feeders_of_the_right_type"),
    ("explain_needs", "explain project_hits --spec CASE/fan_out"),
    ("explain_faults", "explain a --spec CASE/names_that_cannot_be"),
    ("explain_unknown", "explain branches"),
    ("explain_path", "explain /projects/:id/protected_tags/:name"),
    ("explain_skipped", "explain /api/v4/projects/{id}/repository/files/{file_path}/raw"),
    ("explain_nothing", "explain /nothing"),
    ("inspect", "inspect --spec CASE/envelopes_by_structure"),
    ("inspect_overlay", "inspect --spec CASE/pages_in_any_spelling --format overlay"),
    ("inspect_dot", "inspect --spec CASE/fed_by_the_scope --format dot"),
    ("inspect_select", "inspect --select groups,project_*_tags"),
    ("inspect_tag", "inspect --select tag:security"),
    ("inspect_json", "inspect --spec CASE/fan_out --format json --select project_hits"),
    ("diff", "diff CASE/fed_by_the_scope CASE/fan_out --check"),
    ("diff_select", "diff CASE/fed_by_the_scope CASE/fan_out --select project_hits --format json"),
    ("diff_of_nothing", "diff --crate DIR"),
    ("no_document", "inspect --spec /nowhere/openapi.yaml"),
    ("no_overlay", "inspect --overlay /nowhere/overlay.yaml"),
    ("update_of_nothing", "update DIR"),
    ("near_miss", "new DIR --yes --select pipelines_extended"),
    ("near_miss_of_another_loader", "new DIR --yes --select mergerequests"),
    ("near_miss_of_a_tag", "new DIR --yes --select tag:isues"),
    ("misspelt", "new DIR --yes --select project_isues"),
    ("tag_taken_for_a_name", "new DIR --yes --select repository"),
    ("parent_excluded", "new DIR --yes --preset ci --exclude project_pipelines"),
    ("preset_of_another_document", "new DIR --yes --preset ci --spec CASE/envelopes_by_structure"),
    ("odd_group", "new DIR --yes --group https://gitlab.example/my-group"),
    ("odd_base_url", "new DIR --yes --base-url gitlab.example"),
    ("no_group", "new DIR --yes --group https://gitlab.com/groups"),
    ("secret_in_an_address", "new DIR --yes --base-url https://me:hidden@gitlab.example"),
    ("new", "new DIR --yes --group my-group --exclude project_events"),
    ("new_doubts", "new DIR --yes --preset all --spec CASE/pages_in_any_spelling"),
    ("all_that_can_run", "new DIR --yes --spec CASE/fed_by_the_scope"),
];

#[test]
fn every_word_is_as_reviewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut differing = Vec::new();
    for (name, arguments) in SAID {
        let dir = folder.path().join(name).join("pipeline");
        let said = said(arguments, &dir);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("command_line/{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &said).expect("a write");
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        if said != reviewed {
            differing.push(format!("{name} says\n{said}\nand not\n{reviewed}"));
        }
    }
    assert!(differing.is_empty(), "`UPDATE=1` writes what is said\n{}", differing.join("\n"));
}

fn said(arguments: &str, dir: &Path) -> String {
    let cases = root().join("tests/cases");
    let resolved = arguments.split_whitespace().map(|argument| match argument.strip_prefix("CASE/") {
        Some(case) => cases.join(case).join("document.yaml").display().to_string(),
        None if argument == "DIR" => dir.display().to_string(),
        None => argument.to_owned(),
    });
    let mut command = gitlab_init().expect("the generator");
    let output = command.args(resolved).env("COLUMNS", "100").output().expect("an exit");
    let plain = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).replace(&cases.display().to_string(), "CASE");
        text.replace(&dir.display().to_string(), "DIR")
    };
    let Output { status, stdout, stderr } = output;
    let code = status.code().unwrap_or(-1);
    format!("$ gitlab-init {arguments}\n{}{}[{code}]\n", plain(&stdout), plain(&stderr))
}

/// A folder that is there and empty is filled; one that holds something else is left alone, with `--force` as well.
#[test]
fn folders_are_filled_and_never_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let make = |dir: &str, args: &[&str], inside: &Path| {
        let mut command = gitlab_init().expect("the generator");
        command.args(["new", dir, "--yes", "--select", "projects"]).args(args);
        command.current_dir(inside).output().expect("an exit")
    };
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    assert!(make(".", &[], &empty).status.success());
    assert!(empty.join("src/main.rs").exists());

    let again = make("empty", &[], folder.path());
    assert_eq!(again.status.code(), Some(1), "a pipeline is not written over unasked");
    assert!(make("empty", &["--force"], folder.path()).status.success());

    let other = folder.path().join("other");
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("Cargo.toml"), "[package]").expect("a write");
    let refused = make("other", &["--force"], folder.path());
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(fs::read_to_string(other.join("Cargo.toml")).expect("a file"), "[package]");
}

#[test]
fn names_that_cargo_refuses_are_refused_before_anything_is_read() {
    for name in ["test", "Con", "fn", "1st", "gitlab-pipeline", "a b", "deps"] {
        let mut command = gitlab_init().expect("the generator");
        let output =
            command.args(["new", name, "--spec", "/nowhere/at/all.yaml", "--yes"]).output().expect("an exit");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains("cannot name a crate"), "{name}: {stderr}");
        assert!(!Path::new(name).exists());
    }
}

/// The examples that help gives, word for word. Files that they name are the bundled document and its overlay.
#[test]
fn the_examples_of_help_work() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(root().join("specs/gitlab.yaml"), folder.path().join("openapi.yaml")).expect("a copy");
    for name in ["older.yaml", "newer.yaml"] {
        fs::copy(root().join("specs/gitlab.yaml"), folder.path().join(name)).expect("a copy");
    }
    fs::copy(root().join("specs/gitlab.overlay.yaml"), folder.path().join("corrections.yaml"))
        .expect("a copy");
    let mut ran = 0;
    for command in ["", "new", "diff", "inspect", "explain"] {
        let words = command.split_whitespace().chain(["--help"]);
        let help = gitlab_init().expect("the generator").args(words).output().expect("an exit");
        let help = String::from_utf8(help.stdout).expect("text");
        let (_, examples) = help.split_once("Examples:\n").expect("examples");
        for example in examples.lines() {
            let line = example.trim().strip_prefix("gitlab-init ").expect("an example");
            // What a shell does with the output and with quotes.
            let line = line.split(['>', '|']).next().unwrap_or_default();
            let words = line.split_whitespace().map(|word| word.trim_matches('\''));
            if line.contains("--crate my-pipeline") {
                let mut made = gitlab_init().expect("the generator");
                made.args(["new", "my-pipeline", "--yes", "--select", "projects"]).current_dir(folder.path());
                assert!(made.output().expect("an exit").status.success());
            }
            let mut example = gitlab_init().expect("the generator");
            let output = example.args(words).current_dir(folder.path()).output().expect("an exit");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            // The next one may make the same folder.
            let _ = fs::remove_dir_all(folder.path().join("my-pipeline"));
            ran += 1;
        }
    }
    assert!(ran > 10, "{ran} examples");
}

/// What groups, projects and commas are given as comes out in the configuration as paths.
#[test]
fn what_people_paste_becomes_the_scope() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = gitlab_init().expect("the generator");
    let groups = "https://gitlab.com/groups/my/sub.group/-/issues,other";
    let projects = ["--project", "git@gitlab.com:a/b.git", "--project", "c%2Fd"];
    let args = ["new", "pipeline", "--yes", "--select", "projects,tag:issues", "--group", groups];
    let output = command.args(args).args(projects).current_dir(folder.path()).output().expect("an exit");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config = fs::read_to_string(folder.path().join("pipeline/config.toml")).expect("a file");
    let config: toml_edit::DocumentMut = config.parse().expect("TOML");
    let listed = |key: &str| {
        config["scope"][key]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("groups"), ["my/sub.group", "other"]);
    assert_eq!(listed("projects"), ["a/b", "c/d"]);
}

/// The manifest of a workspace says who is a member, with globs as cargo reads them, and stays as it is.
#[test]
fn a_workspace_has_the_members_that_it_names() {
    const MANIFEST: &str = "# Kept.\n[workspace] # so is this\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\
                            default-members = [\"crates/one\"]\nexclude = [\"crates/two\"]\n";
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(root.join("Cargo.toml"), MANIFEST).expect("a write");
    for (dir, is_member) in [("crates/one", true), ("crates/two", false), ("tools/three", false)] {
        let mut command = gitlab_init().expect("the generator");
        command.args(["new", dir, "--yes", "--select", "projects"]).current_dir(root);
        assert!(command.output().expect("an exit").status.success());
        let manifest = fs::read_to_string(root.join(dir).join("Cargo.toml")).expect("a file");
        assert_eq!(manifest.contains("[workspace]"), !is_member, "{dir}: {manifest}");
        // What a root alone decides would be a warning in a member.
        assert_eq!(manifest.contains("[profile"), !is_member, "{dir}: {manifest}");
        assert_eq!(root.join(dir).join("Cargo.lock").exists(), !is_member, "{dir}");
        let names = packages(&root.join(dir));
        let expected = if is_member { "one" } else { dir.rsplit('/').next().expect("a name") };
        assert_eq!(names, ["gitlab-pipeline", expected], "{dir}");
    }
    assert_eq!(packages(root), ["gitlab-pipeline", "one"]);
    assert_eq!(fs::read_to_string(root.join("Cargo.toml")).expect("a file"), MANIFEST);
}

/// The members of the workspace that a folder is in, by cargo's word.
fn packages(folder: &Path) -> Vec<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(folder);
    let output = cargo.output().expect("an exit");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.contains("warning"), "{stderr}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut names: Vec<String> =
        packages.iter().filter_map(|package| package["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}
