//! The loader on a real file: many tasks at once, crashes, replacements, failures of the destination.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gitlab_pipeline::destination::sqlite::{Settings, Sqlite};
use gitlab_pipeline::destination::{
    Destination, DestinationError, LoadEntry, LoadStatus, SchemaChange, StateEntry, Target, Written,
};
use gitlab_pipeline::load::{Keep, LoadError, LoadNote, LoadOptions, LoadOutcome, LoadSummary, Loader};
use gitlab_pipeline::page::{Binding, Page, Partition};
use gitlab_pipeline::resource::{KeyScope, Pagination, Param, ParamSource, Resource, WriteDisposition};
use gitlab_pipeline::schema::table::{Table, TableRows};
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const TICKETS: Resource = Resource {
    name: "tickets",
    table: "tickets",
    path: "/projects/{id}/tickets",
    params: &[Param {
        name: "id",
        column: "project_id",
        source: ParamSource::Parent { resource: "projects", field: "id" },
    }],
    record_key: &["iid"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    ..Resource::DEFAULT
};

/// Nothing tells its records apart.
const WORDS: Resource = Resource { name: "words", table: "words", record_key: &[], ..TICKETS };
const HISTORY: Resource =
    Resource { name: "history", table: "history", write_disposition: WriteDisposition::Append, ..TICKETS };

static T: &Resource = &TICKETS;
static W: &Resource = &WORDS;
static H: &Resource = &HISTORY;

struct File(TempDir);

impl File {
    fn new() -> File {
        File(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("test.db")
    }

    fn open(&self) -> Box<dyn Destination> {
        Box::new(Sqlite::open(&Settings { path: self.path() }).unwrap())
    }

    fn begin(&self, options: LoadOptions) -> Loader {
        Loader::begin(self.open(), options).unwrap()
    }

    /// The rows of a query, each as one line.
    fn query(&self, sql: &str) -> Vec<String> {
        let connection = Connection::open(self.path()).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns)
                .map(|at| row.get::<_, rusqlite::types::Value>(at).map(|cell| format!("{cell:?}")));
            Ok(cells.collect::<Result<Vec<_>, _>>()?.join(" "))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn count(&self, table: &str) -> usize {
        self.query(&format!("SELECT 1 FROM {table}")).len()
    }

    /// Everything but which load it came with.
    fn tickets(&self) -> Vec<String> {
        let mut rows =
            self.query("SELECT project_id, iid, title, author__username, weight FROM tickets ORDER BY 1, 2");
        rows.extend(self.query(
            "SELECT _parent_project_id, _parent_iid, _index, id, name FROM tickets__assignees ORDER BY 1, 2, 3",
        ));
        rows
    }
}

fn page(resource: &'static Resource, project: i64, records: Vec<Value>) -> Page {
    let bindings = vec![Binding { column: "project_id", value: json!(project) }];
    let records =
        records.into_iter().map(|record| record.as_object().unwrap().clone().into_iter().collect()).collect();
    Page { partition: Arc::new(Partition { resource, bindings }), records, last: true }
}

/// Two hundred tickets of a project, ten to a page.
fn ticket_pages(project: i64) -> Vec<Page> {
    let ticket = |iid: i64| {
        let assignees: Vec<Value> =
            (0..iid % 3).map(|at| json!({"id": at, "name": format!("a{at}")})).collect();
        json!({
            "iid": iid, "title": format!("ticket {iid} 🦊"), "author": {"username": "ü"}, "assignees": assignees,
            "weight": if iid == 150 { json!("heavy") } else { json!(iid) }, "due": null,
        })
    };
    let numbers: Vec<i64> = (1..=200).collect();
    numbers.chunks(10).map(|iids| page(T, project, iids.iter().copied().map(ticket).collect())).collect()
}

fn complete(resources: &[&'static Resource]) -> LoadOutcome {
    LoadOutcome { status: LoadStatus::Complete, complete: resources.to_vec(), report: Map::new() }
}

fn partial() -> LoadOutcome {
    LoadOutcome { status: LoadStatus::Partial, complete: Vec::new(), report: Map::new() }
}

async fn load(file: &File, pages: Vec<Page>, outcome: LoadOutcome) -> LoadSummary {
    let loader = file.begin(LoadOptions::default());
    for page in pages {
        loader.page(page).await.unwrap();
    }
    loader.finish(outcome).await.unwrap()
}

fn undisturbed() -> Vec<String> {
    let file = File::new();
    let pages = (1..=4).flat_map(ticket_pages).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(load(&file, pages, complete(&[T])));
    file.tickets()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_load_at_once_and_again() {
    let file = File::new();
    let mut summaries = Vec::new();
    for _ in 0..2 {
        let loader =
            file.begin(LoadOptions { package_rows: 70, queue_bytes: 64 << 10, ..LoadOptions::default() });
        let tasks: Vec<_> = (1..=4)
            .map(|project| {
                let loader = loader.clone();
                tokio::spawn(async move {
                    for page in ticket_pages(project) {
                        loader.page(page).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        summaries.push(loader.finish(complete(&[T])).await.unwrap());
    }
    assert_eq!(file.count("tickets"), 800);
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);

    assert_eq!(summaries[0].tables["tickets"], Written { inserted: 800, updated: 0 });
    assert_eq!(summaries[1].tables["tickets"], Written { inserted: 0, updated: 800 });
    let changes: Vec<String> = summaries[0].changes.iter().map(ToString::to_string).collect();
    assert!(changes.iter().any(|change| change.starts_with("new table `tickets`")), "{changes:?}");
    assert!(summaries[1].changes.is_empty(), "{:?}", summaries[1].changes);
    assert!(
        file.query("SELECT weight FROM tickets WHERE iid IN (149, 150)")
            .contains(&"Text(\"149\")".to_owned())
    );

    let loads = file.open().loads().unwrap();
    assert_eq!(loads.iter().map(|load| load.status).collect::<Vec<_>>(), [LoadStatus::Complete; 2]);
    assert_eq!(loads[0].load_id, summaries[1].load_id);
    assert_eq!(loads[0].rows["tickets"], 800);
    let stamps = format!("SELECT 1 FROM tickets WHERE _load_id = '{}'", summaries[1].load_id);
    assert_eq!(file.query(&stamps).len(), 800);
}

#[tokio::test]
async fn a_crash_leaves_whole_packages_and_the_next_load_completes_them() {
    let file = File::new();
    let destination = Watched::new(file.open());
    let closed = Arc::clone(&destination.closed);
    let options = LoadOptions { package_rows: 30, ..LoadOptions::default() };
    let loader = Loader::begin(Box::new(destination), options).unwrap();
    for page in ticket_pages(1).into_iter().take(9) {
        loader.page(page).await.unwrap();
    }
    drop(loader);
    // The writer still works off its queue; then it goes without a commit.
    while !closed.load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(file.count("tickets"), 80, "two pages and their lists make a package; the ninth page is lost");
    assert_eq!(file.open().loads().unwrap()[0].status, LoadStatus::Running);

    let pages = (1..=4).flat_map(ticket_pages).collect();
    load(&file, pages, complete(&[T])).await;
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);
    let statuses: Vec<_> = file.open().loads().unwrap().into_iter().map(|load| load.status).collect();
    assert_eq!(statuses, [LoadStatus::Complete, LoadStatus::Interrupted]);
}

#[tokio::test]
async fn without_a_key_a_complete_read_replaces_the_table() {
    let file = File::new();
    let words = |words: &[&str]| vec![page(W, 1, words.iter().map(|word| json!({"word": word})).collect())];
    let read = || file.query("SELECT word FROM words ORDER BY 1");

    let summary = load(&file, words(&["first"]), partial()).await;
    assert_eq!(read(), ["Text(\"first\")"], "an empty table takes what there is");
    assert_eq!(summary.notes, [LoadNote::NoKey { resource: "words", table: "words".to_owned() }]);

    load(&file, words(&["b", "b"]), complete(&[W])).await;
    assert_eq!(read(), ["Text(\"b\")", "Text(\"b\")"]);

    let summary = load(&file, words(&["c"]), partial()).await;
    assert_eq!(read(), ["Text(\"b\")", "Text(\"b\")"]);
    assert!(summary.notes.contains(&LoadNote::NotReplaced { table: "words".to_owned() }));

    load(&file, Vec::new(), partial()).await;
    assert_eq!(read().len(), 2);
    load(&file, Vec::new(), complete(&[W])).await;
    assert_eq!(read().len(), 0, "a complete read that finds nothing leaves nothing");
    assert_eq!(file.query("SELECT name FROM sqlite_schema WHERE name LIKE '%stage%'").len(), 0);
}

#[tokio::test]
async fn append_keeps_history_with_its_lists() {
    let file = File::new();
    let record = json!({"iid": 1, "list": [{"a": 1}, {"a": 2}]});
    for _ in 0..2 {
        load(&file, vec![page(H, 1, vec![record.clone()])], complete(&[H])).await;
    }
    assert_eq!((file.count("history"), file.count("history__list")), (2, 4));
    assert_eq!(file.query("SELECT DISTINCT _load_id FROM history__list").len(), 2);
}

#[tokio::test]
async fn lists_follow_their_records() {
    let file = File::new();
    let record = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        vec![page(T, 1, vec![json!({"iid": 1, "title": "t", "assignees": list})])]
    };
    let read = || file.query("SELECT _index, name FROM tickets__assignees ORDER BY 1");
    load(&file, record(&["a", "b", "c"]), complete(&[T])).await;
    load(&file, record(&["z"]), complete(&[T])).await;
    assert_eq!(read(), ["Integer(0) Text(\"z\")"]);
    load(&file, record(&[]), complete(&[T])).await;
    assert_eq!(read().len(), 0);
}

#[tokio::test]
async fn a_package_is_committed_when_its_time_is_over() {
    let file = File::new();
    let loader =
        file.begin(LoadOptions { package_time: Duration::from_millis(50), ..LoadOptions::default() });
    loader.page(page(T, 1, vec![json!({"iid": 1})])).await.unwrap();
    let connection = Connection::open(file.path()).unwrap();
    let is_there =
        || connection.query_row("SELECT count(*) FROM tickets", [], |row| row.get::<_, i64>(0)) == Ok(1);
    for _ in 0..1000 {
        if is_there() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(is_there());
    loader.finish(complete(&[T])).await.unwrap();
}

fn keep_of(page: &Page, state: Value) -> Keep {
    Keep { partition: Arc::clone(&page.partition), state: Some(state), whole: None }
}

#[tokio::test]
async fn state_is_there_for_the_next_load() {
    let file = File::new();
    let loader = file.begin(LoadOptions::default());
    let first = page(T, 1, vec![json!({"iid": 1})]);
    let bindings = first.partition.bindings.clone();
    assert_eq!(loader.state(T, &bindings), None);
    let keep = keep_of(&first, json!({"updated_at": "2024"}));
    loader.page_and_keep(first, vec![keep]).await.unwrap();
    loader.finish(complete(&[T])).await.unwrap();
    let loader = file.begin(LoadOptions::default());
    assert_eq!(loader.state(T, &bindings), Some(&json!({"updated_at": "2024"})));
    assert_eq!(loader.state(W, &bindings), None);
}

#[tokio::test]
async fn state_of_staged_rows_waits_for_them() {
    let file = File::new();
    let kept = |file: &File| file.open().states().unwrap().len();
    for (outcome, states) in [(complete(&[W]), 1), (partial(), 1)] {
        let loader = file.begin(LoadOptions { package_rows: 1, ..LoadOptions::default() });
        let project = if outcome.complete.is_empty() { 2 } else { 1 };
        let page = page(W, project, vec![json!({"word": "a"})]);
        let keep = keep_of(&page, json!(1));
        loader.page_and_keep(page, vec![keep]).await.unwrap();
        loader.finish(outcome).await.unwrap();
        assert_eq!(kept(&file), states, "the state of rows that were not taken over is not kept");
    }
}

#[tokio::test]
async fn a_dropped_table_comes_again() {
    let file = File::new();
    load(&file, ticket_pages(1), complete(&[T])).await;
    Connection::open(file.path())
        .unwrap()
        .execute_batch("DROP TABLE tickets; DROP TABLE tickets__assignees")
        .unwrap();
    load(&file, ticket_pages(1), complete(&[T])).await;
    assert_eq!(file.count("tickets"), 200);
    assert!(file.count("tickets__assignees") > 0);
}

#[tokio::test]
async fn an_empty_list_makes_an_empty_table_whose_types_the_data_decides() {
    let file = File::new();
    load(&file, vec![page(T, 1, Vec::new())], complete(&[T])).await;
    assert_eq!(file.count("tickets"), 0);
    let summary = load(&file, vec![page(T, 1, vec![json!({"iid": 1})])], complete(&[T])).await;
    assert_eq!(file.query("SELECT iid FROM tickets"), ["Integer(1)"]);
    assert_eq!(summary.changes, [], "nobody could have seen a difference");
}

#[tokio::test]
async fn records_without_a_key_are_reported() {
    let file = File::new();
    let summary = load(&file, vec![page(T, 1, vec![json!({"title": "?"})])], complete(&[T])).await;
    let note = LoadNote::EmptyKey { table: "tickets".to_owned(), key: vec!["iid".to_owned()] };
    assert_eq!(summary.notes, [note]);
}

/// Fails, or panics, at the n-th write, and tells when it is closed.
struct Watched {
    inner: Option<Box<dyn Destination>>,
    writes_left: usize,
    panics: bool,
    pause: Duration,
    closed: Arc<AtomicBool>,
}

impl Watched {
    fn new(inner: Box<dyn Destination>) -> Watched {
        let closed = Arc::default();
        Watched { inner: Some(inner), writes_left: usize::MAX, panics: false, pause: Duration::ZERO, closed }
    }

    fn inner(&mut self) -> &mut dyn Destination {
        self.inner.as_mut().unwrap().as_mut()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.inner = None;
        self.closed.store(true, Ordering::Release);
    }
}

impl Destination for Watched {
    fn place(&self) -> String {
        self.inner.as_ref().unwrap().place()
    }
    fn tables(&mut self) -> Result<Vec<Table>, DestinationError> {
        self.inner().tables()
    }
    fn states(&mut self) -> Result<Vec<StateEntry>, DestinationError> {
        self.inner().states()
    }
    fn loads(&mut self) -> Result<Vec<LoadEntry>, DestinationError> {
        self.inner().loads()
    }
    fn begin(&mut self) -> Result<(), DestinationError> {
        self.inner().begin()
    }
    fn apply(&mut self, change: &SchemaChange, load_id: &str) -> Result<(), DestinationError> {
        self.inner().apply(change, load_id)
    }
    fn write(&mut self, rows: &TableRows, target: Target) -> Result<Written, DestinationError> {
        std::thread::sleep(self.pause);
        self.writes_left -= 1;
        if self.writes_left == 0 {
            assert!(!self.panics, "the destination panics");
            return Err(DestinationError::ForeignTable { place: "there".to_owned(), table: "x".to_owned() });
        }
        self.inner().write(rows, target)
    }
    fn mark_deleted(
        &mut self,
        table: &str,
        partition: &[(&str, &Value)],
        loads: std::ops::Range<&str>,
        at: std::time::SystemTime,
    ) -> Result<u64, DestinationError> {
        self.inner().mark_deleted(table, partition, loads, at)
    }
    fn swap(&mut self, table: &str) -> Result<(), DestinationError> {
        self.inner().swap(table)
    }
    fn discard_stages(&mut self) -> Result<(), DestinationError> {
        self.inner().discard_stages()
    }
    fn is_empty(&mut self, table: &str) -> Result<bool, DestinationError> {
        self.inner().is_empty(table)
    }
    fn write_state(&mut self, states: &[StateEntry], load_id: &str) -> Result<(), DestinationError> {
        self.inner().write_state(states, load_id)
    }
    fn write_load(&mut self, load: &LoadEntry) -> Result<(), DestinationError> {
        self.inner().write_load(load)
    }
    fn commit(&mut self) -> Result<(), DestinationError> {
        self.inner().commit()
    }
}

/// What every caller of `page`, and then of `finish`, is told when the destination fails.
async fn errors_of_a_failing_destination(panics: bool) -> Vec<LoadError> {
    let file = File::new();
    let mut destination = Watched::new(file.open());
    (destination.writes_left, destination.panics) = (5, panics);
    destination.pause = Duration::from_millis(5);
    let options = LoadOptions { queue_bytes: 1, ..LoadOptions::default() };
    let loader = Loader::begin(Box::new(destination), options).unwrap();
    let tasks: Vec<_> = (1..=6)
        .map(|project| {
            let loader = loader.clone();
            tokio::spawn(async move {
                for page in ticket_pages(project) {
                    loader.page(page).await?;
                }
                Ok::<(), LoadError>(())
            })
        })
        .collect();
    let mut errors = Vec::new();
    for task in tasks {
        errors.push(task.await.unwrap().unwrap_err());
    }
    errors.push(loader.finish(complete(&[T])).await.unwrap_err());
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_the_writer_reaches_everyone() {
    let errors =
        tokio::time::timeout(Duration::from_secs(60), errors_of_a_failing_destination(false)).await.unwrap();
    assert_eq!(errors.len(), 7);
    for error in errors {
        assert_eq!(error.to_string(), "there has a table `x` that this pipeline did not make");
        assert!(error.hint().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_the_writer_leaves_nobody_waiting() {
    let errors =
        tokio::time::timeout(Duration::from_secs(60), errors_of_a_failing_destination(true)).await.unwrap();
    assert!(errors.iter().all(|error| matches!(error, LoadError::Panicked)), "{errors:?}");
}

#[tokio::test]
async fn after_the_end_the_load_is_closed() {
    let file = File::new();
    let loader = file.begin(LoadOptions::default());
    let other = loader.clone();
    loader.finish(complete(&[])).await.unwrap();
    let error = other.page(page(T, 1, vec![json!({"iid": 1})])).await.unwrap_err();
    assert!(matches!(error, LoadError::Closed));
}
