//! Pages loaded as a run does it.

use std::error::Error;
use std::sync::Arc;

use gitlab_pipeline::Hooks;
use gitlab_pipeline::destination::{Destination, LoadStatus};
use gitlab_pipeline::load::{LoadOptions, LoadOutcome, Loader};
use gitlab_pipeline::page::{Binding, Page, Partition};
use gitlab_pipeline::record::{Reading, Taps};
use gitlab_pipeline::resource::{Pagination, Resource, Shape};
use serde_json::{Map, json};

pub(super) type Outcome<T> = Result<T, Box<dyn Error>>;

pub(super) static ISSUES: Resource = Resource {
    name: "issues",
    table: "issues",
    path: "/groups/{id}/issues",
    record_key: &["id"],
    pagination: Pagination::Offset,
    ..Resource::DEFAULT
};

pub(super) fn partition() -> Partition {
    Partition {
        resource: &ISSUES,
        bindings: vec![Binding { column: "group_id", value: json!(1) }],
        carried: Vec::new(),
    }
}

/// The whole way of these bodies of pages.
pub(super) fn load<B: AsRef<str>>(
    destination: Box<dyn Destination>,
    mut bodies: impl Iterator<Item = Outcome<B>>,
) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (taps, hooks) = (Taps::new(["id", "iid", "created_at", "updated_at"]), Hooks::new());
    let reading = Reading { resource: &ISSUES, shape: Shape::List, taps: &taps, hooks: &hooks, omit: &[] };
    let partition = Arc::new(partition());
    let loader = Loader::begin(destination, LoadOptions::default())?;
    runtime.block_on(async {
        while let Some(body) = bodies.next().transpose()? {
            let read = loader.read(reading, &partition, body.as_ref())??;
            let page = Page { partition: Arc::clone(&partition), records: read.rows, last: false };
            loader.page_rows(page, Vec::new()).await?;
        }
        let outcome = LoadOutcome {
            status: LoadStatus::Complete,
            complete: vec![&ISSUES],
            unseen: Vec::new(),
            report: Map::new(),
        };
        loader.finish(outcome).await?;
        Ok(())
    })
}
