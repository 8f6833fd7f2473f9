//! What a crate brings for running it: `.gitlab-ci.yml` is what GitLab's published schema asks for, its scripts do what
//! they are for, the Dockerfile is as a linter wants it, and so is what `--deploy` adds.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod engines;
mod gitlab;
mod proposals;
#[allow(dead_code, reason = "these tests run no pipeline")]
#[path = "../scaffold/mod.rs"]
mod scaffold;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gitlab_init::render::Destination;
use serde_json::Value;
use test_servers::{installed, program};

/// A linter, installed by `.ci/servers`.
fn linter(name: &str) -> Command {
    Command::new(program(name, &[installed("linters").join("bin")]))
}

fn make(parent: &Path, arguments: &[&str]) -> PathBuf {
    scaffold::Pipeline::scaffold(parent, "pipeline", arguments).expect("a crate").folder
}

/// The jobs of a crate.
fn jobs(folder: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(folder.join(".gitlab-ci.yml")).expect("a file")).expect("YAML")
}

/// What a job runs, as GitLab's runner does: one script.
fn script(jobs: &Value, job: &str) -> String {
    let lines = jobs[job]["script"].as_array().expect("a script");
    lines.iter().map(|line| line.as_str().expect("a text")).collect::<Vec<_>>().join("\n")
}

fn passes(command: &mut Command) {
    let output = command.output().expect("an exit");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{command:?}\n{}", said.concat());
}

/// With each destination, with the engine elsewhere, and with an address of one's own.
#[test]
fn what_runs_it_is_as_others_want_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<&str> = Destination::all().map(Destination::name).collect();
    let kinds = names.iter().map(|name| vec!["--destination", name]);
    let engine = folder.path().join("engine folder").display().to_string();
    let others = [vec!["--base-url", "https://gitlab.example"], vec!["--runtime", &engine]];
    for (at, arguments) in kinds.chain(others).enumerate() {
        let parent = folder.path().join(at.to_string());
        let pipeline = make(&parent, &[&["--select", "projects"], arguments.as_slice()].concat());
        passes(
            linter("check-jsonschema")
                .args(["--builtin-schema", "vendor.gitlab-ci"])
                .arg(pipeline.join(".gitlab-ci.yml")),
        );
        passes(linter("hadolint").arg(pipeline.join("Dockerfile")));
        let jobs = jobs(&pipeline);
        for job in ["load", "update"] {
            let file = parent.join(job);
            fs::write(&file, script(&jobs, job)).expect("a write");
            passes(linter("shellcheck").args(["--shell", "bash"]).arg(file));
        }
    }
}

/// A real target takes the messages, and what it prints is there for the next run, however the pipeline ended.
#[test]
fn a_singer_target_takes_what_a_job_prints() {
    const PRINTED: &str = r#"echo '{"type":"SCHEMA","stream":"t","schema":{"properties":{"id":{"type":"integer"}}},"key_properties":["id"]}'
echo '{"type":"RECORD","stream":"t","record":{"id":7}}'
echo '{"type":"STATE","value":{"run":1}}'
exit 6"#;
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = make(folder.path(), &["--select", "projects", "--destination", "singer"]);
    let jobs = jobs(&pipeline);
    let state = serde_json::json!(["state.json"]);
    let cache =
        jobs["load"]["cache"].as_array().expect("caches").iter().find(|cache| cache["paths"] == state);
    assert_eq!(cache.expect("a cache of the state")["when"], "always");
    // What an image has and this machine need not: packages, and an environment of Python's.
    let environment = installed("target-jsonl").display().to_string();
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).expect("a folder");
    let written = [("apt-get", ""), ("python3", "ln -s \"$ENVIRONMENT\" \"$3\""), ("cargo", PRINTED)];
    for (name, body) in written {
        let program = programs.join(name);
        fs::write(&program, format!("#!/bin/sh\n{body}\n")).expect("a write");
        passes(Command::new("chmod").arg("+x").arg(program));
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"));
    for runs in 1..=2 {
        let before = jobs["load"]["before_script"].as_array().expect("a script");
        let before: Vec<&str> = before.iter().filter_map(Value::as_str).filter(|_| runs == 1).collect();
        let script = format!("{}\n{}", before.join("\n"), script(&jobs, "load"));
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", &script]).current_dir(&pipeline).env("PATH", &path);
        bash.env("ENVIRONMENT", &environment)
            .env("TARGET_PACKAGE", "target-jsonl")
            .env("TARGET", "target-jsonl");
        let output = bash.output().expect("an exit");
        assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
        let state = fs::read_to_string(pipeline.join("state.json")).expect("a state");
        assert_eq!(state.lines().collect::<Vec<_>>(), vec![r#"{"run": 1}"#; runs]);
    }
    let files = fs::read_dir(&pipeline).expect("a folder").filter_map(Result::ok);
    let loaded = files.map(|file| file.file_name()).find(|name| name.to_string_lossy().starts_with("t-"));
    assert!(loaded.is_some(), "the target has written a file");
}

/// Tables are nobody's to download, state outlives a run that fails, and runs do not overlap.
#[test]
fn loads_keep_their_state_to_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let jobs = jobs(&make(folder.path(), &["--select", "projects"]));
    let load = &jobs["load"];
    assert_eq!(load["artifacts"], Value::Null);
    assert_eq!(load["resource_group"], "pipeline");
    assert_eq!(load["allow_failure"]["exit_codes"], serde_json::json!([6]));
    let caches = load["cache"].as_array().expect("caches");
    let tables = caches.iter().find(|cache| cache["paths"] == serde_json::json!(["gitlab.sqlite"]));
    assert_eq!(tables.expect("a cache of the tables")["when"], "always");
    assert_eq!(jobs["variables"]["GITLAB_URL"], "$CI_SERVER_URL");
    let own = ["--select", "projects", "--base-url", "https://gitlab.example"];
    let own = self::jobs(&make(&folder.path().join("own"), &own));
    assert_eq!(own["variables"]["GITLAB_URL"], Value::Null, "who names an instance means it");
}
