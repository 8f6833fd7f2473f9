//! What is kept beside the rows: the state of partitions, which a load has in memory from when it first asks, and its
//! entry among the loads.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Result;
use super::dataset::{Cells, Dataset};
use super::job::Query;
use super::names::{LOADS, STATE};
use crate::destination::{Forget, LoadEntry, LoadStatus, Package, StateEntry, StateKey, StateReader};

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
        for Forget { resource, except } in package.forget {
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
    let sql = format!(
        "SELECT load_id, pipeline, UNIX_MICROS(started_at), UNIX_MICROS(finished_at), status, `rows`, report FROM {}
         ORDER BY load_id DESC LIMIT {most}",
        dataset.table(LOADS)
    );
    let found = dataset.query(&Query::new(sql)).map_err(dataset.place.failed("read", LOADS))?;
    found.rows.into_iter().map(|row| load_of(dataset, row)).collect()
}

fn load_of(dataset: &Dataset, row: Cells) -> Result<LoadEntry> {
    let Ok([load_id, pipeline, started_at, finished_at, status, rows, report]) =
        <[Option<String>; 7]>::try_from(row)
    else {
        return Err(dataset.place.strange("show its loads"));
    };
    let unreadable = |column, text: &str| dataset.place.unreadable(LOADS, column, text);
    let time = |column, cell: Option<String>| {
        let time =
            |text: &String| text.parse::<u64>().ok().map(|micros| UNIX_EPOCH + Duration::from_micros(micros));
        cell.map(|text| time(&text).ok_or_else(|| unreadable(column, &text))).transpose()
    };
    let object = |column, cell: Option<String>| {
        let text = cell.unwrap_or_default();
        serde_json::from_str(&text).map_err(|_| unreadable(column, &text))
    };
    let status = status.unwrap_or_default();
    Ok(LoadEntry {
        load_id: load_id.unwrap_or_default(),
        pipeline: pipeline.unwrap_or_default(),
        started_at: time("started_at", started_at)?.unwrap_or(UNIX_EPOCH),
        finished_at: time("finished_at", finished_at)?,
        status: LoadStatus::from_name(&status).ok_or_else(|| unreadable("status", &status))?,
        rows: object("rows", rows)?,
        report: object("report", report)?,
    })
}

/// A load as the row of `_loads` that it becomes, in texts.
pub(super) fn row_of(load: &LoadEntry) -> Value {
    json!([
        load.load_id,
        load.pipeline,
        micros(load.started_at).to_string(),
        load.finished_at.map(|time| micros(time).to_string()),
        load.status.name(),
        Value::Object(load.rows.clone()).to_string(),
        Value::Object(load.report.clone()).to_string(),
    ])
}

/// Microseconds since 1970.
pub(super) fn micros(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()
}
