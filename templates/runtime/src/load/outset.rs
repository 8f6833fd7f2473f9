//! What a load would go on from, for those who only plan one: neither is a load opened, nor its lease taken.

use std::collections::HashMap;

use serde_json::Value;

use super::definition::{Definitions, PIPELINE, first_load};
use super::options::LoadOptions;
use super::share::partition_of;
use super::state::PastLoads;
use super::{LoadError, past_loads};
use crate::destination::{Destination, DestinationError, StateKey, StateReader, partition_key};
use crate::moment::Moment;
use crate::page::Partition;
use crate::shard::{Shard, is_split};

/// What earlier loads have left, as the next one would find it. That a table is gone, only an open load sees.
#[derive(Debug)]
pub struct Outset {
    pub past: PastLoads,
    /// The load before.
    pub last: Option<String>,
    /// The part that the load is of a run.
    shard: Option<Shard>,
    /// By resource and partition.
    states: HashMap<(String, String), Value>,
}

impl Outset {
    /// Reads the states of the resources that are read, and of no others.
    pub fn read(destination: &mut dyn Destination, options: &LoadOptions) -> Result<Self, LoadError> {
        let mut states = Snapshot::default();
        destination.each_state(&mut |entry| {
            let is_read = options.reads.iter().any(|reads| reads.resource.name == entry.resource);
            if let Some(state) = entry.state.filter(|_| is_read || entry.resource == PIPELINE) {
                states.0.insert((entry.resource, entry.partition), state);
            }
        })?;
        let first_at = first_load(&mut states, Moment::from(options.started_at))?;
        let stale = Definitions::read(&mut states, options, &|_| true)?.stale;
        let past = past_loads(&mut |most| destination.loads(most), first_at, options)?;
        let is_stale = |name: &str| stale.contains(&name);
        let mut states = states.0;
        states.retain(|(resource, _), state| {
            if let Some(without) = (options.without)(state, &is_stale) {
                *state = without;
            }
            !is_stale(resource)
        });
        let last = destination.loads(1)?.pop().map(|load| load.load_id);
        let shard = options.share.as_ref().map(|share| share.shard);
        Ok(Self { past, last, shard, states })
    }

    /// That of a place that no load has opened.
    pub fn of_a_first_load(options: &LoadOptions) -> Self {
        let past = PastLoads::of(&[], Moment::from(options.started_at), None, None);
        Self { past, last: None, shard: None, states: HashMap::new() }
    }

    pub fn state(&self, partition: &Partition) -> Option<Value> {
        let Partition { resource, bindings, .. } = partition;
        let kept = |partition: String| self.states.get(&(resource.name.to_owned(), partition)).cloned();
        let own = self.shard.filter(|_| is_split(resource) && bindings.is_empty());
        own.and_then(|shard| kept(partition_of(shard))).or_else(|| kept(partition_key(bindings)))
    }
}

#[derive(Debug, Default)]
struct Snapshot(HashMap<(String, String), Value>);

impl StateReader for Snapshot {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>, DestinationError> {
        let state =
            |key: &StateKey<'_>| self.0.get(&(key.resource.to_owned(), key.partition.to_owned())).cloned();
        Ok(keys.iter().map(state).collect())
    }
}
