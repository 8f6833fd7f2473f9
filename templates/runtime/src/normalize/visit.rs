//! Follows the plan through a body, or through records: serde hands over what stands there, and each value goes where
//! its slot says.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::normalize::NestedLists;
use crate::normalize::fill::{Fill, Row, Unfit};
use crate::normalize::scalar::Scalar;
use crate::normalize::tree::{Fields, List, Slot};
use crate::record::{Record, SCALAR, Value, may_be_rounded};
use crate::resource::Shape;

/// Why a reading ends early.
impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the page does not fit the plan")
    }
}

impl Unfit {
    fn into<E: Error>(self) -> E {
        E::custom(self)
    }
}

/// Reads a body. Whatever does not fit, or is no JSON, is an error.
pub(super) fn read_body(fill: &mut Fill<'_>, shape: Shape, text: &str) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Body { fill, shape }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Reads records.
pub(super) fn read_records(
    fill: &mut Fill<'_>,
    records: &[Record<'_>],
) -> Result<(), serde::de::value::Error> {
    records.iter().try_for_each(|record| Item { fill }.deserialize(record))
}

/// The places of scalars in a visitor that treats all of them alike.
macro_rules! scalars {
    () => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("JSON")
        }

        fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
            self.scalar(Scalar::Bool(value)).map_err(Unfit::into)
        }

        fn visit_i64<E: Error>(self, int: i64) -> Result<(), E> {
            self.scalar(Scalar::Int(int)).map_err(Unfit::into)
        }

        fn visit_u64<E: Error>(self, int: u64) -> Result<(), E> {
            match i64::try_from(int) {
                Ok(int) => self.scalar(Scalar::Int(int)),
                // What the engine sees of it would be another thing than what it sees of a record.
                Err(_) => Err(Unfit),
            }
            .map_err(Unfit::into)
        }

        fn visit_f64<E: Error>(self, float: f64) -> Result<(), E> {
            if self.fill.is_text && may_be_rounded(float) {
                return Err(Unfit.into());
            }
            self.scalar(Scalar::Float(float)).map_err(Unfit::into)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
            self.scalar(Scalar::Text(text)).map_err(Unfit::into)
        }

        /// Digits.
        fn visit_bytes<E: Error>(self, digits: &[u8]) -> Result<(), E> {
            let digits = std::str::from_utf8(digits).map_err(E::custom)?;
            self.scalar(Scalar::Digits(digits)).map_err(Unfit::into)
        }
    };
}

/// All that an answer holds.
struct Body<'f, 'p> {
    fill: &'f mut Fill<'p>,
    shape: Shape,
}

impl<'de> DeserializeSeed<'de> for Body<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Body<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("records")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Item { fill: self.fill })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        match self.shape {
            Shape::Object => Item { fill: self.fill }.visit_map(map),
            Shape::Envelope { selector } => Envelope { fill: self.fill, selector }.visit_map(map),
            // The general way says what is wrong.
            Shape::List | Shape::Map => Err(Unfit.into()),
        }
    }
}

/// An object with a list of records at a dotted path.
struct Envelope<'f, 'p> {
    fill: &'f mut Fill<'p>,
    selector: &'static str,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Envelope { fill, selector } = self;
        let (step, below) = selector.split_once('.').unwrap_or((selector, ""));
        let mut is_found = false;
        while let Some(is_step) = map.next_key_seed(IsName(step))? {
            if !is_step {
                map.next_value::<IgnoredAny>()?;
            } else if std::mem::replace(&mut is_found, true) {
                return Err(Unfit.into());
            } else if below.is_empty() {
                // No object is a list.
                map.next_value_seed(Body { fill, shape: Shape::List })?;
            } else {
                map.next_value_seed(Envelope { fill, selector: below })?;
            }
        }
        if is_found { Ok(()) } else { Err(Unfit.into()) }
    }
}

/// Whether a key is this one.
struct IsName<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// One of the things in the list that an answer holds.
struct Item<'f, 'p> {
    fill: &'f mut Fill<'p>,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Item<'_, '_> {
    /// A scalar is a record with one field.
    fn scalar(self, scalar: Scalar<'_>) -> Result<(), Unfit> {
        let slots = &self.fill.plan.root.slots;
        let slot = slots.iter().find(|slot| slot.name == SCALAR).ok_or(Unfit)?;
        let row = self.fill.begin_record();
        self.fill.visit(slot, row.row)?;
        self.fill.scalar(slot, row, scalar)?;
        self.fill.end_record()
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = ();

    scalars!();

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let row = self.fill.begin_record();
        object(self.fill, &self.fill.plan.root, row, map)?;
        self.fill.end_record().map_err(Unfit::into)
    }
}

fn object<'de, 'p, A: MapAccess<'de>>(
    fill: &mut Fill<'p>,
    fields: &'p Fields,
    at: Row,
    mut map: A,
) -> Result<(), A::Error> {
    let mut expected = 0;
    while let Some(place) = map.next_key_seed(Key { fields, expected })? {
        expected = place + 1;
        let slot = fields.slots.get(place).ok_or(Unfit).map_err(Unfit::into)?;
        fill.visit(slot, at.row).map_err(Unfit::into)?;
        map.next_value_seed(Field { fill, slot, at })?;
    }
    Ok(())
}

/// The name of a field: its place among the slots.
struct Key<'p> {
    fields: &'p Fields,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        self.fields.find(name, self.expected).ok_or(Unfit).map_err(Unfit::into)
    }
}

/// The value of a field.
struct Field<'f, 'p> {
    fill: &'f mut Fill<'p>,
    slot: &'p Slot,
    at: Row,
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p> Field<'_, 'p> {
    #[inline]
    fn scalar(self, scalar: Scalar<'_>) -> Result<(), Unfit> {
        self.fill.scalar(self.slot, self.at, scalar)
    }

    fn json<E: Error>(self, value: &Value<'_>) -> Result<(), E> {
        self.fill.json(self.slot, self.at, value).map_err(Unfit::into)
    }

    /// The items of a list after the first, of which each is an object.
    fn rows<'de, A: SeqAccess<'de>>(self, list: &'p List, mut items: A) -> Result<(), A::Error> {
        let Field { fill, at, .. } = self;
        for index in 1.. {
            match items.next_element_seed(ListItem { fill, list: Some(list), record: at.record, index })? {
                None => break,
                Some(Taken::Row) => {}
                Some(Taken::Value(_)) => return Err(Unfit.into()),
            }
        }
        Ok(())
    }

    /// The items of a list that has no table, or whose first is no object.
    fn values<'de, A: SeqAccess<'de>>(self, first: Value<'de>, mut items: A) -> Result<(), A::Error> {
        let mut values = vec![first];
        while let Some(item) = items.next_element_seed(self.fill.values())? {
            values.push(item);
        }
        let is_table = values.iter().all(|value| value.as_object().is_some());
        if is_table && !self.slot.is_refused {
            return Err(Unfit.into());
        }
        self.json(&Value::List(values))
    }
}

impl<'de> Visitor<'de> for Field<'_, '_> {
    type Value = ();

    scalars!();

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let slot = self.slot;
        if !slot.opens || slot.lists == NestedLists::Json || slot.is_left_out {
            let value = self.fill.values().visit_seq(items)?;
            return self.json(&value);
        }
        if slot.tap.is_some() && self.fill.is_text {
            return Err(Unfit.into());
        }
        let list = slot.list.as_deref();
        let first = ListItem { fill: self.fill, list, record: self.at.record, index: 0 };
        match (items.next_element_seed(first)?, list) {
            (None, _) => Ok(()),
            (Some(Taken::Value(first)), _) => self.values(first, items),
            (Some(Taken::Row), Some(list)) => self.rows(list, items),
            (Some(Taken::Row), None) => Err(Unfit.into()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let slot = self.slot;
        if !slot.opens || slot.is_left_out {
            let value = self.fill.values().visit_map(map)?;
            return self.json(&value);
        }
        if slot.tap.is_some() && self.fill.is_text {
            return Err(Unfit.into());
        }
        match &slot.object {
            Some(inside) => object(self.fill, inside, self.at, map),
            None if map.next_key::<IgnoredAny>()?.is_none() => Ok(()),
            None => Err(Unfit.into()),
        }
    }

    /// A list of objects and other things.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let value = self.fill.values().deserialize(deserializer)?;
        self.json(&value)
    }
}

/// An item of a list in a record.
struct ListItem<'f, 'p> {
    fill: &'f mut Fill<'p>,
    list: Option<&'p List>,
    record: usize,
    index: i64,
}

/// What became of it.
enum Taken<'de> {
    /// A row of the list's table.
    Row,
    Value(Value<'de>),
}

impl<'de> DeserializeSeed<'de> for ListItem<'_, '_> {
    type Value = Taken<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Taken<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Hands what is no object on.
macro_rules! kept {
    ($($visit:ident($kind:ty)),*) => {
        $(fn $visit<E: Error>(self, value: $kind) -> Result<Taken<'de>, E> {
            self.fill.values().$visit(value).map(Taken::Value)
        })*
    };
}

impl<'de> Visitor<'de> for ListItem<'_, '_> {
    type Value = Taken<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    kept!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str),
        visit_borrowed_str(&'de str),
        visit_borrowed_bytes(&'de [u8])
    );

    fn visit_unit<E: Error>(self) -> Result<Taken<'de>, E> {
        Ok(Taken::Value(Value::Null))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Taken<'de>, D::Error> {
        self.fill.values().deserialize(deserializer).map(Taken::Value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Taken<'de>, A::Error> {
        self.fill.values().visit_seq(items).map(Taken::Value)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Taken<'de>, A::Error> {
        let Some(list) = self.list else { return self.fill.values().visit_map(map).map(Taken::Value) };
        let row = self.fill.begin_item(list.table, self.record, self.index).map_err(Unfit::into)?;
        object(self.fill, &list.fields, row, map)?;
        self.fill.end_item();
        Ok(Taken::Row)
    }
}
