//! Values of a wider kind as values of a narrower one, where they are the same: the way back from [`widen`].
//!
//! A page has one kind for all values of a column, so one that does not fit a column widens those beside it. Where the
//! column may not change, this tells the one from the others.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, StringArray,
};
use arrow_buffer::OffsetBuffer;
use serde_json::value::RawValue;

use crate::resource::{ColumnKind, ItemKind};
use crate::schema::arrow::{instants, item_field};
use crate::schema::kind::Seen;
use crate::schema::time::{DAY, Time, parse_loosely};
use crate::schema::widen::{float_of_int, float_text, widen};

/// The values as ones of another kind, and whether each of them is lost: then it is null. `None` where the array is not of
/// the kind that it should be.
pub(crate) fn narrow(array: &ArrayRef, from: ColumnKind, to: ColumnKind) -> Option<(ArrayRef, Vec<bool>)> {
    let json = widen(array, from, ColumnKind::Json)?;
    let json: Vec<Option<&str>> = json.as_string_opt::<i32>()?.iter().collect();
    let narrow = match to {
        ColumnKind::List(item) => lists(&json, item),
        _ => singles(&json.iter().map(|json| single(json.as_deref()?)).collect::<Vec<_>>(), to),
    };
    let is_lost = json.iter().enumerate().map(|(row, json)| json.is_some() && narrow.is_null(row)).collect();
    Some((narrow, is_lost))
}

/// The text of a single value, without the quotes of a string.
fn single(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'[' | b'{' | b'n' => None,
        _ => Some(json.to_owned()),
    }
}

/// Values that do not fit are null.
fn singles(texts: &[Option<String>], to: ColumnKind) -> ArrayRef {
    let texts = texts.iter().map(Option::as_deref);
    match to {
        ColumnKind::Bool => Arc::new(texts.map(|text| text?.parse().ok()).collect::<BooleanArray>()),
        ColumnKind::Int => Arc::new(texts.map(|text| int(text?)).collect::<Int64Array>()),
        ColumnKind::Float => Arc::new(texts.map(|text| float(text?)).collect::<Float64Array>()),
        ColumnKind::Date => Arc::new(texts.map(|text| date(text?)).collect::<Date32Array>()),
        ColumnKind::Timestamp => instants(texts.map(|text| parse_loosely(text?).map(|time| time.micros()))),
        ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_) => Arc::new(texts.collect::<StringArray>()),
    }
}

fn int(text: &str) -> Option<i64> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    let int: i64 = digits.parse().ok()?;
    let is_same = int.to_string() == digits && (digits == text || Seen::of_int(int) == Seen::Int);
    is_same.then_some(int)
}

fn float(text: &str) -> Option<f64> {
    if let Some(int) = int(text).filter(|int| Seen::of_int(*int) == Seen::Int) {
        return Some(float_of_int(int));
    }
    text.parse().ok().filter(|float| float_text(*float) == text)
}

fn date(text: &str) -> Option<i32> {
    let micros = match parse_loosely(text)? {
        Time::Date(micros) => micros,
        Time::Instant(micros) => Some(micros).filter(|micros| micros.rem_euclid(DAY) == 0)?,
    };
    i32::try_from(micros.div_euclid(DAY)).ok()
}

/// A list with an item that does not fit is null.
fn lists(json: &[Option<&str>], item: ItemKind) -> ArrayRef {
    let list = |json: &Option<&str>| {
        let items: Vec<&RawValue> = serde_json::from_str((*json)?).ok()?;
        let texts: Vec<Option<String>> = items.iter().map(|item| single(item.get())).collect();
        let narrow = singles(&texts, item.kind());
        let fits = |(at, item): (usize, &&RawValue)| narrow.is_valid(at) || item.get() == "null";
        items.iter().enumerate().all(fits).then_some(texts)
    };
    let lists: Vec<Option<Vec<Option<String>>>> = json.iter().map(list).collect();
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.as_ref().map_or(0, Vec::len)));
    let nulls = lists.iter().map(Option::is_some).collect();
    let items: Vec<Option<String>> = lists.into_iter().flatten().flatten().collect();
    Arc::new(ListArray::new(item_field(item), offsets, singles(&items, item.kind()), Some(nulls)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, List, Text, Timestamp};
    use crate::schema::TableRows;

    fn column(kind: ColumnKind, values: &[Value]) -> ArrayRef {
        let rows: Vec<Value> = values.iter().map(|value| json!([value])).collect();
        Arc::clone(TableRows::of("t", &[], &[("v", kind)], &rows).batch.column(0))
    }

    #[test]
    fn what_was_widened_finds_back_and_what_was_not_is_lost() {
        let (ints, texts) = (List(ItemKind::Int), List(ItemKind::Text));
        let instant = "2024-05-01T12:30:00.000000Z";
        let cases = [
            (
                Text,
                Int,
                json!(["5", "x", "-9223372036854775808", "05", null]),
                json!([5, null, i64::MIN, null, null]),
            ),
            (Float, Int, json!([66.0, 0.5]), json!([66, null])),
            (Text, Float, json!(["0.1", "7", "9007199254740993", "x"]), json!([0.1, 7.0, null, null])),
            (Text, Bool, json!(["true", "yes"]), json!([true, null])),
            (Timestamp, Date, json!(["2024-05-01T00:00:00.000000Z", instant]), json!(["2024-05-01", null])),
            (Text, Timestamp, json!([instant, "soon"]), json!([instant, null])),
            (Json, Text, json!(["a", {"b": 1}]), json!(["a", null])),
            (Json, Int, json!([5, [5], "x"]), json!([5, null, null])),
            (texts, ints, json!([["1", null], ["x"], []]), json!([[1, null], null, []])),
            (Json, ints, json!([[1], 1, [[1]]]), json!([[1], null, null])),
        ];
        for (from, to, values, expected) in cases {
            let values = values.as_array().unwrap();
            let expected = expected.as_array().unwrap();
            let (narrow, is_lost) = narrow(&column(from, values), from, to).unwrap();
            assert_eq!(&narrow, &column(to, expected), "{from:?} to {to:?}");
            let lost: Vec<bool> =
                values.iter().zip(expected).map(|(had, has)| !had.is_null() && has.is_null()).collect();
            assert_eq!(is_lost, lost, "{from:?} to {to:?}");
        }
    }
}
