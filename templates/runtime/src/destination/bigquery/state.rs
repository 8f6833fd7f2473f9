//! What is kept beside the rows: the state of partitions, which a load has in memory from when it first asks, and its
//! entry among the loads.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::Result;
use super::dataset::Dataset;
use super::job::Query;
use super::names::{LOADS, STATE};
use crate::destination::kept::{self, time_text};
use crate::destination::{Forget, LoadEntry, Package, StateEntry, StateKey, StateReader};

/// By resource, then by partition.
type States = BTreeMap<String, BTreeMap<String, String>>;

/// The states of a load: those that it found, and what it has committed since. To look one up in the table would be a
/// query that takes a second and is charged for; to read all of them at once costs nothing.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    dataset: Dataset,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// `None` until somebody asks.
    states: Option<States>,
    /// Resources and partitions that this load has written.
    written: HashSet<(String, String)>,
}

impl Kept {
    pub(super) fn new(dataset: &Dataset) -> Self {
        Self { dataset: dataset.clone(), known: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a package means for them, once it is committed.
    pub(super) fn commit(&self, package: &Package<'_>) {
        let mut known = self.known();
        let Known { states, written } = &mut *known;
        for entry in package.states {
            written.insert((entry.resource.clone(), entry.partition.clone()));
            let Some(states) = states else { continue };
            let of_resource = states.entry(entry.resource.clone()).or_default();
            match &entry.state {
                Some(state) => of_resource.insert(entry.partition.clone(), state.to_string()),
                None => of_resource.remove(&entry.partition),
            };
        }
        for Forget { resource, except, .. } in package.forget {
            let Some(of_resource) = states.as_mut().and_then(|states| states.get_mut(resource)) else {
                continue;
            };
            of_resource.retain(|partition, _| {
                except.contains(partition) || written.contains(&(resource.clone(), partition.clone()))
            });
        }
    }
}

impl StateReader for Kept {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        let mut known = self.known();
        if known.states.is_none() {
            known.states = Some(all(&self.dataset)?);
        }
        let found = |key: &StateKey<'_>| {
            let text = known.states.as_ref()?.get(key.resource)?.get(key.partition)?;
            Some(state_of(&self.dataset, text))
        };
        keys.iter().map(|key| found(key).transpose()).collect()
    }
}

fn all(dataset: &Dataset) -> Result<States> {
    let mut states = States::new();
    let read = dataset.each_row(STATE, &["resource", "partition", "state"], |row| {
        let texts: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        if let Ok([resource, partition, state]) = <[String; 3]>::try_from(texts) {
            states.entry(resource).or_default().insert(partition, state);
        }
        Ok(())
    });
    read.map_err(dataset.place.failed("read", STATE))?;
    Ok(states)
}

/// Shows all states, by resource and partition; there are none before the first load.
pub(super) fn each(dataset: &Dataset, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
    for (resource, partitions) in all(dataset)? {
        for (partition, state) in partitions {
            let state = Some(state_of(dataset, &state)?);
            visit(StateEntry { resource: resource.clone(), partition, state });
        }
    }
    Ok(())
}

fn state_of(dataset: &Dataset, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|_| dataset.place.unreadable(STATE, "state", text))
}

/// The latest loads, the newest first.
pub(super) fn loads(dataset: &Dataset, most: usize) -> Result<Vec<LoadEntry>> {
    let time = |column| format!("FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', {column})");
    let sql = format!(
        "SELECT load_id, pipeline, {}, {}, status, `rows`, report FROM {} ORDER BY load_id DESC LIMIT {most}",
        time("started_at"),
        time("finished_at"),
        dataset.table(LOADS)
    );
    let found = dataset.query(&Query::new(sql)).map_err(dataset.place.failed("read", LOADS))?;
    let unreadable = |column, text: &str| dataset.place.unreadable(LOADS, column, text);
    found.rows.into_iter().map(|row| kept::load(row, &unreadable)).collect()
}

/// A load as the row of `_loads` that it becomes, in texts.
pub(super) fn row_of(load: &LoadEntry) -> Value {
    json!([
        load.load_id,
        load.pipeline,
        time_text(load.started_at),
        load.finished_at.map(time_text),
        load.status.name(),
        Value::Object(load.rows.clone()).to_string(),
        Value::Object(load.report.clone()).to_string(),
    ])
}
