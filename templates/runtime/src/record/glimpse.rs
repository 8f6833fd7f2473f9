//! What the engine looks at of a record: its key, its times, what leads to its children. The rest goes by unread.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::Value;

use super::Record;

/// The fields that the engine looks at, as dotted paths. Shared by all records of a resource.
#[derive(Debug, Clone, Default)]
pub struct Taps(Arc<[&'static str]>);

/// The values of the tapped fields of one record.
#[derive(Debug, Clone, Default)]
pub struct Glimpse {
    taps: Taps,
    values: Vec<Value>,
    identity: u64,
    is_dropped: bool,
}

impl Taps {
    /// Each field once.
    pub fn new(fields: impl IntoIterator<Item = &'static str>) -> Self {
        let mut taps: Vec<&'static str> = Vec::new();
        for field in fields {
            if !taps.contains(&field) {
                taps.push(field);
            }
        }
        Self(taps.into())
    }

    pub fn fields(&self) -> &[&'static str] {
        &self.0
    }
}

impl Glimpse {
    /// Takes the tapped fields out of a record.
    pub fn of(record: &Record, taps: &Taps, record_key: &[&str]) -> Self {
        let value = |field: &&str| at(record, field).cloned().unwrap_or_default();
        let values = taps.fields().iter().map(value).collect();
        Self { taps: taps.clone(), values, identity: identity(record, record_key), is_dropped: false }
    }

    /// The same of a record that a hook drops.
    #[must_use]
    pub fn dropped(self) -> Self {
        Self { is_dropped: true, ..self }
    }

    /// Whether a hook drops the record.
    pub fn is_dropped(&self) -> bool {
        self.is_dropped
    }

    /// The value of a tapped field; `None` when it is null or not there.
    pub fn get(&self, field: &str) -> Option<&Value> {
        let place = self.taps.fields().iter().position(|tap| *tap == field)?;
        self.values.get(place).filter(|value| !value.is_null())
    }

    /// The text of a tapped field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field).and_then(Value::as_str)
    }

    /// Tells the record from its siblings: by its key, or by all that it holds where a part of the key is missing.
    pub fn identity(&self) -> u64 {
        self.identity
    }
}

#[cfg(test)]
impl Glimpse {
    /// Of a JSON object, by these fields; the first is its key.
    pub(crate) fn of_json(record: &Value, fields: &[&'static str]) -> Self {
        Self::of(record.as_object().unwrap(), &Taps::new(fields.iter().copied()), &fields[..1])
    }
}

fn at<'r>(record: &'r Record, field: &str) -> Option<&'r Value> {
    let mut steps = field.split('.');
    let first = record.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

fn identity(record: &Record, record_key: &[&str]) -> u64 {
    let field = |field: &&str| record.get(*field).filter(|value| !value.is_null());
    let fields: Option<Vec<&Value>> = record_key.iter().map(field).collect();
    let mut hasher = DefaultHasher::new();
    match fields.filter(|fields| !fields.is_empty()) {
        Some(fields) => fields.hash(&mut hasher),
        None => record.hash(&mut hasher),
    }
    hasher.finish()
}
