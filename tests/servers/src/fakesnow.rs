//! Snowflake, by fakesnow: its protocol and its SQL, over DuckDB.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, free_port, installed, program};

/// A server that speaks Snowflake's protocol and takes any credentials. Its tables are gone when it is.
#[derive(Debug)]
pub struct Fakesnow {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

const VIEWS: &str = include_str!("fakesnow_views.py");

impl Fakesnow {
    pub const DATABASE: &str = "ANALYTICS";
    pub const PASSWORD: &str = "a-secret-word";

    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let (folder, port) = (TempDir::new().expect("a folder"), free_port());
        let mut command = Command::new(Self::python());
        command.arg("-c").arg(include_str!("fakesnow.py")).arg(port.to_string());
        command.current_dir(folder.path()).env("TMPDIR", folder.path());
        let process = Process::start(&mut command, port, &folder.path().join("log"));
        Self { _process: process, _folder: folder, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The variables that let a program in.
    pub fn environment(&self) -> [(&'static str, String); 7] {
        [
            ("SNOWFLAKE_ACCOUNT", "an-account".to_owned()),
            ("SNOWFLAKE_USER", "LOADER".to_owned()),
            ("SNOWFLAKE_PASSWORD", Self::PASSWORD.to_owned()),
            ("SNOWFLAKE_DATABASE", Self::DATABASE.to_owned()),
            ("SNOWFLAKE_HOST", "127.0.0.1".to_owned()),
            ("SNOWFLAKE_PORT", self.port.to_string()),
            ("SNOWFLAKE_PROTOCOL", "http".to_owned()),
        ]
    }

    /// What views say that are made in this schema, in this order, by Snowflake's own connector: rows as objects, by the
    /// name of the view. Times are text, in UTC and with six digits.
    ///
    /// # Panics
    /// When one cannot be made or read.
    pub fn views(&self, schema: &str, views: &[(String, String)]) -> Value {
        let asked = json!({"port": self.port, "database": Self::DATABASE, "schema": schema, "views": views});
        let mut read = Command::new(Self::python());
        let read = read.args(["-c", VIEWS, &asked.to_string()]).output().expect("a program");
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        serde_json::from_slice(&read.stdout).expect("JSON")
    }

    /// The Python that has Snowflake's connector.
    ///
    /// # Panics
    /// When it is not installed.
    pub fn python() -> PathBuf {
        program("python", &[&installed("fakesnow").join("bin")])
    }

    /// The ADBC driver for Snowflake.
    ///
    /// # Panics
    /// When it is not installed.
    pub fn driver() -> PathBuf {
        let versions = std::fs::read_dir(installed("fakesnow").join("lib")).into_iter().flatten().flatten();
        let packages = versions.map(|version| version.path().join("site-packages/adbc_driver_snowflake"));
        let folders: Vec<PathBuf> = packages.collect();
        program("libadbc_driver_snowflake.so", &folders)
    }
}
