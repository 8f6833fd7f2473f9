//! Loads instances of growing size: `cargo bench -p gitlab-init-tests`.
//!
//! Prints records per second, records per second of the pipeline's own processor time, and its peak memory, which must
//! not grow with the instance; then the same where every issue is a partition of its own, whose notes are asked for. The
//! sample server is a process of its own, so that what it costs is not counted. `cargo bench -p gitlab-init-tests --
//! 5000000` loads that many issues as well, in both ways.

#[allow(dead_code, reason = "the benchmark runs the example, not a pipeline of its own")]
mod scaffold;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use scaffold::{Result, root, succeed};
use wait4::Wait4;

/// What is selected, how it is called, and how many of it.
const LOADS: [(&str, &str, &[u64]); 2] = [
    ("project_issues", "issues", &[10_000, 100_000, 1_000_000]),
    ("project_issues,issue_notes", "partitions", &[10_000, 100_000]),
];

/// What one load cost.
struct Load {
    wall: Duration,
    processor: Duration,
    /// Peak resident memory, in KiB.
    memory: u64,
}

fn main() -> Result<()> {
    let asked: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let release = build()?;
    for (select, name, sizes) in LOADS {
        println!("{name:>10}    seconds     per second     per CPU-second  peak memory");
        for count in sizes.iter().chain(&asked) {
            let load = load(&release, select, *count)?;
            let rate = |time: Duration| *count as f64 / time.as_secs_f64();
            println!(
                "{count:>10} {:>10.1} {:>14.0} {:>18.0} {:>8} MiB",
                load.wall.as_secs_f64(),
                rate(load.wall),
                rate(load.processor),
                load.memory / 1024,
            );
        }
    }
    Ok(())
}

/// Both programs, optimised; where they are.
fn build() -> Result<PathBuf> {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--release", "--package", "generated-example", "--package", "sample-gitlab"]);
    succeed(build.args(["--bin", "generated-example", "--bin", "sample-gitlab"]).current_dir(root()))?;
    Ok(scaffold::target().join("release"))
}

fn load(release: &Path, select: &str, issues: u64) -> Result<Load> {
    let server = Server::start(&release.join("sample-gitlab"), issues)?;
    let folder = tempfile::tempdir()?;
    std::fs::copy(root().join("generated-example/config.toml"), folder.path().join("config.toml"))?;
    let mut run = Command::new(release.join("generated-example"));
    run.args(["run", "--select", select]).current_dir(folder.path());
    run.env("GITLAB_URL", &server.url).env("GITLAB_TOKEN", &server.token).stderr(Stdio::null());
    let begun = Instant::now();
    let ended = run.spawn()?.wait4()?;
    if !ended.status.success() {
        return Err(format!("the run over {issues} issues ended with {}", ended.status).into());
    }
    Ok(Load {
        wall: begun.elapsed(),
        processor: ended.rusage.utime + ended.rusage.stime,
        memory: ended.rusage.maxrss / 1024,
    })
}

/// The sample server, stopped when dropped.
struct Server {
    process: Child,
    url: String,
    token: String,
}

impl Server {
    fn start(program: &Path, issues: u64) -> Result<Self> {
        let mut command = Command::new(program);
        let mut process = command.args(["--issues", &issues.to_string()]).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut value = |name: &str| -> Result<String> {
            let line = lines.next().ok_or("the server says nothing")??;
            Ok(line.strip_prefix(name).ok_or("the server says something else")?.to_owned())
        };
        let (url, token) = (value("GITLAB_URL=")?, value("GITLAB_TOKEN=")?);
        Ok(Self { process, url, token })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
