//! What the caller of a load decides.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::destination::LoadStatus;
use crate::normalize::NestedLists;
use crate::resource::{Resource, WriteDisposition};

/// How to load.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The name of the pipeline, kept with each load.
    pub pipeline: String,
    /// Made from `started_at` when `None`.
    pub load_id: Option<String>,
    pub started_at: SystemTime,
    /// What the configuration says of single resources, by their names.
    pub resources: BTreeMap<String, ResourceOptions>,
    pub nested_lists: NestedLists,
    /// How many objects deep columns are made; what is nested deeper is kept as JSON.
    pub max_depth: usize,
    /// A package is committed when it holds so many rows…
    pub package_rows: usize,
    /// …or when it has been open for so long.
    pub package_time: Duration,
    /// How many bytes of rows may wait for the writer.
    pub queue_bytes: usize,
}

/// What the configuration says of one resource in place of what its definition says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceOptions {
    pub table: Option<String>,
    pub write_disposition: Option<WriteDisposition>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            pipeline: env!("CARGO_PKG_NAME").to_owned(),
            load_id: None,
            started_at: SystemTime::now(),
            resources: BTreeMap::new(),
            nested_lists: NestedLists::default(),
            max_depth: 3,
            package_rows: 20_000,
            package_time: Duration::from_secs(10),
            queue_bytes: 32 << 20,
        }
    }
}

/// How the reading went, told when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadOutcome {
    pub status: LoadStatus,
    /// The resources of which every partition was read to its end. Only these may replace what a table holds.
    pub complete: Vec<&'static Resource>,
}
