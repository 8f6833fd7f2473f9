//! A history: the version of a record that holds is kept, or ends.

use rusqlite::{CachedStatement, Connection, Result as Sql};

use super::Result;
use super::write::bind;
use crate::destination::DestinationError;
use crate::destination::cells::Cells;
use crate::destination::columns::positions;
use crate::destination::sql::quoted;
use crate::schema::table::{DIGEST, Table, VALID_FROM, VALID_TO};

/// The SQL of a history.
pub(super) struct History {
    /// Finds the versions without an end, the last first: their numbers and digests.
    find: String,
    /// Puts a row in the place of a version.
    keep: String,
    /// Ends all but one.
    end: String,
    /// How many columns name a record.
    key: usize,
    /// Where the time stands from which a row holds.
    valid_from: usize,
}

/// The statements of a batch.
pub(super) struct Versions<'c> {
    find: CachedStatement<'c>,
    keep: CachedStatement<'c>,
    end: CachedStatement<'c>,
    key: usize,
    valid_from: usize,
}

impl History {
    /// `conditions`, with so many parameters, find the versions of a record; `row` is SQLite's own number of a row.
    pub(super) fn new(
        table: &Table,
        name: &str,
        (conditions, key): (&str, usize),
        row: Option<&str>,
    ) -> Result<Self> {
        let row = row.ok_or_else(|| DestinationError::mismatch(&table.name, "rowid"))?;
        let valid_from = positions(table, &[VALID_FROM.to_owned()])?.first().copied().unwrap_or_default();
        let name = quoted(name);
        let sets = table.columns.iter().enumerate().filter(|(_, column)| column.name != VALID_FROM);
        let sets: Vec<String> =
            sets.map(|(at, column)| format!("{} = ?{}", quoted(&column.name), at + 1)).collect();
        let open = format!("{conditions} AND {VALID_TO} IS NULL");
        Ok(Self {
            find: format!(
                "SELECT {row}, {DIGEST} FROM {name} WHERE {open}
                 ORDER BY _load_id DESC, _loaded_at DESC, {row} DESC"
            ),
            keep: format!("UPDATE {name} SET {} WHERE {row} = ?{}", sets.join(", "), table.columns.len() + 1),
            end: format!(
                "UPDATE {name} SET {VALID_TO} = ?{} WHERE {open} AND {row} IS NOT ?{}",
                key + 1,
                key + 2
            ),
            key,
            valid_from,
        })
    }

    pub(super) fn prepare<'c>(&self, connection: &'c Connection) -> Sql<Versions<'c>> {
        Ok(Versions {
            find: connection.prepare_cached(&self.find)?,
            keep: connection.prepare_cached(&self.keep)?,
            end: connection.prepare_cached(&self.end)?,
            key: self.key,
            valid_from: self.valid_from,
        })
    }
}

impl Versions<'_> {
    /// Puts the row in the place of the version that holds, where that has the same digest, or ends it; whether it did the
    /// former. `key` is what names its record.
    pub(super) fn keep_or_end<'k, 'b: 'k>(
        &mut self,
        key: impl Iterator<Item = &'k Cells<'b>> + Clone,
        digest: Option<i64>,
        cells: &'k [Cells<'b>],
        row: usize,
    ) -> Sql<bool> {
        bind(&mut self.find, key.clone(), row)?;
        let mut open: Vec<(i64, Option<i64>)> = Vec::new();
        let mut found = self.find.raw_query();
        while let Some(version) = found.next()? {
            open.push((version.get(0)?, version.get(1)?));
        }
        drop(found);
        let kept = open.first().filter(|(_, own)| own.is_some() && *own == digest).map(|(number, _)| *number);
        if open.len() > usize::from(kept.is_some()) {
            bind(&mut self.end, key.chain(cells.get(self.valid_from)), row)?;
            self.end.raw_bind_parameter(self.key + 2, kept)?;
            self.end.raw_execute()?;
        }
        let Some(number) = kept else { return Ok(false) };
        bind(&mut self.keep, cells.iter(), row)?;
        self.keep.raw_bind_parameter(cells.len() + 1, number)?;
        self.keep.raw_execute().map(|_| true)
    }
}
