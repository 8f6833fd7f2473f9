//! S3, by moto.

use std::process::Command;

use tempfile::TempDir;

use crate::process::{Process, free_port, installed, program};
use crate::request::send;

/// A server that speaks S3's protocol and takes any credentials.
#[derive(Debug)]
pub struct Moto {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Moto {
    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let (folder, port) = (TempDir::new().expect("a folder"), free_port());
        let mut command = Command::new(program("moto_server", &[&installed("moto").join("bin")]));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]).current_dir(folder.path());
        let process = Process::start(&mut command, port, &folder.path().join("log"));
        Self { _process: process, _folder: folder, port }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// When it is not made.
    pub fn make_bucket(&self, name: &str) {
        assert_eq!(send(self.port, "PUT", &format!("/{name}"), &[]), 200);
    }
}
