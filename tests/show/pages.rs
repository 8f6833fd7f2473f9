//! Every page, on what three runs have loaded, before the first run, and as a file.

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::json;

use crate::browser::look;
use crate::example::Example;
use crate::shown::Shown;

pub(crate) fn server() -> SampleServer {
    SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server")
}

/// Three loads: all, what has changed, and a part of which something is left out.
fn loaded(server: &SampleServer) -> Example {
    let example = Example::new("");
    example.load(server, &[]);
    example.load(server, &[]);
    example.load(server, &["--select", "project_pipelines"]);
    example
}

#[test]
fn every_page_is_fit_to_be_seen() {
    let server = server();
    let example = loaded(&server);
    let load = example.column("SELECT max(load_id) FROM _loads").remove(0);
    let load = format!("load?id={load}");
    let shown = Shown::start(&mut example.command(&server));
    let answer = "query?sql=SELECT+state%2C+count(*)+AS+issues+FROM+project_issues+GROUP+BY+1";
    let filtered = "table?name=project_issues&column=state&test=is&value=opened&sort=title&order=down";
    look(
        &shown.link,
        &[
            (
                "overview",
                "./",
                &["The last load is complete", "Left out, and why", "css:.bars a", "css:.spark"],
            ),
            ("load", &load, &["Requests by resource", "/projects/26/pipelines", "waited for the rate limit"]),
            ("tables", "tables", &["project_issues", "/projects/{id}/issues"]),
            ("tables-found", "tables?q=WEIGHT", &["project_issues"]),
            ("tables-none", "tables?q=%3Cb%3E", &["No table and no column has"]),
            ("table", "table?name=project_issues", &["of 329 rows", "css:.rows td", "css:a[rel=next]"]),
            ("table-filtered", filtered, &["that pass the filter", "css:th[aria-sort=descending]"]),
            (
                "table-misread",
                "table?name=project_issues&column=iid&test=is&value=x",
                &["is no value of the type"],
            ),
            ("table-of-list", "table?name=project_issues__assignees", &["the list", "belongs to"]),
            ("schema", "schema", &["css:svg.schema .node", "css:.tools button", "css:.ties"]),
            ("charts", "charts", &["css:.bars a", "Duration", "There are no views yet"]),
            ("query", "query", &["To begin with"]),
            ("query-answer", answer, &["2 rows", "opened"]),
            ("query-refused", "query?sql=DROP+TABLE+projects", &["only a single statement that reads"]),
            (
                "query-wrong",
                "query?sql=SELECT+nought+FROM+projects",
                &["SQLite says", "no such column: nought"],
            ),
        ],
        &[
            json!({"name": "missing", "path": "table?name=nothing", "has": ["There is no such page"], "status": 404}),
        ],
    );
}

/// What people ask first, drawn; each bar leads to the rows behind it.
#[test]
fn views_are_drawn() {
    let size = Size { jobs_per_pipeline: 6, retries: 1, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let example = Example::new("[load]\nviews = true");
    example.load(&server, &[]);
    let shown = Shown::start(&mut example.command(&server));
    let behind = "query?sql=SELECT+*+FROM+%22deployment_frequency%22+WHERE+%22deployments%22+%3D+1";
    look(
        &shown.link,
        &[
            (
                "charts-of-views",
                "charts",
                &[
                    "What the views say",
                    "Merge request cycle time",
                    "Deployment frequency",
                    "Change failure rate",
                    "Time to restore",
                    "Lead time for changes",
                    "Flaky jobs",
                    "css:.bars a[href*=merge_request_cycle_time]",
                    "css:.ranks a[href*=open_issues_by_label]",
                    "css:details.columns summary",
                    "Loads over time",
                ],
            ),
            ("rows-behind-a-bar", behind, &["days_with_deployments", "production"]),
        ],
        &[],
    );
}

#[test]
fn before_the_first_load_pages_say_how_to_begin() {
    let server = server();
    let example = Example::new("");
    let shown = Shown::start(&mut example.command(&server));
    let run = "cargo run --release -- run";
    look(
        &shown.link,
        &[
            ("empty-overview", "./", &["Nothing is loaded yet", run]),
            ("empty-tables", "tables", &["There are no tables yet", run]),
            ("empty-schema", "schema", &["There are no tables yet", run]),
            ("empty-charts", "charts", &["There is nothing to draw yet", run]),
            ("empty-query", "query", &["There are no tables yet"]),
        ],
        &[],
    );
    assert!(!example.path("gitlab.sqlite").exists(), "looking makes no file");
}

#[test]
fn the_overview_is_a_file_that_needs_nothing_else() {
    let server = server();
    let example = loaded(&server);
    example.succeed(&server, &["show", "--export", "report.html"]);
    let path = example.path("report.html");
    let text = std::fs::read_to_string(&path).expect("a file");
    for reference in ["http://", "https://", "src=", "url(", "<script", "<link", "href=\"load", "@import"] {
        let found = text.find(reference).map(|at| &text[at.saturating_sub(40)..(at + 60).min(text.len())]);
        assert!(found.is_none(), "it refers to something: {found:?}");
    }
    let shown = Shown::start(&mut example.command(&server));
    let file = format!("file://{}", path.display());
    let has = ["The last load is complete", "Left out, and why", "css:.spark", "written"];
    look(&shown.link, &[], &[json!({"name": "export", "path": "", "file": file, "has": has})]);
}

/// A schedule may load at any moment.
#[test]
fn a_run_goes_on_while_it_is_looked_at() {
    let server = server();
    let example = Example::new("");
    let shown = Shown::start(&mut example.command(&server));
    let visitor = shown.visit();
    assert!(visitor.page("").contains("Nothing is loaded yet"));
    let mut run = example.command(&server);
    let mut run = run.arg("run").stderr(std::process::Stdio::null()).spawn().expect("a start");
    let mut seen = std::collections::BTreeSet::new();
    let ended = loop {
        let overview = visitor.page("");
        let running = overview.contains("A load is running");
        seen.insert(running);
        visitor.page("tables");
        if let Some(status) = run.try_wait().expect("a status") {
            break status;
        }
    };
    assert!(ended.success(), "looking got in the way of the run");
    assert!(seen.contains(&true), "the run was not seen");
    assert!(visitor.page("").contains("The last load is complete"));
}
