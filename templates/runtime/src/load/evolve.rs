//! From the schema that a table has to the one that a batch needs, and the batch to that schema.
//!
//! Columns only ever come and widen. Which type the values of a column need together, the lattice in
//! [`schema::kind`](crate::schema::kind) says.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Schema};

use crate::destination::{DestinationError, SchemaChange};
use crate::schema::field;
use crate::schema::table::{Column, Table, TableRows};
use crate::schema::widen::widen;

/// What has to change before `rows` can be written.
pub(super) fn changes_for(table: Option<&Table>, rows: &TableRows) -> Vec<SchemaChange> {
    let Some(table) = table else {
        return vec![SchemaChange::CreateTable(Table::clone(&rows.table))];
    };
    let name = &table.name;
    let mut changes: Vec<_> =
        rows.table.columns.iter().filter_map(|column| change_of(table, column)).collect();
    if rows.row_count() > 0 && rows.table.key != table.key {
        changes.push(SchemaChange::SetKey { table: name.clone(), key: rows.table.key.clone() });
    }
    changes
}

fn change_of(table: &Table, column: &Column) -> Option<SchemaChange> {
    let Some(from) = table.column(&column.name) else {
        return Some(SchemaChange::AddColumn { table: table.name.clone(), column: column.clone() });
    };
    let seen = from.seen.join(column.seen);
    let to = Column { seen, kind: seen.kind().unwrap_or(from.kind), ..from.clone() };
    (to != *from).then(|| SchemaChange::AlterColumn { table: table.name.clone(), from: from.clone(), to })
}

/// The table after a change.
pub(super) fn changed(table: Option<Table>, change: &SchemaChange) -> Option<Table> {
    if let SchemaChange::CreateTable(new) = change {
        return Some(new.clone());
    }
    let mut table = table?;
    match change {
        SchemaChange::CreateTable(_) => {}
        SchemaChange::AddColumn { column, .. } => table.columns.push(column.clone()),
        SchemaChange::AlterColumn { to, .. } => {
            if let Some(column) = table.columns.iter_mut().find(|column| column.name == to.name) {
                column.clone_from(to);
            }
        }
        SchemaChange::SetKey { key, .. } => table.key.clone_from(key),
    }
    Some(table)
}

/// The rows with each column in the kind that the table has.
pub(super) fn conformed(rows: TableRows, table: &Table) -> Result<TableRows, DestinationError> {
    let is_conform = |column: &Column| table.column(&column.name).is_some_and(|own| own.kind == column.kind);
    if rows.table.columns.iter().all(is_conform) {
        return Ok(rows);
    }
    let batch = conformed_batch(&rows.batch, &rows.table, table)?;
    let parents =
        rows.parents.as_ref().map(|parents| conformed_batch(parents, &rows.table, table)).transpose()?;
    let columns =
        rows.table.columns.iter().filter_map(|column| table.column(&column.name)).cloned().collect();
    Ok(TableRows { table: Arc::new(Table { columns, ..Table::clone(&rows.table) }), batch, parents })
}

fn conformed_batch(batch: &RecordBatch, from: &Table, to: &Table) -> Result<RecordBatch, DestinationError> {
    let mismatch =
        |column: &str| DestinationError::Mismatch { table: to.name.clone(), column: column.to_owned() };
    let schema = batch.schema();
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (old, array) in schema.fields().iter().zip(batch.columns()) {
        let name = old.name();
        let (Some(from), Some(to)) = (from.column(name), to.column(name)) else {
            return Err(mismatch(name));
        };
        fields.push(field(name, to.kind));
        arrays.push(widen(array, from.kind, to.kind).ok_or_else(|| mismatch(name))?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error: ArrowError| mismatch(&error.to_string()))
}
