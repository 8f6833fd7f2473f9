//! Which way of reading fits a resource: definition and configuration come in, the rules of its node go out. Pure.
//!
//! Where the scope starts (projects, groups) the list is always read whole: a project's own time says little of what
//! is in it. Below a list that is asked for changes, no other is: one cursor speaks for all.

use std::time::Duration;

use super::reading::ReadingRules;
use super::refresh::{Refresh, Standing};
use crate::config::{Config, ResourceConfig};
use crate::extract::paging::is_set;
use crate::moment::Moment;
use crate::record::Glimpse;
use crate::resource::{NewestFirst, Resource};

/// `ancestors` from the nearest on, `children` with the rules that they have.
pub(in crate::extract) fn rules_of(
    resource: &'static Resource,
    ancestors: &[&'static Resource],
    children: &[&ReadingRules],
    config: &Config,
) -> ReadingRules {
    let said = config.resource(resource.name);
    let mut with = vec![resource.name];
    with.extend(children.iter().flat_map(|child| child.with.iter().copied()));
    let keeps_state =
        !resource.is_replaced(said.write_disposition) && children.iter().all(|child| child.keeps_state);
    let is_below = ancestors.iter().any(|above| asks_for_changes(above, config));
    let finality = resource.finality.filter(|_| !children.is_empty() && !is_below && keeps_state);
    let patience = children.iter().fold(patience_of(resource, config), |all, child| all.and(child.patience));
    ReadingRules {
        with,
        newest_first: newest_first(resource, said),
        is_incremental: keeps_state && !is_below && asks_for_changes(resource, config),
        settled_after: finality.zip(config.extract.settled_after),
        lookback: said.lookback.or(config.load.lookback).unwrap_or(resource.lookback),
        start: config.load.start,
        sweep_every: config.load.full_sweep_every,
        keeps_state,
        marks_deleted: false,
        is_filtered: !said.query.is_empty() || resource.start.is_some(),
        refresh: refresh_at(resource, ancestors, patience),
        patience,
    }
}

/// How long the list itself can be left alone.
fn patience_of(resource: &Resource, config: &Config) -> Refresh {
    let said = config.resource(resource.name).refresh_every;
    let usual = |own: Duration| config.load.refresh_every.filter(|_| !own.is_zero()).unwrap_or(own);
    let (every, quiet) = match said {
        Some(every) => (every, every),
        None => (usual(resource.refresh_every), usual(resource.quiet_refresh)),
    };
    let is_asked_each_time = said.or(config.load.refresh_every) == Some(Duration::ZERO);
    Refresh { every, quiet, can_freeze: !is_asked_each_time }
}

/// What is decided at the list: only at those of the instance, of a group or of a project. A cursor for every list that
/// hangs further down would be too many, and what is below goes along.
fn refresh_at(resource: &Resource, ancestors: &[&'static Resource], patience: Refresh) -> Refresh {
    let parent = ancestors.first();
    let is_here = parent.map_or(resource.start.is_none(), |parent| parent.start.is_some());
    if !is_here {
        return Refresh::default();
    }
    let quiet = parent.and_then(|parent| parent.activity).map_or(Duration::ZERO, |_| patience.quiet);
    Refresh { quiet, can_freeze: patience.can_freeze && resource.frozen.is_some(), ..patience }
}

/// What a record of `parent` says of a list that hangs on it.
pub(in crate::extract) fn standing_of(record: &Glimpse, parent: &Resource, resource: &Resource) -> Standing {
    let active_until = parent.activity.and_then(|activity| {
        let last = record.text(activity.field).and_then(Moment::parse)?;
        Some(last.plus(activity.grain))
    });
    Standing { active_until, is_frozen: resource.frozen.is_some_and(|frozen| record.shows(&frozen)) }
}

/// Whether a run asks the list for changes only. Not where the user sets a parameter that this needs.
fn asks_for_changes(resource: &Resource, config: &Config) -> bool {
    let said = config.resource(resource.name);
    let Some(incremental) = resource.incremental else {
        // A cursor for every issue of the instance would be too many.
        return resource.params.len() == 1 && newest_first(resource, said).is_some();
    };
    let mut needed = incremental.query.iter().map(|(name, _)| *name).chain([incremental.param]);
    let is_wanted = said.incremental.unwrap_or(incremental.default);
    is_wanted && resource.start.is_none() && !needed.any(|name| is_set(&said.query, name))
}

/// Not where the user sets an order, and not where there is a bound to ask with.
fn newest_first(resource: &Resource, said: &ResourceConfig) -> Option<NewestFirst> {
    let is_ordered = ["order_by", "sort"].iter().any(|name| is_set(&said.query, name));
    let is_wanted = resource.incremental.is_none() && !is_ordered && said.incremental != Some(false);
    resource.newest_first.filter(|_| is_wanted)
}

/// Whether what hangs on the record is known and will not change: it ended long ago, and was loaded after that.
/// `loaded_before` is the time before which all changes are loaded.
pub(in crate::extract) fn is_settled(
    record: &Glimpse,
    rules: &ReadingRules,
    loaded_before: Option<Moment>,
    now: Moment,
) -> bool {
    let (Some((finality, after)), Some(loaded_before)) = (rules.settled_after, loaded_before) else {
        return false;
    };
    let is_finished = record.text(finality.field).is_some_and(|value| finality.values.contains(&value));
    let ended_at = finality.ended_at.iter().find_map(|field| Moment::parse(record.text(field)?));
    is_finished && ended_at.is_some_and(|ended_at| ended_at < loaded_before && ended_at < now.minus(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Finality;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn only_what_ended_long_ago_and_is_loaded_is_settled() {
        let finality = Finality { field: "status", values: &["failed"], ended_at: &["updated_at"] };
        let rules = ReadingRules {
            settled_after: Some((finality, Duration::from_hours(7 * 24))),
            ..ReadingRules::default()
        };
        let (loaded, now) = (Some(moment("2024-03-20")), moment("2024-03-21"));
        let settled = |status: &str, at: &str, loaded| {
            let record = json!({"status": status, "updated_at": at});
            is_settled(&Glimpse::of_json(&record, &["status", "updated_at"]), &rules, loaded, now)
        };
        assert!(settled("failed", "2024-03-13T00:00:00Z", loaded));
        assert!(!settled("running", "2024-03-13T00:00:00Z", loaded), "it goes on");
        assert!(!settled("failed", "2024-03-14T00:00:01Z", loaded), "it ended lately");
        assert!(!settled("failed", "2024-03-13T00:00:00Z", None), "it was never loaded");
        assert!(
            !settled("failed", "2024-03-13T00:00:00Z", Some(moment("2024-03-12"))),
            "it was loaded before it ended"
        );
    }
}
