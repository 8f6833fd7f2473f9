//! How fast pages become rows: `cargo bench -p gitlab-pipeline --bench throughput`.
//!
//! For issues as GitLab sends them (3.1 kB), jobs and notes, in pages of a hundred and of three, plain and gzipped:
//!
//! - *skip*: the floor. The text is checked by `serde_json` and nothing is made of it; no parser measured did less in
//!   less time.
//! - *tree*: `serde_json::Value`, for comparison.
//! - *general*: records first, then rows; what a page costs that does not fit its plan, or that a hook sees.
//! - *Arrow*: by the plan.
//! - *SQLite*, *Parquet*, *DuckDB*: the whole way into a file or files, new rows and then the same again.
//! - *PostgreSQL*: the same into a server of its own, if that feature is on; with the server's processor time and without.
//!
//! Prints records per second of processor time (on Linux; elsewhere of time), the best of several runs, and how many
//! times the floor each takes. Ratios hold where seconds do not.

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Instant, SystemTime};

use gitlab_pipeline::Hooks;
use gitlab_pipeline::destination::Destination;
#[cfg(feature = "delta")]
use gitlab_pipeline::destination::delta::{self, Delta};
#[cfg(feature = "duckdb")]
use gitlab_pipeline::destination::duckdb;
#[cfg(feature = "filesystem")]
use gitlab_pipeline::destination::filesystem::{self, Filesystem};
use gitlab_pipeline::destination::objects;
use gitlab_pipeline::destination::sqlite::{self, Sqlite};
use gitlab_pipeline::normalize::{Catalog, Layout, Reader, Stamp};
use gitlab_pipeline::record::{Reading, Taps};
use gitlab_pipeline::resource::Shape;
use serde_json::Value;

#[path = "throughput/loads.rs"]
mod loads;
#[path = "throughput/records.rs"]
mod records;

use loads::{ISSUES, Outcome, load, partition};

/// Processor time in seconds: of this thread, to the nanosecond, or of all threads that there were, in hundredths.
fn processor_time(is_of_all: bool) -> Option<f64> {
    if !is_of_all {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        return Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / 100.0)
}

/// The fewest seconds that some runs took.
fn best(runs: u32, is_of_all: bool, mut run: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut best = f64::MAX;
    for _ in 0..runs {
        let (begun, before) = (Instant::now(), processor_time(is_of_all));
        run()?;
        let processor = processor_time(is_of_all).zip(before).map(|(now, then)| now - then);
        best = best.min(processor.unwrap_or_else(|| begun.elapsed().as_secs_f64()));
    }
    Ok(best)
}

/// What is measured: bodies of one kind.
struct Pages {
    what: String,
    bodies: Vec<String>,
    per_page: u32,
    rounds: u32,
}

impl Pages {
    fn new(what: &str, record: fn(i64) -> Value, per_page: u32, rounds: u32) -> Self {
        let page = |at: u32| {
            let ids = i64::from(at * per_page)..i64::from((at + 1) * per_page);
            Value::from(ids.map(record).collect::<Vec<_>>()).to_string()
        };
        let bodies: Vec<String> = (0..20).map(page).collect();
        let size = bodies.first().map_or(0, String::len) / usize::try_from(per_page).unwrap_or(1);
        Self { what: format!("{what}, {per_page} a page, {size} bytes each"), bodies, per_page, rounds }
    }

    fn count(&self) -> f64 {
        f64::from(self.per_page) * f64::from(self.rounds) * 20.0
    }

    fn each(&self, mut read: impl FnMut(&str) -> Outcome<()>) -> Outcome<f64> {
        best(7, false, || {
            (0..self.rounds).try_for_each(|_| self.bodies.iter().try_for_each(|body| read(body)))
        })
    }

    /// Prints a line, and returns the seconds per record.
    fn report(&self, what: &str, seconds: f64, floor: f64) -> f64 {
        let each = seconds / self.count();
        println!("  {what:<24} {:>10.0} per second {:>6.1} x the floor", 1.0 / each, each / floor);
        each
    }
}

fn reader() -> Reader {
    let layout = Layout {
        table: "issues".to_owned(),
        record_key: vec!["id"],
        is_unique: true,
        max_depth: 3,
        ..Layout::default()
    };
    Reader::new(&ISSUES, layout, Catalog::default())
}

fn zipped(body: &str) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body.as_bytes())?;
    Ok(encoder.finish()?)
}

fn unzipped(body: &[u8]) -> Outcome<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(body).read_to_string(&mut text)?;
    Ok(text)
}

/// Seconds per record to Arrow.
fn to_arrow(pages: &Pages, is_zipped_too: bool) -> Outcome<f64> {
    println!("{}", pages.what);
    let floor = pages.each(|body| {
        black_box(serde_json::from_str::<serde::de::IgnoredAny>(body)?);
        Ok(())
    })?;
    let floor = pages.report("skip", floor, floor / pages.count());
    let tree = pages.each(|body| {
        black_box(serde_json::from_str::<Value>(body)?);
        Ok(())
    })?;
    pages.report("tree", tree, floor);
    let (taps, hooks) = (Taps::new(["id", "iid", "created_at", "updated_at"]), Hooks::new());
    let reading = Reading { resource: &ISSUES, shape: Shape::List, taps: &taps, hooks: &hooks, omit: &[] };
    let bindings = partition().bindings;
    let read = |reader: &Reader, body: &str| -> Outcome<()> {
        let read = reader.read(reading, &bindings, body)??;
        let stamp = Stamp { load_id: "20240501T123000000Z-abcd", loaded_at: SystemTime::now() };
        black_box((read.glimpses, read.rows.finish(&stamp)?));
        Ok(())
    };
    let general = reader().general();
    let seconds = pages.each(|body| read(&general, body))?;
    pages.report("general", seconds, floor);
    let fast = reader();
    let seconds = pages.each(|body| read(&fast, body))?;
    let each = pages.report("Arrow", seconds, floor);
    if is_zipped_too {
        let bodies = pages.bodies.iter().map(|body| zipped(body)).collect::<Outcome<Vec<_>>>()?;
        let unzip = best(5, false, || {
            (0..pages.rounds).try_for_each(|_| {
                bodies.iter().try_for_each(|body| unzipped(body).map(|text| drop(black_box(text))))
            })
        })?;
        pages.report("unzip", unzip, floor);
        let seconds = best(5, false, || {
            (0..pages.rounds)
                .try_for_each(|_| bodies.iter().try_for_each(|body| read(&fast, &unzipped(body)?)))
        })?;
        pages.report("unzip, Arrow", seconds, floor);
    }
    Ok(each)
}

/// Pages of a hundred records each.
struct Load {
    bodies: Vec<String>,
    count: f64,
}

impl Load {
    fn new(record: fn(i64) -> Value, pages: u32) -> Self {
        Self {
            bodies: (0..pages).map(|at| records::page(record, at)).collect(),
            count: f64::from(pages) * 100.0,
        }
    }

    fn run(&self, destination: Box<dyn Destination>) -> Outcome<()> {
        load(destination, self.bodies.iter().map(Ok))
    }
}

/// Opens a place at a path.
type Open = fn(&Path) -> Outcome<Box<dyn Destination>>;

fn sqlite(path: &Path) -> Outcome<Box<dyn Destination>> {
    Ok(Box::new(Sqlite::open(&sqlite::Settings { path: path.to_owned() })?))
}

#[cfg(feature = "delta")]
fn delta(path: &Path) -> Outcome<Box<dyn Destination>> {
    let objects =
        objects::Settings { path: Some(path.display().to_string()), ..objects::Settings::default() };
    Ok(Box::new(Delta::open(delta::Settings { objects, ..delta::Settings::default() })?))
}

#[cfg(feature = "filesystem")]
fn parquet(path: &Path) -> Outcome<Box<dyn Destination>> {
    let objects =
        objects::Settings { path: Some(path.display().to_string()), ..objects::Settings::default() };
    Ok(Box::new(Filesystem::open(filesystem::Settings { objects, ..filesystem::Settings::default() })?))
}

#[cfg(feature = "duckdb")]
fn duck(path: &Path) -> Outcome<Box<dyn Destination>> {
    let settings = duckdb::Settings { path: path.to_owned(), ..duckdb::Settings::default() };
    Ok(Box::new(duckdb::Duckdb::new(&settings)))
}

/// The whole way to where `open` leads.
fn into(name: &str, open: Open, what: &str, load: &Load) -> Outcome<()> {
    let folder = tempfile::TempDir::new()?;
    let mut number = 0;
    let seconds = best(3, true, || {
        number += 1;
        load.run(open(&folder.path().join(number.to_string()))?)
    })?;
    println!("  {:<24} {:>10.0} per second", format!("{what} to {name}"), load.count / seconds);
    let seconds = best(3, true, || load.run(open(&folder.path().join("1"))?))?;
    println!("  {:<24} {:>10.0} per second", format!("{what} again"), load.count / seconds);
    Ok(())
}

#[cfg(feature = "postgres")]
#[path = "throughput/server_time.rs"]
mod server_time;
#[cfg(feature = "postgres")]
#[path = "throughput/warehouse.rs"]
mod warehouse;

fn main() -> Outcome<()> {
    to_arrow(&Pages::new("issues", records::issue, 100, 10), true)?;
    to_arrow(&Pages::new("jobs", records::job, 100, 10), true)?;
    let hundred = to_arrow(&Pages::new("notes", records::note, 100, 30), true)?;
    let three = to_arrow(&Pages::new("notes", records::note, 3, 500), true)?;
    println!("a note in a page of three takes {:.1} times one in a page of a hundred", three / hundred);
    println!("the whole way");
    #[cfg(feature = "postgres")]
    let server = test_servers::Postgres::start();
    let loads = [
        ("issues", Load::new(records::issue, 300)),
        ("jobs", Load::new(records::job, 300)),
        ("notes", Load::new(records::note, 500)),
    ];
    for (what, load) in &loads {
        into("SQLite", sqlite, what, load)?;
        #[cfg(feature = "delta")]
        into("Delta", delta, what, load)?;
        #[cfg(feature = "filesystem")]
        into("Parquet", parquet, what, load)?;
        #[cfg(feature = "duckdb")]
        into("DuckDB", duck, what, load)?;
        #[cfg(feature = "postgres")]
        warehouse::into_postgres(what, load, &server)?;
    }
    Ok(())
}
