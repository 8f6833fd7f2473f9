//! The loader on a real file: many tasks at once, crashes, replacements, failures of the destination.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use gitlab_pipeline::config::StartDate;
use gitlab_pipeline::destination::sqlite::{Settings, Sqlite};
use gitlab_pipeline::destination::{
    Abilities, Batch, Claim, Committed, Destination, DestinationError, LoadEntry, LoadStatus, Mode, OpenLoad,
    Package, PackageId, SchemaChange, StateEntry, StateReader, TableWriter, Written,
};
use gitlab_pipeline::load::{
    LoadError, LoadNote, LoadOptions, LoadOutcome, LoadSummary, Loader, Reads, ResourceOptions, refusals,
};
use gitlab_pipeline::moment::Moment;
use gitlab_pipeline::page::{Binding, Kept, Page, Partition, Whole};
use gitlab_pipeline::resource::{KeyScope, Pagination, Param, ParamSource, Resource, WriteDisposition};
use gitlab_pipeline::schema::field;
use gitlab_pipeline::schema::table::Table;
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
    let records = records.into_iter().map(|record| record.as_object().unwrap().clone()).collect();
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

/// Every load keeps the loader's side of the contract.
async fn load(file: &File, pages: Vec<Page>, outcome: LoadOutcome) -> LoadSummary {
    let destination =
        Watched { inner: file.open(), watch: Watch { batch_rows: 500, ..Watch::new(usize::MAX) } };
    let loader = Loader::begin(Box::new(destination), LoadOptions::default()).unwrap();
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
        let loader = file.begin(LoadOptions {
            package_rows: Some(70),
            queue_bytes: 64 << 10,
            ..LoadOptions::default()
        });
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

    let loads = file.open().loads(100).unwrap();
    assert_eq!(loads.iter().map(|load| load.status).collect::<Vec<_>>(), [LoadStatus::Complete; 2]);
    assert_eq!(loads[0].load_id, summaries[1].load_id);
    assert_eq!(loads[0].rows["tickets"], 800);
    let stamps = format!("SELECT 1 FROM tickets WHERE _load_id = '{}'", summaries[1].load_id);
    assert_eq!(file.query(&stamps).len(), 800);
}

#[tokio::test]
async fn a_crash_leaves_whole_packages_and_the_next_load_completes_them() {
    let file = File::new();
    let watch = Watch::new(usize::MAX);
    let closed = Arc::clone(&watch.closed);
    let destination = Watched { inner: file.open(), watch };
    let options = LoadOptions { package_rows: Some(30), ..LoadOptions::default() };
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
    assert_eq!(file.open().loads(100).unwrap()[0].status, LoadStatus::Interrupted);

    let pages = (1..=4).flat_map(ticket_pages).collect();
    load(&file, pages, complete(&[T])).await;
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);
    let statuses: Vec<_> = file.open().loads(100).unwrap().into_iter().map(|load| load.status).collect();
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
async fn append_keeps_each_version_once_with_its_lists() {
    let file = File::new();
    let record = |a: i64| json!({"iid": 1, "list": [{"a": 1}, {"a": a}]});
    let read = async |records: Vec<Value>| {
        load(&file, vec![page(H, 1, records)], complete(&[H])).await;
        (file.count("history"), file.count("history__list"))
    };
    assert_eq!(read(vec![record(2)]).await, (1, 2));
    assert_eq!(read(vec![record(2)]).await, (1, 2), "a lookback reads it again");
    assert_eq!(read(vec![record(3), json!({"iid": 2})]).await, (3, 4), "what changed is a list alone");
    assert_eq!(
        read(vec![record(2)]).await,
        (4, 4),
        "a version that came back is one, with the lists that it had"
    );
    assert_eq!(read(vec![json!({"iid": 2}), record(2)]).await, (4, 4));
    let joined =
        "SELECT count(*) FROM history JOIN history__list ON _parent_iid = iid AND _parent__digest = _digest";
    assert_eq!(file.query(joined), ["Integer(6)"]);
    // Two versions in one load, in pages that are gathered.
    let pages = vec![page(H, 1, vec![record(7)]), page(H, 1, vec![record(8)]), page(H, 1, vec![record(8)])];
    load(&file, pages, complete(&[H])).await;
    assert_eq!(file.count("history"), 6);
}

#[tokio::test]
async fn what_is_appended_without_a_key_is_there_once() {
    static LOG: Resource = Resource { name: "log", table: "log", record_key: &[], ..HISTORY };
    let file = File::new();
    let entries = ["x", "x", "y"].map(|did| json!({"did": did})).to_vec();
    for projects in [[1, 2], [2, 3]] {
        let pages = projects.iter().map(|project| page(&LOG, *project, entries.clone())).collect();
        load(&file, pages, complete(&[&LOG])).await;
    }
    let counts = file.query("SELECT project_id, count(*) FROM log GROUP BY 1");
    assert_eq!(counts, [1, 2, 3].map(|project| format!("Integer({project}) Integer(3)")));
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

fn keep_of(page: &Page, state: Value) -> Kept {
    Kept { partition: Arc::clone(&page.partition), state: Some(state), whole: None }
}

#[tokio::test]
async fn state_is_there_for_the_next_load() {
    let file = File::new();
    let loader = file.begin(LoadOptions::default());
    let first = page(T, 1, vec![json!({"iid": 1})]);
    let bindings = first.partition.bindings.clone();
    assert_eq!(loader.state(T, &bindings).unwrap(), None);
    let keep = keep_of(&first, json!({"updated_at": "2024"}));
    loader.page_and_keep(first, vec![keep]).await.unwrap();
    loader.finish(complete(&[T])).await.unwrap();
    let loader = file.begin(LoadOptions::default());
    assert_eq!(loader.state(T, &bindings).unwrap(), Some(json!({"updated_at": "2024"})));
    assert_eq!(loader.state(W, &bindings).unwrap(), None);
}

#[tokio::test]
async fn state_of_staged_rows_waits_for_them() {
    let file = File::new();
    let kept = |file: &File| {
        let mut states = 0;
        file.open().each_state(&mut |entry| states += usize::from(entry.resource == "words")).unwrap();
        states
    };
    for (outcome, states) in [(complete(&[W]), 1), (partial(), 1)] {
        let loader = file.begin(LoadOptions { package_rows: Some(1), ..LoadOptions::default() });
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
async fn records_without_their_key_are_kept_each_and_reported() {
    let file = File::new();
    let event = |at: usize| json!({"title": format!("event {at}"), "list": [{"at": at}]});
    let pages = || (0..12).map(|at| page(T, 1, (at * 20..at * 20 + 20).map(event).collect()));
    let summary = load(&file, pages().collect(), complete(&[T])).await;
    let note = LoadNote::EmptyKey { table: "tickets".to_owned(), key: vec!["iid".to_owned()] };
    assert_eq!(summary.notes, [note]);
    assert_eq!((file.count("tickets"), file.count("tickets__list")), (240, 240));
    load(&file, pages().collect(), complete(&[T])).await;
    assert_eq!(
        (file.count("tickets"), file.count("tickets__list")),
        (240, 240),
        "a second read doubles none"
    );

    // Some have one, and did before there were others.
    let file = File::new();
    let some = |iid: i64| json!({"iid": iid, "title": "keyed", "list": [{"at": iid}]});
    load(&file, vec![page(T, 1, vec![some(1), some(2)])], complete(&[T])).await;
    for _ in 0..2 {
        let pages = vec![page(T, 1, vec![event(1), some(2), event(2)]), page(T, 1, vec![some(3)])];
        load(&file, pages, complete(&[T])).await;
        assert_eq!((file.count("tickets"), file.count("tickets__list")), (5, 5));
    }
    let none = json!({"iid": 2, "title": "keyed", "list": []});
    load(&file, vec![page(T, 1, vec![none, event(2)])], complete(&[T])).await;
    assert_eq!((file.count("tickets"), file.count("tickets__list")), (5, 4));
}

/// Fails, or panics, at the n-th write, and tells when it is closed.
struct Watched {
    inner: Box<dyn Destination>,
    watch: Watch,
}

/// Package, table, and the values of the key.
type WrittenKey = (PackageId, String, Vec<Option<String>>);

#[derive(Clone)]
struct Watch {
    writes_left: Arc<AtomicUsize>,
    panics: bool,
    pause: Duration,
    closed: Arc<AtomicBool>,
    writers: usize,
    batch_rows: usize,
    /// The keys that were written.
    keys: Arc<Mutex<HashSet<WrittenKey>>>,
}

struct WatchedLoad {
    inner: Option<Box<dyn OpenLoad>>,
    watch: Watch,
}

struct WatchedWriter {
    inner: Box<dyn TableWriter>,
    package: PackageId,
    table: Table,
    /// What tells its rows apart.
    key: Vec<String>,
    watch: Watch,
}

impl Watch {
    fn new(writes: usize) -> Watch {
        let writes_left = Arc::new(AtomicUsize::new(writes));
        Watch {
            writes_left,
            panics: false,
            pause: Duration::ZERO,
            closed: Arc::default(),
            writers: 1,
            batch_rows: 1,
            keys: Arc::default(),
        }
    }
}

impl Drop for WatchedLoad {
    fn drop(&mut self) {
        self.inner = None;
        self.watch.closed.store(true, Ordering::Release);
    }
}

type Done<T> = Result<T, DestinationError>;

impl Destination for Watched {
    fn place(&self) -> String {
        self.inner.place()
    }
    fn abilities(&self) -> Abilities {
        Abilities { batch_rows: self.watch.batch_rows, writers: self.watch.writers, ..self.inner.abilities() }
    }
    fn loads(&mut self, most: usize) -> Done<Vec<LoadEntry>> {
        self.inner.loads(most)
    }
    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Done<()> {
        self.inner.each_state(visit)
    }
    fn open_load(self: Box<Self>, claim: &Claim) -> Done<Box<dyn OpenLoad>> {
        Ok(Box::new(WatchedLoad { inner: Some(self.inner.open_load(claim)?), watch: self.watch.clone() }))
    }
}

impl WatchedLoad {
    fn inner(&mut self) -> &mut dyn OpenLoad {
        self.inner.as_mut().unwrap().as_mut()
    }
}

impl OpenLoad for WatchedLoad {
    fn tables(&mut self) -> Done<Vec<Table>> {
        self.inner().tables()
    }
    fn loads(&mut self, most: usize) -> Done<Vec<LoadEntry>> {
        self.inner().loads(most)
    }
    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Done<()> {
        self.inner().each_state(visit)
    }
    fn state_reader(&mut self) -> Done<Box<dyn StateReader>> {
        self.inner().state_reader()
    }
    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Done<()> {
        self.inner().prepare(changes, load_id)
    }
    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Done<Box<dyn TableWriter>> {
        let inner = self.inner().writer(table, mode, package)?;
        let key = if let Mode::Versions { of } = mode { of.clone() } else { table.key.clone() };
        let (package, table, watch) = (package.clone(), table.clone(), self.watch.clone());
        Ok(Box::new(WatchedWriter { inner, package, table, key, watch }))
    }
    fn commit(&mut self, package: &Package<'_>) -> Done<Committed> {
        self.inner().commit(package)
    }
    fn close(mut self: Box<Self>) -> Done<()> {
        self.inner.take().unwrap().close()
    }
}

impl WatchedWriter {
    /// The batch is exactly the table, and no key comes twice in a package.
    fn keeps_the_contract(&self, rows: &RecordBatch) {
        let columns: Vec<_> =
            self.table.columns.iter().map(|column| field(&column.name, column.kind)).collect();
        let fields: Vec<_> = rows.schema_ref().fields().iter().map(|field| field.as_ref().clone()).collect();
        assert_eq!(fields, columns);
        let cell = |name: &String, row: usize| {
            let array = rows.column_by_name(name).unwrap();
            let text = |array: &ArrayRef| match array.data_type() {
                DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
                _ => array.as_string::<i32>().value(row).to_owned(),
            };
            array.is_valid(row).then(|| text(array))
        };
        let mut keys = self.watch.keys.lock().unwrap();
        for row in (0..rows.num_rows()).filter(|_| !self.key.is_empty()) {
            let key = self.key.iter().map(|name| cell(name, row)).collect();
            let entry = (self.package.clone(), self.table.name.clone(), key);
            assert!(!keys.contains(&entry), "{entry:?} comes twice");
            keys.insert(entry);
        }
    }
}

impl TableWriter for WatchedWriter {
    fn write(&mut self, batch: &Batch) -> Done<Option<Vec<bool>>> {
        self.keeps_the_contract(&batch.rows);
        std::thread::sleep(self.watch.pause);
        if self.watch.writes_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            assert!(!self.watch.panics, "the destination panics");
            return Err(DestinationError::ForeignTable { place: "there".to_owned(), table: "x".to_owned() });
        }
        self.inner.write(batch)
    }
    fn finish(self: Box<Self>) -> Done<()> {
        self.inner.finish()
    }
}

/// What every caller of `page`, and then of `finish`, is told when the destination fails.
async fn errors_of_a_failing_destination(panics: bool, writers: usize) -> Vec<LoadError> {
    let file = File::new();
    let watch = Watch { panics, writers, pause: Duration::from_millis(5), ..Watch::new(5) };
    let destination = Watched { inner: file.open(), watch };
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
    for writers in [1, 3] {
        let errors = errors_of_a_failing_destination(false, writers);
        let errors = tokio::time::timeout(Duration::from_secs(60), errors).await.unwrap();
        assert_eq!(errors.len(), 7);
        for error in errors {
            assert_eq!(error.to_string(), "there has a table `x` that this pipeline did not make");
            assert!(error.hint().is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_the_writer_leaves_nobody_waiting() {
    let errors = errors_of_a_failing_destination(true, 1);
    let errors = tokio::time::timeout(Duration::from_secs(60), errors).await.unwrap();
    assert!(errors.iter().all(|error| matches!(error, LoadError::Panicked)), "{errors:?}");
    let errors = errors_of_a_failing_destination(true, 3);
    let errors = tokio::time::timeout(Duration::from_secs(60), errors).await.unwrap();
    assert!(errors.iter().all(|error| matches!(error, LoadError::Destination(_))), "{errors:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_writers_load_the_same() {
    let file = File::new();
    for _ in 0..2 {
        let watch = Watch { writers: 4, ..Watch::new(usize::MAX) };
        let options = LoadOptions { package_rows: Some(100), ..LoadOptions::default() };
        let loader = Loader::begin(Box::new(Watched { inner: file.open(), watch }), options).unwrap();
        for page in (1..=4).flat_map(ticket_pages) {
            loader.page(page).await.unwrap();
        }
        loader.finish(complete(&[T])).await.unwrap();
    }
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);
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

/// `_state` has what the loads of these resources keep, and not what the pipeline keeps of itself.
fn kept_of(file: &File) -> Vec<String> {
    let mut kept = Vec::new();
    let show = &mut |entry: StateEntry| kept.push(format!("{} {}", entry.resource, entry.state.unwrap()));
    file.open().each_state(show).unwrap();
    kept.retain(|entry| !entry.starts_with('_'));
    kept
}

fn reading(resource: &'static Resource) -> LoadOptions {
    LoadOptions { reads: vec![Reads { resource, is_loaded: true }], ..LoadOptions::default() }
}

/// Loads one ticket and its state, in a load of these options; tells what state was there before.
async fn load_with_state(file: &File, resource: &'static Resource, options: LoadOptions) -> Option<Value> {
    let loader = file.begin(options);
    let page = page(resource, 1, vec![json!({"iid": 1})]);
    let before = loader.state(resource, &page.partition.bindings).unwrap();
    let keep = keep_of(&page, json!("loaded"));
    loader.page_and_keep(page, vec![keep]).await.unwrap();
    loader.finish(complete(&[resource])).await.unwrap();
    before
}

#[tokio::test]
async fn state_says_nothing_of_another_definition_or_of_a_table_that_is_gone() {
    static QUERY: Resource = Resource { query: &[("scope", "all")], ..TICKETS };
    static PATH: Resource = Resource { path: "/projects/{id}/other_tickets", ..TICKETS };
    static KEY: Resource = Resource { record_key: &["id"], ..TICKETS };
    static HINTS: Resource = Resource {
        columns: &[gitlab_pipeline::resource::Column::text("title")],
        lookback: Duration::ZERO,
        ..TICKETS
    };
    let known = Some(json!("loaded"));
    let renamed = || {
        let table = ResourceOptions { table: Some("renamed".to_owned()), write_disposition: None };
        LoadOptions { resources: [("tickets".to_owned(), table)].into(), ..reading(T) }
    };
    let started = |start| LoadOptions { start, ..reading(T) };
    let at = |text: &str| StartDate::At(Moment::parse(text).unwrap());
    let not_loaded = || LoadOptions { reads: vec![Reads { resource: T, is_loaded: false }], ..reading(T) };
    let file = File::new();
    let steps: [(&str, &'static Resource, LoadOptions, bool); 14] = [
        ("a first load", T, reading(T), false),
        ("the same", T, reading(T), true),
        ("what changes no row", &HINTS, reading(&HINTS), true),
        ("another query", &QUERY, reading(&QUERY), false),
        ("another path", &PATH, reading(&PATH), false),
        ("another key", &KEY, reading(&KEY), false),
        ("as it was", T, reading(T), false),
        ("another table", T, renamed(), false),
        ("the first table again", T, reading(T), false),
        ("a later start", T, started(at("2024-05-01")), true),
        ("the first start, from which all is loaded", T, reading(T), true),
        ("read only for what hangs below", T, not_loaded(), false),
        ("loaded again, after changes that were not", T, reading(T), false),
        ("nothing new", T, reading(T), true),
    ];
    for (step, resource, options, is_known) in steps {
        let before = load_with_state(&file, resource, options).await;
        assert_eq!(before, known.clone().filter(|_| is_known), "{step}");
    }
    Connection::open(file.path()).unwrap().execute_batch("DROP TABLE tickets").unwrap();
    assert_eq!(load_with_state(&file, T, reading(T)).await, None, "the table is gone");

    let file = File::new();
    for (start, is_known) in
        [("2024-05-01", false), ("2024-06-01", true), ("2024-05-01", true), ("2024-04-30", false)]
    {
        let before = load_with_state(&file, T, started(at(start))).await;
        assert_eq!(before, known.clone().filter(|_| is_known), "{start}");
    }
}

#[tokio::test]
async fn what_other_states_say_of_a_changed_resource_goes_as_well() {
    static CHANGED: Resource = Resource { path: "/elsewhere/{id}", ..TICKETS };
    let without = |state: &Value, is_meant: &dyn Fn(&str) -> bool| {
        let names = state.as_array()?;
        let kept: Vec<_> = names.iter().filter(|name| !is_meant(name.as_str().unwrap())).cloned().collect();
        (kept.len() < names.len()).then(|| json!(kept))
    };
    let options = |tickets: &'static Resource| {
        let reads = [tickets, W].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        LoadOptions { reads, without, ..LoadOptions::default() }
    };
    let file = File::new();
    let loader = file.begin(options(T));
    let keeps = [(W, json!(["tickets", "words"])), (T, json!(["tickets"]))]
        .map(|(resource, state)| keep_of(&page(resource, 1, Vec::new()), state));
    loader.keep(keeps.to_vec()).unwrap();
    loader.finish(partial()).await.unwrap();
    let before = kept_of(&file);
    assert_eq!(before, ["tickets [\"tickets\"]", "words [\"tickets\",\"words\"]"]);
    file.begin(options(T)).finish(partial()).await.unwrap();
    assert_eq!(kept_of(&file), before);
    file.begin(options(&CHANGED)).finish(partial()).await.unwrap();
    assert_eq!(kept_of(&file), ["words [\"words\"]"]);
}

#[tokio::test]
async fn load_ids_rise_though_the_clock_falls_behind_and_nothing_fresh_is_marked() {
    let file = File::new();
    let now = SystemTime::now();
    let ids = |file: &File| file.query("SELECT load_id FROM _loads ORDER BY rowid");
    for (behind, records) in [(0, [1, 2]), (3600, [2, 3])] {
        let started_at = now - Duration::from_secs(behind);
        let loader = file.begin(LoadOptions { started_at, mark_deleted: true, ..LoadOptions::default() });
        let page = page(T, 1, records.map(|iid| json!({"iid": iid})).to_vec());
        let whole = Some(Whole { since: loader.load_id().to_owned(), from: None });
        let kept = Kept { whole, ..keep_of(&page, json!(1)) };
        loader.page_and_keep(page, vec![kept]).await.unwrap();
        loader.finish(complete(&[T])).await.unwrap();
    }
    assert!(ids(&file).is_sorted(), "{:?}", ids(&file));
    assert_eq!(file.query("SELECT iid FROM tickets WHERE _deleted_at IS NOT NULL"), ["Integer(1)"]);
}

/// Tickets with comments below them, which have reactions below.
static COMMENTS: Resource = Resource {
    name: "comments",
    table: "comments",
    path: "/projects/{id}/tickets/{iid}/comments",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("iid", "ticket_iid", "tickets", "iid"),
    ],
    record_key: &["id"],
    ..Resource::DEFAULT
};

static ALL: &[&Resource] = &[&TICKETS, &COMMENTS];

#[tokio::test]
async fn what_hangs_on_a_deleted_record_goes_with_it() {
    let file = File::new();
    let comment = |iid: i64| {
        let bindings = vec![
            Binding { column: "project_id", value: json!(1) },
            Binding { column: "ticket_iid", value: json!(iid) },
        ];
        let records = vec![json!({"id": iid * 10, "likes": [{"by": "me"}]}).as_object().unwrap().clone()];
        Page { partition: Arc::new(Partition { resource: &COMMENTS, bindings }), records, last: true }
    };
    let ticket = |iid: i64| json!({"iid": iid, "assignees": [{"name": "a"}, {"name": "b"}]});
    for found in [vec![1, 2], vec![2]] {
        let loader = file.begin(LoadOptions { all: ALL, mark_deleted: true, ..LoadOptions::default() });
        let tickets = page(T, 1, found.iter().copied().map(ticket).collect());
        let whole = Some(Whole { since: loader.load_id().to_owned(), from: None });
        let kept = Kept { whole, ..keep_of(&tickets, json!(1)) };
        loader.page(page(T, 2, vec![ticket(1)])).await.unwrap();
        loader.page_and_keep(tickets, vec![kept]).await.unwrap();
        for iid in found {
            loader.page(comment(iid)).await.unwrap();
        }
        let summary = loader.finish(complete(&[T, &COMMENTS])).await.unwrap();
        let deleted: u64 = summary.deleted.values().sum();
        assert!(deleted == 0 || deleted == 5, "{:?}", summary.deleted);
    }
    let gone = |table: &str, column: &str| {
        file.query(&format!("SELECT DISTINCT {column} FROM {table} WHERE _deleted_at IS NOT NULL"))
    };
    assert_eq!(gone("tickets", "project_id || ' ' || iid"), ["Text(\"1 1\")"]);
    assert_eq!(gone("tickets__assignees", "_parent_project_id || ' ' || _parent_iid"), ["Text(\"1 1\")"]);
    assert_eq!(gone("comments", "id"), ["Integer(10)"]);
    assert_eq!(gone("comments__likes", "_parent_id"), ["Integer(10)"]);
}

#[tokio::test]
async fn an_empty_list_makes_the_columns_that_the_document_knows() {
    use gitlab_pipeline::resource::Column;
    static HINTED: Resource = Resource {
        columns: &[Column::text("title"), Column::int("author__id"), Column::int("project_id")],
        ..TICKETS
    };
    let columns = |file: &File| {
        let sql = "SELECT group_concat(name || ' ' || type) FROM (SELECT * FROM pragma_table_info('tickets') ORDER BY name)";
        file.query(sql).concat()
    };
    let file = File::new();
    let summary = load(&file, vec![page(&HINTED, 1, Vec::new())], complete(&[&HINTED])).await;
    assert_eq!(
        columns(&file),
        "Text(\"_load_id TEXT,_loaded_at TEXT,author__id INTEGER,iid TEXT,project_id INTEGER,title TEXT\")"
    );
    assert_eq!(summary.changes.len(), 1, "the columns of a new table are new with it: {:?}", summary.changes);

    // Rows find them, whatever they hold.
    let record = json!({"iid": 1, "project_id": 1, "title": "t", "author": {"id": "x"}});
    load(&file, vec![page(&HINTED, 1, vec![record])], complete(&[&HINTED])).await;
    assert_eq!(
        columns(&file),
        "Text(\"_load_id TEXT,_loaded_at TEXT,author__id TEXT,iid INTEGER,project_id INTEGER,title TEXT\")"
    );
    assert_eq!(file.query("SELECT title, author__id FROM tickets"), ["Text(\"t\") Text(\"x\")"]);
    let sources = file.query("SELECT source FROM _columns WHERE column_name = 'author__id'");
    assert_eq!(sources, ["Text(\"/author/id\")"], "the field has it from now on");
}

#[tokio::test]
async fn two_resources_share_a_table_only_when_their_keys_agree() {
    static SAME: Resource = Resource { name: "group_tickets", ..TICKETS };
    static OTHER: Resource = Resource { name: "other_tickets", record_key: &["id"], ..TICKETS };
    let begin = |second: &'static Resource| {
        let reads = [T, second].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        Loader::begin(File::new().open(), LoadOptions { reads, ..LoadOptions::default() })
    };
    assert!(begin(&SAME).is_ok());
    let error = begin(&OTHER).unwrap_err();
    assert!(
        error.to_string().contains("`tickets` and `other_tickets` both write to table `tickets`"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("[resources.other_tickets]"));
}

#[tokio::test]
async fn what_a_place_cannot_do_is_told_before() {
    let abilities = |merges, replaces, marks_deleted| Abilities {
        merges,
        replaces,
        marks_deleted,
        ..File::new().open().abilities()
    };
    let told = |abilities: &Abilities| {
        let reads = [T, W].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        let options = LoadOptions { reads, mark_deleted: true, ..LoadOptions::default() };
        refusals("the lake", abilities, &options).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(&abilities(true, true, true)), Vec::<String>::new());
    assert_eq!(
        told(&abilities(false, false, false)),
        [
            "the lake cannot find rows by their key, which table `tickets` of `tickets` needs",
            "the lake cannot replace rows, which table `words` of `words` needs",
            "the lake cannot mark rows as deleted",
        ]
    );
}

/// Rows that come again in one package, beyond a batch and within one: the last counts, with its lists.
#[tokio::test]
async fn of_records_that_come_again_the_last_counts() {
    let file = File::new();
    let ticket = |iid: i64, word: &str, list: &[&str]| {
        let list: Vec<Value> = list.iter().map(|name| json!({"name": name})).collect();
        json!({"iid": iid, "title": word, "assignees": list})
    };
    let many = |word: &str| (0..150).map(|iid| ticket(iid, word, &["x", word])).collect::<Vec<_>>();
    let mut pages: Vec<Page> = (0..40).map(|project| page(T, project, many("old"))).collect();
    pages.push(page(T, 0, vec![ticket(1, "new", &["n"]), ticket(2, "new", &[])]));
    pages.push(page(T, 39, vec![ticket(1, "new", &["n"]), ticket(2, "new", &[])]));
    pages.push(page(T, 39, vec![ticket(2, "newest", &["m"])]));
    load(&file, pages, complete(&[T])).await;
    assert_eq!(file.count("tickets"), 6000);
    assert_eq!(file.count("tickets__assignees"), 12_000 - 8 + 3);
    let read = |project: i64| {
        file.query(&format!(
            "SELECT iid, title, name FROM tickets LEFT JOIN tickets__assignees
             ON _parent_iid = iid AND _parent_project_id = project_id
             WHERE project_id = {project} AND iid IN (1, 2) ORDER BY iid"
        ))
    };
    assert_eq!(read(0), ["Integer(1) Text(\"new\") Text(\"n\")", "Integer(2) Text(\"new\") Null"]);
    assert_eq!(read(39), ["Integer(1) Text(\"new\") Text(\"n\")", "Integer(2) Text(\"newest\") Text(\"m\")"]);
}

#[tokio::test]
async fn a_second_load_is_refused_by_name_and_the_first_goes_on() {
    let file = File::new();
    let first = file.begin(LoadOptions { pipeline: "hourly".to_owned(), ..LoadOptions::default() });
    let error = Loader::begin(file.open(), LoadOptions::default()).unwrap_err();
    let expected = format!("pipeline `hourly`, process {}", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.hint().is_some());
    first.page(page(T, 1, vec![json!({"iid": 1})])).await.unwrap();
    first.finish(complete(&[T])).await.unwrap();
    assert_eq!((file.count("tickets"), file.count("_loads")), (1, 1));
}
