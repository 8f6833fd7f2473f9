//! JSON that borrows from the text that it was read from.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::Record;

/// A value in a record. Text that was read without an escape in it is not copied.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number<'a>),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Record<'a>),
}

/// A number. None loses a digit that matters: what neither type holds stays as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Number<'a> {
    Int(i64),
    Float(f64),
    /// An integer beyond 64 bits, or a number beyond the range of floats.
    Digits(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one of 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Number(Number::Int(int)) => Some(*int),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Record<'a>> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// The same, without a tie to the text that it was read from.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(Number::Int(int)) => Value::Number(Number::Int(int)),
            Value::Number(Number::Float(float)) => Value::Number(Number::Float(float)),
            Value::Number(Number::Digits(digits)) => Value::Number(Number::Digits(own(digits))),
            Value::Text(text) => Value::Text(own(text)),
            Value::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
            Value::Object(object) => Value::Object(object.into_owned()),
        }
    }

    /// As the engine keeps what it looks at. Digits become text.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(Number::Int(int)) => (*int).into(),
            Value::Number(Number::Float(float)) => (*float).into(),
            Value::Number(Number::Digits(text)) | Value::Text(text) => text.as_ref().into(),
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Object(object) => {
                object.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
            }
        }
    }
}

/// As JSON writes it, without blanks.
impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(Number::Int(int)) => serializer.serialize_i64(*int),
            Value::Number(Number::Float(float)) => serializer.serialize_f64(*float),
            Value::Number(Number::Digits(digits)) => {
                let raw = RawValue::from_string(digits.clone().into_owned());
                raw.map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(int: i32) -> Self {
        Value::Number(Number::Int(int.into()))
    }
}

impl From<u32> for Value<'_> {
    fn from(int: u32) -> Self {
        Value::Number(Number::Int(int.into()))
    }
}

impl From<i64> for Value<'_> {
    fn from(int: i64) -> Self {
        Value::Number(Number::Int(int))
    }
}

impl From<u64> for Value<'_> {
    fn from(int: u64) -> Self {
        let digits = || Number::Digits(int.to_string().into());
        Value::Number(i64::try_from(int).map_or_else(|_| digits(), Number::Int))
    }
}

/// What is no number in JSON is null.
impl From<f64> for Value<'_> {
    fn from(float: f64) -> Self {
        if float.is_finite() { Value::Number(Number::Float(float)) } else { Value::Null }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

impl<'a> From<Record<'a>> for Value<'a> {
    fn from(object: Record<'a>) -> Self {
        Value::Object(object)
    }
}

impl<'a, V: Into<Value<'a>>> From<Option<V>> for Value<'a> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl<'a, V: Into<Value<'a>>> From<Vec<V>> for Value<'a> {
    fn from(items: Vec<V>) -> Self {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

/// So that `json!` can be given to [`Record::insert`].
impl From<serde_json::Value> for Value<'_> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => int.into(),
                (None, Some(int)) => int.into(),
                (None, None) => number.as_f64().into(),
            },
            serde_json::Value::String(text) => text.into(),
            serde_json::Value::Array(items) => items.into(),
            serde_json::Value::Object(object) => Value::Object(object.into_iter().collect()),
        }
    }
}

impl PartialEq<str> for Value<'_> {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == Some(text)
    }
}

impl PartialEq<&str> for Value<'_> {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == Some(*text)
    }
}

impl PartialEq<bool> for Value<'_> {
    fn eq(&self, value: &bool) -> bool {
        self.as_bool() == Some(*value)
    }
}

impl PartialEq<i64> for Value<'_> {
    fn eq(&self, int: &i64) -> bool {
        self.as_i64() == Some(*int)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_and_made_as_people_write_them() {
        let mut record = Record::new();
        record.insert("bot", true);
        record.insert("n", 3);
        record.insert("t", "x");
        assert!(record.get("bot") == Some(&true.into()));
        assert!(record.get("n").is_some_and(|n| *n == 3) && record.get("t").is_some_and(|t| t == "x"));
        assert!(record.get("t").is_some_and(|t| *t != true) && record.get("no").is_none());
        assert_eq!(Value::from(u64::MAX), Value::Number(Number::Digits("18446744073709551615".into())));
        assert_eq!(Value::from(f64::NAN), Value::Null);
        assert_eq!(Value::from(vec![1, 2]).to_string(), "[1,2]");
        assert_eq!(Value::from(None::<&str>), Value::Null);
    }

    #[test]
    fn json_goes_in_and_comes_out_the_same() {
        let text = r#"{"a":[1,-2.5,null,{"b":"q\"\n"}],"c":{},"d":true,"e":66.0}"#;
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(Value::from(value.clone()).to_string(), text);
        assert_eq!(Value::from(value.clone()).to_json(), value);
        let digits = Value::Number(Number::Digits("123456789012345678901234567890".into()));
        assert_eq!(digits.to_string(), "123456789012345678901234567890");
        assert_eq!(digits.to_json(), json!("123456789012345678901234567890"));
    }
}
