//! The columns of a batch beside those of its table.

use arrow_array::RecordBatch;

use super::cells::Cells;
use super::{DestinationError, Result};
use crate::schema::table::Column;
use crate::schema::table::Table;

/// The columns of a batch, which are exactly these.
pub(super) fn cells_of<'b>(
    batch: &'b RecordBatch,
    columns: &[Column],
    table: &str,
) -> Result<Vec<Cells<'b>>> {
    let fields = batch.schema_ref().fields();
    if let Some(column) = columns.get(fields.len()) {
        return Err(DestinationError::mismatch(table, &column.name));
    }
    let cells = fields.iter().zip(batch.columns()).enumerate().map(|(at, (field, array))| {
        let column = columns.get(at).filter(|column| column.name == *field.name());
        column
            .and_then(|column| Cells::of(array, column.kind))
            .ok_or_else(|| DestinationError::mismatch(table, field.name()))
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
        at.ok_or_else(|| DestinationError::mismatch(&table.name, name))
    };
    names.iter().map(position).collect()
}
