//! A batch as typed columns, for destinations that take it row by row.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};

use super::{DestinationError, Result};
use crate::resource::ColumnKind;
use crate::schema::table::{Column, Table};

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
    #[cfg(feature = "postgres")]
    List(&'b arrow_array::ListArray, crate::resource::ItemKind),
}

impl<'b> Cells<'b> {
    fn of(array: &'b ArrayRef, kind: ColumnKind) -> Option<Cells<'b>> {
        Some(match kind {
            ColumnKind::Bool => Cells::Bool(array.as_boolean_opt()?),
            ColumnKind::Int => Cells::Int(array.as_primitive_opt::<Int64Type>()?),
            ColumnKind::Float => Cells::Float(array.as_primitive_opt::<Float64Type>()?),
            ColumnKind::Date => Cells::Date(array.as_primitive_opt::<Date32Type>()?),
            ColumnKind::Timestamp => Cells::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?),
            ColumnKind::Text => Cells::Text(array.as_string_opt::<i32>()?),
            ColumnKind::Json => Cells::Json(array.as_string_opt::<i32>()?),
            #[cfg(feature = "postgres")]
            ColumnKind::List(item) => Cells::List(array.as_list_opt()?, item),
            #[cfg(not(feature = "postgres"))]
            ColumnKind::List(_) => return None,
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
            #[cfg(feature = "postgres")]
            Cells::List(array, _) => array.is_null(row),
        }
    }
}

/// What lists take, which SQLite has none of.
#[cfg(feature = "postgres")]
impl<'b> Cells<'b> {
    pub(super) fn has_nulls(self) -> bool {
        match self {
            Cells::Bool(array) => array.null_count() > 0,
            Cells::Int(array) => array.null_count() > 0,
            Cells::Float(array) => array.null_count() > 0,
            Cells::Date(array) => array.null_count() > 0,
            Cells::Timestamp(array) => array.null_count() > 0,
            Cells::Text(array) | Cells::Json(array) => array.null_count() > 0,
            Cells::List(array, _) => array.null_count() > 0,
        }
    }

    /// The items of all its lists, and which of them are those of a row.
    pub(super) fn items(self, row: usize) -> Option<(Cells<'b>, std::ops::Range<usize>)> {
        let Cells::List(array, item) = self else { return None };
        let offset = |at: usize| usize::try_from(*array.value_offsets().get(at)?).ok();
        Some((Cells::of(array.values(), item.kind())?, offset(row)?..offset(row + 1)?))
    }
}

/// The columns of a batch, which are exactly these.
pub(super) fn cells_of<'b>(
    batch: &'b RecordBatch,
    columns: &[Column],
    table: &str,
) -> Result<Vec<Cells<'b>>> {
    let fields = batch.schema_ref().fields();
    if let Some(column) = columns.get(fields.len()) {
        return Err(mismatch(table, &column.name));
    }
    let cells = fields.iter().zip(batch.columns()).enumerate().map(|(at, (field, array))| {
        let column = columns.get(at).filter(|column| column.name == *field.name());
        column.and_then(|column| Cells::of(array, column.kind)).ok_or_else(|| mismatch(table, field.name()))
    });
    cells.collect()
}

/// Those columns of the table that a batch of its records' keys has.
pub(super) fn key_columns(parents: &RecordBatch, table: &Table) -> Vec<Column> {
    let names = parents.schema_ref().fields().iter().map(|field| field.name());
    names.filter_map(|name| table.column(name)).cloned().collect()
}

/// Where these columns stand in the table.
pub(super) fn positions(table: &Table, names: &[String]) -> Result<Vec<usize>> {
    let position = |name: &String| {
        let at = table.columns.iter().position(|column| column.name == *name);
        at.ok_or_else(|| mismatch(&table.name, name))
    };
    names.iter().map(position).collect()
}

pub(super) fn mismatch(table: &str, column: &str) -> DestinationError {
    DestinationError::Mismatch { table: table.to_owned(), column: column.to_owned() }
}
