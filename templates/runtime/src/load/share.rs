//! One load of several that are a run together. What needs the whole run waits: what each load leaves to do is kept as
//! state, and the one that finds that all have ended does it, once.
//!
//! Whoever begins takes back what it has left in an earlier run. So what is found is of one run, of those whose engine names
//! them; of others it may be of two, and then says no more than is true of both.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::definition::PIPELINE;
use super::package::{Gone, Meaning};
use super::plan::Plan;
use super::summary::LoadNote;
use super::writer::{Ending, Writer};
use crate::config::OnChange;
use crate::destination::{
    DestinationError, Forget, LoadEntry, LoadStatus, PackageId, RUN, SHARD, StateEntry, StateKey,
    partition_key,
};
use crate::page::Whole;
use crate::shard::{Shard, Share, is_split};

type Result<T> = std::result::Result<T, DestinationError>;

/// What a shard leaves to whoever is the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Left {
    run: Option<String>,
    load_id: String,
    /// Names what it has staged.
    token: String,
    /// Resources of which it has read every partition of its own to the end.
    complete: BTreeSet<String>,
    /// Tables with staged rows, and of which resources those are.
    staged: BTreeSet<(String, String)>,
    /// By resource, partitions that it has asked for and said nothing new of; none where it did not look at all.
    asked: Option<BTreeMap<String, BTreeSet<String>>>,
    /// By resource, its part of a list that all shards read.
    parts: BTreeMap<String, ListPart>,
}

/// What a shard knows of a list that all of them read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ListPart {
    /// As it would be kept of the whole list.
    pub(super) state: Option<Value>,
    /// Whether the list was read whole: since which load, and from which on its rows are those of this very list.
    pub(super) whole: Option<(String, Option<String>)>,
}

/// Where a shard keeps what it leaves, and its own state of a list that all of them read.
pub(super) fn partition_of(shard: Shard) -> String {
    json!({ "shard": shard }).to_string()
}

/// What is kept with a load, so that others know what it is a part of.
pub(super) fn described(share: &Share) -> impl Iterator<Item = (String, Value)> + use<> {
    let run = share.run.clone().map(|run| (RUN.to_owned(), run.into()));
    [(SHARD.to_owned(), share.shard.to_string().into())].into_iter().chain(run)
}

/// The loads of the same run.
pub(super) fn of_run(share: Option<&Share>, earlier: &[LoadEntry]) -> BTreeSet<String> {
    let Some(Share { shard, run: Some(run) }) = share else { return BTreeSet::new() };
    let is_of_run = |load: &&LoadEntry| {
        load.shard().is_some_and(|own| own.of() == shard.of())
            && load.report.get(RUN).and_then(Value::as_str) == Some(run)
    };
    earlier.iter().filter(is_of_run).map(|load| load.load_id.clone()).collect()
}

/// What was left and counts no more when a load begins: its own, and that of all whose number is another.
pub(super) fn taken_back(share: Option<&Share>, earlier: &[LoadEntry]) -> Vec<StateEntry> {
    let shard = share.map(|share| share.shard);
    let others = earlier.iter().filter_map(LoadEntry::shard);
    let others = others.filter(|other| shard.is_none_or(|shard| shard.of() != other.of()));
    let shards: BTreeSet<Shard> = others.chain(shard).collect();
    shards.into_iter().map(|shard| entry(shard, None)).collect()
}

fn entry(shard: Shard, left: Option<&Left>) -> StateEntry {
    let state = left.and_then(|left| serde_json::to_value(left).ok());
    StateEntry { resource: PIPELINE.to_owned(), partition: partition_of(shard), state }
}

impl Writer {
    /// Ends the load of a shard, and the run where it is the last.
    pub(super) fn end_shard(&mut self, ending: Ending, share: &Share) -> Result<()> {
        let Ending { outcome, complete, vanished, parts } = ending;
        let is_ended = matches!(outcome.status, LoadStatus::Complete | LoadStatus::Partial);
        self.end(outcome, Some(share));
        let asked = vanished.map(|vanished| {
            vanished.into_iter().map(|Forget { resource, except, .. }| (resource, except)).collect()
        });
        let left = Left {
            run: share.run.clone(),
            load_id: self.packages.entry.load_id.clone(),
            token: self.packages.token.clone(),
            complete: complete.iter().map(|plan| plan.resource.name.to_owned()).collect(),
            staged: self.staged.clone(),
            asked,
            parts,
        };
        let states = if is_ended { vec![entry(share.shard, Some(&left))] } else { Vec::new() };
        self.packages.send(&Meaning { states, ..Meaning::default() })?;
        if !is_ended {
            return Ok(());
        }
        let left = self.left_by_all(share)?;
        let (of, ended) = (share.shard.of(), left.len());
        if u32::try_from(ended).is_ok_and(|ended| ended < of) {
            self.packages.summary.note([LoadNote::AwaitsShards { ended, of }]);
            return Ok(());
        }
        self.end_run(share.shard, &complete, &left)?;
        self.packages.summary.note([LoadNote::EndsRun { of }]);
        Ok(())
    }

    /// What those shards of the run have left that have ended.
    fn left_by_all(&self, share: &Share) -> Result<Vec<Left>> {
        let partitions: Vec<String> = share.shard.all().map(partition_of).collect();
        let partitions = partitions.iter().map(String::as_str);
        let keys: Vec<_> = partitions.map(|partition| StateKey { resource: PIPELINE, partition }).collect();
        let kept = self.packages.kept(&keys)?;
        let left = kept.into_iter().flatten().filter_map(|kept| serde_json::from_value::<Left>(kept).ok());
        Ok(left.filter(|left| left.run == share.run).collect())
    }

    /// What needs the whole run: tables are replaced, rows of records that none has found are marked, and what is kept of
    /// partitions that are gone is forgotten. Two that come at once do the same under the same name, which counts once.
    fn end_run(&mut self, shard: Shard, own: &[Arc<Plan>], left: &[Left]) -> Result<()> {
        let place = self.packages.place.clone();
        self.packages.look_again(&place)?;
        let is_complete =
            |plan: &&Arc<Plan>| left.iter().all(|left| left.complete.contains(plan.resource.name));
        let complete: Vec<Arc<Plan>> = own.iter().filter(is_complete).cloned().collect();
        self.add_hints(&complete)?;
        let staged = left.iter().flat_map(|left| left.staged.clone()).collect();
        let mut swaps = self.swaps(&staged, &complete);
        for swap in &mut swaps {
            let has = |left: &&Left| left.staged.iter().any(|(table, _)| *table == swap.table);
            swap.parts = left.iter().filter(has).map(|left| left.token.clone()).collect();
        }
        let mut states = self.packages.settled(&complete);
        let mut gone = Vec::new();
        for plan in complete.iter().filter(|plan| is_split(plan.resource)) {
            let name = plan.resource.name.to_owned();
            let Some(list) = List::of(&name, left) else { continue };
            let whole = list.whole.filter(|_| self.packages.options.mark_deleted);
            gone.extend(whole.map(|whole| Gone { plan: Arc::clone(plan), bindings: Vec::new(), whole }));
            let state = |partition, state| StateEntry { resource: name.clone(), partition, state };
            states.push(state(partition_key(&[]), list.state));
            states.extend(shard.all().map(|shard| state(partition_of(shard), None)));
        }
        states.extend(shard.all().map(|shard| entry(shard, None)));
        let deletions = self.packages.deletions(gone)?;
        let forget = forgotten(&complete, left);
        let last = left.iter().map(|left| left.load_id.as_str()).max().unwrap_or_default();
        let meaning = Meaning { swaps, deletions, states, forget };
        let swapped = self.packages.send_as(PackageId::of_all(last), &meaning)?;
        self.note_kept(&meaning.swaps, &swapped);
        self.packages.make_views()
    }

    /// Columns that the document knows, of tables that no record has ever come for.
    pub(super) fn add_hints(&mut self, complete: &[Arc<Plan>]) -> Result<()> {
        for plan in complete.iter().filter(|plan| plan.contract.columns == OnChange::Evolve) {
            let hints = self.packages.prepare(|tables| {
                Ok::<_, Infallible>(tables.plan_for_hints(&plan.layout.table, plan.resource.columns))
            })?;
            hints.map_or_else(|never| match never {}, drop);
        }
        Ok(())
    }
}

/// A list that all shards read, put together of what each knows of it.
struct List {
    state: Option<Value>,
    whole: Option<Whole>,
}

impl List {
    /// None where one of them has not read it.
    fn of(resource: &str, left: &[Left]) -> Option<Self> {
        let parts: Vec<&ListPart> =
            left.iter().map(|left| left.parts.get(resource)).collect::<Option<_>>()?;
        let whole: Option<Vec<_>> = parts.iter().map(|part| part.whole.as_ref()).collect();
        // What is true of all of them is what the earliest says.
        let first = |(since, from): &(String, Option<String>)| from.clone().unwrap_or_else(|| since.clone());
        let earliest = parts.iter().min_by_key(|part| part.whole.as_ref().map(first))?;
        let whole = whole.and_then(|whole| {
            let since = whole.iter().map(|(since, _)| since).min()?.clone();
            let from = whole.iter().map(|(_, from)| from.clone()).min().flatten();
            Some(Whole { since, from })
        });
        Some(Self { state: earliest.state.clone(), whole })
    }
}

/// What forgets the partitions that no shard has asked for.
fn forgotten(complete: &[Arc<Plan>], left: &[Left]) -> Vec<Forget> {
    let asked: Option<Vec<_>> = left.iter().map(|left| left.asked.as_ref()).collect();
    let Some(asked) = asked else { return Vec::new() };
    let loads: BTreeSet<String> = left.iter().map(|left| left.load_id.clone()).collect();
    let forget = |plan: &Arc<Plan>| {
        let resource = plan.resource.name;
        let except = asked.iter().filter_map(|asked| asked.get(resource)).flatten().cloned().collect();
        Forget { resource: resource.to_owned(), except, loads: loads.clone() }
    };
    complete.iter().map(forget).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(load: &str, part: Option<(&str, Option<&str>)>) -> Left {
        let whole = part.map(|(since, from)| (since.to_owned(), from.map(str::to_owned)));
        let part = ListPart { state: Some(json!(load)), whole };
        Left {
            run: None,
            load_id: load.to_owned(),
            token: String::new(),
            complete: BTreeSet::new(),
            staged: BTreeSet::new(),
            asked: None,
            parts: [("projects".to_owned(), part)].into(),
        }
    }

    #[test]
    fn of_a_list_that_all_read_no_more_is_said_than_each_knows() {
        let all = [left("b", Some(("b", Some("a")))), left("a", Some(("a", Some("a"))))];
        let list = List::of("projects", &all).unwrap();
        let whole = list.whole.unwrap();
        assert_eq!((whole.since.as_str(), whole.from.as_deref()), ("a", Some("a")));
        let first = [left("b", Some(("b", Some("b")))), left("a", Some(("a", Some("a"))))];
        let list = List::of("projects", &first).unwrap();
        assert_eq!(list.state, Some(json!("a")), "the state that goes furthest back");
        let cut = [left("a", Some(("a", None))), left("b", None)];
        assert!(List::of("projects", &cut).unwrap().whole.is_none(), "one has read a part of it");
        assert!(List::of("groups", &cut).is_none());
    }
}
