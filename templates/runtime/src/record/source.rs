//! Values as serde hands them out: what reads text can read records as well.
//!
//! Two things that JSON's own types do not say have a place of their own: digits beyond all number types come as bytes,
//! and a list that holds objects among other things comes as a newtype.

use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::value::Number;
use super::{Record, Value};

impl<'de> Deserializer<'de> for &'de Value<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(Number::Int(int)) => visitor.visit_i64(*int),
            Value::Number(Number::Float(float)) => visitor.visit_f64(*float),
            Value::Number(Number::Digits(digits)) => visitor.visit_borrowed_bytes(digits.as_bytes()),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) if is_mixed(items) => visitor.visit_newtype_struct(Items(items)),
            Value::List(items) => Items(items).deserialize_any(visitor),
            Value::Object(object) => object.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Value<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Record<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(self.iter().map(|(name, value)| (Borrowed(name), value))))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn is_mixed(items: &[Value<'_>]) -> bool {
    let objects = items.iter().filter(|item| item.as_object().is_some()).count();
    objects > 0 && objects < items.len()
}

/// The items of a list, whatever they are.
#[derive(Debug)]
struct Items<'de, 'a>(&'de [Value<'a>]);

impl<'de> Deserializer<'de> for Items<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.iter()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The name of a field.
struct Borrowed<'de>(&'de str);

impl<'de> IntoDeserializer<'de, Error> for Borrowed<'de> {
    type Deserializer = serde::de::value::BorrowedStrDeserializer<'de, Error>;

    fn into_deserializer(self) -> Self::Deserializer {
        serde::de::value::BorrowedStrDeserializer::new(self.0)
    }
}
