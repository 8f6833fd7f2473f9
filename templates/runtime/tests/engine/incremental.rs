//! What a second run asks for, and what it does where the server does not know what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gitlab_pipeline::client::{Client, ClientOptions};
use gitlab_pipeline::config::{Config, Environment, GITLAB_API};
use gitlab_pipeline::extract::{Budget, ExtractOptions, History, Sink, Tally, Tree, extract};
use gitlab_pipeline::moment::{Clock, Moment};
use gitlab_pipeline::page::{Kept, Page, Partition};
use gitlab_pipeline::record::{Outcome, Reading, read_records};
use gitlab_pipeline::resource::{Incremental, NewestFirst, Pagination, Param, ParamSource, Resource};
use gitlab_pipeline::telemetry::Telemetry;
use gitlab_pipeline::{Hooks, Record};
use serde_json::Value;
use tempfile::TempDir;

use crate::gitlab::{GitLab, Reply};

const ISSUES: &Resource = &Resource {
    name: "issues",
    table: "issues",
    path: "/issues",
    record_key: &["id"],
    pagination: Pagination::Offset,
    query: &[("scope", "all")],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    ..Resource::DEFAULT
};
const KEYSET: &Resource =
    &Resource { pagination: Pagination::Keyset { order_by: "updated_at", sort: "asc" }, ..*ISSUES };
const NOTES: &Resource = &Resource {
    name: "notes",
    table: "notes",
    path: "/issues/{id}/notes",
    params: &[Param {
        name: "id",
        column: "issue_id",
        source: ParamSource::Parent { resource: "issues", field: "id" },
    }],
    query: &[],
    incremental: None,
    newest_first: Some(NewestFirst {
        cursor: "updated_at",
        query: &[("order_by", "updated_at"), ("sort", "desc")],
    }),
    lookback: Duration::from_hours(7 * 24),
    ..*ISSUES
};

/// Keeps pages and state in memory, from run to run.
#[derive(Debug, Clone, Default)]
struct Memory {
    ids: Arc<Mutex<Vec<String>>>,
    states: Arc<Mutex<BTreeMap<String, Value>>>,
    history: History,
}

fn key(partition: &Partition) -> String {
    format!("{} {:?}", partition.resource.name, partition.bindings)
}

impl Sink for Memory {
    type Error = std::io::Error;
    type Rows = Vec<Record<'static>>;

    fn read(&self, reading: Reading<'_>, _: &Partition, text: &str) -> Outcome<Vec<Record<'static>>> {
        read_records(reading, text)
    }

    async fn page(&self, page: Page, kept: Option<Kept>) -> Result<(), Self::Error> {
        let name = page.partition.resource.name;
        let ids = page.records.iter().map(|record| format!("{name} {}", record["id"]));
        self.ids.lock().unwrap().extend(ids);
        self.keep(kept.into_iter().collect()).await
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), Self::Error> {
        let mut states = self.states.lock().unwrap();
        for Kept { partition, state, .. } in kept {
            match state {
                Some(state) => states.insert(key(&partition), state),
                None => states.remove(&key(&partition)),
            };
        }
        Ok(())
    }

    fn state(&self, partition: &Partition) -> Option<Value> {
        self.states.lock().unwrap().get(&key(partition)).cloned()
    }

    fn history(&self) -> History {
        self.history.clone()
    }
}

/// Runs these resources as the load of this name, at this time; counts partitions that were read whole against the
/// wish.
async fn run(gitlab: &GitLab, memory: &Memory, all: &[&'static Resource], load: &str, at: &str) -> u64 {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(
        &path,
        "[gitlab]\ntoken_type = 'none'\n[extract]\nper_page = 20\nretries = 0\nconcurrency = 1",
    )
    .unwrap();
    let environment = Environment::from([("GITLAB_URL".to_owned(), gitlab.url.clone())]);
    let config = Config::load(Some(&path), &environment, all, GITLAB_API).unwrap();
    let client = Client::new(ClientOptions::of(&config).unwrap()).unwrap();
    let tree = Tree::resolve(all, all, &config).unwrap();
    let tally = Tally::new(&tree);
    let started_at = Moment::parse(at).unwrap();
    let unfinished = memory.history.unfinished.clone();
    let history = History {
        load_id: load.to_owned(),
        started_at,
        first_at: started_at,
        unfinished,
        clock: Clock::default(),
    };
    let sink = Memory { history, ..memory.clone() };
    let options = ExtractOptions {
        concurrency: 1,
        per_page: 20,
        limit: None,
        budget: Budget::default(),
        shard: None,
        hooks: Hooks::new(),
        telemetry: Telemetry::default(),
    };
    extract(client, &tree, &config.scope, sink, options).await.unwrap();
    tally.resources().map(|(_, counts)| counts.disobeyed()).sum()
}

/// Records with an id and the day in May of their last change, made long before.
fn records(days: impl IntoIterator<Item = (u32, u32)>) -> String {
    let record = |(id, day)| {
        format!(
            r#"{{"id": {id}, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2024-05-{day:02}T00:00:00.000Z"}}"#
        )
    };
    format!("[{}]", days.into_iter().map(record).collect::<Vec<_>>().join(","))
}

fn queries(gitlab: &GitLab, path: &str) -> Vec<String> {
    let queries = gitlab.targets().into_iter().filter_map(|target| {
        let (asked, query) = target.split_once('?')?;
        (asked == format!("/api/v4{path}")).then(|| query.to_owned())
    });
    queries.collect()
}

#[tokio::test]
async fn the_second_run_asks_in_the_pairs_that_gitlab_wants() {
    let gitlab = GitLab::start(|_, _| Reply::json(&records([(1, 9)]))).await;
    let memory = Memory::default();
    run(&gitlab, &memory, &[ISSUES], "a", "2024-05-10T08:00:00Z").await;
    run(&gitlab, &memory, &[ISSUES], "b", "2024-05-11").await;
    let order = "scope=all&order_by=updated_at&sort=asc";
    let expected = [
        format!("{order}&per_page=20&page=1"),
        format!("{order}&updated_after=2024-05-10T07%3A00%3A00.000Z&per_page=20&page=1"),
    ];
    assert_eq!(queries(&gitlab, "/issues"), expected);
    let first: BTreeSet<String> = memory.ids.lock().unwrap().iter().cloned().collect();
    assert_eq!(first, BTreeSet::from(["issues 1".to_owned()]));
}

#[tokio::test]
async fn keyset_brings_its_order_and_without_it_the_order_is_sent() {
    let gitlab = GitLab::start(|target, _| match target.contains("keyset") {
        true => Reply::fault(
            405,
            r#"{"error":"Keyset pagination is not yet available for this type of request"}"#,
        ),
        false => Reply::json(&records([(1, 9)])),
    })
    .await;
    run(&gitlab, &Memory::default(), &[KEYSET], "a", "2024-05-10").await;
    let expected = [
        "scope=all&per_page=20&pagination=keyset&order_by=updated_at&sort=asc",
        "scope=all&order_by=updated_at&sort=asc&per_page=20&page=1",
    ];
    assert_eq!(queries(&gitlab, "/issues"), expected);
}

/// The page of these records that is asked for.
fn page(target: &str, records_of_list: &[(u32, u32)]) -> Reply {
    let number = |name: &str| {
        let value = target.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).unwrap();
        value.trim_start_matches('=').parse::<usize>().unwrap()
    };
    let (page, size) = (number("page"), number("per_page"));
    let shown = records_of_list.iter().copied().skip((page - 1) * size).take(size);
    let next = if page * size < records_of_list.len() { (page + 1).to_string() } else { String::new() };
    Reply::json(&records(shown)).with("x-next-page", &next)
}

/// A version that knows neither bound nor order: all it has, by id, the newest first.
fn unruly(target: &str) -> Reply {
    page(target, &(0..35).map(|at| (100 - at, 1 + at % 7)).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_server_that_knows_neither_bound_nor_order_is_read_whole_and_that_is_said() {
    let gitlab = GitLab::start(|target, _| unruly(target)).await;
    let memory = Memory::default();
    assert_eq!(run(&gitlab, &memory, &[ISSUES], "a", "2024-05-10").await, 1);
    let all: Vec<String> = memory.ids.lock().unwrap().drain(..).collect();
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (35, 35));
    assert_eq!(run(&gitlab, &memory, &[ISSUES], "b", "2024-05-11").await, 1);
    assert_eq!(memory.ids.lock().unwrap().len(), 35);
}

#[tokio::test]
async fn a_link_that_is_good_no_more_begins_the_list_again() {
    let next = "<http://host/api/v4/issues?cursor=old>; rel=\"next\"";
    let gitlab = GitLab::start(move |target, before| match (target.contains("cursor=old"), before) {
        (true, 0) => Reply::fault(401, r#"{"message":"401 Unauthorized"}"#),
        (true, _) => Reply::fault(400, r#"{"error":"cursor is invalid"}"#),
        (false, 0) => Reply::json(&records([(1, 1), (2, 2)])).with("link", next),
        (false, _) => Reply::json(&records([(1, 1), (2, 2), (3, 3)])),
    })
    .await;
    let memory = Memory::default();
    run(&gitlab, &memory, &[KEYSET], "a", "2024-05-10").await;
    let point = memory.states.lock().unwrap().values().next().unwrap()["reading"]["point"].clone();
    assert_eq!(point["link"][0], serde_json::json!(["cursor", "old"]));
    let mut again = memory.clone();
    again.history.unfinished.insert("a".to_owned());
    memory.ids.lock().unwrap().clear();
    run(&gitlab, &again, &[KEYSET], "b", "2024-05-10").await;
    assert_eq!(*memory.ids.lock().unwrap(), ["issues 1", "issues 2", "issues 3"]);
    assert!(queries(&gitlab, "/issues").iter().filter(|query| *query == "cursor=old").count() == 2);
}

/// An issue with 50 notes, the newest first; one of them is new.
#[tokio::test]
async fn notes_are_read_until_what_is_known() {
    let gitlab = GitLab::start(|target, _| {
        if !target.contains("/notes") {
            return Reply::json(&records([(1, 16)]));
        }
        page(target, &(0..50).map(|at| (at, if at == 0 { 16 } else { 2 })).collect::<Vec<_>>())
    })
    .await;
    let (memory, all) = (Memory::default(), [ISSUES, NOTES]);
    run(&gitlab, &memory, &all, "a", "2024-05-10").await;
    let first = queries(&gitlab, "/issues/1/notes");
    assert!(first.len() == 3 && !first[0].contains("order_by"), "{first:?}");
    run(&gitlab, &memory, &all, "b", "2024-05-16").await;
    let second = queries(&gitlab, "/issues/1/notes")[first.len()..].to_vec();
    assert_eq!(second, ["order_by=updated_at&sort=desc&per_page=20&page=1"]);
    // A full sweep reads them all.
    run(&gitlab, &memory, &all, "c", "2024-06-20").await;
    assert_eq!(queries(&gitlab, "/issues/1/notes").len(), first.len() + 1 + 3);
}
