//! Looks at tables of files: rows in the order in which they lie.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use parquet::errors::ParquetError;

use super::catalog::{DataFile, TableEntry};
use super::format::{self, Style};
use super::{Result, ledger};
use crate::destination::objects::{Place, Store};
use crate::destination::reading::{Answer, Filter, Gathered, Read, Window};
use crate::destination::{LoadEntry, Reader};
use crate::resource::ColumnKind;
use crate::schema::table::{Column, Table};
use crate::schema::widen::widen;

/// What is committed, as it was when it was looked at.
#[derive(Debug)]
pub(in super::super) struct Look {
    pub(in super::super) store: Store,
    pub(in super::super) place: Place,
    pub(in super::super) style: Style,
    pub(in super::super) tables: BTreeMap<String, TableEntry>,
}

impl Reader for Look {
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        ledger::loads(&self.store, &self.place, most)
    }

    fn tables(&mut self) -> Result<Vec<Table>> {
        self.tables.iter().map(|(name, entry)| entry.table(name, &self.place)).collect()
    }

    fn arranges(&self) -> bool {
        false
    }

    fn count(&mut self, table: &Table, _filter: Option<&Filter>) -> Read<Option<u64>> {
        Ok(self.tables.get(&table.name).map(|entry| entry.files.iter().map(|file| file.rows).sum()))
    }

    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer> {
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let mut gathered = Gathered::new(columns, window.most);
        let mut skip = window.skip;
        for file in self.tables.get(&table.name).into_iter().flat_map(|entry| &entry.files) {
            if skip >= file.rows {
                skip -= file.rows;
            } else if !self.gather(table, file, &mut skip, &mut gathered)? {
                break;
            }
        }
        Ok(gathered.end())
    }
}

impl Look {
    /// Adds rows of a file after those that are skipped; whether there is room for more.
    fn gather(
        &self,
        table: &Table,
        file: &DataFile,
        skip: &mut u64,
        gathered: &mut Gathered,
    ) -> Result<bool> {
        let mut visit = |batch: RecordBatch| {
            let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(batch.num_rows());
            *skip -= u64::try_from(skipped).unwrap_or_default();
            let batch = batch.slice(skipped, batch.num_rows() - skipped);
            if push(&batch, &table.columns, gathered) { Ok(()) } else { Err(Stopped::Full) }
        };
        let read = format::each_batch((&self.store, &file.path), self.style, &table.columns, &mut visit);
        match read {
            Ok(()) => Ok(true),
            Err(Stopped::Full) => Ok(false),
            Err(Stopped::Failed(error)) => Err(self.place.table_failed("read a file of", &table.name)(error)),
        }
    }
}

/// Why reading has ended.
enum Stopped {
    Full,
    Failed(ParquetError),
}

impl From<ParquetError> for Stopped {
    fn from(error: ParquetError) -> Self {
        Self::Failed(error)
    }
}

/// Adds the rows of a batch; whether there is room for more.
fn push(batch: &RecordBatch, columns: &[Column], gathered: &mut Gathered) -> bool {
    let texts = batch.columns().iter().zip(columns);
    let texts: Vec<Option<ArrayRef>> =
        texts.map(|(array, column)| widen(array, column.kind, ColumnKind::Text)).collect();
    let cell = |array: &Option<ArrayRef>, row: usize| {
        let texts = array.as_ref()?.as_string_opt::<i32>()?;
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    };
    (0..batch.num_rows()).all(|row| gathered.push(texts.iter().map(|array| cell(array, row)).collect()))
}
