//! Finds the records in a body: by what arrives where that is plain, and by the resource's shape where it is not.
//!
//! An array is always records. An object is what the shape says: one record, an envelope or a map. Where the shape
//! says list and an object arrives, the definition is wrong, and guessing would load rubbish: an error says what came.

use std::borrow::Cow;

use thiserror::Error;

use super::{Record, Value};
use crate::client::Excerpt;
use crate::resource::Shape;

/// The field of a record that stands for a scalar in a list, or for an entry of a map.
pub(crate) const SCALAR: &str = "value";

/// A body that does not hold what its resource promises.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("a list was expected and an object came, with the keys {keys}")]
    NotAList { keys: Excerpt },
    #[error("the answer has no list at `{selector}`; it has the keys {keys}")]
    NoEnvelope { selector: &'static str, keys: Excerpt },
    #[error("records were expected and {found} came")]
    NoRecords { found: &'static str },
}

impl DecodeError {
    /// What to change, for the resource of this name.
    pub fn hint(&self, resource: &str) -> Option<String> {
        matches!(self, Self::NotAList { .. } | Self::NoEnvelope { .. }).then(|| {
            format!(
                "correct `shape` of `{resource}` in src/resources: `Shape::Object`, or `Shape::Envelope` with the key \
                 that holds the list"
            )
        })
    }
}

/// The records of a body. `null` is none; a scalar in a list becomes a record with the one field [`SCALAR`].
pub(crate) fn decode_records(shape: Shape, body: Value<'_>) -> Result<Vec<Record<'_>>, DecodeError> {
    match (shape, body) {
        (_, Value::Null) => Ok(Vec::new()),
        (_, Value::List(items)) => Ok(list(items)),
        (Shape::Object, Value::Object(record)) => Ok(vec![record]),
        (Shape::Map, Value::Object(entries)) => Ok(entries.into_iter().map(entry).collect()),
        (Shape::List, Value::Object(object)) => Err(DecodeError::NotAList { keys: keys(&object) }),
        (Shape::Envelope { selector }, Value::Object(object)) => envelope(selector, object),
        (_, Value::Bool(_)) => Err(DecodeError::NoRecords { found: "a boolean" }),
        (_, Value::Number(_)) => Err(DecodeError::NoRecords { found: "a number" }),
        (_, Value::Text(_)) => Err(DecodeError::NoRecords { found: "a string" }),
    }
}

fn list(items: Vec<Value<'_>>) -> Vec<Record<'_>> {
    let record = |item| match item {
        Value::Null => None,
        Value::Object(record) => Some(record),
        scalar => Some(Record::from_iter([(SCALAR, scalar)])),
    };
    items.into_iter().filter_map(record).collect()
}

fn entry<'a>((key, value): (Cow<'a, str>, Value<'a>)) -> Record<'a> {
    Record::from_iter([("key", Value::Text(key)), (SCALAR, value)])
}

fn envelope<'a>(selector: &'static str, mut object: Record<'a>) -> Result<Vec<Record<'a>>, DecodeError> {
    let missing = DecodeError::NoEnvelope { selector, keys: keys(&object) };
    let mut steps = selector.split('.');
    let mut found = steps.next().and_then(|step| object.remove(step));
    for step in steps {
        found = match found {
            Some(Value::Object(mut inner)) => inner.remove(step),
            _ => None,
        };
    }
    match found {
        Some(Value::List(items)) => Ok(list(items)),
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err(missing),
    }
}

fn keys(object: &Record<'_>) -> Excerpt {
    let keys: Vec<_> = object.iter().take(12).map(|(key, _)| format!("`{key}`")).collect();
    Excerpt::new(&keys.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decoded(shape: Shape, body: serde_json::Value) -> serde_json::Value {
        Value::from(decode_records(shape, body.into()).unwrap()).to_json()
    }

    #[test]
    fn each_shape_and_what_arrives_instead() {
        let envelope = Shape::Envelope { selector: "data.items" };
        let cases = [
            (Shape::List, json!([{"id": 1}]), json!([{"id": 1}])),
            (Shape::List, json!(["a", null]), json!([{"value": "a"}])),
            (Shape::List, json!(null), json!([])),
            (Shape::Object, json!({"id": 1}), json!([{"id": 1}])),
            (Shape::Object, json!([{"id": 1}]), json!([{"id": 1}])),
            (Shape::Map, json!({"Ruby": 66.7}), json!([{"key": "Ruby", "value": 66.7}])),
            (envelope, json!({"data": {"items": [{"id": 1}]}}), json!([{"id": 1}])),
            (envelope, json!([{"id": 1}]), json!([{"id": 1}])),
        ];
        for (shape, body, expected) in cases {
            assert_eq!(decoded(shape, body.clone()), expected, "{shape:?} {body}");
        }
    }

    #[test]
    fn an_object_is_never_taken_for_a_list() {
        let error = decode_records(Shape::List, json!({"items": [], "to\ntal": 0}).into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a list was expected and an object came, with the keys `items`, `to\\ntal`"
        );
        assert!(error.hint("x").is_some());
        let error =
            decode_records(Shape::Envelope { selector: "items" }, json!({"data": []}).into()).unwrap_err();
        assert_eq!(error.to_string(), "the answer has no list at `items`; it has the keys `data`");
    }
}
