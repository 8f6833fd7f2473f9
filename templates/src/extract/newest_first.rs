//! Lists without a time bound that can come with the newest record first: a later run reads them until it meets what
//! is known.

use super::paging::is_set;
use crate::config::ResourceConfig;
use crate::moment::Moment;
use crate::page::Record;
use crate::resource::Resource;

/// How such a list is asked for, and what its order goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NewestFirst {
    pub(super) cursor: &'static str,
    pub(super) query: &'static [(&'static str, &'static str)],
}

/// Notes go by their last change. Jobs come by id; one that changes later was made within the lookback, or waits for the
/// next full sweep.
const NOTES: NewestFirst =
    NewestFirst { cursor: "updated_at", query: &[("order_by", "updated_at"), ("sort", "desc")] };
const JOBS: NewestFirst = NewestFirst { cursor: "created_at", query: &[] };

impl NewestFirst {
    /// Not where the user sets an order.
    pub(super) fn of(resource: &Resource, said: &ResourceConfig) -> Option<Self> {
        let is_ordered = ["order_by", "sort"].iter().any(|name| is_set(&said.query, name));
        let last = resource.path.rsplit('/').next();
        let found = match (last, resource.params.len()) {
            (Some("notes"), _) => Some(NOTES),
            (Some("jobs"), 1) => Some(JOBS),
            _ => None,
        };
        found.filter(|_| resource.incremental.is_none() && !is_ordered && said.incremental != Some(false))
    }

    /// Whether a page reaches back to what changed before `since`: nothing behind it is news. A page in another order
    /// says nothing.
    pub(super) fn is_reached(self, records: &[Record], since: Moment) -> bool {
        let time = |record: &Record| Moment::parse(record.get(self.cursor)?.as_str()?);
        let Some(times) = records.iter().map(time).collect::<Option<Vec<_>>>() else { return false };
        times.is_sorted_by(|newer, older| newer >= older) && times.last().is_some_and(|last| *last < since)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_in_order_that_reaches_back_is_the_last() {
        let page = |days: &[u32]| {
            let record = |day: &u32| json!({"updated_at": format!("2024-05-{day:02}T10:00:00Z")});
            days.iter().map(|day| record(day).as_object().unwrap().clone()).collect::<Vec<_>>()
        };
        let since = Moment::parse("2024-05-10").unwrap();
        assert!(NOTES.is_reached(&page(&[12, 11, 9]), since));
        assert!(!NOTES.is_reached(&page(&[12, 11, 10]), since));
        assert!(!NOTES.is_reached(&page(&[9, 12, 8]), since), "it is not in order");
        assert!(!NOTES.is_reached(&[Record::new()], since), "it has no times");
        assert!(!NOTES.is_reached(&[], since));
    }
}
