//! Tables become what rows need. A column of another kind means that all files of its table are written anew, so that
//! whoever reads them together finds one type; a new column is not in old files, which readers take for nulls.

use std::collections::HashSet;
use std::hash::RandomState;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::Schema;

use super::catalog::{ColumnEntry, TableEntry};
use super::draft::{Copy, Draft, filtered};
use super::site::{LiveFile, Site, columns_of};
use super::{Result, names};
use crate::destination::{DestinationError, PackageId, SchemaChange, Widening};
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::keys::Keys;
use crate::schema::kind::kind_name;
use crate::schema::table::Table;
use crate::schema::widen::widen;

/// How many keys are held at a time when those are sought that come twice.
const KEYS: u64 = 500_000;

pub(in super::super) fn widening(from: ColumnKind, to: ColumnKind) -> Widening {
    if from == to { Widening::Free } else { Widening::InPlace }
}

/// Makes changes, of tables one after the other. `foreign` are folders that were there and are no tables of ours.
pub(in super::super) fn change(
    draft: &mut Draft,
    site: &Arc<Site>,
    changes: &[SchemaChange],
    foreign: &HashSet<String>,
    package: &PackageId,
) -> Result<()> {
    let mut done = HashSet::new();
    for change in changes {
        let name = change.table();
        if done.insert(name) {
            let of_table = changes.iter().filter(|change| change.table() == name);
            change_table(draft, site, (name, of_table), foreign, package)?;
        }
    }
    Ok(())
}

fn change_table<'c>(
    draft: &mut Draft,
    site: &Arc<Site>,
    (name, changes): (&str, impl Iterator<Item = &'c SchemaChange>),
    foreign: &HashSet<String>,
    package: &PackageId,
) -> Result<()> {
    let before = draft.table(name, site)?;
    let mut new_key = None;
    for change in changes {
        draft.changed.insert(name.to_owned());
        let entry = draft.tables.get_mut(name).map(|table| &mut table.entry);
        match (change, entry) {
            (SchemaChange::CreateTable(table), None) => {
                if foreign.contains(&names::folder_of(name)) {
                    let (place, table) = (site.place.name(), name.to_owned());
                    return Err(DestinationError::ForeignTable { place, table });
                }
                let entry = TableEntry::of(table, &package.load_id);
                draft.tables.insert(name.to_owned(), entry.into());
            }
            (SchemaChange::AddColumn { column, .. }, Some(entry))
                if entry.columns.iter().all(|there| there.name != column.name) =>
            {
                entry.columns.push(ColumnEntry::of(column, &package.load_id));
            }
            (SchemaChange::AlterColumn { to, .. }, Some(entry)) => {
                if let Some(column) = entry.column_mut(&to.name) {
                    column.kind = kind_name(to.kind).to_owned();
                    column.seen = to.seen.name().to_owned();
                    column.source.clone_from(&to.source);
                }
            }
            (SchemaChange::SetKey { key, .. }, Some(entry)) => {
                entry.key.clone_from(key);
                new_key = Some(key);
            }
            _ => {}
        }
    }
    let Some((from, to)) = before.zip(draft.table(name, site)?) else { return Ok(()) };
    let (from, to) = (Arc::new(from), Arc::new(to));
    if from.columns.iter().any(|column| to.column(&column.name).is_some_and(|to| to.kind != column.kind)) {
        for copy in [Copy::Table, Copy::Stage] {
            convert(draft, site, (&from, &to, copy), package)?;
        }
    }
    if new_key.is_some_and(|key| !key.is_empty() && *key != from.key) {
        for copy in [Copy::Table, Copy::Stage] {
            keep_last(draft, site, (&to, copy), package)?;
        }
    }
    Ok(())
}

fn convert(
    draft: &mut Draft,
    site: &Arc<Site>,
    (from, to, copy): (&Arc<Table>, &Arc<Table>, Copy),
    package: &PackageId,
) -> Result<()> {
    draft.rewrite(site, (from, to, copy), package, &mut |_, into| {
        into(&mut |batch| converted(batch, from, to).map(Some))?;
        Ok(true)
    })
}

/// Rows of a table as it was, as it is.
pub(in super::super) fn converted(batch: &RecordBatch, from: &Table, to: &Table) -> Result<RecordBatch> {
    let fields: Vec<_> = to.columns.iter().map(|column| field(&column.name, column.kind)).collect();
    let schema = Arc::new(Schema::new(fields));
    let array = |column: &crate::schema::Column| -> Result<ArrayRef> {
        let Some((array, before)) = batch.column_by_name(&column.name).zip(from.column(&column.name)) else {
            return Ok(arrow_array::new_null_array(&crate::schema::data_type(column.kind), batch.num_rows()));
        };
        widen(array, before.kind, column.kind)
            .ok_or_else(|| DestinationError::mismatch(&to.name, &column.name))
    };
    let arrays = to.columns.iter().map(array).collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(schema, arrays).map_err(|_| DestinationError::mismatch(&to.name, ""))
}

/// Of rows that are the same by the table's key the last stays. The keys are gone through in as many parts as keep memory
/// flat.
pub(in super::super) fn keep_last(
    draft: &mut Draft,
    site: &Arc<Site>,
    (table, copy): (&Arc<Table>, Copy),
    package: &PackageId,
) -> Result<()> {
    let files = draft.files(&table.name, copy).to_vec();
    let rows: u64 = files.iter().map(|file| file.file.rows).sum();
    let parts = rows.div_ceil(KEYS).max(1);
    let mut stays: Vec<Vec<bool>> = vec![Vec::new(); files.len()];
    for part in 0..parts {
        let mut seen = HashSet::new();
        for (file, stays) in files.iter().zip(&mut stays).rev() {
            last_of(site, (table, file), (part, parts), &mut seen, stays)?;
        }
    }
    let mut stays = stays.into_iter();
    draft.rewrite(site, (table, table, copy), package, &mut |_, into| {
        let stays: Vec<bool> = stays.next().unwrap_or_default();
        if stays.iter().all(|stays| *stays) {
            return Ok(false);
        }
        let mut at = 0;
        into(&mut |batch| {
            let these = stays.iter().skip(at).take(batch.num_rows()).copied().map(Some);
            let these: BooleanArray = these.collect();
            at += batch.num_rows();
            filtered(batch, &these, table)
        })?;
        Ok(true)
    })
}

/// Notes the rows of a file whose key is in this part and comes again later.
fn last_of(
    site: &Site,
    (table, file): (&Table, &LiveFile),
    (part, parts): (u64, u64),
    seen: &mut HashSet<Box<[u8]>>,
    stays: &mut Vec<bool>,
) -> Result<()> {
    // The same numbers in each part, whatever files are read in between.
    let hasher: &RandomState = &site.hasher;
    let mut keys: Vec<Option<Box<[u8]>>> = Vec::new();
    let columns = columns_of(table, &table.key);
    site.each_batch(&table.name, file, &columns, &mut |batch| {
        let of_batch = Keys::of(&batch, &table.key, table, hasher);
        let is_of_part = |hash: &u64| hash % parts == part;
        let own = of_batch.iter().zip(&of_batch.hashes);
        keys.extend(own.map(|(key, hash)| is_of_part(hash).then(|| key.into())));
        Ok(())
    })?;
    stays.resize(keys.len(), true);
    for (key, stays) in keys.into_iter().zip(stays).rev() {
        if let Some(key) = key {
            *stays = seen.insert(key);
        }
    }
    Ok(())
}
