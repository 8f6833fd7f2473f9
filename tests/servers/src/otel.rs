//! OpenTelemetry: [rotel](https://github.com/streamfold/rotel), a collector, and behind it what reads what it hands on.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, free_port, installed, program};

/// How long a batch stays in the collector at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector that takes OTLP over HTTP.
#[derive(Debug)]
pub struct Otel {
    _collector: Process,
    _receiver: Process,
    folder: TempDir,
    port: u16,
}

impl Otel {
    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let [port, grpc, behind] = [free_port(), free_port(), free_port()];
        let path = |name: &str| folder.path().join(name);
        let mut receiver = Command::new(program("python", &[installed("otel").join("bin")]));
        receiver.arg("-c").arg(include_str!("otel.py")).arg(behind.to_string()).arg(path("received"));
        let receiver = Process::start(&mut receiver, behind, &path("receiver.log"));
        let packages = std::fs::read_dir(installed("otel").join("lib")).into_iter().flatten().flatten();
        let packages: Vec<_> = packages.map(|python| python.path().join("site-packages/rotel")).collect();
        let mut collector = Command::new(program("rotel-agent", &packages));
        collector.arg("start").current_dir(folder.path());
        collector.arg("--pid-file").arg(path("pid")).arg("--log-file").arg(path("agent.log"));
        for (option, value) in [
            ("--otlp-http-endpoint", format!("127.0.0.1:{port}")),
            ("--otlp-grpc-endpoint", format!("127.0.0.1:{grpc}")),
            ("--exporter", "otlp".to_owned()),
            ("--otlp-exporter-protocol", "http".to_owned()),
            ("--otlp-exporter-endpoint", format!("http://127.0.0.1:{behind}")),
        ] {
            collector.arg(option).arg(value);
        }
        let collector = Process::start(&mut collector, port, &path("collector.log"));
        Self { _collector: collector, _receiver: receiver, folder, port }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What has come so far, request by request, once all of it is as `is_whole` wants it.
    ///
    /// # Panics
    /// When it does not get so.
    pub fn received(&self, is_whole: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let text = std::fs::read_to_string(self.folder.path().join("received")).unwrap_or_default();
            let received: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
            match received {
                Ok(received) if is_whole(&received) => return received,
                _ => assert!(start.elapsed() < PATIENCE, "the collector has handed on:\n{text}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
