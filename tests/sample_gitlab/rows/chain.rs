//! The rows of several parents, one after the other: issues of a group's projects.

use serde_json::Value;

use super::{Key, Rows};

#[derive(Default)]
pub(crate) struct Chain {
    parts: Vec<Box<dyn Rows>>,
    /// Where each part ends.
    ends: Vec<usize>,
}

impl Chain {
    pub(crate) fn push(&mut self, part: Box<dyn Rows>) {
        let end = self.len() + part.len();
        self.ends.push(end);
        self.parts.push(part);
    }

    fn part(&self, place: usize) -> Option<(&dyn Rows, usize)> {
        let index = self.ends.partition_point(|end| *end <= place);
        let part = self.parts.get(index)?;
        let start = self.ends.get(index)? - part.len();
        Some((part.as_ref(), place - start))
    }
}

impl Rows for Chain {
    fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn record(&self, place: usize) -> Value {
        self.part(place).map(|(part, place)| part.record(place)).unwrap_or_default()
    }

    fn write(&self, place: usize, out: &mut Vec<u8>) {
        if let Some((part, place)) = self.part(place) {
            part.write(place, out);
        }
    }

    fn key(&self, place: usize, field: &str) -> Key {
        self.part(place).map_or(Key::Null, |(part, place)| part.key(place, field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_run_through_all_parts_and_empty_ones_are_passed() {
        let mut chain = Chain::default();
        for part in [vec![json!(1), json!(2)], vec![], vec![json!(3)]] {
            chain.push(Box::new(part));
        }
        let all: Vec<_> = (0..chain.len()).map(|place| chain.record(place)).collect();
        assert_eq!(all, [json!(1), json!(2), json!(3)]);
        assert_eq!(chain.record(3), Value::Null);
    }
}
