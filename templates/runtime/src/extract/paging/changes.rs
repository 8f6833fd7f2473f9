//! How a list is asked for what changed since a time.

use std::time::Duration;

use crate::moment::Moment;
use crate::record::Glimpse;
use crate::resource::{Bound, Incremental, Pagination};

const HOUR: Duration = Duration::from_secs(60 * 60);

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
pub(super) fn ignores_bound(incremental: &Incremental, since: Option<Moment>, records: &[Glimpse]) -> bool {
    let (Some(cursor), Some(since)) = (incremental.cursor, since) else { return false };
    let since = if incremental.bound == Bound::DateExclusive { since.minus(96 * HOUR) } else { since };
    let time = |record: &Glimpse| Moment::parse(record.text(cursor)?);
    records.iter().filter_map(time).any(|time| time < since)
}

/// Whether the list comes in the order of change.
pub(super) fn ascends(incremental: &Incremental) -> bool {
    let is_sent = |name: &str, value: &str| incremental.query.contains(&(name, value));
    incremental.cursor.is_some_and(|cursor| is_sent("order_by", cursor)) && is_sent("sort", "asc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn a_date_bound_leaves_its_day_out() {
        assert_eq!(bound_text(Bound::DateExclusive, moment("2024-03-01T10:00:00Z")), "2024-02-28");
        assert_eq!(bound_text(Bound::Time, moment("2024-03-01")), "2024-03-01T00:00:00.000Z");
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
