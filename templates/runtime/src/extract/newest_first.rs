//! Lists without a time bound that can come with the newest record first: a later run reads them until it meets what
//! is known.

use super::paging::is_set;
use crate::config::ResourceConfig;
use crate::moment::Moment;
use crate::page::Record;
use crate::resource::{NewestFirst, Resource};

impl NewestFirst {
    /// Not where the user sets an order, and not where there is a bound to ask with.
    pub(super) fn of(resource: &Resource, said: &ResourceConfig) -> Option<Self> {
        let is_ordered = ["order_by", "sort"].iter().any(|name| is_set(&said.query, name));
        let is_wanted = resource.incremental.is_none() && !is_ordered && said.incremental != Some(false);
        resource.newest_first.filter(|_| is_wanted)
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

    const NOTES: NewestFirst = NewestFirst { cursor: "updated_at", query: &[("sort", "desc")] };

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
