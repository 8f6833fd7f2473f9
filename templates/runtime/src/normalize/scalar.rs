//! A single value on its way into a column.

use serde_json::Value;

use crate::record;
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::time::{Time, parse_instant, parse_loosely};
use crate::schema::widen::float_text;

/// What is neither an object nor a list nor null.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'s> {
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A number that neither type holds.
    Digits(&'s str),
    Text(&'s str),
}

/// Which text of a column is a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// None: the document says text.
    Never,
    /// Whole instants.
    Instants,
    /// Any spelling: the document says that they are times.
    Loosely,
}

impl Times {
    pub(super) fn hinted(hint: Option<ColumnKind>) -> Self {
        match hint {
            Some(ColumnKind::Text | ColumnKind::Json) => Times::Never,
            Some(ColumnKind::Date | ColumnKind::Timestamp) => Times::Loosely,
            _ => Times::Instants,
        }
    }

    pub(super) fn read(self, text: &str) -> Option<Time> {
        match self {
            Times::Never => None,
            Times::Instants => parse_instant(text).map(Time::Instant),
            Times::Loosely => parse_loosely(text),
        }
    }
}

impl<'s> Scalar<'s> {
    pub(super) fn of(value: &'s record::Value<'_>) -> Option<Self> {
        Some(match value {
            record::Value::Bool(value) => Scalar::Bool(*value),
            record::Value::Number(record::Number::Int(int)) => Scalar::Int(*int),
            record::Value::Number(record::Number::Float(float)) => Scalar::Float(*float),
            record::Value::Number(record::Number::Digits(digits)) => Scalar::Digits(digits),
            record::Value::Text(text) => Scalar::Text(text),
            record::Value::Null | record::Value::List(_) | record::Value::Object(_) => return None,
        })
    }

    pub(super) fn seen(self, times: Times) -> Seen {
        match self {
            Scalar::Bool(_) => Seen::Bool,
            Scalar::Int(int) => Seen::of_int(int),
            Scalar::Float(_) => Seen::Float,
            Scalar::Digits(_) => Seen::Text,
            Scalar::Text(text) => match times.read(text) {
                None => Seen::Text,
                Some(Time::Date(_)) => Seen::Date,
                Some(Time::Instant(_)) => Seen::Timestamp,
            },
        }
    }

    /// As the engine keeps what it looks at.
    pub(super) fn to_json(self) -> Value {
        match self {
            Scalar::Bool(value) => value.into(),
            Scalar::Int(int) => int.into(),
            Scalar::Float(float) => float.into(),
            Scalar::Digits(text) | Scalar::Text(text) => text.into(),
        }
    }
}

/// The value of a column of the partition, ready to be compared with what records repeat.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) column: &'static str,
    pub(super) value: record::Value<'static>,
    /// As text, where it is text or a number.
    text: Option<String>,
    int: Option<i64>,
}

impl Bound {
    pub(super) fn new(column: &'static str, value: &Value) -> Self {
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let int =
            text.as_ref().and_then(|text| text.parse().ok().filter(|int: &i64| int.to_string() == *text));
        Self { column, value: value.clone().into(), text, int }
    }

    pub(super) fn seen(&self) -> Seen {
        match Scalar::of(&self.value) {
            Some(scalar) => scalar.seen(Times::Never),
            None if self.value.is_null() => Seen::Nothing,
            None => Seen::Json,
        }
    }

    /// Whether a record repeats what the path said: numbers and their text are the same.
    pub(super) fn is(&self, scalar: Scalar<'_>) -> bool {
        match scalar {
            Scalar::Bool(value) => self.value == value,
            Scalar::Int(int) => self.int == Some(int),
            Scalar::Float(float) => self.text.as_ref().is_some_and(|text| *text == float_text(float)),
            Scalar::Digits(own) | Scalar::Text(own) => self.text.as_ref().is_some_and(|text| text == own),
        }
    }
}
