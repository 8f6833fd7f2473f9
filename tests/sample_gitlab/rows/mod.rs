//! Rows of a list before filters, order and paging: addressed by place, made into JSON on demand.

mod chain;
mod key;
pub(crate) mod of_project;
mod related;
mod series;
mod sieve;

use serde_json::Value;

pub(crate) use chain::Chain;
pub(crate) use key::Key;
pub(crate) use related::Related;
pub(crate) use series::Series;
pub(crate) use sieve::Sieve;

pub(crate) trait Rows: Send {
    fn len(&self) -> usize;

    /// Null beyond the end.
    fn record(&self, place: usize) -> Value;

    /// The record as JSON text.
    fn write(&self, place: usize, out: &mut Vec<u8>) {
        // Values and a vector of bytes cannot fail.
        let _ = serde_json::to_writer(out, &self.record(place));
    }

    /// What the record at this place is sorted and filtered by, cheaper than the record where possible.
    fn key(&self, place: usize, field: &str) -> Key;

    /// Whether the rows already ascend in this field.
    fn ascends_by(&self, _field: &str) -> bool {
        false
    }
}

impl Rows for Vec<Value> {
    fn len(&self) -> usize {
        self.len()
    }

    fn record(&self, place: usize) -> Value {
        self.get(place).cloned().unwrap_or_default()
    }

    fn key(&self, place: usize, field: &str) -> Key {
        self.get(place).map_or(Key::Null, |record| Key::in_record(record, field))
    }
}
