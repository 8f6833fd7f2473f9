//! Some of the rows of another list.

use serde_json::Value;

use super::{Key, Rows};

pub(crate) struct Sieve {
    rows: Box<dyn Rows>,
    places: Vec<usize>,
}

impl Sieve {
    pub(crate) fn new(rows: Box<dyn Rows>, admits: impl Fn(&dyn Rows, usize) -> bool) -> Self {
        let places = (0..rows.len()).filter(|place| admits(rows.as_ref(), *place)).collect();
        Self { rows, places }
    }
}

impl Rows for Sieve {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn record(&self, place: usize) -> Value {
        self.places.get(place).map(|place| self.rows.record(*place)).unwrap_or_default()
    }

    fn write(&self, place: usize, out: &mut Vec<u8>) {
        if let Some(place) = self.places.get(place) {
            self.rows.write(*place, out);
        }
    }

    fn key(&self, place: usize, field: &str) -> Key {
        self.places.get(place).map_or(Key::Null, |place| self.rows.key(*place, field))
    }

    fn ascends_by(&self, field: &str) -> bool {
        self.rows.ascends_by(field)
    }
}
