//! What outlives a load beside its rows: the state of partitions, which of them are gone, and which rows are.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::destination::{LoadEntry, LoadStatus, StateEntry, partition_key};
use crate::load::plan::Plan;
use crate::page::{Binding, Partition};

/// What is to be kept of a partition once everything that was handed over before is written.
#[derive(Debug, Clone)]
pub struct Keep {
    pub partition: Arc<Partition>,
    /// `None` forgets it.
    pub state: Option<Value>,
    /// Set when the partition was read whole.
    pub whole: Option<WholeRead>,
}

/// A read that found all rows of a partition: those that it did not find are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeRead {
    /// The load in which it began: rows that a load since has written were found.
    pub since: String,
    /// Only rows that this load or a later one has written can be missing; `None`: any.
    pub from: Option<String>,
}

/// The loads before this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastLoads {
    /// When the first of all began.
    pub first_at: Option<SystemTime>,
    /// The latest ones, as far as they did not come to their end.
    pub unfinished: BTreeSet<String>,
}

/// The same with where the rows are.
#[derive(Debug)]
pub(super) struct Deletion {
    pub(super) plan: Arc<Plan>,
    pub(super) bindings: Vec<Binding>,
    pub(super) read: WholeRead,
}

/// The state of all partitions as the load found it, and which of them somebody asked for.
#[derive(Debug, Default)]
pub(super) struct States {
    kept: HashMap<(String, String), Value>,
    asked: Mutex<HashSet<(String, String)>>,
}

impl PastLoads {
    /// `loads` from the newest on. Loads that began before `since` are not gone on with; `None`: no load is.
    pub(super) fn of(loads: &[LoadEntry], since: Option<SystemTime>) -> Self {
        let is_cut = |load: &&LoadEntry| {
            let is_open =
                matches!(load.status, LoadStatus::Running | LoadStatus::Interrupted | LoadStatus::Failed);
            is_open && since.is_some_and(|since| load.started_at >= since)
        };
        // One that a limit cut off says nothing of the load before it.
        let is_limited = |load: &&LoadEntry| {
            load.report.get("truncated").and_then(Value::as_array).is_some_and(|cut| !cut.is_empty())
        };
        let whole = loads.iter().filter(|load| !is_limited(load));
        let unfinished = whole.take_while(is_cut).map(|load| load.load_id.clone()).collect();
        Self { first_at: loads.iter().map(|load| load.started_at).min(), unfinished }
    }

    pub(super) fn oldest_to_resume(started_at: SystemTime, within: Option<Duration>) -> Option<SystemTime> {
        within.and_then(|within| started_at.checked_sub(within))
    }
}

impl States {
    /// Leaves out the states of resources in `forget`, and returns them.
    pub(super) fn new(entries: Vec<StateEntry>, forget: &[&str]) -> (Self, Vec<StateEntry>) {
        let (gone, kept): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| forget.contains(&entry.resource.as_str()));
        let kept =
            kept.into_iter().filter_map(|entry| Some(((entry.resource, entry.partition), entry.state?)));
        let gone = gone.into_iter().map(|entry| StateEntry { state: None, ..entry });
        (Self { kept: kept.collect(), asked: Mutex::default() }, gone.collect())
    }

    pub(super) fn get(&self, resource: &str, bindings: &[Binding]) -> Option<&Value> {
        let key = (resource.to_owned(), partition_key(bindings));
        let state = self.kept.get(&key)?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        Some(state)
    }

    /// What forgets the partitions of these resources that nobody asked for: what they hang on is gone.
    pub(super) fn vanished(&self, resources: &[&str]) -> Vec<StateEntry> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let vanished =
            self.kept.keys().filter(|key| resources.contains(&key.0.as_str()) && !asked.contains(*key));
        let forgotten = |(resource, partition): &(String, String)| StateEntry {
            resource: resource.clone(),
            partition: partition.clone(),
            state: None,
        };
        vanished.map(forgotten).collect()
    }
}
