//! A column of a batch as what it is, for destinations that take rows one by one or write them as text.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};

use crate::resource::{ColumnKind, ItemKind};

/// A column of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cells<'b> {
    Bool(&'b BooleanArray),
    Int(&'b Int64Array),
    Float(&'b Float64Array),
    Date(&'b Date32Array),
    Timestamp(&'b TimestampMicrosecondArray),
    Text(&'b StringArray),
    Json(&'b StringArray),
    List(&'b ListArray, ItemKind),
}

impl<'b> Cells<'b> {
    pub(super) fn of(array: &'b ArrayRef, kind: ColumnKind) -> Option<Cells<'b>> {
        Some(match kind {
            ColumnKind::Bool => Cells::Bool(array.as_boolean_opt()?),
            ColumnKind::Int => Cells::Int(array.as_primitive_opt::<Int64Type>()?),
            ColumnKind::Float => Cells::Float(array.as_primitive_opt::<Float64Type>()?),
            ColumnKind::Date => Cells::Date(array.as_primitive_opt::<Date32Type>()?),
            ColumnKind::Timestamp => Cells::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?),
            ColumnKind::Text => Cells::Text(array.as_string_opt::<i32>()?),
            ColumnKind::Json => Cells::Json(array.as_string_opt::<i32>()?),
            ColumnKind::List(item) => Cells::List(array.as_list_opt()?, item),
        })
    }

    pub(super) fn is_null(self, row: usize) -> bool {
        match self {
            Cells::Bool(array) => array.is_null(row),
            Cells::Int(array) => array.is_null(row),
            Cells::Float(array) => array.is_null(row),
            Cells::Date(array) => array.is_null(row),
            Cells::Timestamp(array) => array.is_null(row),
            Cells::Text(array) | Cells::Json(array) => array.is_null(row),
            Cells::List(array, _) => array.is_null(row),
        }
    }

    /// Writes what is neither text nor a list, without quotes.
    pub(super) fn write_plain(self, row: usize, out: &mut Vec<u8>) {
        use std::io::Write;

        use crate::schema::time::{date_text, instant_text};
        use crate::schema::widen::float_text;

        // Nothing fails to be written to memory.
        match self {
            Cells::Bool(array) => drop(write!(out, "{}", array.value(row))),
            Cells::Int(array) => drop(write!(out, "{}", array.value(row))),
            Cells::Float(array) => out.extend(float_text(array.value(row)).bytes()),
            Cells::Date(array) => out.extend(date_text(array.value(row)).bytes()),
            Cells::Timestamp(array) => out.extend(instant_text(array.value(row)).bytes()),
            Cells::Text(array) | Cells::Json(array) => out.extend(array.value(row).bytes()),
            // Those who have them write their items.
            Cells::List(..) => {}
        }
    }

    /// The items of all its lists, and which of them are those of a row.
    pub(super) fn items(self, row: usize) -> Option<(Cells<'b>, std::ops::Range<usize>)> {
        let Cells::List(array, item) = self else { return None };
        let offset = |at: usize| usize::try_from(*array.value_offsets().get(at)?).ok();
        Some((Cells::of(array.values(), item.kind())?, offset(row)?..offset(row + 1)?))
    }
}
