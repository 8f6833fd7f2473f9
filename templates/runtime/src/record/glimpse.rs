//! What the engine looks at of a record: its key, its times, what leads to its children. The rest goes by unread.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::Value;

use super::Record;
use crate::resource::Sign;

/// The fields that the engine looks at, as dotted paths. Shared by all records of a resource.
#[derive(Debug, Clone, Default)]
pub struct Taps(Arc<[&'static str]>);

/// The values of the tapped fields of one record. Digits that no number type holds are text here.
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
    pub fn of(record: &Record<'_>, taps: &Taps, record_key: &[&str]) -> Self {
        let value = |field: &&str| at(record, field).map(super::Value::to_json).unwrap_or_default();
        let values = taps.fields().iter().map(value).collect();
        Self { taps: taps.clone(), values, identity: identity(record, record_key), is_dropped: false }
    }

    /// Of what was tapped while the record was read: the values in the order of the taps.
    pub(crate) fn tapped(taps: &Taps, values: Vec<Value>, identity: u64) -> Self {
        Self { taps: taps.clone(), values, identity, is_dropped: false }
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

    /// Whether the record says so of itself; not where the field is null or not there.
    pub fn shows(&self, sign: &Sign) -> bool {
        let is = |value: &Value| match value {
            Value::String(text) => sign.values.contains(&text.as_str()),
            Value::Bool(_) | Value::Number(_) => sign.values.contains(&value.to_string().as_str()),
            _ => false,
        };
        self.get(sign.field).is_some_and(is)
    }

    /// Tells the record from its siblings: by its key, or by all that it holds where a part of the key is missing.
    /// Where nothing is a key, nothing tells them apart.
    pub fn identity(&self) -> u64 {
        self.identity
    }
}

#[cfg(test)]
impl Glimpse {
    /// Of a JSON object, by these fields; the first is its key.
    pub(crate) fn of_json(record: &Value, fields: &[&'static str]) -> Self {
        let record = super::Value::from(record.clone());
        Self::of(record.as_object().unwrap(), &Taps::new(fields.iter().copied()), &fields[..1])
    }
}

fn at<'r, 'a>(record: &'r Record<'a>, field: &str) -> Option<&'r super::Value<'a>> {
    let mut steps = field.split('.');
    let first = record.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.as_object()?.get(step))
}

/// The value of a field, or of one in a nested object by the name of its column.
pub(crate) fn field_of<'r, 'a>(record: &'r Record<'a>, field: &str) -> Option<&'r super::Value<'a>> {
    match (record.get(field), field.split_once("__")) {
        (None, Some((object, inside))) => field_of(record.get(object)?.as_object()?, inside),
        (value, _) => value,
    }
}

fn identity(record: &Record<'_>, record_key: &[&str]) -> u64 {
    let field = |field: &&str| field_of(record, field).map(super::Value::to_json);
    let fields: Vec<Value> = record_key.iter().filter_map(field).filter(|value| !value.is_null()).collect();
    if fields.len() == record_key.len() {
        return identity_of(fields.iter());
    }
    identity_of([&Value::from(super::Value::from(record.clone()).to_string())].into_iter())
}

/// The identity of a record with these values in its key.
pub(crate) fn identity_of<'v>(values: impl Iterator<Item = &'v Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.for_each(|value| value.hash(&mut hasher));
    hasher.finish()
}
