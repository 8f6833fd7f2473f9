//! Text to JSON value. The only module that knows the YAML library, so that a successor can take its place.
//!
//! Takes what common loaders take: merge keys, tags, integers of any size, several documents (the first counts), flow
//! style, and control characters, which become spaces.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{DocumentError, Text};

/// Keys that are numbers, as in `200:`, become strings. Both parsers bound their recursion, and the YAML parser bounds
/// the repetition of aliases.
pub(super) fn parse(text: &Text) -> Result<Value, DocumentError> {
    let body = text.body.trim_start_matches('\u{feff}');
    if !body.trim_start().starts_with('{') {
        return parse_yaml(body)
            .map_err(|source| DocumentError::Yaml { origin: text.origin.clone(), source });
    }
    // What is no JSON may be YAML in flow style; but what is nested too deeply stays so.
    serde_json::from_str(body).or_else(|source| {
        let yaml = if is_too_deep(body) { None } else { parse_yaml(body).ok() };
        yaml.ok_or(DocumentError::Json { origin: text.origin.clone(), source })
    })
}

fn parse_yaml(body: &str) -> Result<Value, serde_yaml::Error> {
    let body = printable(body);
    let first = serde_yaml::Deserializer::from_str(&body).next();
    first.map_or(Ok(Value::Null), |document| Loaded::deserialize(document).map(|loaded| loaded.0))
}

/// The YAML parser takes time by the square of the depth of flow style.
fn is_too_deep(body: &str) -> bool {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for byte in body.bytes() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > 1_000
}

/// Without the characters that YAML forbids, which are mostly text in a wrong encoding.
fn printable(body: &str) -> Cow<'_, str> {
    let is_forbidden = |letter: char| {
        letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{85}')
            || matches!(letter, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    if body.contains(is_forbidden) { body.replace(is_forbidden, " ").into() } else { body.into() }
}

/// A value as the YAML parser gives it.
struct Loaded(Value);

impl<'de> Deserialize<'de> for Loaded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Loader).map(Self)
    }
}

struct Loader;

impl<'de> Visitor<'de> for Loader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// As in JSON, an integer beyond 64 bits is a floating-point number.
    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Number::from_i128(value).map_or_else(|| digits(&value.to_string()), Value::Number))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Number::from_u128(value).map_or_else(|| digits(&value.to_string()), Value::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Loaded(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Loaded(value) = entries.next_value()?;
            if key == "<<" && (value.is_object() || value.is_array()) {
                merged.push(value);
            } else {
                map.insert(key, value);
            }
        }
        merged.into_iter().for_each(|value| merge(&mut map, value));
        Ok(Value::Object(map))
    }

    /// A tag says of what kind a value is to the program that wrote it; here the value alone counts.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (_, content) = data.variant::<IgnoredAny>()?;
        content.newtype_variant::<Loaded>().map(|loaded| loaded.0)
    }
}

fn digits(text: &str) -> Value {
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

/// What stands below `<<`: a mapping, or several of which the earlier wins. What the mapping has itself stays.
fn merge(map: &mut Map<String, Value>, value: Value) {
    match value {
        Value::Object(other) => {
            for (key, value) in other {
                map.entry(key).or_insert(value);
            }
        }
        Value::Array(others) => others.into_iter().for_each(|other| merge(map, other)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(body: &str) -> Value {
        parse(&Text::new("test", body)).unwrap()
    }

    #[test]
    fn merge_keys_fill_in_what_is_not_there() {
        let text =
            "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\nall:\n  <<: [*base, *other]\n  a: 0\n";
        assert_eq!(parsed(text)["all"], json!({ "a": 0, "b": 2, "c": 4 }));
    }

    #[test]
    fn tags_count_for_nothing() {
        let text = "a: !!python/tuple [1, 2]\nb: !Sub text\nc: !custom {d: !!str 5}\ne: !!python/object/apply:x.Y [1]\n";
        assert_eq!(parsed(text), json!({ "a": [1, 2], "b": "text", "c": { "d": "5" }, "e": [1] }));
    }

    #[test]
    fn numbers_are_as_large_as_they_like() {
        let huge = "9".repeat(60);
        let value = parsed(&format!(
            "a: 18446744073709552000\nb: -9223372036854776000\nc: {huge}\nd: .inf\n200: x\n"
        ));
        assert_eq!(value["a"].as_f64(), Some(18_446_744_073_709_552_000.0));
        assert_eq!(value["b"].as_f64(), Some(-9_223_372_036_854_776_000.0));
        assert!(value["c"].is_number() || value["c"].is_string(), "{value}");
        assert_eq!(value["d"], Value::Null);
        assert_eq!(value["200"], "x");
    }

    #[test]
    fn odd_texts_are_read() {
        assert_eq!(parsed("{a: b, c: [1, 2,], }"), json!({ "a": "b", "c": [1, 2] }));
        assert_eq!(parsed("{\"a\": \"b\",}"), json!({ "a": "b" }));
        assert_eq!(parsed("\u{feff}{\"a\": 1}"), json!({ "a": 1 }));
        assert_eq!(parsed("a: x\u{80}y\u{7}z\n"), json!({ "a": "x y z" }));
        assert_eq!(parsed("---\na: 1\n...\n---\nb: 2\n"), json!({ "a": 1 }));
        assert_eq!(parsed(""), Value::Null);
    }
}
