//! Marks rows that a read of their whole partition no longer found.

use std::ops::Range;
use std::time::SystemTime;

use rusqlite::types::Value as Cell;
use rusqlite::{Result as Sql, params_from_iter};
use serde_json::Value;

use super::state::time_text;
use super::{Sqlite, quoted, quoted_list};
use crate::destination::DestinationError;

impl Sqlite {
    pub(super) fn mark_rows(
        &self,
        table: &str,
        partition: &[(&str, &Value)],
        loads: Range<&str>,
        at: SystemTime,
    ) -> Result<u64, DestinationError> {
        let conditions =
            partition.iter().zip(4..).map(|((column, _), at)| format!(" AND {} IS ?{at}", quoted(column)));
        let sql = format!(
            "UPDATE {} SET _deleted_at = ?1 WHERE _deleted_at IS NULL AND _load_id >= ?2 AND _load_id < ?3{}",
            quoted(table),
            conditions.collect::<String>()
        );
        let loads = [loads.start, loads.end].map(|load| Cell::Text(load.to_owned()));
        let cells = [Cell::Text(time_text(at))]
            .into_iter()
            .chain(loads)
            .chain(partition.iter().map(|(_, value)| cell_of(value)));
        let mark = || -> Sql<usize> {
            self.index_partitions(table, partition)?;
            self.connection.prepare_cached(&sql)?.execute(params_from_iter(cells))
        };
        let marked = mark().map_err(self.failed("mark rows of", table))?;
        Ok(u64::try_from(marked).unwrap_or(u64::MAX))
    }

    /// Without it, each partition would go through the whole table.
    fn index_partitions(&self, table: &str, partition: &[(&str, &Value)]) -> Sql<()> {
        if partition.is_empty() {
            return Ok(());
        }
        let index = quoted(&format!("_partitions_of_{table}"));
        let columns = quoted_list(partition.iter().map(|(column, _)| *column));
        let sql = format!("CREATE INDEX IF NOT EXISTS {index} ON {} ({columns})", quoted(table));
        self.connection.execute_batch(&sql)
    }
}

/// The column's type decides how it is compared.
fn cell_of(value: &Value) -> Cell {
    match value {
        Value::Number(number) if number.is_i64() => Cell::Integer(number.as_i64().unwrap_or_default()),
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}
