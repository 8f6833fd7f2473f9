//! Rows computed from a number, in the order in which they were made.

use serde_json::Value;

use super::{Key, Rows};
use crate::world::Numbers;

type Record = Box<dyn Fn(i64) -> Value + Send>;
type Write = Box<dyn Fn(i64, &mut Vec<u8>) + Send>;
type CheapKey = Box<dyn Fn(i64, &str) -> Option<Key> + Send>;

pub(crate) struct Series {
    numbers: Numbers,
    record: Record,
    /// A faster way to the record's text, where there is one.
    write: Option<Write>,
    /// None for a field that only the record knows.
    cheap_key: CheapKey,
    ascending: &'static [&'static str],
}

impl Series {
    pub(crate) fn new(numbers: Numbers, record: impl Fn(i64) -> Value + Send + 'static) -> Self {
        Self {
            numbers,
            record: Box::new(record),
            write: None,
            cheap_key: Box::new(|_, _| None),
            ascending: &[],
        }
    }

    pub(crate) fn written(self, write: impl Fn(i64, &mut Vec<u8>) + Send + 'static) -> Self {
        Self { write: Some(Box::new(write)), ..self }
    }

    pub(crate) fn keys(self, cheap_key: impl Fn(i64, &str) -> Option<Key> + Send + 'static) -> Self {
        Self { cheap_key: Box::new(cheap_key), ..self }
    }

    /// Fields that grow with the number.
    pub(crate) fn ascending(self, fields: &'static [&'static str]) -> Self {
        Self { ascending: fields, ..self }
    }
}

impl Rows for Series {
    fn len(&self) -> usize {
        self.numbers.len()
    }

    fn record(&self, place: usize) -> Value {
        self.numbers.at(place).map(&self.record).unwrap_or_default()
    }

    fn write(&self, place: usize, out: &mut Vec<u8>) {
        match (&self.write, self.numbers.at(place)) {
            (Some(write), Some(number)) => write(number, out),
            _ => {
                let _ = serde_json::to_writer(out, &self.record(place));
            }
        }
    }

    fn key(&self, place: usize, field: &str) -> Key {
        let Some(number) = self.numbers.at(place) else {
            return Key::Null;
        };
        (self.cheap_key)(number, field).unwrap_or_else(|| Key::in_record(&(self.record)(number), field))
    }

    fn ascends_by(&self, field: &str) -> bool {
        self.ascending.contains(&field)
    }
}
