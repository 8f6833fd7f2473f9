//! What values are to DuckDB: batches as its appender takes them, and values of a narrower kind as those of a wider one.
//!
//! Widening gives what [`widen`](crate::schema::widen) gives for new values, to the letter; in SQL, so that a table of
//! any size is changed where it is.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};

use super::schema::column_type;
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::Column;

/// The batch with its times in UTC as times without a zone.
pub(super) fn appendable(rows: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().map(without_zone).collect::<std::result::Result<Vec<_>, _>>()?;
    let fields = rows.schema_ref().fields().iter().zip(&columns);
    let fields: Vec<Field> =
        fields.map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn without_zone(array: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    if let Some(instants) = array.as_primitive_opt::<TimestampMicrosecondType>() {
        return Ok(Arc::new(instants.clone().with_timezone_opt(None::<Arc<str>>)));
    }
    let Some(lists) = array.as_list_opt::<i32>() else { return Ok(Arc::clone(array)) };
    let items = without_zone(lists.values())?;
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(field, lists.offsets().clone(), items, lists.nulls().cloned())?))
}

/// The SQL for a column's value in its wider kind. A column that has seen nothing holds nothing.
pub(super) fn wide_value(column: &str, from: &Column, to: &Column) -> String {
    if from.seen == Seen::Nothing {
        return format!("CAST(NULL AS {})", column_type(to.kind));
    }
    wide(column, from.kind, to.kind)
}

fn wide(value: &str, from: ColumnKind, to: ColumnKind) -> String {
    match (from, to) {
        (ColumnKind::List(from), ColumnKind::List(to)) => items(value, &wide(ITEM, from.kind(), to.kind())),
        (_, ColumnKind::Text) => text(value, from),
        (_, ColumnKind::Json) => json(value, from),
        _ => format!("CAST({value} AS {})", column_type(to)),
    }
}

/// An item of a list.
const ITEM: &str = "_item";

/// A list with something else in the place of each item.
fn items(list: &str, with: &str) -> String {
    format!("list_transform({list}, lambda {ITEM}: {with})")
}

fn text(column: &str, from: ColumnKind) -> String {
    match from {
        ColumnKind::Float => float_text(column),
        ColumnKind::Timestamp => {
            format!("(CAST(CAST({column} AS DATE) AS VARCHAR) || 'T' || strftime({column}, '%H:%M:%S.%fZ'))")
        }
        ColumnKind::Text | ColumnKind::Json => column.to_owned(),
        ColumnKind::List(_) => json(column, from),
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Date => format!("CAST({column} AS VARCHAR)"),
    }
}

/// DuckDB writes the same shortest digits as Rust does, but exponents of two digits (`1e-07`), and one of them sooner.
fn float_text(column: &str) -> String {
    let steps = [("^(-?)(\\d)\\.?(\\d*)e-05$", "\\10.0000\\2\\3"), ("e-0", "e-")];
    steps.into_iter().fold(format!("CAST({column} AS VARCHAR)"), |text, (pattern, with)| {
        format!("regexp_replace({text}, '{pattern}', '{with}')")
    })
}

/// Numbers and booleans are JSON as they stand.
fn json(value: &str, from: ColumnKind) -> String {
    match from {
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Float | ColumnKind::Json => text(value, from),
        ColumnKind::Date | ColumnKind::Timestamp => format!("('\"' || {} || '\"')", text(value, from)),
        ColumnKind::List(item) => {
            let texts = items(value, &format!("coalesce({}, 'null')", json(ITEM, item.kind())));
            format!("('[' || array_to_string({texts}, ',') || ']')")
        }
        ColumnKind::Text => {
            let escaped = escapes().fold(value.to_owned(), |text, (code, escape)| {
                format!("replace({text}, chr({code}), '{escape}')")
            });
            format!("('\"' || {escaped} || '\"')")
        }
    }
}

/// The characters that JSON does not take as they are, the backslash first.
fn escapes() -> impl Iterator<Item = (u32, String)> {
    let named = [(92, "\\\\"), (34, "\\\""), (8, "\\b"), (9, "\\t"), (10, "\\n"), (12, "\\f"), (13, "\\r")];
    let others = (0..32).filter(move |code| named.iter().all(|(named, _)| named != code));
    named
        .into_iter()
        .map(|(code, escape)| (code, escape.to_owned()))
        .chain(others.map(|code| (code, format!("\\u{code:04x}"))))
}
