//! From the rows of many pages to one batch that is exactly the table.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Schema};
use arrow_select::concat::concat_batches;
use arrow_select::filter::filter_record_batch;

use crate::destination::DestinationError;
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

/// The rows of all parts, with these columns in their kinds. A column that a part lacks is null in its rows.
pub(crate) fn joined(
    parts: &[Part<'_>],
    columns: &[Column],
    name: &str,
) -> Result<RecordBatch, DestinationError> {
    let fields: Vec<_> = columns.iter().map(|column| field(&column.name, column.kind)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mismatch = |column: String| DestinationError::Mismatch { table: name.to_owned(), column };
    let failed = |error: ArrowError| mismatch(error.to_string());
    let mut batches = Vec::with_capacity(parts.len());
    for part in parts {
        let array = |to: &Column| array_of(part, to).ok_or_else(|| mismatch(to.name.clone()));
        let arrays = columns.iter().map(array).collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(part.batch.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(failed)?;
        batches.push(match &part.taken {
            None => batch,
            Some(taken) => filter_record_batch(&batch, taken).map_err(failed)?,
        });
    }
    match <[RecordBatch; 1]>::try_from(batches) {
        Ok([batch]) => Ok(batch),
        Err(batches) => concat_batches(&schema, &batches).map_err(failed),
    }
}

fn array_of(part: &Part<'_>, to: &Column) -> Option<ArrayRef> {
    match (part.batch.column_by_name(&to.name), part.table.column(&to.name)) {
        (Some(array), Some(from)) => widen(array, from.kind, to.kind),
        _ => Some(new_null_array(&data_type(to.kind), part.batch.num_rows())),
    }
}
