//! A history: the version of a record that holds gives its place to a row that is the same, or ends.
//!
//! Rows that are the same get the time from which their version held when they are written. Which version that was is
//! noted, and the commit takes it away, and ends the others, in the files that hold them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{BooleanArray, RecordBatch};

use super::Result;
use super::draft::{Copy, Draft, filtered};
use super::keys::KeySet;
use super::site::{LiveFile, Site, columns_of};
use super::versions::{Marks, Version, Versions, Which};
use crate::destination::{DestinationError, PackageId};
use crate::schema::arrow::instants;
use crate::schema::keys::Keys;
use crate::schema::table::{Table, VALID_FROM, VALID_TO};

/// By the keys of their records.
pub(super) type Successors = HashMap<Box<[u8]>, Successor>;

/// What a row does to the versions of its record that have no end.
#[derive(Debug)]
pub(super) struct Successor {
    /// From when on the row holds: they end then.
    at: Option<i64>,
    /// The one whose place it takes.
    replaced: Option<Version>,
}

/// The rows of a batch, where they continue a version with the time from which that held.
pub(super) fn continued(
    versions: &Versions,
    (site, table): (&Site, &Table),
    batch: &RecordBatch,
    successors: &mut Successors,
) -> Result<RecordBatch> {
    let mut last = versions.last(site, table, batch, Which::Open)?;
    let keys = Keys::of(batch, &versions.of, table, &site.hasher);
    let marks = Marks::of(batch);
    let mut times = Vec::with_capacity(batch.num_rows());
    for (row, key) in keys.iter().enumerate() {
        let (at, digest) = (marks.valid_from(row), marks.digest(row));
        let open = last.remove(key);
        let has_open = open.is_some();
        let replaced = open.filter(|open| digest.is_some() && open.digest == digest);
        times.push(replaced.as_ref().map_or(at, |replaced| replaced.valid_from));
        if has_open {
            successors.insert(key.into(), Successor { at, replaced });
        }
    }
    with_times(batch, VALID_FROM, times.into_iter(), table)
}

/// Ends the versions that the rows of these keys follow; tells how many gave their place to one of them.
pub(super) fn end(
    draft: &mut Draft,
    site: &Arc<Site>,
    (name, keys): (&str, &KeySet),
    mut successors: Successors,
    package: &PackageId,
) -> Result<u64> {
    let Some(table) = draft.table(name, site)?.map(Arc::new) else { return Ok(0) };
    if successors.is_empty() {
        return Ok(0);
    }
    let mut replaced = 0;
    draft.rewrite(site, (&table, &table, Copy::Table), package, &mut |file, into| {
        if !keys.may_be_in(site, file, &table)? || !has_any(file, (site, &table), keys, &successors)? {
            return Ok(false);
        }
        into(&mut |batch| {
            let Some((stays, ends)) = judged(batch, (site, &table), keys, &mut successors) else {
                return Ok(None);
            };
            replaced += u64::try_from(stays.false_count()).unwrap_or(u64::MAX);
            let ended = with_times(batch, VALID_TO, ends.into_iter(), &table)?;
            Ok(filtered(&ended, &stays, &table)?.or(Some(ended)))
        })?;
        Ok(true)
    })?;
    Ok(replaced)
}

/// Whether a file holds versions that end: most that have ended are looked at for nothing.
fn has_any(
    file: &LiveFile,
    (site, table): (&Site, &Table),
    records: &KeySet,
    successors: &Successors,
) -> Result<bool> {
    let end = VALID_TO.to_owned();
    let columns = columns_of(table, records.columns.iter().filter(|name| **name != end).chain([&end]));
    let mut has_any = false;
    site.each_batch(&table.name, file, &columns, &mut |batch| {
        let marks = Marks::of(&batch);
        let keys = Keys::of(&batch, &records.columns, table, &site.hasher);
        let is_ended = |(row, key): (usize, &[u8])| marks.is_open(row) && successors.contains_key(key);
        has_any = has_any || keys.iter().enumerate().any(is_ended);
        Ok(())
    })?;
    Ok(has_any)
}

/// Which rows stay, and when each ends; `None` where nothing becomes of them.
fn judged(
    batch: &RecordBatch,
    (site, table): (&Site, &Table),
    records: &KeySet,
    successors: &mut Successors,
) -> Option<(BooleanArray, Vec<Option<i64>>)> {
    let ends = batch.column_by_name(VALID_TO)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let mut ends: Vec<Option<i64>> = ends.iter().collect();
    let mut stays = vec![true; batch.num_rows()];
    let mut is_changed = false;
    let marks = Marks::of(batch);
    let keys = Keys::of(batch, &records.columns, table, &site.hasher);
    for ((row, key), (stays, end)) in keys.iter().enumerate().zip(stays.iter_mut().zip(&mut ends)) {
        let Some(successor) = successors.get_mut(key).filter(|_| marks.is_open(row)) else { continue };
        is_changed = true;
        if successor.replaced.take_if(|replaced| marks.is(row, replaced)).is_some() {
            *stays = false;
        } else {
            *end = successor.at;
        }
    }
    is_changed.then(|| (stays.into(), ends))
}

/// The batch with other times in one of its columns.
fn with_times(
    batch: &RecordBatch,
    name: &str,
    times: impl Iterator<Item = Option<i64>>,
    table: &Table,
) -> Result<RecordBatch> {
    let mut arrays = batch.columns().to_vec();
    let at = batch.schema_ref().column_with_name(name).map(|(at, _)| at);
    let column =
        at.and_then(|at| arrays.get_mut(at)).ok_or_else(|| DestinationError::mismatch(&table.name, name))?;
    *column = instants(times);
    RecordBatch::try_new(batch.schema(), arrays).map_err(|_| DestinationError::mismatch(&table.name, name))
}
