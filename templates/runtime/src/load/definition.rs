//! What state speaks for: a definition, a table, a date to start from. When one of them is another, the state says
//! nothing, and the resource is read anew.
//!
//! It is kept as state of a resource that no pipeline has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::options::{LoadOptions, Reads};
use super::plan::plan_of;
use crate::config::StartDate;
use crate::destination::{DestinationError, Forget, OpenLoad, StateEntry, StateKey, StateReader};
use crate::moment::Moment;
use crate::resource::Resource;

/// The name under which the pipeline keeps what it knows of itself.
pub const PIPELINE: &str = "_pipeline";

/// The partition under which the first of all loads is kept.
const FIRST_LOAD: &str = "{}";

/// How many states are rewritten at once.
const AT_ONCE: usize = 20_000;

/// What the state of a resource speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Definition {
    /// Everything that decides which records there are and which rows they become.
    reads: Value,
    start: Start,
    /// Whether its table was made: it is gone when it is not there.
    #[serde(default)]
    pub(super) has_table: bool,
    /// Whether it was read to its end: from then on its schema can have a contract.
    #[serde(default)]
    pub(super) is_settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Start {
    Beginning,
    At(Moment),
    Now,
}

impl Definition {
    fn of(reads: Reads, options: &LoadOptions, is_there: &dyn Fn(&str) -> bool) -> Self {
        let plan = plan_of(reads.resource, options);
        let Resource { path, params, shape, key_scope, query, pagination: _, secrets, .. } = reads.resource;
        let described = json!({
            "path": path,
            "params": params.iter().map(|param| format!("{}={:?}", param.column, param.source)).collect::<Vec<_>>(),
            "shape": format!("{shape:?}"),
            "key": reads.resource.primary_key(),
            "key_scope": format!("{key_scope:?}"),
            "query": query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
            "secrets": secrets,
            "table": plan.layout.table,
            "writes": format!("{:?}", plan.writes),
            "lists": format!("{:?}", plan.layout.lists),
            "max_depth": plan.layout.max_depth,
            "is_loaded": reads.is_loaded,
        });
        let start = match options.start {
            StartDate::Beginning => Start::Beginning,
            StartDate::At(moment) => Start::At(moment),
            StartDate::Now => Start::Now,
        };
        let has_table = reads.is_loaded && is_there(&plan.layout.table);
        Self { reads: described, start, has_table, is_settled: false }
    }

    /// Whether state that was kept for `before` speaks for this.
    fn is_covered_by(&self, before: &Self) -> bool {
        self.reads == before.reads && self.start >= before.start && (self.has_table || !before.has_table)
    }

    pub(super) fn entry(&self, resource: &str) -> StateEntry {
        let state = serde_json::to_value(self).ok();
        StateEntry { resource: PIPELINE.to_owned(), partition: partition_of(resource), state }
    }

    /// The same once its table is made.
    pub(super) fn with_table(&self) -> Self {
        Self { has_table: true, ..self.clone() }
    }

    /// The same once it was read to its end.
    pub(super) fn settled(&self, has_table: bool) -> Self {
        Self { has_table: self.has_table || has_table, is_settled: has_table, ..self.clone() }
    }
}

fn partition_of(resource: &str) -> String {
    json!({"definition_of": resource}).to_string()
}

/// What the resources of a load are, and which of them are read anew.
#[derive(Debug)]
pub(super) struct Definitions {
    pub(super) all: BTreeMap<&'static str, Definition>,
    pub(super) stale: Vec<&'static str>,
}

impl Definitions {
    /// `is_there` tells of tables.
    pub(super) fn read(
        reader: &mut dyn StateReader,
        options: &LoadOptions,
        is_there: &dyn Fn(&str) -> bool,
    ) -> Result<Self, DestinationError> {
        let partitions: Vec<String> =
            options.reads.iter().map(|reads| partition_of(reads.resource.name)).collect();
        let key = |partition| StateKey { resource: PIPELINE, partition };
        let kept = reader.read(&partitions.iter().map(String::as_str).map(key).collect::<Vec<_>>())?;
        let mut all = BTreeMap::new();
        let mut stale: Vec<&str> = options.forget.clone();
        for (reads, kept) in options.reads.iter().zip(kept) {
            let mut definition = Definition::of(*reads, options, is_there);
            let before = kept.and_then(|kept| serde_json::from_value::<Definition>(kept).ok());
            let name = reads.resource.name;
            // What a person asks to be read anew keeps its schema.
            let is_same = |before: &Definition| before.reads == definition.reads && definition.has_table;
            definition.is_settled =
                before.as_ref().is_some_and(|before| before.is_settled && is_same(before));
            match before.filter(|before| definition.is_covered_by(before) && !stale.contains(&name)) {
                Some(before) => definition.start = before.start,
                None if !stale.contains(&name) => stale.push(name),
                None => {}
            }
            all.insert(name, definition);
        }
        Ok(Self { all, stale })
    }

    /// What forgets the state of those that are read anew.
    /// What `loads` have kept stays.
    pub(super) fn forget(&self, loads: &BTreeSet<String>) -> Vec<Forget> {
        let forget = |name: &&str| Forget {
            resource: (*name).to_owned(),
            except: BTreeSet::new(),
            loads: loads.clone(),
        };
        self.stale.iter().map(forget).collect()
    }

    /// States of other resources that speak of them as well, as they are to be: at most so many at once.
    pub(super) fn to_rewrite(
        &self,
        load: &mut dyn OpenLoad,
        options: &LoadOptions,
    ) -> Result<Vec<StateEntry>, DestinationError> {
        let mut rewritten = Vec::new();
        if self.stale.is_empty() {
            return Ok(rewritten);
        }
        load.each_state(&mut |entry| {
            if rewritten.len() >= AT_ONCE || entry.resource == PIPELINE || self.is_stale(&entry.resource) {
                return;
            }
            let without =
                entry.state.as_ref().and_then(|state| (options.without)(state, &|name| self.is_stale(name)));
            if let Some(state) = without {
                rewritten.push(StateEntry { state: Some(state), ..entry });
            }
        })?;
        Ok(rewritten)
    }

    fn is_stale(&self, name: &str) -> bool {
        self.stale.contains(&name)
    }
}

/// When the first of all loads began; `started_at` if that is this one.
pub(super) fn first_load(
    reader: &mut dyn StateReader,
    started_at: Moment,
) -> Result<Moment, DestinationError> {
    let kept = reader.read(&[StateKey { resource: PIPELINE, partition: FIRST_LOAD }])?;
    let kept = kept.into_iter().flatten().next().and_then(|kept| serde_json::from_value(kept).ok());
    Ok(kept.unwrap_or(started_at))
}

pub(super) fn first_load_entry(first_at: Moment) -> StateEntry {
    let (resource, partition) = (PIPELINE.to_owned(), FIRST_LOAD.to_owned());
    StateEntry { resource, partition, state: serde_json::to_value(first_at).ok() }
}
