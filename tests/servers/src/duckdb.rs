//! DuckDB as other programs see it: its Python package, of the version of the library.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const DUMP: &str = include_str!("duckdb.py");

/// All tables of a file, by name: their rows as objects. Times are text, in UTC and with six digits.
///
/// # Panics
/// When the package is not installed, or cannot read the file; what it said comes along.
pub fn duckdb_tables(file: &Path) -> Value {
    let read = Command::new(python()).args(["-c", DUMP]).arg(file).output().expect("a program");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).expect("JSON")
}

fn python() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let cache = || std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
    let own = std::env::var_os("TEST_SERVERS").map(PathBuf::from);
    let python = own.unwrap_or_else(|| cache().join("gitlab-init-servers")).join("duckdb-python/bin/python");
    assert!(python.is_file(), "`{}` is not there: run `.ci/servers`", python.display());
    python
}
