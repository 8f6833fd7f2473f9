//! Drives a real browser over pages, and tells what is wrong with them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use test_servers::{installed, program};

use crate::scaffold;

/// A page, and what it has to show: texts, or selectors that begin with `css:`.
pub(crate) type Page<'p> = (&'p str, &'p str, &'p [&'p str]);

/// Where screenshots go.
fn shots() -> PathBuf {
    scaffold::target().join("show")
}

/// Opens each page in both themes and two sizes, and expects nothing to be wrong.
pub(crate) fn look(link: &str, pages: &[Page<'_>], others: &[Value]) {
    let shots = shots();
    std::fs::create_dir_all(&shots).expect("a folder");
    let page = |(name, path, has): &Page<'_>| json!({"name": name, "path": path, "has": has});
    let pages: Vec<Value> = pages.iter().map(page).chain(others.iter().cloned()).collect();
    let job = json!({
        "modules": installed("browser"),
        "browser": program("chromium", &[] as &[PathBuf]),
        "link": link,
        "shots": shots,
        "pages": pages,
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("job.json");
    std::fs::write(&path, job.to_string()).expect("a write");
    let script = scaffold::root().join("tests/show/look.mjs");
    let looked = Command::new(program("node", &[] as &[PathBuf])).arg(script).arg(&path).output();
    let looked = looked.expect("an exit");
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    let faults: Result<Vec<String>, _> = serde_json::from_str(&said);
    let faults = faults.unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&looked.stderr)));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
