//! Which way of reading fits a resource: definition and configuration come in, the rules of its node go out. Pure.
//!
//! Where the scope starts (projects, groups) the list is always read whole: a project's own time says little of what
//! is in it. Below a list that is asked for changes, no other is: one cursor speaks for all.

use std::time::Duration;

use super::paging::is_set;
use super::reading::ReadingRules;
use super::tree::Node;
use crate::config::Config;
use crate::moment::Moment;
use crate::page::Record;
use crate::resource::{Bound, Incremental, NewestFirst, Pagination, Resource};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// `ancestors` from the nearest on, `children` with the rules that they have.
pub(super) fn rules_of(
    resource: &'static Resource,
    ancestors: &[&'static Resource],
    children: &[std::sync::Arc<Node>],
    config: &Config,
) -> ReadingRules {
    let said = config.resource(resource.name);
    let mut with = vec![resource.name];
    with.extend(children.iter().flat_map(|child| child.reading.with.iter().copied()));
    let keeps_state = !resource.is_replaced(said.write_disposition)
        && children.iter().all(|child| child.reading.keeps_state);
    let is_below = ancestors.iter().any(|above| asks_for_changes(above, config));
    let finality = resource.finality.filter(|_| !children.is_empty() && !is_below && keeps_state);
    ReadingRules {
        with,
        newest_first: NewestFirst::of(resource, said),
        is_incremental: keeps_state && !is_below && asks_for_changes(resource, config),
        settled_after: finality.zip(config.extract.settled_after),
        lookback: said.lookback.or(config.load.lookback).unwrap_or(resource.lookback),
        start: config.load.start,
        sweep_every: config.load.full_sweep_every,
        keeps_state,
    }
}

/// Whether a run asks the list for changes only. Not where the user sets a parameter that this needs.
fn asks_for_changes(resource: &Resource, config: &Config) -> bool {
    let said = config.resource(resource.name);
    let Some(incremental) = resource.incremental else {
        // A cursor for every issue of the instance would be too many.
        return resource.params.len() == 1 && NewestFirst::of(resource, said).is_some();
    };
    let mut needed = incremental.query.iter().map(|(name, _)| *name).chain([incremental.param]);
    let is_wanted = said.incremental.unwrap_or(incremental.default);
    is_wanted && resource.start.is_none() && !needed.any(|name| is_set(&said.query, name))
}

/// Whether what hangs on the record is known and will not change: it ended long ago, and was loaded after that.
/// `loaded_before` is the time before which all changes are loaded.
pub(super) fn is_settled(
    record: &Record,
    rules: &ReadingRules,
    loaded_before: Option<Moment>,
    now: Moment,
) -> bool {
    let (Some((finality, after)), Some(loaded_before)) = (rules.settled_after, loaded_before) else {
        return false;
    };
    let text = |field: &str| record.get(field).and_then(|value| value.as_str());
    let is_finished = text(finality.field).is_some_and(|value| finality.values.contains(&value));
    let ended_at = finality.ended_at.iter().find_map(|field| Moment::parse(text(field)?));
    is_finished && ended_at.is_some_and(|ended_at| ended_at < loaded_before && ended_at < now.minus(after))
}

/// What is sent to ask for changes: the order that the filter wants, and the bound if there is one. Keyset brings its
/// own order.
pub(super) fn change_query(
    incremental: &Incremental,
    pagination: Pagination,
    since: Option<Moment>,
) -> Vec<(String, String)> {
    let is_its_order = match pagination {
        Pagination::Keyset { order_by, sort } => {
            incremental.query == [("order_by", order_by), ("sort", sort)]
        }
        _ => false,
    };
    let pairs = incremental.query.iter().filter(|_| !is_its_order);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let bound = since.map(|since| (incremental.param.to_owned(), bound_text(incremental.bound, since)));
    pairs.chain(bound).collect()
}

/// Where on Earth a day ends, the server decides.
fn bound_text(bound: Bound, since: Moment) -> String {
    match bound {
        Bound::DateExclusive => since.minus(48 * HOUR).date_text(),
        Bound::Time => since.millis_text(),
    }
}

/// Whether the records show that the server does not know the bound: old versions take no notice of what they do not
/// know.
pub(super) fn ignores_bound(incremental: &Incremental, since: Option<Moment>, records: &[Record]) -> bool {
    let (Some(cursor), Some(since)) = (incremental.cursor, since) else { return false };
    let since = if incremental.bound == Bound::DateExclusive { since.minus(96 * HOUR) } else { since };
    let time = |record: &Record| Moment::parse(record.get(cursor)?.as_str()?);
    records.iter().filter_map(time).any(|time| time < since)
}

/// Whether the list comes in the order of change.
pub(super) fn ascends(incremental: &Incremental) -> bool {
    let is_sent = |name: &str, value: &str| incremental.query.contains(&(name, value));
    incremental.cursor.is_some_and(|cursor| is_sent("order_by", cursor)) && is_sent("sort", "asc")
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
    fn a_date_bound_leaves_its_day_out() {
        assert_eq!(bound_text(Bound::DateExclusive, moment("2024-03-01T10:00:00Z")), "2024-02-28");
        assert_eq!(bound_text(Bound::Time, moment("2024-03-01")), "2024-03-01T00:00:00.000Z");
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
            is_settled(record.as_object().unwrap(), &rules, loaded, now)
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

    #[test]
    fn keyset_brings_its_order() {
        const QUERY: &[(&str, &str)] = &[("order_by", "updated_at"), ("sort", "asc")];
        let incremental = Incremental {
            param: "updated_after",
            cursor: Some("updated_at"),
            query: QUERY,
            ..Incremental::DEFAULT
        };
        assert!(ascends(&incremental));
        let keyset = Pagination::Keyset { order_by: "updated_at", sort: "asc" };
        assert_eq!(change_query(&incremental, keyset, None), []);
        assert_eq!(change_query(&incremental, Pagination::Offset, None).len(), 2);
        let other = Pagination::Keyset { order_by: "id", sort: "asc" };
        assert_eq!(change_query(&incremental, other, None).len(), 2, "another order makes it an offset list");
    }
}
