//! Records that a page holds twice: the last one counts.

use std::collections::HashSet;

use serde_json::Value;

use crate::normalize::Layout;
use crate::page::Record;

/// The records to load, and how many of them have no value in any field of their key.
pub(super) fn last_of_each<'a>(records: &'a [Record], layout: &Layout) -> (Vec<&'a Record>, usize) {
    if !layout.is_unique || !layout.has_key() {
        return (records.iter().collect(), 0);
    }
    let mut seen = HashSet::with_capacity(records.len());
    let mut kept: Vec<&Record> = Vec::with_capacity(records.len());
    let mut without_key = 0;
    for record in records.iter().rev() {
        let key: Vec<Option<&Value>> =
            layout.record_key.iter().map(|field| field_of(record, field)).collect();
        without_key += usize::from(!key.is_empty() && key.iter().all(Option::is_none));
        if seen.insert(key) {
            kept.push(record);
        }
    }
    kept.reverse();
    (kept, without_key)
}

/// The value of a field, or of one in a nested object by the name of its column; `None` when it is null.
pub(super) fn field_of<'a>(record: &'a Record, field: &str) -> Option<&'a Value> {
    let value = match (record.get(field), field.split_once("__")) {
        (None, Some((object, inside))) => field_of(record.get(object)?.as_object()?, inside),
        (value, _) => value,
    };
    value.filter(|value| !value.is_null())
}
