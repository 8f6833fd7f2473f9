//! From cells to Arrow arrays: the kinds of columns and the Arrow types that carry them.
//!
//! | kind | Arrow |
//! | --- | --- |
//! | bool | Boolean |
//! | int | Int64 |
//! | float | Float64 |
//! | date | Date32 |
//! | timestamp | Timestamp(µs, "UTC") |
//! | text | Utf8 |
//! | json | Utf8 with the extension name `arrow.json` |

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_schema::DataType;
use serde_json::Value;

use crate::resource::ColumnKind;
use crate::schema::arrow::instants;
use crate::schema::time::DAY;

/// The values of a column before they have a type. What is missing before and after them is null.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'c, 'a> {
    /// The row of the first.
    pub(super) first: usize,
    pub(super) cells: &'c [Option<&'a Value>],
    /// The same read as times, where the column is one of times.
    pub(super) times: Option<&'c [Option<i64>]>,
    pub(super) rows: usize,
}

impl<'a> Values<'_, 'a> {
    fn cells(&self) -> impl Iterator<Item = Option<&'a Value>> {
        padded(self.first, self.cells, self.rows)
    }

    fn times(&self) -> impl Iterator<Item = Option<i64>> {
        padded(self.first, self.times.unwrap_or_default(), self.rows)
    }

    /// The array of a kind that all values fit.
    pub(super) fn array(&self, kind: ColumnKind) -> ArrayRef {
        match kind {
            ColumnKind::Bool => {
                let mut builder = BooleanBuilder::with_capacity(self.rows);
                self.cells().for_each(|cell| builder.append_option(cell.and_then(Value::as_bool)));
                Arc::new(builder.finish())
            }
            ColumnKind::Int => {
                let mut builder = Int64Builder::with_capacity(self.rows);
                self.cells().for_each(|cell| builder.append_option(cell.and_then(Value::as_i64)));
                Arc::new(builder.finish())
            }
            ColumnKind::Float => {
                let mut builder = Float64Builder::with_capacity(self.rows);
                self.cells().for_each(|cell| builder.append_option(cell.and_then(Value::as_f64)));
                Arc::new(builder.finish())
            }
            ColumnKind::Date => {
                let day = |time: i64| i32::try_from(time.div_euclid(DAY)).ok();
                let days = self.times().map(|time| time.and_then(day));
                Arc::new(PrimitiveArray::<Date32Type>::from_iter(days))
            }
            ColumnKind::Timestamp => instants(self.times()),
            ColumnKind::Text => self.texts(),
            ColumnKind::Json => {
                let mut builder = StringBuilder::with_capacity(self.rows, self.rows.saturating_mul(16));
                self.cells().for_each(|cell| builder.append_option(cell.map(Value::to_string)));
                Arc::new(builder.finish())
            }
        }
    }

    fn texts(&self) -> ArrayRef {
        let bytes = self.cells.iter().flatten().map(|value| value.as_str().map_or(8, str::len)).sum();
        let mut builder = StringBuilder::with_capacity(self.rows, bytes);
        self.cells().for_each(|cell| match cell {
            None => builder.append_null(),
            Some(Value::String(text)) => builder.append_value(text),
            Some(other) => builder.append_value(other.to_string()),
        });
        Arc::new(builder.finish())
    }
}

fn padded<T: Copy>(first: usize, cells: &[Option<T>], rows: usize) -> impl Iterator<Item = Option<T>> {
    let after = rows.saturating_sub(first.saturating_add(cells.len()));
    std::iter::repeat_n(None, first).chain(cells.iter().copied()).chain(std::iter::repeat_n(None, after))
}

/// The same value for every row.
pub(super) fn repeated(value: &Value, kind: ColumnKind, rows: usize) -> ArrayRef {
    let cells = vec![Some(value).filter(|value| !value.is_null()); rows];
    Values { first: 0, cells: &cells, times: None, rows }.array(kind)
}

/// The values of some rows, in their order.
pub(super) fn gathered(array: &ArrayRef, rows: &[usize]) -> ArrayRef {
    fn pick<V>(array: &dyn Array, rows: &[usize], value: impl Fn(usize) -> V) -> Vec<Option<V>> {
        rows.iter().map(|row| array.is_valid(*row).then(|| value(*row))).collect()
    }
    match array.data_type() {
        DataType::Boolean => {
            let from = array.as_boolean();
            Arc::new(BooleanArray::from(pick(array, rows, |row| from.value(row))))
        }
        DataType::Int64 => {
            let from = array.as_primitive::<Int64Type>();
            Arc::new(PrimitiveArray::<Int64Type>::from(pick(array, rows, |row| from.value(row))))
        }
        DataType::Float64 => {
            let from = array.as_primitive::<Float64Type>();
            Arc::new(PrimitiveArray::<Float64Type>::from(pick(array, rows, |row| from.value(row))))
        }
        DataType::Date32 => {
            let from = array.as_primitive::<Date32Type>();
            Arc::new(PrimitiveArray::<Date32Type>::from(pick(array, rows, |row| from.value(row))))
        }
        DataType::Timestamp(..) => {
            let from = array.as_primitive::<TimestampMicrosecondType>();
            instants(pick(array, rows, |row| from.value(row)).into_iter())
        }
        _ => {
            let from = array.as_string::<i32>();
            Arc::new(StringArray::from(pick(array, rows, |row| from.value(row))))
        }
    }
}
