//! Columns in the making: one Arrow builder per column, of the type that its kind has.
//!
//! | kind | Arrow |
//! | --- | --- |
//! | bool | Boolean |
//! | int | Int64 |
//! | float | Float64 |
//! | date | Date32 |
//! | timestamp | Timestamp(µs, "UTC") |
//! | text | Utf8 |
//! | list | List of what its items are |
//! | json | Utf8 with the extension name `arrow.json` |

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBufferBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, ListArray, new_null_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use serde::Serialize;

use crate::normalize::scalar::{Scalar, Times};
use crate::record::Value;
use crate::resource::{ColumnKind, ItemKind};
use crate::schema::arrow::{data_type, item_field};
use crate::schema::kind::Seen;
use crate::schema::time::{DAY, Time};
use crate::schema::widen::{float_of_int, float_text};

/// The values of a column. Rows that it has none for are null; those at its end are added when it is done.
#[derive(Debug)]
pub(super) struct Cells {
    kind: ColumnKind,
    seen: Seen,
    times: Times,
    builder: Builder,
    /// Room to write a value in.
    json: Vec<u8>,
}

#[derive(Debug)]
enum Builder {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    /// Text or JSON.
    Text(StringBuilder),
    List(Lists),
    /// No value can come, as long as the plan is this one.
    Nothing,
}

/// Lists of single values.
#[derive(Debug)]
struct Lists {
    items: Box<Cells>,
    item: ItemKind,
    /// How many items there are up to the end of each list.
    ends: Vec<i32>,
    valid: BooleanBufferBuilder,
}

impl Cells {
    /// With room for so many rows, and so many bytes of text.
    pub(super) fn new(kind: ColumnKind, seen: Seen, times: Times, (rows, bytes): (usize, usize)) -> Self {
        let builder = match kind {
            _ if seen == Seen::Nothing => Builder::Nothing,
            ColumnKind::Bool => Builder::Bool(BooleanBuilder::with_capacity(rows)),
            ColumnKind::Int => Builder::Int(Int64Builder::with_capacity(rows)),
            ColumnKind::Float => Builder::Float(Float64Builder::with_capacity(rows)),
            ColumnKind::Date => Builder::Date(Date32Builder::with_capacity(rows)),
            ColumnKind::Timestamp => Builder::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows)),
            ColumnKind::Text | ColumnKind::Json => Builder::Text(StringBuilder::with_capacity(rows, bytes)),
            ColumnKind::List(item) => Builder::List(Lists::new(item, seen, times, rows)),
        };
        Self { kind, seen, times, builder, json: Vec::new() }
    }

    /// Adds a value; false where the column has to become a wider one first.
    #[inline]
    pub(super) fn push(&mut self, row: usize, scalar: Scalar<'_>) -> bool {
        self.pad(row);
        let is_big = self.seen == Seen::BigInt;
        match (&mut self.builder, scalar) {
            (Builder::Text(builder), Scalar::Text(text)) if self.kind == ColumnKind::Text => {
                builder.append_value(text);
            }
            (Builder::Int(builder), Scalar::Int(int)) if is_big || Seen::of_int(int) == Seen::Int => {
                builder.append_value(int)
            }
            (Builder::Bool(builder), Scalar::Bool(value)) => builder.append_value(value),
            (Builder::Timestamp(builder), Scalar::Text(text)) => match self.times.read(text) {
                Some(time) => builder.append_value(time.micros()),
                None => return false,
            },
            (Builder::Float(builder), Scalar::Float(float)) => builder.append_value(float),
            (Builder::Float(builder), Scalar::Int(int)) if Seen::of_int(int) == Seen::Int => {
                builder.append_value(float_of_int(int));
            }
            (Builder::Date(builder), Scalar::Text(text)) => match self.times.read(text) {
                Some(Time::Date(micros)) => match i32::try_from(micros.div_euclid(DAY)) {
                    Ok(day) => builder.append_value(day),
                    Err(_) => return false,
                },
                _ => return false,
            },
            (Builder::Text(_), scalar) => self.push_as_text(scalar),
            _ => return false,
        }
        true
    }

    /// As JSON writes it: in columns of text what is no text, in columns of JSON everything.
    fn push_as_text(&mut self, scalar: Scalar<'_>) {
        let Builder::Text(builder) = &mut self.builder else { return };
        // Writing to memory does not fail.
        let _ = match scalar {
            Scalar::Bool(value) => write!(builder, "{value}"),
            Scalar::Int(int) => write!(builder, "{int}"),
            Scalar::Float(float) => builder.write_str(&float_text(float)),
            Scalar::Digits(digits) => builder.write_str(digits),
            Scalar::Text(text) => builder.write_str(written(&mut self.json, &text)),
        };
        builder.append_value("");
    }

    /// Adds an object or a list, as JSON where the column is not one of lists.
    pub(super) fn push_json(&mut self, row: usize, value: &Value<'_>) -> bool {
        self.pad(row);
        match &mut self.builder {
            Builder::List(lists) => value.as_list().is_some_and(|items| lists.push(items)),
            Builder::Text(builder) if self.kind == ColumnKind::Json => {
                builder.append_value(written(&mut self.json, value));
                true
            }
            _ => false,
        }
    }

    /// Adds text that is JSON.
    pub(super) fn push_raw_json(&mut self, row: usize, json: &str) {
        self.pad(row);
        if let Builder::Text(builder) = &mut self.builder {
            builder.append_value(json);
        }
    }

    #[inline]
    fn pad(&mut self, row: usize) {
        let missing = row.saturating_sub(self.len());
        if missing > 0 {
            match &mut self.builder {
                Builder::Bool(builder) => builder.append_nulls(missing),
                Builder::Int(builder) => builder.append_nulls(missing),
                Builder::Float(builder) => builder.append_nulls(missing),
                Builder::Date(builder) => builder.append_nulls(missing),
                Builder::Timestamp(builder) => builder.append_nulls(missing),
                Builder::Text(builder) => builder.append_nulls(missing),
                Builder::List(lists) => lists.append_nulls(missing),
                Builder::Nothing => {}
            }
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match &self.builder {
            Builder::Bool(builder) => builder.len(),
            Builder::Int(builder) => builder.len(),
            Builder::Float(builder) => builder.len(),
            Builder::Date(builder) => builder.len(),
            Builder::Timestamp(builder) => builder.len(),
            Builder::Text(builder) => builder.len(),
            Builder::List(lists) => lists.ends.len(),
            Builder::Nothing => 0,
        }
    }

    /// How many bytes of text there are.
    pub(super) fn bytes(&self) -> usize {
        match &self.builder {
            Builder::Text(builder) => builder.values_slice().len(),
            _ => 0,
        }
    }

    /// The column with so many rows.
    pub(super) fn finish(mut self, rows: usize) -> ArrayRef {
        if self.len() == 0 {
            return new_null_array(&data_type(self.kind), rows);
        }
        self.pad(rows);
        match self.builder {
            Builder::Bool(mut builder) => Arc::new(builder.finish()),
            Builder::Int(mut builder) => Arc::new(builder.finish()),
            Builder::Float(mut builder) => Arc::new(builder.finish()),
            Builder::Date(mut builder) => Arc::new(builder.finish()),
            Builder::Timestamp(mut builder) => Arc::new(builder.finish().with_timezone("UTC")),
            Builder::Text(mut builder) => Arc::new(builder.finish()),
            Builder::List(lists) => {
                lists.finish().unwrap_or_else(|| new_null_array(&data_type(self.kind), rows))
            }
            Builder::Nothing => new_null_array(&data_type(self.kind), rows),
        }
    }
}

impl Lists {
    fn new(item: ItemKind, seen: Seen, times: Times, rows: usize) -> Self {
        let items = Box::new(Cells::new(item.kind(), seen.items(), times, (rows, 0)));
        Self { items, item, ends: Vec::with_capacity(rows), valid: BooleanBufferBuilder::new(rows) }
    }

    /// False where an item has to become a wider one first.
    fn push(&mut self, items: &[Value<'_>]) -> bool {
        let start = self.len();
        let fits = |(row, item): (usize, &Value<'_>)| match Scalar::of(item) {
            Some(scalar) => self.items.push(row, scalar),
            None => item.is_null(),
        };
        let Ok(end) = i32::try_from(start.saturating_add(items.len())) else { return false };
        if !(start..).zip(items).all(fits) {
            return false;
        }
        self.ends.push(end);
        self.valid.append(true);
        true
    }

    /// How many items there are.
    fn len(&self) -> usize {
        self.ends.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or_default()
    }

    fn append_nulls(&mut self, missing: usize) {
        let end = self.ends.last().copied().unwrap_or_default();
        self.ends.extend(std::iter::repeat_n(end, missing));
        self.valid.append_n(missing, false);
    }

    fn finish(mut self) -> Option<ArrayRef> {
        let items = self.len();
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends).collect();
        let offsets = OffsetBuffer::new(offsets.into());
        let nulls = Some(NullBuffer::new(self.valid.finish())).filter(|nulls| nulls.null_count() > 0);
        let lists = ListArray::try_new(item_field(self.item), offsets, self.items.finish(items), nulls);
        lists.ok().map(|lists| Arc::new(lists) as ArrayRef)
    }
}

/// A value as JSON.
fn written<'r>(room: &'r mut Vec<u8>, value: &impl Serialize) -> &'r str {
    room.clear();
    // Writing to memory does not fail, and what is written is text.
    let _ = serde_json::to_writer(&mut *room, value);
    std::str::from_utf8(room).unwrap_or_default()
}

/// The same value for every row.
pub(super) fn repeated(value: &Value<'_>, kind: ColumnKind, seen: Seen, rows: usize) -> ArrayRef {
    let mut cells = Cells::new(kind, seen, Times::Never, (rows, rows.saturating_mul(16)));
    for row in 0..rows {
        match Scalar::of(value) {
            Some(scalar) => {
                cells.push(row, scalar);
            }
            None if value.is_null() => {}
            None => {
                cells.push_json(row, value);
            }
        }
    }
    cells.finish(rows)
}
