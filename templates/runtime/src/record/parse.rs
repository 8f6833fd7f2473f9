//! From text to values, in one pass that borrows what it can.
//!
//! `serde_json` reads: it is the most used and best tested parser there is, all but free of `unsafe`, and strict.
//! `sonic-rs` was a fifth faster on a whole page and was left out for its unsafe code. What `serde_json` would round is
//! read a second time with the text of every number at hand; a body that needs this is one in a million.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::value::Number;
use super::{Record, Value};

/// Integers from here on are floats to the parser.
const BEYOND_INTEGERS: f64 = 9_223_372_036_854_775_808.0;

/// How deep values may be nested.
const DEEPEST: usize = 128;

/// The value that a text holds.
pub(super) fn parse(text: &str) -> Result<Value<'_>, serde_json::Error> {
    serde_json::from_str(text).or_else(|_| exact(text, DEEPEST))
}

/// Whether a float may stand for an integer that lost digits.
pub(crate) fn may_be_rounded(float: f64) -> bool {
    float.abs() >= BEYOND_INTEGERS
}

/// The same value, with every number read from its own text.
fn exact(text: &str, depth: usize) -> Result<Value<'_>, serde_json::Error> {
    let text = text.trim_start_matches([' ', '\n', '\r', '\t']);
    match text.as_bytes().first() {
        Some(b'{' | b'[') if depth == 0 => Err(de::Error::custom("nested too deeply")),
        Some(b'{') => {
            let Fields(fields) = serde_json::from_str(text)?;
            let mut exactly = Vec::with_capacity(fields.len());
            for (name, raw) in fields {
                exactly.push((name, exact(raw.get(), depth - 1)?));
            }
            Ok(Value::Object(Record::from_fields(exactly)))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            items
                .into_iter()
                .map(|raw| exact(raw.get(), depth - 1))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        Some(b'-' | b'0'..=b'9') => number(text),
        _ => serde_json::from_str(text),
    }
}

fn number(text: &str) -> Result<Value<'_>, serde_json::Error> {
    // The grammar, without a look at the size.
    let raw: &RawValue = serde_json::from_str(text)?;
    let text = raw.get().trim_end();
    let digits = || Value::Number(Number::Digits(Cow::Borrowed(text)));
    let is_integer = !text.contains(['.', 'e', 'E']);
    Ok(match serde_json::from_str::<serde_json::Number>(text) {
        Ok(number) if number.is_f64() && is_integer && number.as_f64().is_some_and(may_be_rounded) => {
            digits()
        }
        Ok(number) => serde_json::Value::Number(number).into(),
        Err(_) => digits(),
    })
}

pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The name of a field, borrowed where it can be.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(OF_TEXT)? {
            Value::Text(name) => Ok(Name(name)),
            _ => Err(de::Error::custom("a name is text")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OF_TEXT)
    }
}

/// Makes a [`Value`] of whatever comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueVisitor {
    /// Whether a float may be a rounded integer: then it is an error.
    pub(crate) is_text: bool,
}

/// Of text.
const OF_TEXT: ValueVisitor = ValueVisitor { is_text: true };

impl<'de> DeserializeSeed<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, int: i64) -> Result<Self::Value, E> {
        Ok(int.into())
    }

    fn visit_u64<E>(self, int: u64) -> Result<Self::Value, E> {
        Ok(int.into())
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Self::Value, E> {
        if self.is_text && may_be_rounded(float) {
            return Err(E::custom("digits may be lost"));
        }
        Ok(float.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    /// Digits of [`source`](super::source).
    fn visit_borrowed_bytes<E: de::Error>(self, digits: &'de [u8]) -> Result<Self::Value, E> {
        let digits = std::str::from_utf8(digits).map_err(E::custom)?;
        Ok(Value::Number(Number::Digits(Cow::Borrowed(digits))))
    }

    /// A mixed list of [`source`](super::source).
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some(Name(name)) = map.next_key()? {
            fields.push((name, map.next_value_seed(self)?));
        }
        Ok(Value::Object(Record::from_fields(fields)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let cases = [
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("18446744073709551616", "18446744073709551616"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e400", "1e400"),
            ("1e20", "1e+20"),
            ("0.1", "0.1"),
            ("-0", "-0.0"),
            ("2.2250738585072014e-308", "2.2250738585072014e-308"),
            ("9007199254740993.5", "9007199254740994.0"),
        ];
        for (text, expected) in cases {
            let list = format!("[ {text} , 1e300, {{\"a\\u0062\" : {text}}}]");
            let expected = format!("[{expected},1e+300,{{\"ab\":{expected}}}]");
            assert_eq!(parse(&list).unwrap().to_string(), expected);
        }
        assert_eq!(parse(" 1e20").unwrap(), Value::Number(Number::Float(1e20)));
        assert!(matches!(parse("1e400").unwrap(), Value::Number(Number::Digits(_))));
    }

    #[test]
    fn both_ways_of_reading_agree() {
        let text = r#"{"a":[1,-2.5,-0,null,{"b":"q\"\n","b":[]}],"c":{},"d":true,"a":66.0,"e":18446744073709551615}"#;
        assert_eq!(serde_json::from_str::<Value<'_>>(text).unwrap(), exact(text, DEEPEST).unwrap());
    }

    #[test]
    fn what_is_no_json_is_refused_both_ways() {
        for text in
            ["", "{", "[1,", "01", "1e", "-", "[1]2", "{\"a\":1e400}x", "{\"a\" 1}", "\"\u{1}\"", "nul"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        let deep = format!("{}1e400{}", "[".repeat(200), "]".repeat(200));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let Ok(Value::List(items)) = parse(r#"["plain", "a\nb"]"#) else { panic!("a list") };
        assert!(matches!(items.as_slice(), [Value::Text(Cow::Borrowed(_)), Value::Text(Cow::Owned(_))]));
    }
}
