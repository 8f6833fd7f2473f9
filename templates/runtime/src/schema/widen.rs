//! Values of a narrower kind as values of a wider one.
//!
//! | from | to | how |
//! | --- | --- | --- |
//! | int | float | the same number; only where it is exact |
//! | date | timestamp | its midnight in UTC |
//! | bool, int, float | text | as JSON writes it: `true`, `42`, `1.5` |
//! | date, timestamp | text | `2024-05-01`, `2024-05-01T12:30:00.123000Z` |
//! | list | list | item by item; an empty list is the same in any type |
//! | anything | json | text and times as JSON strings, the rest as in text; lists as JSON has them |
//!
//! A destination that widens a column converts what is there in the same way.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Float64Array, ListArray, StringArray};
use serde_json::Value;

use crate::resource::{ColumnKind, ItemKind};
use crate::schema::arrow::{instants, item_field};
use crate::schema::time::{DAY, date_text, instant_text};

/// The array as one of a wider kind; `None` where the lattice leads no such way.
pub fn widen(array: &ArrayRef, from: ColumnKind, to: ColumnKind) -> Option<ArrayRef> {
    if from == to {
        return Some(Arc::clone(array));
    }
    if array.null_count() == array.len() {
        return Some(arrow_array::new_null_array(&super::data_type(to), array.len()));
    }
    match (from, to) {
        (ColumnKind::Int, ColumnKind::Float) => {
            let floats = array.as_primitive_opt::<Int64Type>()?.iter().map(|int| int.map(float_of_int));
            Some(Arc::new(floats.collect::<Float64Array>()))
        }
        (ColumnKind::Date, ColumnKind::Timestamp) => {
            let days = array.as_primitive_opt::<Date32Type>()?;
            Some(instants(days.iter().map(|day| day.map(|day| i64::from(day).saturating_mul(DAY)))))
        }
        (ColumnKind::List(from), ColumnKind::List(to)) => {
            let lists = array.as_list_opt::<i32>()?;
            let items = widen(lists.values(), from.kind(), to.kind())?;
            let wide =
                ListArray::try_new(item_field(to), lists.offsets().clone(), items, lists.nulls().cloned());
            wide.ok().map(|lists| Arc::new(lists) as ArrayRef)
        }
        (_, ColumnKind::Text) => Some(Arc::new(texts(array, from)?)),
        (_, ColumnKind::Json) => Some(Arc::new(json_of(&texts(array, from)?, from))),
        _ => None,
    }
}

/// An integer as a float. Columns with integers beyond ±2⁵³ never become floats.
#[expect(
    clippy::cast_precision_loss,
    reason = "the lattice leads here only with integers that a float holds exactly"
)]
pub fn float_of_int(int: i64) -> f64 {
    int as f64
}

/// A float as JSON writes it; what JSON cannot write, as Rust does.
pub fn float_text(float: f64) -> String {
    serde_json::Number::from_f64(float).map_or_else(|| float.to_string(), |number| number.to_string())
}

/// The JSON text of a value whose plain text is given.
pub fn json_text(text: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Float | ColumnKind::Json | ColumnKind::List(_) => {
            text.to_owned()
        }
        ColumnKind::Text | ColumnKind::Date | ColumnKind::Timestamp => Value::from(text).to_string(),
    }
}

fn json_of(texts: &StringArray, kind: ColumnKind) -> StringArray {
    texts.iter().map(|text| text.map(|text| json_text(text, kind))).collect()
}

fn texts(array: &ArrayRef, kind: ColumnKind) -> Option<StringArray> {
    Some(match kind {
        ColumnKind::Bool => {
            array.as_boolean_opt()?.iter().map(|bool| bool.map(|bool| bool.to_string())).collect()
        }
        ColumnKind::Int => {
            array.as_primitive_opt::<Int64Type>()?.iter().map(|int| int.map(|int| int.to_string())).collect()
        }
        ColumnKind::Float => {
            array.as_primitive_opt::<Float64Type>()?.iter().map(|float| float.map(float_text)).collect()
        }
        ColumnKind::Date => {
            array.as_primitive_opt::<Date32Type>()?.iter().map(|day| day.map(date_text)).collect()
        }
        ColumnKind::Timestamp => {
            let instants = array.as_primitive_opt::<TimestampMicrosecondType>()?;
            instants.iter().map(|instant| instant.map(instant_text)).collect()
        }
        ColumnKind::Text | ColumnKind::Json => array.as_string_opt::<i32>()?.clone(),
        ColumnKind::List(item) => list_texts(array.as_list_opt::<i32>()?, item)?,
    })
}

/// Lists as JSON writes them.
fn list_texts(lists: &ListArray, item: ItemKind) -> Option<StringArray> {
    let items = json_of(&texts(lists.values(), item.kind())?, item.kind());
    let text = |row: usize| {
        let length = usize::try_from(lists.value_length(row)).unwrap_or_default();
        let start = usize::try_from(lists.value_offsets().get(row).copied().unwrap_or_default());
        let items = items.iter().skip(start.unwrap_or_default()).take(length);
        let items: Vec<&str> = items.map(|item| item.unwrap_or("null")).collect();
        format!("[{}]", items.join(","))
    };
    Some((0..lists.len()).map(|row| lists.is_valid(row).then(|| text(row))).collect())
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Int64Array};

    use super::*;

    fn to_text(array: ArrayRef, from: ColumnKind, to: ColumnKind) -> Vec<Option<String>> {
        let wide = widen(&array, from, to).unwrap();
        wide.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn text_and_json_of_scalars() {
        let ints: ArrayRef = Arc::new(Int64Array::from(vec![Some(i64::MIN), None]));
        assert_eq!(to_text(ints, ColumnKind::Int, ColumnKind::Text), [Some(i64::MIN.to_string()), None]);
        let bools: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
        assert_eq!(to_text(bools, ColumnKind::Bool, ColumnKind::Json), [Some("true".to_owned())]);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.1 + 0.2, 66.0]));
        let texts = to_text(floats, ColumnKind::Float, ColumnKind::Text);
        assert_eq!(texts, [Some("0.30000000000000004".to_owned()), Some("66.0".to_owned())]);
        let quoted: ArrayRef = Arc::new(StringArray::from(vec!["a\"b"]));
        assert_eq!(to_text(quoted, ColumnKind::Text, ColumnKind::Json), [Some("\"a\\\"b\"".to_owned())]);
    }

    #[test]
    fn a_date_becomes_its_midnight() {
        let days: ArrayRef = Arc::new(arrow_array::Date32Array::from(vec![19_844]));
        let wide = widen(&days, ColumnKind::Date, ColumnKind::Timestamp).unwrap();
        let micros = wide.as_primitive::<TimestampMicrosecondType>().value(0);
        assert_eq!(instant_text(micros), "2024-05-01T00:00:00.000000Z");
    }

    #[test]
    fn lists_widen_item_by_item() {
        use arrow_array::types::Int64Type;
        let rows = vec![Some(vec![Some(1), None]), None, Some(Vec::new()), Some(vec![Some(-7)])];
        let ints: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows));
        let (int, text) = (ColumnKind::List(ItemKind::Int), ColumnKind::List(ItemKind::Text));
        let texts = widen(&ints, int, text).unwrap();
        let json = |array: &ArrayRef, kind| to_text(Arc::clone(array), kind, ColumnKind::Json);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(json(&ints, int), [some("[1,null]"), None, some("[]"), some("[-7]")]);
        assert_eq!(json(&texts, text), [some("[\"1\",null]"), None, some("[]"), some("[\"-7\"]")]);
        assert_eq!(json(&ints.slice(2, 2), int), [some("[]"), some("[-7]")]);
        let empty = widen(&texts.slice(1, 2), text, int);
        assert!(empty.is_none(), "there are items, though none of these rows");
    }

    #[test]
    fn there_is_no_way_back() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
        assert!(widen(&texts, ColumnKind::Text, ColumnKind::Int).is_none());
    }
}
