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
use gitlab_pipeline::config::{Contract, OnChange, StartDate};
use gitlab_pipeline::destination::sqlite::{Settings, Sqlite};
use gitlab_pipeline::destination::{
    Abilities, Batch, Claim, Committed, Destination, DestinationError, LoadEntry, LoadStatus, Mode, OpenLoad,
    Package, PackageId, SchemaChange, StateEntry, StateReader, TableWriter, Widening, Written,
};
use gitlab_pipeline::load::{
    LoadError, LoadNote, LoadOptions, LoadOutcome, LoadSummary, Loader, Reads, ResourceOptions, refusals,
};
use gitlab_pipeline::moment::Moment;
use gitlab_pipeline::page::{Binding, Kept, Page, Partition, Whole};
use gitlab_pipeline::resource::{KeyScope, Pagination, Param, ParamSource, Resource, WriteDisposition};
use gitlab_pipeline::schema::table::Table;
use gitlab_pipeline::schema::{Seen, field};
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

mod contract;
mod history;
mod rows;
mod state;
mod tables;
mod variants;
mod watched;

use watched::{Watch, Watched};

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
    Page { partition: Arc::new(Partition { resource, bindings, carried: Vec::new() }), records, last: true }
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
    let complete = resources.to_vec();
    LoadOutcome { status: LoadStatus::Complete, complete, unseen: Vec::new(), report: Map::new() }
}

fn partial() -> LoadOutcome {
    LoadOutcome { status: LoadStatus::Partial, ..complete(&[]) }
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

fn keep_of(page: &Page, state: Value) -> Kept {
    Kept { partition: Arc::clone(&page.partition), state: Some(state), whole: None }
}
