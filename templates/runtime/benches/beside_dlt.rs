//! How fast beside dlt: `cargo bench -p gitlab-pipeline --all-features --bench beside_dlt`.
//!
//! The same pages of issues and jobs as GitLab sends them, a hundred records each, are read from one file as text by both,
//! and loaded: by dlt into Parquet files on disk and into DuckDB, by the engine into those, SQLite and PostgreSQL. dlt
//! appends, the engine merges by key. Each load is a process of its own, with whatever it takes to start; its processor
//! time is all that is counted, PostgreSQL's own beside it, and the best of three counts. dlt comes from PyPI once, into
//! the folder in which `.ci/servers` keeps its programs.
//!
//! Prints records per second of processor time, how many times dlt's that is (Parquet against Parquet, all others against
//! DuckDB), and the peak of memory. Ratios hold where seconds do not. Of warehouses, whose servers are stand-ins here, the
//! memory alone says something.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gitlab_pipeline::config::{Config, GITLAB_API};
use gitlab_pipeline::destination::KINDS;
use wait4::Wait4;

#[path = "throughput/loads.rs"]
mod loads;
#[path = "beside_dlt/places.rs"]
mod places;
#[path = "throughput/records.rs"]
#[allow(dead_code, reason = "the other benchmark has notes as well")]
mod records;
#[path = "throughput/server_time.rs"]
mod server_time;

use loads::{Outcome, load};
use places::{Place, Servers};
use server_time::server_time;

const DLT: &str = "dlt[duckdb,parquet]==1.31.0";
const PAGES: u32 = 300;

/// How much of a file is read at a time: what reading takes is not the engine's.
const AHEAD: usize = 256 << 10;

/// What a load leaves of itself in its folder.
const STATUS: &str = "status";

/// What a load cost, in seconds and KiB.
#[derive(Clone, Copy)]
struct Cost {
    processor: f64,
    server: f64,
    memory: u64,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [config, pages] = &arguments[..] {
        return load_here(Path::new(config), Path::new(pages));
    }
    let python = dlt()?;
    let servers = Servers::start();
    for (what, record) in [("issues", records::issue as fn(i64) -> _), ("jobs", records::job)] {
        let folder = tempfile::TempDir::new()?;
        let pages = folder.path().join("pages");
        let mut file = File::create(&pages)?;
        (0..PAGES).try_for_each(|at| writeln!(file, "{}", records::page(record, at)))?;
        let size = pages.metadata()?.len() / u64::from(PAGES) / 100;
        println!("{} {what} of {size} bytes   per CPU-second   times dlt   peak memory", PAGES * 100);
        let theirs = |destination| {
            best(&folder, 3, None, |place| {
                let mut command = Command::new(&python);
                command.args(["-c", include_str!("beside_dlt/load.py")]);
                command.arg(&pages).arg(destination).arg(place).arg(what);
                command
            })
        };
        let (lake, duck) = (theirs("parquet")?, theirs("duckdb")?);
        tell("dlt to Parquet", lake, None);
        tell("dlt to DuckDB", duck, None);
        for place in servers.places() {
            let cost =
                best(&folder, place.rounds, place.server, |folder| ours(&place, what, folder, &pages))?;
            let beside = if place.is_lake { lake } else { duck };
            tell(place.name, cost, Some(beside).filter(|_| !place.is_stand_in));
        }
    }
    Ok(())
}

/// A load of one's own, with a schema of its own.
fn ours(place: &Place, what: &str, folder: &Path, pages: &Path) -> Command {
    let config = folder.join("config.toml");
    let round = folder.file_name().unwrap_or_default().display().to_string();
    let dataset = format!("load_{what}_{round}");
    let text = format!("[destination]\ndataset = '{dataset}'\n{}\n", place.settings);
    // What is missing is told by the load.
    let _ = std::fs::write(&config, text);
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.arg(config).arg(pages).current_dir(folder).envs(place.environment.iter().cloned());
    command
}

/// This process is a load.
fn load_here(config: &Path, pages: &Path) -> Outcome<()> {
    let config = Config::load(Some(config), &std::env::vars().collect(), &[], GITLAB_API)?.destination;
    let kind = KINDS.iter().find(|kind| kind.name == config.kind).ok_or("no such kind")?;
    load((kind.open)(&config)?, bodies(BufReader::with_capacity(AHEAD, File::open(pages)?)))?;
    std::fs::copy("/proc/self/status", STATUS)?;
    Ok(())
}

/// The most memory that a load had, in KiB, as it has left it: what `wait4` says is that of this process at least, in which
/// some of the servers are.
fn peak(folder: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(folder.join(STATUS)).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// The lines, each with room for as much as the one before it.
fn bodies(mut file: BufReader<File>) -> impl Iterator<Item = Outcome<String>> {
    let mut usual = 0;
    std::iter::from_fn(move || {
        let mut body = String::with_capacity(usual);
        let read = file.read_line(&mut body);
        usual = body.len();
        match read {
            Ok(0) => None,
            read => Some(read.map(|_| body).map_err(Into::into)),
        }
    })
}

/// The load that took the least time, of some that have a folder each.
fn best(
    folder: &tempfile::TempDir,
    rounds: u32,
    server: Option<u32>,
    command: impl Fn(&Path) -> Command,
) -> Outcome<Cost> {
    let mut best: Option<Cost> = None;
    for round in 0..rounds {
        let place = folder.path().join(round.to_string());
        std::fs::create_dir(&place)?;
        let before = server.map_or(0.0, server_time);
        let ended = command(&place).stdout(Stdio::null()).spawn()?.wait4()?;
        if !ended.status.success() {
            return Err(format!("a load ended with {}", ended.status).into());
        }
        let cost = Cost {
            processor: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
            server: server.map_or(0.0, server_time) - before,
            memory: peak(&place).unwrap_or(ended.rusage.maxrss / 1024),
        };
        std::fs::remove_dir_all(&place)?;
        best = best.filter(|best| best.processor <= cost.processor).or(Some(cost));
    }
    best.ok_or_else(|| "no load".into())
}

fn tell(name: &str, cost: Cost, beside: Option<Cost>) {
    let rate = |seconds: f64| f64::from(PAGES) * 100.0 / seconds;
    let times =
        beside.map(|beside| format!("{:.1} x", beside.processor / cost.processor)).unwrap_or_default();
    print!("  {name:<24} {:>14.0} {times:>11} {:>9} MiB", rate(cost.processor), cost.memory / 1024);
    if cost.server > 0.05 {
        let times = beside.map_or(0.0, |beside| beside.processor / (cost.processor + cost.server));
        print!("   with the server's time {:.0}, {times:.1} x", rate(cost.processor + cost.server));
    }
    println!();
}

/// The Python that has dlt, which is installed where it is not.
fn dlt() -> Outcome<PathBuf> {
    let folder = test_servers::installed("dlt");
    let (python, wanted) = (folder.join("bin/python"), folder.join("wanted"));
    if std::fs::read_to_string(&wanted).is_ok_and(|wanted| wanted == DLT) {
        return Ok(python);
    }
    let run = |command: &mut Command| -> Outcome<()> {
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
    };
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", DLT]))?;
    std::fs::write(wanted, DLT)?;
    Ok(python)
}
