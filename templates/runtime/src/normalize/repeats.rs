//! Records that a page holds twice: of those with the same key the last counts, and those without a key are told apart by
//! what they hold.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::normalize::digest::{again, digest};
use crate::normalize::{Digests, Layout};
use crate::page::Binding;
use crate::record::Record;

/// The records of a page that count.
#[derive(Debug, Default)]
pub(super) struct Chosen<'a> {
    pub(super) records: Vec<&'a Record>,
    /// For each of them, if any has one.
    pub(super) digests: Vec<Option<i64>>,
    /// How many of them have no value in any field of their key.
    pub(super) without_key: usize,
}

pub(super) fn last_of_each<'a>(records: &'a [Record], bindings: &[Binding], layout: &Layout) -> Chosen<'a> {
    let mut chosen = Chosen::default();
    let mut seen = HashSet::with_capacity(records.len());
    let mut times: HashMap<u64, u64> = HashMap::new();
    for record in records.iter().rev() {
        let key: Vec<Option<&Value>> =
            layout.record_key.iter().map(|field| field_of(record, field)).collect();
        let is_keyless = !key.is_empty() && key.iter().all(Option::is_none);
        let has_key = !is_keyless && layout.has_key();
        if has_key && !seen.insert(key) && layout.digests != Digests::None {
            continue;
        }
        chosen.without_key += usize::from(is_keyless);
        chosen.records.push(record);
        chosen.digests.push(
            match layout.digests {
                Digests::Each if has_key => Some(digest(record, bindings)),
                Digests::Keyless if !is_keyless => None,
                Digests::None => None,
                Digests::Each | Digests::Keyless => {
                    let digest = digest(record, bindings);
                    let times = times.entry(digest).or_default();
                    *times += 1;
                    Some(again(digest, *times - 1))
                }
            }
            .map(u64::cast_signed),
        );
    }
    chosen.records.reverse();
    chosen.digests.reverse();
    if chosen.digests.iter().all(Option::is_none) {
        chosen.digests.clear();
    }
    chosen
}

/// The value of a field, or of one in a nested object by the name of its column; `None` when it is null.
pub(super) fn field_of<'a>(record: &'a Record, field: &str) -> Option<&'a Value> {
    let value = match (record.get(field), field.split_once("__")) {
        (None, Some((object, inside))) => field_of(record.get(object)?.as_object()?, inside),
        (value, _) => value,
    };
    value.filter(|value| !value.is_null())
}
