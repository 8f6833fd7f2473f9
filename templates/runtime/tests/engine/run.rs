//! A few resources, a run of them against a server, and what came of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gitlab_pipeline::client::{Client, ClientOptions, RetryPolicy};
use gitlab_pipeline::config::{ApiRoot, Config, Credentials, Environment, GITLAB_API, Secret};
use gitlab_pipeline::extract::{
    Budget, End, ExtractError, ExtractOptions, LossKind, Sink, Tally, Tree, extract,
};
use gitlab_pipeline::page::{Kept, Page, Partition};
use gitlab_pipeline::record::{Outcome, Reading, read_records};
use gitlab_pipeline::resource::{Pagination, Param, ParamSource, Resource, Start};
use gitlab_pipeline::telemetry::Telemetry;
use gitlab_pipeline::{Hooks, Record};
use tempfile::TempDir;

use crate::gitlab::{GitLab, Reply};

pub(super) const fn list(name: &'static str, path: &'static str, params: &'static [Param]) -> Resource {
    Resource {
        name,
        table: name,
        path,
        params,
        record_key: &["id"],
        pagination: Pagination::Offset,
        ..Resource::DEFAULT
    }
}

pub(super) const PROJECT: Param = Param {
    name: "id",
    column: "project_id",
    source: ParamSource::Parent { resource: "projects", field: "id" },
};
pub(super) const PROJECTS: &Resource = &Resource {
    pagination: Pagination::Keyset { order_by: "id", sort: "asc" },
    start: Some(Start::Projects),
    ..list("projects", "/projects", &[])
};
pub(super) const GROUPS: &Resource =
    &Resource { start: Some(Start::Groups), ..list("groups", "/groups", &[]) };
pub(super) const ISSUES: &Resource = &list("project_issues", "/projects/{id}/issues", &[PROJECT]);
pub(super) const NOTES: &Resource = &list(
    "project_issue_notes",
    "/projects/{id}/issues/{noteable_id}/notes",
    &[
        PROJECT,
        Param {
            name: "noteable_id",
            column: "issue_iid",
            source: ParamSource::Parent { resource: "project_issues", field: "iid" },
        },
    ],
);
pub(super) const TREE: &[&Resource] = &[PROJECTS, ISSUES, NOTES];

/// Keeps what it gets.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages(pub(super) Arc<Mutex<Vec<Page>>>);

impl Sink for Pages {
    type Error = std::io::Error;
    type Rows = Vec<Record<'static>>;

    fn read(&self, reading: Reading<'_>, _: &Partition, text: &str) -> Outcome<Vec<Record<'static>>> {
        read_records(reading, text)
    }

    async fn page(&self, page: Page, _: Option<Kept>) -> Result<(), Self::Error> {
        self.0.lock().unwrap().push(page);
        Ok(())
    }
}

impl Pages {
    /// Resource, bindings and `id` of every record, sorted.
    pub(super) fn rows(&self) -> Vec<String> {
        let pages = self.0.lock().unwrap();
        let mut rows: Vec<String> = pages
            .iter()
            .flat_map(|page| {
                let bindings: Vec<_> =
                    page.partition.bindings.iter().map(|one| one.value.to_string()).collect();
                let name = page.partition.resource.name;
                page.records
                    .iter()
                    .map(move |record| format!("{name}({}) {}", bindings.join(","), record["id"]))
            })
            .collect();
        rows.sort();
        rows
    }

    /// How many partitions of a resource were said to be complete.
    pub(super) fn complete(&self, resource: &Resource) -> usize {
        let pages = self.0.lock().unwrap();
        pages.iter().filter(|page| page.last && page.partition.resource.name == resource.name).count()
    }
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) pages: Pages,
    pub(super) tally: Arc<Tally>,
    pub(super) result: Result<(), ExtractError>,
}

impl Run {
    pub(super) fn losses(&self, kind: LossKind) -> Vec<String> {
        let losses = self.tally.resources().flat_map(|(name, counts)| {
            counts.losses().into_iter().filter(move |(loss, _)| loss.kind == kind).map(
                move |(loss, losses)| {
                    format!("{} of {name}: {} ({})", losses.partitions, loss.reason, losses.example)
                },
            )
        });
        losses.collect()
    }
}

/// How a test deviates from the usual run.
pub(super) struct Setup<'a> {
    pub(super) config: &'a str,
    pub(super) all: &'a [&'static Resource],
    pub(super) select: &'a [&'static Resource],
    pub(super) limit: Option<u64>,
    pub(super) hooks: Hooks,
    pub(super) concurrency: usize,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { config: "", all: TREE, select: TREE, limit: None, hooks: Hooks::new(), concurrency: 4 }
    }
}

pub(super) fn config(text: &str, all: &[&'static Resource]) -> Config {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path), &Environment::new(), all, GITLAB_API).unwrap()
}

pub(super) async fn run(gitlab: &GitLab, setup: Setup<'_>) -> Run {
    let config = config(setup.config, setup.all);
    let retry = RetryPolicy {
        retries: 1,
        first_delay: Duration::from_millis(1),
        outage: Duration::from_millis(400),
        rate_limit_wait: Duration::from_millis(400),
        ..RetryPolicy::default()
    };
    let api = ApiRoot::parse(&gitlab.url, GITLAB_API).unwrap();
    let timeout = Duration::from_secs(5);
    let credentials = Credentials::Private(Secret::new("t"));
    let client =
        Client::new(ClientOptions { timeout, retry, ..ClientOptions::new(api, credentials) }).unwrap();
    let tree = Tree::resolve(setup.select, setup.all, &config).unwrap();
    let tally = Arc::new(Tally::new(&tree));
    let pages = Pages::default();
    let options = ExtractOptions {
        concurrency: setup.concurrency,
        per_page: config.extract.per_page,
        shard: None,
        limit: setup.limit,
        budget: Budget::default(),
        hooks: setup.hooks,
        telemetry: Telemetry::default(),
    };
    let result = extract(client, &tree, &config.scope, pages.clone(), options).await;
    let result = result.map(|end| assert_eq!(end, End::Whole));
    Run { pages, tally, result }
}

pub(super) fn ids(ids: impl IntoIterator<Item = u64>) -> String {
    let records = ids.into_iter().map(|id| format!(r#"{{"id": {id}, "iid": {}}}"#, id % 100));
    format!("[{}]", records.collect::<Vec<_>>().join(","))
}

pub(super) fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap().trim_start_matches("/api/v4")
}

/// Two projects; project 1 has issues 11 and 12 on two pages, with one note each; project 2 has issue 21 without notes.
pub(super) fn small(target: &str) -> Reply {
    match path_of(target) {
        "/projects" => Reply::json(&ids([1, 2])),
        "/projects/1/issues" if target.contains("page=2") => Reply::json(&ids([12])).with("x-next-page", ""),
        "/projects/1/issues" => Reply::json(&ids([11])).with("x-next-page", "2"),
        "/projects/2/issues" => Reply::json(&ids([21])),
        "/projects/1/issues/11/notes" => Reply::json(&ids([111])).with("x-next-page", ""),
        "/projects/1/issues/12/notes" => Reply::json(&ids([121])),
        "/projects/2/issues/21/notes" => Reply::json("[]"),
        _ => Reply::fault(404, r#"{"error":"404 Not Found"}"#),
    }
}

pub(super) const SMALL: [&str; 7] = [
    "project_issue_notes(1,11) 111",
    "project_issue_notes(1,12) 121",
    "project_issues(1) 11",
    "project_issues(1) 12",
    "project_issues(2) 21",
    "projects() 1",
    "projects() 2",
];
