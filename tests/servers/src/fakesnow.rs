//! Snowflake, by fakesnow: its protocol and its SQL, over DuckDB.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Process, free_port, installed, program};

/// A server that speaks Snowflake's protocol and takes any credentials. Its tables are gone when it is.
#[derive(Debug)]
pub struct Fakesnow {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Fakesnow {
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
