//! A value that rows are compared by.

use std::fmt;

use serde_json::Value;

use crate::world::Moment;

/// The order of the variants is that of the database: nulls come last when ascending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Number(i64),
    Text(String),
    Null,
}

impl Key {
    /// `field` is a name, or a path such as `author/id`.
    pub(crate) fn in_record(record: &Value, field: &str) -> Self {
        let found = field.split('/').try_fold(record, |value, name| value.get(name));
        found.map_or(Self::Null, |value| Self::of(value, field))
    }

    fn of(value: &Value, field: &str) -> Self {
        match value {
            Value::Number(number) => number.as_i64().map_or(Self::Null, Self::Number),
            Value::Bool(flag) => Self::Number(i64::from(*flag)),
            Value::String(text) if is_time(field) => Self::time(text),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::of_texts(items.iter().filter_map(Value::as_str)),
            _ => Self::Null,
        }
    }

    /// Several texts as one; `texts` takes them apart.
    pub(crate) fn of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        Self::Text(texts.collect::<Vec<_>>().join("\n"))
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(joined) => joined.split('\n').collect(),
            _ => Vec::new(),
        }
    }

    /// A value written in a query or a cursor, to compare with a field's key.
    pub(crate) fn from_query(text: &str, field: &str) -> Self {
        match text.parse() {
            _ if is_time(field) => Self::time(text),
            Ok(number) => Self::Number(number),
            Err(_) => Self::Text(text.to_owned()),
        }
    }

    fn time(text: &str) -> Self {
        Moment::parse(text).map_or(Self::Null, Self::from)
    }
}

/// Times are compared as instants: commits carry offsets of their own.
fn is_time(field: &str) -> bool {
    field.ends_with("_at") || field.ends_with("_date") || field.ends_with("_on")
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Null => Ok(()),
        }
    }
}

impl From<Moment> for Key {
    fn from(moment: Moment) -> Self {
        Self::Number(moment.millis())
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
