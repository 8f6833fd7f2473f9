//! Records that a page holds twice: of those with the same key the last counts, and those without a key are told apart
//! by what they hold.

use std::collections::{HashMap, HashSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_schema::DataType;

use crate::normalize::digest::again;
use crate::normalize::{Digests, Layout};

/// The records of a page that count.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// `None`: all of them.
    pub(super) keep: Option<Vec<bool>>,
    /// How many have no value in any field of their key.
    pub(super) without_key: usize,
}

impl Chosen {
    /// `own_key` are the columns of the key that are made of fields, with so many rows.
    pub(super) fn of(own_key: &[ArrayRef], rows: usize, layout: &Layout, is_keyless: bool) -> Self {
        let tells_apart = layout.is_unique || layout.digests == Digests::Each;
        if is_keyless || !tells_apart || !layout.has_key() || rises(own_key) {
            return Self::default();
        }
        let is_empty = |row: &usize| !own_key.is_empty() && own_key.iter().all(|array| array.is_null(*row));
        let without_key = (0..rows).filter(is_empty).count();
        let has_digest = |row: &usize| layout.digests != Digests::None && is_empty(row);
        let mut seen = HashSet::with_capacity(rows);
        let mut keep: Vec<bool> =
            (0..rows).rev().map(|row| has_digest(&row) || seen.insert(key_of(own_key, row))).collect();
        keep.reverse();
        Self { keep: keep.contains(&false).then_some(keep), without_key }
    }
}

/// Most lists come in the order of their key: then there is nothing to look up.
fn rises(own_key: &[ArrayRef]) -> bool {
    let [array] = own_key else { return false };
    let Some(ids) = array.as_primitive_opt::<Int64Type>().filter(|ids| ids.null_count() == 0) else {
        return false;
    };
    ids.values().is_sorted_by(|one, next| one < next) || ids.values().is_sorted_by(|one, next| one > next)
}

/// The values of a row.
fn key_of(own_key: &[ArrayRef], row: usize) -> Vec<u8> {
    let mut key = Vec::new();
    for array in own_key {
        key.push(u8::from(array.is_valid(row)));
        if array.is_null(row) {
            continue;
        }
        match array.data_type() {
            DataType::Utf8 => {
                let text = array.as_string::<i32>().value(row);
                key.extend(text.len().to_le_bytes());
                key.extend(text.as_bytes());
            }
            DataType::Boolean => key.push(u8::from(array.as_boolean().value(row))),
            _ => {
                // All others are of fixed width.
                let data = array.slice(row, 1).to_data();
                let width = data.data_type().primitive_width().unwrap_or(0);
                let bytes = data.buffers().first().map(|buffer| buffer.as_slice()).unwrap_or_default();
                let start = data.offset().saturating_mul(width);
                key.extend(bytes.get(start..start.saturating_add(width)).unwrap_or_default());
            }
        }
    }
    key
}

/// Digests as a column; what a page holds again gets another one.
pub(super) fn told_apart(digests: &[Option<u64>]) -> Int64Array {
    let mut times: HashMap<u64, u64> = HashMap::new();
    let mut column: Vec<Option<i64>> = Vec::with_capacity(digests.len());
    for digest in digests.iter().rev() {
        column.push(digest.map(|digest| {
            let times = times.entry(digest).or_default();
            *times += 1;
            again(digest, *times - 1).cast_signed()
        }));
    }
    column.reverse();
    Int64Array::from(column)
}
