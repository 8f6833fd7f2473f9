//! From the pages of a resource to batches: of records that came several times the last counts, with its lists.

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;

use arrow_array::{BooleanArray, RecordBatch};

use super::batch::{Part, joined};
use super::gather::Family;
use crate::destination::{Batch, DestinationError};
use crate::schema::keys::{Hashes, Keys};
use crate::schema::table::{Column, Table, TableRows};

/// Which records of a family count.
#[derive(Debug)]
pub(super) struct Selection {
    /// Of the records of each page.
    keys: Vec<Keys>,
    /// In which page each key came last; `None` where none came twice.
    last: Option<HashMap<Vec<u8>, usize>>,
    hasher: RandomState,
}

impl Selection {
    pub(super) fn of(family: &Family, hasher: &RandomState) -> Self {
        let keys = family.pages.iter().map(|page| {
            let records = page.tables.first().filter(|_| !page.identity.is_empty());
            records.map(|rows| Keys::of(&rows.batch, &page.identity, &rows.table, hasher)).unwrap_or_default()
        });
        let keys: Vec<Keys> = keys.collect();
        let mut seen = Hashes::default();
        let may_repeat = keys.iter().flat_map(|keys| &keys.hashes).any(|hash| !seen.insert(*hash));
        let last = may_repeat.then(|| last_pages(&keys));
        Self { keys, last, hasher: hasher.clone() }
    }

    /// The numbers of all keys.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.keys.iter().flat_map(|keys| &keys.hashes).copied()
    }

    /// The numbers of the keys of those records that were there before; `is_new` tells it of each that counts, in their
    /// order.
    pub(super) fn known(&self, is_new: &[bool]) -> Hashes {
        let pages = self.keys.iter().enumerate();
        let all = pages
            .flat_map(|(page, keys)| keys.iter().zip(&keys.hashes).map(move |(key, hash)| (page, key, hash)));
        let counted = all.filter(|(page, key, _)| self.is_last(*page, key));
        counted.zip(is_new).filter(|(_, is_new)| !**is_new).map(|((_, _, hash), _)| *hash).collect()
    }

    fn is_last(&self, page: usize, key: &[u8]) -> bool {
        self.last.as_ref().and_then(|last| last.get(key)).is_none_or(|last| *last == page)
    }

    /// Which rows with these keys of their records count; `None`: all.
    fn taken(&self, page: usize, keys: &Keys) -> Option<BooleanArray> {
        self.last.as_ref()?;
        Some(keys.iter().map(|key| Some(self.is_last(page, key))).collect())
    }
}

/// In which page each key comes last.
fn last_pages(keys: &[Keys]) -> HashMap<Vec<u8>, usize> {
    let pages = keys.iter().enumerate();
    pages.flat_map(|(page, keys)| keys.iter().map(move |key| (key.to_vec(), page))).collect()
}

/// The records, each key once.
pub(super) fn records<'f>(
    family: &'f Family,
    table: &Table,
    selection: &Selection,
) -> Result<Batch, DestinationError> {
    let part = |(page, rows): (usize, &'f TableRows)| {
        let keys = selection.keys.get(page).filter(|keys| !keys.is_empty());
        let taken = keys.and_then(|keys| selection.taken(page, keys));
        Part { batch: &rows.batch, table: &rows.table, taken }
    };
    let parts: Vec<Part<'_>> = family.rows_of(&table.name).map(part).collect();
    Ok(Batch { rows: joined(&parts, &table.columns, &table.name)?, parents: None })
}

/// The rows of a list, and the records whose earlier rows go. `known` are the numbers of those that were there before;
/// `None`: any may have been.
pub(super) fn list(
    family: &Family,
    table: &Table,
    selection: &Selection,
    known: Option<&Hashes>,
) -> Result<Batch, DestinationError> {
    let are_all_new = known.is_some_and(HashSet::is_empty);
    let mut parts = Vec::new();
    let mut parents = Vec::new();
    for (page, rows) in family.rows_of(&table.name) {
        let mut part = Part { batch: &rows.batch, table: &rows.table, taken: None };
        if let Some(records) = rows.parents.as_ref().filter(|_| !are_all_new || selection.last.is_some()) {
            let columns = names(records);
            part.taken =
                selection.taken(page, &Keys::of(&rows.batch, &columns, &rows.table, &selection.hasher));
            let keys = Keys::of(records, &columns, &rows.table, &selection.hasher);
            let goes = |(key, hash): (&[u8], &u64)| {
                selection.is_last(page, key) && known.is_none_or(|known| known.contains(hash))
            };
            let taken = Some(keys.iter().zip(&keys.hashes).map(|of_row| Some(goes(of_row))).collect());
            parents.push(Part { batch: records, table: &rows.table, taken });
        }
        parts.push(part);
    }
    let columns = parent_columns(table, &parents);
    let parents = (!columns.is_empty()).then(|| joined(&parents, &columns, &table.name)).transpose()?;
    let parents = parents.filter(|parents| parents.num_rows() > 0);
    Ok(Batch { rows: joined(&parts, &table.columns, &table.name)?, parents })
}

/// Those of the table's key that carry the key of a record, in their order.
fn parent_columns(table: &Table, parents: &[Part<'_>]) -> Vec<Column> {
    let is_of_record = |name: &&String| parents.iter().any(|part| part.batch.column_by_name(name).is_some());
    table.key.iter().filter(is_of_record).filter_map(|name| table.column(name)).cloned().collect()
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
}
