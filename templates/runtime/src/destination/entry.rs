//! What a destination keeps beside the rows: loads and state.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::shard::Shard;

/// One load, as the table `_loads` keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadEntry {
    pub load_id: String,
    /// The name of the pipeline.
    pub pipeline: String,
    pub started_at: SystemTime,
    pub finished_at: Option<SystemTime>,
    pub status: LoadStatus,
    /// Rows written per table.
    pub rows: Map<String, Value>,
    /// How it went, once it is over.
    pub report: Map<String, Value>,
}

/// What the report of a load calls the part of a run that it is: see [`LoadEntry::shard`].
pub(crate) const SHARD: &str = "shard";

/// What the report of a load calls the run that it is a part of.
pub(crate) const RUN: &str = "run";

impl LoadEntry {
    /// The part of a run that it is; none where it is a whole one.
    pub fn shard(&self) -> Option<Shard> {
        self.report.get(SHARD)?.as_str()?.parse().ok()
    }
}

/// How far a load came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadStatus {
    Running,
    /// Everything that was asked for is loaded.
    Complete,
    /// Some partitions failed or the run was cut short; what was read is loaded.
    Partial,
    /// The run ended with an error; the packages committed before it are loaded.
    Failed,
    /// The run ended at its budget, and the next one goes on with it; what was read is loaded.
    Stopped,
    /// A later load found it still running.
    Interrupted,
}

impl LoadStatus {
    const ALL: [LoadStatus; 6] = [
        LoadStatus::Running,
        LoadStatus::Complete,
        LoadStatus::Partial,
        LoadStatus::Failed,
        LoadStatus::Stopped,
        LoadStatus::Interrupted,
    ];

    pub fn name(self) -> &'static str {
        match self {
            LoadStatus::Running => "running",
            LoadStatus::Complete => "complete",
            LoadStatus::Partial => "partial",
            LoadStatus::Failed => "failed",
            LoadStatus::Stopped => "stopped",
            LoadStatus::Interrupted => "interrupted",
        }
    }

    pub fn from_name(name: &str) -> Option<LoadStatus> {
        LoadStatus::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What the next run needs to know of one partition of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct StateEntry {
    pub resource: String,
    /// The bindings of the partition as [`partition_key`] writes them.
    pub partition: String,
    /// `None` forgets the partition.
    pub state: Option<Value>,
}

/// Whose state is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateKey<'k> {
    pub resource: &'k str,
    pub partition: &'k str,
}

/// The name of a partition among those of its resource: a JSON object from binding columns to values.
pub fn partition_key(bindings: &[crate::page::Binding]) -> String {
    let entries = bindings.iter().map(|binding| (binding.column.to_owned(), binding.value.clone()));
    Value::Object(entries.collect()).to_string()
}
