//! Azure Blob Storage, by Microsoft's own emulator.

use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use tempfile::TempDir;

use crate::process::{Process, free_port, installed, program};
use crate::request::send;

/// A server that speaks the protocol of Azure Blob Storage, with one account.
#[derive(Debug)]
pub struct Azurite {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Azurite {
    pub const ACCOUNT: &str = "devstoreaccount1";
    /// The same for all emulators, and no secret.
    pub const KEY: &str =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let (folder, port) = (TempDir::new().expect("a folder"), free_port());
        let programs = installed("azurite").join("node_modules/.bin");
        let mut command = Command::new(program("azurite-blob", &[&programs]));
        command.args(["--silent", "--disableTelemetry", "--skipApiVersionCheck"]);
        command.args(["--blobPort", &port.to_string(), "--location"]).arg(folder.path());
        let process = Process::start(&mut command, port, &folder.path().join("log"));
        Self { _process: process, _folder: folder, port }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{}", self.port, Self::ACCOUNT)
    }

    /// Makes a container.
    ///
    /// # Panics
    /// When it is not made.
    pub fn make_container(&self, name: &str) {
        let (date, version, account) = ("Fri, 01 Jan 2027 00:00:00 GMT", "2021-08-06", Self::ACCOUNT);
        let signed = format!(
            "PUT{}x-ms-date:{date}\nx-ms-version:{version}\n/{account}/{account}/{name}\nrestype:container",
            "\n".repeat(12)
        );
        let key = BASE64_STANDARD.decode(Self::KEY).expect("a key");
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        let signature = format!("SharedKey {account}:{}", BASE64_STANDARD.encode(signature));
        let headers = [("x-ms-date", date), ("x-ms-version", version), ("Authorization", &signature)];
        let path = format!("/{account}/{name}?restype=container");
        assert_eq!(send(self.port, "PUT", &path, &headers), 201);
    }
}
