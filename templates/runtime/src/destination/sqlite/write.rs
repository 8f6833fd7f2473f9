//! Rows: prepared statements, filled from Arrow arrays.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use rusqlite::{Result as Sql, Statement};

use super::schema::{row_name, stage_of};
use super::{Sqlite, quoted, quoted_list};
use crate::destination::{DestinationError, Target, Written};
use crate::resource::ColumnKind;
use crate::schema::table::{Table, TableRows};
use crate::schema::time::{date_text, instant_text};

/// A column of a batch, ready to be bound.
#[derive(Debug, Clone, Copy)]
enum Cells<'b> {
    Bool(&'b BooleanArray),
    Int(&'b Int64Array),
    Float(&'b Float64Array),
    Date(&'b Date32Array),
    Timestamp(&'b TimestampMicrosecondArray),
    Text(&'b StringArray),
}

impl<'b> Cells<'b> {
    fn of(array: &'b ArrayRef, kind: ColumnKind) -> Option<Cells<'b>> {
        Some(match kind {
            ColumnKind::Bool => Cells::Bool(array.as_boolean_opt()?),
            ColumnKind::Int => Cells::Int(array.as_primitive_opt::<Int64Type>()?),
            ColumnKind::Float => Cells::Float(array.as_primitive_opt::<Float64Type>()?),
            ColumnKind::Date => Cells::Date(array.as_primitive_opt::<Date32Type>()?),
            ColumnKind::Timestamp => Cells::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?),
            ColumnKind::Text | ColumnKind::Json => Cells::Text(array.as_string_opt::<i32>()?),
        })
    }

    fn is_null(self, row: usize) -> bool {
        match self {
            Cells::Bool(array) => array.is_null(row),
            Cells::Int(array) => array.is_null(row),
            Cells::Float(array) => array.is_null(row),
            Cells::Date(array) => array.is_null(row),
            Cells::Timestamp(array) => array.is_null(row),
            Cells::Text(array) => array.is_null(row),
        }
    }

    fn bind(self, statement: &mut Statement<'_>, parameter: usize, row: usize) -> Sql<()> {
        if self.is_null(row) {
            return statement.raw_bind_parameter(parameter, rusqlite::types::Null);
        }
        match self {
            Cells::Bool(array) => statement.raw_bind_parameter(parameter, array.value(row)),
            Cells::Int(array) => statement.raw_bind_parameter(parameter, array.value(row)),
            Cells::Float(array) => statement.raw_bind_parameter(parameter, array.value(row)),
            Cells::Date(array) => statement.raw_bind_parameter(parameter, date_text(array.value(row))),
            Cells::Timestamp(array) => {
                statement.raw_bind_parameter(parameter, instant_text(array.value(row)))
            }
            Cells::Text(array) => statement.raw_bind_parameter(parameter, array.value(row)),
        }
    }
}

impl Sqlite {
    pub(super) fn write_rows(&self, rows: &TableRows, target: Target) -> Result<Written, DestinationError> {
        let table = self.table(&rows.table.name)?;
        let name = match target {
            Target::Table => table.name.clone(),
            Target::Stage => self.stage(table)?,
        };
        let cells = cells_of(&rows.batch, table)?;
        if let Some(parents) = &rows.parents {
            let keys = cells_of(parents, table)?;
            let removed = remove(self, &name, &column_names(parents), &keys, 0..parents.num_rows());
            removed.map_err(self.failed("remove rows of", &table.name))?;
        }
        self.insert(table, &name, rows, &cells).map_err(self.failed("write to", &table.name))
    }

    /// The name of the table's stage, which is made when it is not there.
    fn stage(&self, table: &Table) -> Result<String, DestinationError> {
        let stage = stage_of(&table.name);
        let made = self
            .exists(&stage)
            .and_then(|exists| if exists { Ok(()) } else { self.create_copy(table, &stage) });
        made.map_err(self.failed("stage rows for", &table.name))?;
        Ok(stage)
    }

    fn insert(&self, table: &Table, name: &str, rows: &TableRows, cells: &[Cells<'_>]) -> Sql<Written> {
        let count = rows.row_count();
        let names = column_names(&rows.batch);
        let sql = insert_sql(table, name, &names);
        let key: Vec<(&str, Cells<'_>)> = names
            .iter()
            .copied()
            .zip(cells.iter().copied())
            .filter(|(name, _)| table.key.iter().any(|key| key == name))
            .collect();
        let (key_names, key_cells): (Vec<&str>, Vec<Cells<'_>>) = key.into_iter().unzip();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let last_before = self.last_row(table, name)?;
        let mut replaced = 0;
        for row in 0..count {
            if key_cells.iter().any(|cells| cells.is_null(row)) {
                replaced += remove(self, name, &key_names, &key_cells, row..row + 1)?;
            }
            for (cells, parameter) in cells.iter().zip(1..) {
                cells.bind(&mut statement, parameter, row)?;
            }
            statement.raw_execute()?;
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let inserted = match self.last_row(table, name)?.zip(last_before) {
            Some((after, before)) => u64::try_from(after.saturating_sub(before)).unwrap_or(count).min(count),
            None => count,
        };
        let inserted = inserted.saturating_sub(u64::try_from(replaced).unwrap_or(0));
        Ok(Written { inserted, updated: count.saturating_sub(inserted) })
    }

    /// The highest number that SQLite has given to a row of the table: it grows by one with each new row.
    fn last_row(&self, table: &Table, name: &str) -> Sql<Option<i64>> {
        let Some(row) = row_name(table).filter(|_| !table.key.is_empty()) else {
            return Ok(None);
        };
        let sql = format!("SELECT coalesce(max({row}), 0) FROM {}", quoted(name));
        self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0)).map(Some)
    }

    /// The table itself stays, with the indexes, triggers and views that people made for it.
    pub(super) fn swap_rows(&self, name: &str) -> Result<(), DestinationError> {
        let table = self.table(name)?;
        let stage = stage_of(name);
        let swap = || -> Sql<()> {
            self.connection.execute_batch(&format!("DELETE FROM {}", quoted(name)))?;
            if self.exists(&stage)? {
                let columns = quoted_list(table.columns.iter().map(|column| column.name.as_str()));
                let (to, from) = (quoted(name), quoted(&stage));
                self.connection.execute_batch(&format!(
                    "INSERT INTO {to} ({columns}) SELECT {columns} FROM {from}; DROP TABLE {from};"
                ))?;
            }
            Ok(())
        };
        swap().map_err(self.failed("replace the rows of", name))
    }

    pub(super) fn drop_stages(&self) -> Result<(), DestinationError> {
        let drop = || -> Sql<()> {
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let stages: Vec<String> =
                statement.query_map([stage_of("*")], |row| row.get(0))?.collect::<Sql<_>>()?;
            stages
                .iter()
                .try_for_each(|stage| self.connection.execute_batch(&format!("DROP TABLE {}", quoted(stage))))
        };
        drop().map_err(self.package_failed("remove what an earlier load staged"))
    }
}

/// Removes the rows that have, in some columns, the values of one of these rows; tells how many.
fn remove(
    sqlite: &Sqlite,
    name: &str,
    columns: &[&str],
    keys: &[Cells<'_>],
    rows: std::ops::Range<usize>,
) -> Sql<usize> {
    // `IS` finds nulls as well, and uses the index of the key.
    let conditions: Vec<String> =
        columns.iter().zip(1..).map(|(column, at)| format!("{} IS ?{at}", quoted(column))).collect();
    let sql = format!("DELETE FROM {} WHERE {}", quoted(name), conditions.join(" AND "));
    let mut statement = sqlite.connection.prepare_cached(&sql)?;
    let mut removed = 0;
    for row in rows {
        for (cells, parameter) in keys.iter().zip(1..) {
            cells.bind(&mut statement, parameter, row)?;
        }
        removed += statement.raw_execute()?;
    }
    Ok(removed)
}

fn column_names(batch: &RecordBatch) -> Vec<&str> {
    batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect()
}

fn cells_of<'b>(batch: &'b RecordBatch, table: &Table) -> Result<Vec<Cells<'b>>, DestinationError> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let cells = columns.map(|(field, array)| {
        let column = table.column(field.name());
        column.and_then(|column| Cells::of(array, column.kind)).ok_or_else(|| DestinationError::Mismatch {
            table: table.name.clone(),
            column: field.name().clone(),
        })
    });
    cells.collect()
}

/// With a key, the row takes the place of the one that is there: columns that it lacks become null.
fn insert_sql(table: &Table, name: &str, columns: &[&str]) -> String {
    let parameters: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
    let list = quoted_list(columns.iter().copied());
    let insert = format!("INSERT INTO {} ({list}) VALUES ({})", quoted(name), parameters.join(", "));
    if table.key.is_empty() {
        return insert;
    }
    let key = quoted_list(table.key.iter().map(String::as_str));
    let others = table.columns.iter().filter(|column| !table.key.contains(&column.name));
    let set = |name: String| format!("{name} = excluded.{name}");
    let sets: Vec<String> = others.map(|column| set(quoted(&column.name))).collect();
    match sets.is_empty() {
        true => format!("{insert} ON CONFLICT ({key}) DO NOTHING"),
        false => format!("{insert} ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", ")),
    }
}
