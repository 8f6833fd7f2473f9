//! What the caller of a load decides.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::config::{Contract, StartDate};
use crate::destination::LoadStatus;
use crate::moment::Clock;
use crate::normalize::NestedLists;
use crate::resource::{Resource, WriteDisposition};
use crate::shard::Share;
use crate::view::Views;

/// How to load.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The name of the pipeline, kept with each load.
    pub pipeline: String,
    /// Made from `started_at` when `None`.
    pub load_id: Option<String>,
    pub started_at: SystemTime,
    /// What tells when something ends.
    pub clock: Clock,
    /// The resources that the run reads.
    pub reads: Vec<Reads>,
    /// All that the pipeline knows: what hangs on a row that is gone, goes with it.
    pub all: &'static [&'static Resource],
    /// From when on changes are loaded.
    pub start: StartDate,
    /// What a state says when nothing is known of some resources any more; `None` where it did not speak of them.
    pub without: Without,
    /// What the configuration says of single resources, by their names.
    pub resources: BTreeMap<String, ResourceOptions>,
    pub nested_lists: NestedLists,
    /// How many objects deep columns are made; what is nested deeper is kept as JSON.
    pub max_depth: usize,
    /// What becomes of data that would change tables.
    pub contract: Contract,
    /// A package is committed when it holds so many rows; `None`: as many as the destination likes…
    pub package_rows: Option<usize>,
    /// …or when it has been open for so long.
    pub package_time: Duration,
    /// How many bytes of rows may wait for the writer; `None`: as many as the destination likes.
    pub queue_bytes: Option<usize>,
    /// The resources whose state is forgotten when the load begins; then it goes on with no other load.
    pub forget: Vec<&'static str>,
    /// How old a load that did not come to its end may be to be gone on with; `None`: none is, but those that a budget
    /// has stopped.
    pub resume_within: Option<Duration>,
    /// Whether rows that a whole read of their partition no longer finds get a time in `_deleted_at`.
    pub mark_deleted: bool,
    /// The views that there are to be once it is over; `None`: none.
    pub views: Option<Views>,
    /// The part of a run that the load is; none where it is a whole one.
    pub share: Option<Share>,
}

/// See [`LoadOptions::without`].
pub type Without = fn(state: &Value, is_meant: &dyn Fn(&str) -> bool) -> Option<Value>;

/// A resource of a run.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    pub resource: &'static Resource,
    /// Whether its records are loaded, or only read for what hangs below them.
    pub is_loaded: bool,
}

/// What the configuration says of one resource in place of what its definition says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceOptions {
    pub table: Option<String>,
    pub write_disposition: Option<WriteDisposition>,
    pub nested_lists: Option<NestedLists>,
    pub max_depth: Option<usize>,
    pub contract: Option<Contract>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            pipeline: env!("CARGO_PKG_NAME").to_owned(),
            load_id: None,
            started_at: SystemTime::now(),
            clock: Clock::default(),
            reads: Vec::new(),
            all: &[],
            start: StartDate::Beginning,
            without: |_, _| None,
            resources: BTreeMap::new(),
            nested_lists: NestedLists::default(),
            max_depth: 3,
            contract: Contract::default(),
            package_rows: None,
            package_time: Duration::from_secs(10),
            queue_bytes: None,
            forget: Vec::new(),
            resume_within: Some(Duration::from_secs(24 * 60 * 60)),
            mark_deleted: false,
            views: None,
            share: None,
        }
    }
}

/// How the reading went, told when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadOutcome {
    pub status: LoadStatus,
    /// The resources of which every partition was read to its end. Only these may replace what a table holds.
    pub complete: Vec<&'static Resource>,
    /// The resources of which not all partitions were looked for, as what they hang on was left for later: what is kept of
    /// them stays.
    pub unseen: Vec<&'static Resource>,
    /// What is kept with the load for people who ask later how it went.
    pub report: Map<String, Value>,
}
