//! From the rows of many pages to one batch that is exactly the table.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Schema};
use arrow_select::concat::concat;
use arrow_select::filter::filter;

use crate::destination::DestinationError;
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table};
use crate::schema::widen::widen;
use crate::schema::{data_type, field};

/// Rows of one page, and which of them count; `None`: all.
#[derive(Debug)]
pub(crate) struct Part<'p> {
    pub(crate) batch: &'p RecordBatch,
    /// The kinds that its columns have.
    pub(crate) table: &'p Table,
    pub(crate) taken: Option<BooleanArray>,
}

impl Part<'_> {
    fn row_count(&self) -> usize {
        self.taken.as_ref().map_or_else(|| self.batch.num_rows(), BooleanArray::true_count)
    }
}

/// The rows of all parts, with these columns in their kinds. A column that a part lacks is null in its rows. Where columns
/// stand beside one another, a part has its values in one of them, and the others are null.
pub(crate) fn joined(
    parts: &[Part<'_>],
    columns: &[Column],
    name: &str,
) -> Result<RecordBatch, DestinationError> {
    let fields: Vec<_> = columns.iter().map(|column| field(&column.name, column.kind)).collect();
    let has_variants = columns.iter().any(|column| column.variant_of().is_some());
    let failed = |error: ArrowError| DestinationError::mismatch(name, &error.to_string());
    let arrays = columns.iter().map(|to| {
        let array = |part| match has_variants {
            false => array_of(part, &to.name, to.kind),
            true => array_beside(part, columns, to),
        };
        let arrays: Option<Vec<ArrayRef>> = parts.iter().map(array).collect();
        let arrays = arrays.ok_or_else(|| DestinationError::mismatch(name, &to.name))?;
        end_to_end(parts, arrays).map_err(failed)
    });
    let arrays = arrays.collect::<Result<_, _>>()?;
    let rows = parts.iter().map(Part::row_count).sum();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(failed)
}

/// What is taken of one column of each part, as one.
fn end_to_end(parts: &[Part<'_>], mut arrays: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
    for (part, array) in parts.iter().zip(&mut arrays) {
        if let Some(taken) = &part.taken {
            *array = filter(array, taken)?;
        }
    }
    match <[ArrayRef; 1]>::try_from(arrays) {
        Ok([array]) => Ok(array),
        Err(arrays) => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>()),
    }
}

fn array_of(part: &Part<'_>, name: &str, kind: ColumnKind) -> Option<ArrayRef> {
    match (part.batch.column_by_name(name), part.table.column(name)) {
        (Some(array), Some(from)) => widen(array, from.kind, kind),
        _ => Some(new_null_array(&data_type(kind), part.batch.num_rows())),
    }
}

/// The same for a column that may have others beside it: the values go to the one of their kind, or else to the first that
/// holds it.
fn array_beside(part: &Part<'_>, columns: &[Column], to: &Column) -> Option<ArrayRef> {
    let name = to.variant_of().unwrap_or(&to.name);
    let own = columns.iter().filter(|column| column.name == name || column.variant_of() == Some(name));
    let kind = part.table.column(name).map(|column| column.kind);
    let is_of_kind = |column: &&Column| Some(column.kind) == kind;
    let holds = |column: &&Column| {
        let seen = Seen::of_kind(column.kind);
        kind.is_some_and(|kind| Seen::of_kind(kind).join(seen) == seen)
    };
    let taker = own.clone().find(is_of_kind).or_else(|| own.clone().find(holds));
    if taker.is_none_or(|taker| taker.name == to.name) {
        return array_of(part, name, to.kind);
    }
    Some(new_null_array(&data_type(to.kind), part.batch.num_rows()))
}
