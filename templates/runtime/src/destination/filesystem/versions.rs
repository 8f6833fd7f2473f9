//! The last versions of records, looked up in the files that were there before the package.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, BooleanArray, Int64Array, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::Result;
use super::keys::KeySet;
use super::site::{LiveFile, Site, columns_of};
use crate::destination::DestinationError;
use crate::schema::DIGEST;
use crate::schema::keys::Keys;
use crate::schema::table::{Table, VALID_FROM, VALID_TO};

const LOAD_ID: &str = "_load_id";
const LOADED_AT: &str = "_loaded_at";

pub(super) struct Versions {
    /// The columns that name a record.
    pub(super) of: Vec<String>,
    pub(super) files: Vec<LiveFile>,
}

/// One version of a record. The last has the highest load, and the highest time in that.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    load_id: String,
    loaded_at: i64,
    pub(super) digest: Option<i64>,
    pub(super) valid_from: Option<i64>,
}

/// Which versions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    /// Those without an end.
    Open,
}

/// The columns of a batch that tell versions apart.
pub(super) struct Marks<'b> {
    digests: Option<&'b Int64Array>,
    load_ids: Option<&'b arrow_array::StringArray>,
    loaded_at: Option<&'b arrow_array::TimestampMicrosecondArray>,
    valid_from: Option<&'b arrow_array::TimestampMicrosecondArray>,
    valid_to: Option<&'b arrow_array::TimestampMicrosecondArray>,
}

impl Versions {
    /// The rows that differ from the last version of their record.
    pub(super) fn changed(&self, site: &Site, table: &Table, batch: &RecordBatch) -> Result<RecordBatch> {
        let last = self.last(site, table, batch, Which::All)?;
        let keys = Keys::of(batch, &self.of, table, &site.hasher);
        let marks = Marks::of(batch);
        let changed = keys.iter().enumerate().map(|(row, key)| {
            let digest = marks.digest(row);
            Some(digest.is_none() || last.get(key).is_none_or(|last| last.digest != digest))
        });
        let changed: BooleanArray = changed.collect();
        filter_record_batch(batch, &changed).map_err(|_| DestinationError::mismatch(&table.name, DIGEST))
    }

    /// The last versions of the records of a batch, by their keys.
    pub(super) fn last(
        &self,
        site: &Site,
        table: &Table,
        batch: &RecordBatch,
        which: Which,
    ) -> Result<HashMap<Box<[u8]>, Version>> {
        let mut wanted = KeySet::new(self.of.clone());
        wanted.add(site, batch, table);
        let mut last = HashMap::new();
        for file in &self.files {
            if wanted.may_be_in(site, file, table)? {
                self.look((site, table, file), &wanted, which, &mut last)?;
            }
        }
        Ok(last)
    }

    fn look(
        &self,
        (site, table, file): (&Site, &Table, &LiveFile),
        wanted: &KeySet,
        which: Which,
        last: &mut HashMap<Box<[u8]>, Version>,
    ) -> Result<()> {
        let names = [DIGEST, LOAD_ID, LOADED_AT, VALID_FROM, VALID_TO].map(str::to_owned);
        let columns =
            columns_of(table, names.iter().chain(self.of.iter().filter(|name| !names.contains(name))));
        site.each_batch(&table.name, file, &columns, &mut |batch| {
            let others = wanted.others(site, &batch, table);
            let keys = Keys::of(&batch, &self.of, table, &site.hasher);
            let marks = Marks::of(&batch);
            let is_looked_at = |row: usize| !others.value(row) && (which == Which::All || marks.is_open(row));
            for (row, key) in keys.iter().enumerate().filter(|(row, _)| is_looked_at(*row)) {
                if last.get(key).is_none_or(|last| marks.is_after(row, last)) {
                    last.insert(key.into(), marks.version(row));
                }
            }
            Ok(())
        })
    }
}

impl<'b> Marks<'b> {
    pub(super) fn of(batch: &'b RecordBatch) -> Self {
        let times = |name| batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        Self {
            digests: batch.column_by_name(DIGEST).and_then(|array| array.as_primitive_opt::<Int64Type>()),
            load_ids: batch.column_by_name(LOAD_ID).and_then(|array| array.as_string_opt::<i32>()),
            loaded_at: times(LOADED_AT),
            valid_from: times(VALID_FROM),
            valid_to: times(VALID_TO),
        }
    }

    pub(super) fn digest(&self, row: usize) -> Option<i64> {
        self.digests.filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }

    pub(super) fn valid_from(&self, row: usize) -> Option<i64> {
        self.valid_from.filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }

    pub(super) fn is_open(&self, row: usize) -> bool {
        self.valid_to.is_none_or(|array| array.is_null(row))
    }

    pub(super) fn is(&self, row: usize, version: &Version) -> bool {
        self.order(row) == (version.load_id.as_str(), version.loaded_at)
            && self.digest(row) == version.digest
            && self.valid_from(row) == version.valid_from
    }

    fn is_after(&self, row: usize, version: &Version) -> bool {
        self.order(row) >= (version.load_id.as_str(), version.loaded_at)
    }

    fn version(&self, row: usize) -> Version {
        let (load_id, loaded_at) = self.order(row);
        let (digest, valid_from) = (self.digest(row), self.valid_from(row));
        Version { load_id: load_id.to_owned(), loaded_at, digest, valid_from }
    }

    fn order(&self, row: usize) -> (&'b str, i64) {
        let load_id = self.load_ids.filter(|array| array.is_valid(row)).map_or("", |array| array.value(row));
        let time = self.loaded_at.filter(|array| array.is_valid(row)).map(|array| array.value(row));
        (load_id, time.unwrap_or(i64::MIN))
    }
}
