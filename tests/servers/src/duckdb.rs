//! DuckDB as other programs see it: its Python package, of the version of the library.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::{installed, program};

const DUMP: &str = include_str!("duckdb.py");

const ANSWER: &str = include_str!("duckdb_views.py");

/// What views say that are made over the tables of a file for a moment, in this order: rows as above, by the name of the view.
///
/// # Panics
/// When one cannot be made or read.
pub fn duckdb_views(file: &Path, views: &[(String, String)]) -> Value {
    let python = program("python", &[installed("duckdb-python").join("bin")]);
    let asked = serde_json::to_string(views).expect("JSON");
    let read = Command::new(python).args(["-c", ANSWER]).arg(file).arg(asked).output().expect("a program");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).expect("JSON")
}

/// All tables of a file, by name: their rows as objects. Times are text, in UTC and with six digits.
///
/// # Panics
/// When the package is not installed, or cannot read the file; what it said comes along.
pub fn duckdb_tables(file: &Path) -> Value {
    let python = program("python", &[installed("duckdb-python").join("bin")]);
    let read = Command::new(python).args(["-c", DUMP]).arg(file).output().expect("a program");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).expect("JSON")
}
