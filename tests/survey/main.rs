//! What comes out of documents that nobody here wrote: `cargo run -p gitlab-init-tests --bin survey -- FOLDER`.
//!
//! Each document of the folder is read in a process of its own, so that whatever happens to one is told of that one.
//! `--missed` names the lists whose envelope was declared and not found.

mod document;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use document::{Figures, figures};

/// Longer than any document takes.
const PATIENCE: Duration = Duration::from_secs(60);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Reads a folder of OpenAPI documents and says what was found in each
#[derive(Debug, Parser)]
struct Args {
    folder: PathBuf,
    /// Name the envelopes that were declared and not found
    #[arg(long)]
    missed: bool,
    /// Read this one document, and print its figures as JSON
    #[arg(long, hide = true)]
    one: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = if args.one { print_figures(&args.folder) } else { survey(&args) };
    outcome.unwrap_or_else(|error| {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        eprintln!("{}", causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")));
        ExitCode::FAILURE
    })
}

fn print_figures(path: &Path) -> Result<ExitCode> {
    println!("{}", serde_json::to_string(&figures(path)?)?);
    Ok(ExitCode::SUCCESS)
}

fn survey(args: &Args) -> Result<ExitCode> {
    let mut documents = Vec::new();
    find(&args.folder, &mut documents)?;
    documents.sort();
    let mut total = Figures::default();
    let (mut refused, mut crashed) = (Vec::new(), Vec::new());
    println!("{}", Figures::HEADINGS);
    for path in &documents {
        let name = path.strip_prefix(&args.folder).unwrap_or(path).display().to_string();
        match read(path)? {
            Outcome::Read(figures, time) => {
                println!("{}", figures.line(time, &name));
                if args.missed {
                    figures.missed.iter().for_each(|missed| println!("    missed {missed}"));
                }
                total.add(&figures);
            }
            Outcome::Refused(why) => refused.push(format!("{name}: {why}")),
            Outcome::Crashed(why) => crashed.push(format!("{name}: {why}")),
        }
    }
    println!("{}", total.line(Duration::ZERO, "all"));
    refused.iter().for_each(|refused| println!("refused  {refused}"));
    crashed.iter().for_each(|crashed| println!("CRASHED  {crashed}"));
    println!(
        "{} documents, {} refused, {} crashed, {} GETs lost",
        documents.len(),
        refused.len(),
        crashed.len(),
        total.lost
    );
    Ok(if crashed.is_empty() && total.lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The files that look like OpenAPI documents, from their first lines.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if path.is_dir() {
            find(&path, found)?;
        } else if matches!(extension, "json" | "yaml" | "yml") {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            let is_key = |line: &str| {
                let line = line.trim_start_matches(['{', ' ', '\t', '"', '\'', '\u{feff}']);
                line.starts_with("openapi") || line.starts_with("swagger")
            };
            let is_whole = text.contains("paths");
            if is_whole
                && (text.lines().any(is_key)
                    || text.contains("\"openapi\":")
                    || text.contains("\"swagger\":"))
            {
                found.push(path);
            }
        }
    }
    Ok(())
}

enum Outcome {
    Read(Box<Figures>, Duration),
    Refused(String),
    Crashed(String),
}

fn read(path: &Path) -> Result<Outcome> {
    let started = Instant::now();
    let mut process = Command::new(std::env::current_exe()?)
        .arg("--one")
        .arg(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = process.stdout.take().map(|pipe| std::thread::spawn(move || std::io::read_to_string(pipe)));
    let stderr = process.stderr.take().map(|pipe| std::thread::spawn(move || std::io::read_to_string(pipe)));
    let status = loop {
        match process.try_wait()? {
            Some(status) => break status,
            None if started.elapsed() > PATIENCE => {
                process.kill()?;
                process.wait()?;
                return Ok(Outcome::Crashed(format!("it takes longer than {} s", PATIENCE.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let time = started.elapsed();
    let text = |pipe: Option<std::thread::JoinHandle<std::io::Result<String>>>| {
        pipe.and_then(|pipe| pipe.join().ok()).and_then(std::io::Result::ok).unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    Ok(match status.code() {
        Some(0) => Outcome::Read(Box::new(serde_json::from_str(&stdout)?), time),
        Some(1) => Outcome::Refused(stderr.lines().next().unwrap_or_default().to_owned()),
        _ => Outcome::Crashed(stderr.lines().last().unwrap_or_default().to_owned()),
    })
}
