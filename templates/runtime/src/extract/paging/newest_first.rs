//! Lists without a time bound that come with the newest record first: a later run reads them until it meets what is
//! known.

use crate::moment::Moment;
use crate::record::Glimpse;

/// Whether a page reaches back to what changed before `since`: nothing behind it is news. A page in another order says
/// nothing.
pub(super) fn is_reached(cursor: &str, records: &[Glimpse], since: Moment) -> bool {
    let time = |record: &Glimpse| Moment::parse(record.text(cursor)?);
    let Some(times) = records.iter().map(time).collect::<Option<Vec<_>>>() else { return false };
    times.is_sorted_by(|newer, older| newer >= older) && times.last().is_some_and(|last| *last < since)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_in_order_that_reaches_back_is_the_last() {
        let page = |days: &[u32]| {
            let record = |day: &u32| {
                Glimpse::of_json(
                    &json!({"updated_at": format!("2024-05-{day:02}T10:00:00Z")}),
                    &["updated_at"],
                )
            };
            days.iter().map(record).collect::<Vec<_>>()
        };
        let since = Moment::parse("2024-05-10").unwrap();
        assert!(is_reached("updated_at", &page(&[12, 11, 9]), since));
        assert!(!is_reached("updated_at", &page(&[12, 11, 10]), since));
        assert!(!is_reached("updated_at", &page(&[9, 12, 8]), since), "it is not in order");
        assert!(!is_reached("updated_at", &[Glimpse::default()], since), "it has no times");
        assert!(!is_reached("updated_at", &[], since));
    }
}
