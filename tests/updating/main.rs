//! `gitlab-init update`, as a user types it: what it says, what it refuses, what it leaves when it is killed, and that an
//! updated pipeline loads the same rows.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod command;
mod first_release;
mod killed;
mod pairs;
#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "these tests ask no pipeline for its resources")]
mod scaffold;
mod tables;

use std::fs;
use std::path::Path;
use std::process::Output;

use gitlab_init::document::Source;
use serde_json::Value;

/// The program in a folder, with what it said.
fn gitlab_init(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = scaffold::gitlab_init().expect("the generator");
    command.args(arguments).current_dir(folder).output().expect("an exit")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file of a crate but what cargo and runs leave.
fn files(folder: &Path) -> Vec<(String, String)> {
    let is_own = |path: &String| {
        !path.starts_with("target/") && !path.starts_with(".git/") && !path.contains(".sqlite")
    };
    let below = scaffold::files_below(folder).into_iter().filter(is_own);
    below.map(|path| (path.clone(), fs::read_to_string(folder.join(path)).expect("a text"))).collect()
}

fn replace(folder: &Path, path: &str, from: &str, to: &str) {
    let path = folder.join(path);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{} has no `{from}`", path.display());
    fs::write(path, text.replacen(from, to, 1)).expect("a write");
}

/// The bundled document without the paths that `is_gone` says, written to a file.
fn thinned(folder: &Path, name: &str, is_gone: impl Fn(usize, &str) -> bool) -> String {
    let text = Source::Bundled.read().expect("the bundled document");
    let mut document: Value = serde_yaml::from_str(&text.body).expect("YAML");
    let paths = document["paths"].as_object_mut().expect("paths");
    let all: Vec<String> = paths.keys().cloned().collect();
    for (at, path) in all.iter().enumerate().filter(|(at, path)| is_gone(*at, path)) {
        assert!(paths.remove(path).is_some(), "{path} of {at}");
    }
    let path = folder.join(name);
    fs::write(&path, document.to_string()).expect("a write");
    path.display().to_string()
}
