//! What earlier loads kept: the state of partitions, looked up one by one, and how those loads ended.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::destination::{
    DestinationError, Forget, LoadEntry, LoadStatus, StateEntry, StateKey, StateReader, partition_key,
};
use crate::moment::Moment;
use crate::page::Binding;
use crate::shard::Shard;

/// The loads before this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLoads {
    /// When the first of all began; this one, if there was none.
    pub first_at: Moment,
    /// The latest ones, as far as they did not come to their end.
    pub unfinished: BTreeSet<String>,
}

impl PastLoads {
    /// `loads` from the newest on. Those that began before `since` are not gone on with; `None`: none is. One that its
    /// budget has stopped always is: otherwise runs with a small budget would never come to the end. Neither are those
    /// before one that came to its end: a whole one, one of this `shard`, or one of other shards, of which some of their
    /// partitions are now those of this load.
    pub(super) fn of(
        loads: &[LoadEntry],
        first_at: Moment,
        since: Option<SystemTime>,
        shard: Option<Shard>,
    ) -> Self {
        let is_cut = |load: &LoadEntry| match load.status {
            LoadStatus::Stopped => true,
            LoadStatus::Running | LoadStatus::Interrupted | LoadStatus::Failed => {
                since.is_some_and(|since| load.started_at >= since)
            }
            LoadStatus::Complete | LoadStatus::Partial => false,
        };
        // One that a limit cut off says nothing of the load before it.
        let is_limited = |load: &&LoadEntry| {
            load.report.get("truncated").and_then(Value::as_array).is_some_and(|cut| !cut.is_empty())
        };
        let mut unfinished = BTreeSet::new();
        let mut ended: Vec<Shard> = Vec::new();
        for load in loads.iter().filter(|load| !is_limited(load)) {
            let own = load.shard();
            let is_beside = own.zip(shard).is_some_and(|(own, shard)| own != shard && own.of() == shard.of());
            if is_beside || own.is_some_and(|own| ended.contains(&own)) {
                continue;
            }
            // What ended says something of other loads of its kind alone.
            let is_behind = ended.first().is_some_and(|ended| own.is_none_or(|own| own.of() != ended.of()));
            match own {
                _ if is_behind => break,
                _ if is_cut(load) => drop(unfinished.insert(load.load_id.clone())),
                Some(own) if Some(own) != shard => ended.push(own),
                _ => break,
            }
        }
        Self { first_at, unfinished }
    }

    pub(super) fn oldest_to_resume(started_at: SystemTime, within: Option<Duration>) -> Option<SystemTime> {
        within.and_then(|within| started_at.checked_sub(within))
    }
}

/// Looks states up, and remembers which of those that it found were not kept anew: few, as each that is read to its end
/// is.
pub(super) struct States {
    reader: Mutex<Box<dyn StateReader>>,
    pending: Mutex<HashSet<(String, String)>>,
    /// The resources of which nothing more is loaded: the writer says so, and those who read ask.
    failed: Mutex<BTreeSet<&'static str>>,
}

impl States {
    pub(super) fn new(reader: Box<dyn StateReader>) -> Self {
        Self { reader: Mutex::new(reader), pending: Mutex::default(), failed: Mutex::default() }
    }

    /// Nothing more of the resource is loaded.
    pub(super) fn fail(&self, resource: &'static str) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(resource);
    }

    pub(super) fn has_failed(&self, resource: &str) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).contains(resource)
    }

    /// In the order of the partitions.
    pub(super) fn read(
        &self,
        partitions: &[(&str, &[Binding])],
    ) -> Result<Vec<Option<Value>>, DestinationError> {
        let names: Vec<String> = partitions.iter().map(|(_, bindings)| partition_key(bindings)).collect();
        let named = partitions.iter().zip(&names).map(|((resource, _), name)| (*resource, name.as_str()));
        self.read_named(&named.collect::<Vec<_>>())
    }

    /// The same by the names of partitions.
    pub(super) fn read_named(
        &self,
        partitions: &[(&str, &str)],
    ) -> Result<Vec<Option<Value>>, DestinationError> {
        let key = |(resource, partition)| StateKey { resource, partition };
        let keys: Vec<StateKey<'_>> = partitions.iter().copied().map(key).collect();
        let found = self.reader.lock().unwrap_or_else(PoisonError::into_inner).read(&keys)?;
        let mut pending = self.pending();
        for (key, _) in keys.iter().zip(&found).filter(|(_, state)| state.is_some()) {
            pending.insert((key.resource.to_owned(), key.partition.to_owned()));
        }
        drop(pending);
        Ok(found)
    }

    /// What is kept now under these names, whoever has kept it.
    pub(super) fn kept(&self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>, DestinationError> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).read(keys)
    }

    /// The load has said something new of these.
    pub(super) fn settle(&self, states: &[StateEntry]) {
        let mut pending = self.pending();
        if pending.is_empty() {
            return;
        }
        for state in states {
            pending.remove(&(state.resource.clone(), state.partition.clone()));
        }
    }

    /// What forgets the partitions of these resources that nobody asked for: what they hang on is gone.
    pub(super) fn vanished(&self, resources: &[&str]) -> Vec<Forget> {
        let pending = self.pending();
        let forget = |resource: &&str| {
            let asked = pending.iter().filter(|(of, _)| of == resource);
            Forget {
                resource: (*resource).to_owned(),
                except: asked.map(|(_, partition)| partition.clone()).collect(),
                loads: BTreeSet::new(),
            }
        };
        resources.iter().map(forget).collect()
    }

    fn pending(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Has a state for every partition.
    struct Endless;

    impl StateReader for Endless {
        fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>, DestinationError> {
            Ok(keys.iter().map(|key| Some(json!(key.partition))).collect())
        }
    }

    fn load(id: &str, shard: &str, status: LoadStatus) -> LoadEntry {
        let shard = Some(shard).filter(|shard| !shard.is_empty());
        LoadEntry {
            load_id: id.to_owned(),
            pipeline: String::new(),
            started_at: SystemTime::now(),
            finished_at: None,
            status,
            rows: serde_json::Map::new(),
            report: shard.map(|shard| ("shard".to_owned(), json!(shard))).into_iter().collect(),
        }
    }

    /// From the newest on.
    #[test]
    fn a_shard_goes_on_with_what_died_and_was_not_done_since() {
        use LoadStatus::{Complete, Interrupted, Running};
        type Case<'c> = (&'c str, &'c [(&'c str, &'c str, LoadStatus)], &'c [&'c str]);
        let cases: [Case<'_>; 8] = [
            ("3/8", &[("c", "4/8", Complete), ("b", "3/8", Interrupted), ("a", "3/8", Complete)], &["b"]),
            ("3/8", &[("b", "3/8", Complete), ("a", "3/8", Interrupted)], &[]),
            ("3/8", &[("b", "4/8", Running), ("a", "", Interrupted)], &["a"]),
            ("3/8", &[("b", "", Complete), ("a", "3/8", Interrupted)], &[]),
            // Whoever has those projects when there are fewer.
            ("2/4", &[("c", "8/8", Complete), ("b", "3/8", Interrupted), ("a", "1/8", Complete)], &["b"]),
            ("2/4", &[("c", "3/8", Complete), ("b", "3/8", Interrupted)], &[]),
            ("", &[("c", "1/2", Complete), ("b", "2/2", Interrupted), ("a", "", Interrupted)], &["b"]),
            ("", &[("b", "", Interrupted), ("a", "2/2", Interrupted)], &["a", "b"]),
        ];
        for (shard, loads, expected) in cases {
            let entries: Vec<_> = loads.iter().map(|(id, own, status)| load(id, own, *status)).collect();
            let past =
                PastLoads::of(&entries, Moment::now(), Some(SystemTime::UNIX_EPOCH), shard.parse().ok());
            assert_eq!(past.unfinished.iter().collect::<Vec<_>>(), expected, "{shard} after {loads:?}");
        }
    }

    #[test]
    fn what_was_kept_anew_is_not_remembered() {
        let states = States::new(Box::new(Endless));
        let bindings = |id: u32| [Binding { column: "id", value: json!(id) }];
        for id in 0..1000 {
            let (own, other) = (bindings(id), bindings(id + 1));
            let found = states.read(&[("issues", &own), ("notes", &other)]).unwrap();
            let name = |id: u32| Some(json!(format!("{{\"id\":{id}}}")));
            assert_eq!(found, [name(id), name(id + 1)]);
            let settled = ["issues", "notes"].map(|resource| StateEntry {
                resource: resource.to_owned(),
                partition: partition_key(if resource == "issues" { &own } else { &other }),
                state: None,
            });
            states.settle(&settled[..if id % 100 == 7 { 1 } else { 2 }]);
        }
        assert_eq!(states.pending().len(), 10);
        let forget = states.vanished(&["issues", "notes"]);
        assert_eq!((forget[0].except.len(), forget[1].except.len()), (0, 10));
        assert!(forget[1].except.contains("{\"id\":8}"));
    }
}
