//! The keys of rows as bytes, so that rows of different batches can be compared.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};

use crate::resource::ColumnKind;
use crate::schema::table::{Table, is_digest};
use crate::schema::widen::float_text;

/// The key of each row of a batch.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// A number of each: two keys that differ have the same one hardly ever.
    pub(crate) hashes: Vec<u64>,
}

/// The numbers of keys.
pub(crate) type Hashes = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// Numbers of keys are hashes already.
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Keys {
    /// `columns` are some of the batch, whose kinds `table` knows. A digest that a row does not have is no part of its
    /// key, so that rows of a table without digests compare with those of one that has got them.
    pub(crate) fn of(batch: &RecordBatch, columns: &[String], table: &Table, hasher: &RandomState) -> Self {
        let cells = columns.iter().filter_map(|name| {
            let kind = table.column(name).map(|column| column.kind)?;
            Some((batch.column_by_name(name)?, kind, is_digest(name)))
        });
        let cells: Vec<(&ArrayRef, ColumnKind, bool)> = cells.collect();
        let mut keys = Self::default();
        for row in 0..batch.num_rows() {
            for (array, kind, is_digest) in &cells {
                if !is_digest || array.is_valid(row) {
                    push(&mut keys.bytes, array, *kind, row);
                }
            }
            let start = keys.ends.last().copied().unwrap_or_default();
            keys.hashes.push(hasher.hash_one(keys.bytes.get(start..).unwrap_or_default()));
            keys.ends.push(keys.bytes.len());
        }
        keys
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }
}

/// Two values of a column are the same when these bytes are, whatever the column's kind was when they came.
fn push(bytes: &mut Vec<u8>, array: &ArrayRef, kind: ColumnKind, row: usize) {
    let start = bytes.len();
    bytes.extend([0; 5]);
    if array.is_null(row) {
        return;
    }
    match kind {
        ColumnKind::Bool if array.as_boolean().value(row) => bytes.extend(b"true"),
        ColumnKind::Bool => bytes.extend(b"false"),
        ColumnKind::Int => {
            // Nothing fails to be written to memory.
            let _ = write!(bytes, "{}", array.as_primitive::<Int64Type>().value(row));
        }
        ColumnKind::Float => bytes.extend(float_text(array.as_primitive::<Float64Type>().value(row)).bytes()),
        ColumnKind::Date => bytes.extend(array.as_primitive::<Date32Type>().value(row).to_le_bytes()),
        ColumnKind::Timestamp => {
            bytes.extend(array.as_primitive::<TimestampMicrosecondType>().value(row).to_le_bytes());
        }
        // No key is a list: it is JSON.
        ColumnKind::List(_) => {}
        ColumnKind::Text | ColumnKind::Json => bytes.extend(array.as_string::<i32>().value(row).bytes()),
    }
    let length = u32::try_from(bytes.len() - start - 5).unwrap_or(u32::MAX).to_le_bytes();
    for (place, byte) in bytes.iter_mut().skip(start).zip([1].into_iter().chain(length)) {
        *place = byte;
    }
}
