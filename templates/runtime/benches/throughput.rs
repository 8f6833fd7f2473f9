//! How fast pages become rows: `cargo bench -p gitlab-pipeline --bench throughput`.
//!
//! Prints records per second of processor time (on Linux; elsewhere of time) for reading the JSON, for normalising, and
//! for the whole way into a SQLite file, for issues as GitLab sends them (about 2 KB each) and for rows of five plain
//! columns.

use std::error::Error;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use gitlab_pipeline::Record;
use gitlab_pipeline::destination::LoadStatus;
use gitlab_pipeline::destination::sqlite::{Settings, Sqlite};
use gitlab_pipeline::load::{LoadOptions, LoadOutcome, Loader};
use gitlab_pipeline::normalize::{Catalog, Layout, Stamp, normalize};
use gitlab_pipeline::page::{Binding, Page, Partition};
use gitlab_pipeline::resource::{Pagination, Resource};
use serde_json::{Map, Value, json};

static ISSUES: Resource = Resource {
    name: "issues",
    table: "issues",
    path: "/issues",
    record_key: &["id"],
    pagination: Pagination::Offset,
    ..Resource::DEFAULT
};

const PER_PAGE: i64 = 100;

fn user(id: i64) -> Value {
    let name = format!("user-{id}");
    json!({
        "id": id, "username": name, "public_email": "", "name": "Some Person", "state": "active", "locked": false,
        "avatar_url": format!("https://gitlab.example.com/uploads/-/system/user/avatar/{id}/avatar.png"),
        "web_url": format!("https://gitlab.example.com/{name}"),
    })
}

fn issue(id: i64) -> Value {
    let url = format!("https://gitlab.example.com/api/v4/projects/{}/issues/{id}", id % 50);
    json!({
        "id": id, "iid": id % 1000, "project_id": id % 50, "title": format!("Issue number {id} of the instance"),
        "description": "A description with some words in it, as people write them. ".repeat(6), "state": "opened",
        "created_at": "2024-05-01T12:30:00.123Z", "updated_at": "2024-05-02T12:30:00.456Z", "closed_at": null,
        "closed_by": null, "labels": ["bug", "priority::2"], "milestone": null, "assignees": [user(id % 20)],
        "author": user(id % 30), "type": "ISSUE", "assignee": user(id % 20), "user_notes_count": 3,
        "merge_requests_count": 0, "upvotes": 1, "downvotes": 0, "due_date": null, "confidential": false,
        "discussion_locked": null, "issue_type": "issue", "web_url": url,
        "time_stats": {"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": null},
        "task_completion_status": {"count": 0, "completed_count": 0}, "has_tasks": true, "weight": null,
        "blocking_issues_count": 0, "_links": {"self": url, "notes": format!("{url}/notes"), "project": url},
        "references": {"short": "#1", "relative": "#1", "full": "group/project#1"}, "severity": "UNKNOWN",
        "moved_to_id": null, "imported": false, "imported_from": "none", "service_desk_reply_to": null,
    })
}

fn plain(id: i64) -> Value {
    json!({"id": id, "name": format!("name {id}"), "count": id * 7, "ratio": 0.5, "flag": true})
}

fn page(records: Vec<Record>) -> Page {
    let bindings = vec![Binding { column: "group_id", value: json!(1) }];
    Page { partition: Arc::new(Partition { resource: &ISSUES, bindings }), records, last: false }
}

/// The processor time of this process in seconds, from `utime` and `stime` in hundredths.
fn processor_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / 100.0)
}

struct Clock(Instant, Option<f64>);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now(), processor_time())
    }

    fn seconds(&self) -> f64 {
        let processor = processor_time().zip(self.1).map(|(now, then)| now - then);
        processor.unwrap_or_else(|| self.0.elapsed().as_secs_f64())
    }
}

fn report(what: &str, records: i64, since: &Clock) {
    let seconds = since.seconds();
    let rate = i32::try_from(records).map_or(f64::MAX, f64::from) / seconds;
    println!("{what:<34} {records:>8} records in {seconds:>6.2} s: {rate:>10.0} per second");
}

fn run(what: &str, record: fn(i64) -> Value, pages: i64) -> Result<(), Box<dyn Error>> {
    let bodies: Vec<String> = (0..20)
        .map(|at| {
            Value::from((at * PER_PAGE..(at + 1) * PER_PAGE).map(record).collect::<Vec<_>>()).to_string()
        })
        .collect();
    println!("{what}: {} bytes each", bodies.first().map_or(0, String::len) / 100);
    let records = pages * PER_PAGE;

    let begun = Clock::start();
    for body in bodies.iter().cycle().zip(0..pages).map(|(body, _)| body) {
        std::hint::black_box(serde_json::from_str::<Vec<Record>>(body)?);
    }
    report("  read JSON", records, &begun);

    let parsed: Vec<Page> = bodies
        .iter()
        .map(|body| Ok(page(serde_json::from_str(body)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    let layout = Layout {
        table: "issues".to_owned(),
        record_key: vec!["id"],
        is_unique: true,
        max_depth: 3,
        ..Layout::default()
    };
    let catalog = Catalog::default();
    let stamp = Stamp { load_id: "load".to_owned(), loaded_at: SystemTime::now() };
    let begun = Clock::start();
    for page in parsed.iter().cycle().zip(0..pages).map(|(page, _)| page) {
        std::hint::black_box(normalize(page, &layout, &catalog, &stamp)?);
    }
    report("  normalise", records, &begun);
    into_sqlite(record, pages)
}

fn into_sqlite(record: fn(i64) -> Value, pages: i64) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("throughput.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for what in ["  normalise, SQLite: new rows", "  normalise, SQLite: updates"] {
        let destination = Box::new(Sqlite::open(&Settings { path: path.clone() })?);
        let loader = Loader::begin(destination, LoadOptions::default())?;
        let pages: Vec<Page> = (0..pages)
            .map(|at| {
                let records = (at * PER_PAGE..(at + 1) * PER_PAGE).map(record);
                page(records.filter_map(|record| record.as_object().cloned()).collect())
            })
            .collect();
        let records = i64::try_from(pages.len())? * PER_PAGE;
        let begun = Clock::start();
        runtime.block_on(async {
            for page in pages {
                loader.page(page).await?;
            }
            let outcome =
                LoadOutcome { status: LoadStatus::Complete, complete: vec![&ISSUES], report: Map::new() };
            loader.finish(outcome).await
        })?;
        report(what, records, &begun);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run("issues", issue, 500)?;
    run("plain rows", plain, 3000)
}
