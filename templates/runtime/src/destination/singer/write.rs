//! Rows: batches become RECORDs, which wait for their package.

use std::collections::BTreeSet;

use arrow_array::{Array, RecordBatch};

use super::Result;
use super::load::{Chunk, Shared, lock};
use super::message::{self, Frame};
use crate::destination::columns::cells_of;
use crate::destination::{Batch, Mode, TableWriter};
use crate::schema::Seen;
use crate::schema::table::{Column, DIGEST, Table};

/// Writes rows of one table.
pub(super) struct Writer {
    shared: Shared,
    table: Table,
    key: Vec<String>,
    version: Option<i64>,
    /// The columns that a target is shown.
    shown: BTreeSet<String>,
    chunks: Vec<Chunk>,
}

impl Writer {
    pub(super) fn new(shared: &Shared, table: &Table, mode: &Mode, version: Option<i64>) -> Self {
        let key = match mode {
            Mode::Merge | Mode::Stage => table.key.clone(),
            // The same version again takes its own place.
            Mode::Versions { of } | Mode::History { of } => {
                of.iter().cloned().chain([DIGEST.to_owned()]).collect()
            }
        };
        let is_shown = |column: &&Column| is_known(column) || key.contains(&column.name);
        let shown = table.columns.iter().filter(is_shown).map(|column| column.name.clone()).collect();
        Self { shared: Shared::clone(shared), table: table.clone(), key, version, shown, chunks: Vec::new() }
    }

    fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.table.columns.iter().enumerate().filter(|(_, column)| self.shown.contains(&column.name))
    }

    /// Columns that have their first values in these rows are shown from now on.
    fn show(&mut self, rows: &RecordBatch) {
        let columns = self.table.columns.iter().zip(rows.columns());
        let filled = columns.filter(|(_, array)| array.null_count() < array.len());
        self.shown.extend(filled.map(|(column, _)| column.name.clone()));
    }
}

/// Whether the type of a column is that of its values.
fn is_known(column: &Column) -> bool {
    column.seen != Seen::Nothing || !column.is_field()
}

/// What a table is to a target that has no rows of it yet.
pub(super) fn schema_of(table: &Table) -> String {
    message::schema(table, &table.key, table.columns.iter().filter(|column| is_known(column)))
}

impl TableWriter for Writer {
    /// Whether the target has rows of these keys, nobody here knows.
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        let cells = cells_of(&batch.rows, &self.table.columns, &self.table.name)?;
        let rows = batch.rows.num_rows();
        if rows == 0 {
            return Ok(None);
        }
        self.show(&batch.rows);
        let shown = || self.shown().map(|(_, column)| column);
        let schema = message::schema(&self.table, &self.key, shown());
        let frame = Frame::new(&self.table.name, self.version, shown());
        let cells: Vec<_> = self.shown().filter_map(|(at, _)| cells.get(at).copied()).collect();
        let mut chunk = match self.chunks.pop() {
            Some(chunk) if chunk.schema == schema => chunk,
            other => {
                self.chunks.extend(other);
                Chunk { stream: self.table.name.clone(), schema, version: self.version, ..Chunk::default() }
            }
        };
        (0..rows).for_each(|row| frame.write(&cells, row, &mut chunk.records));
        chunk.rows += u64::try_from(rows).unwrap_or(u64::MAX);
        self.chunks.push(chunk);
        Ok(None)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut stream = lock(&self.shared);
        stream.package.open = stream.package.open.saturating_sub(1);
        stream.package.chunks.extend(self.chunks);
        Ok(())
    }
}
