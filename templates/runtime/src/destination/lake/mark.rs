//! Marks rows that are gone, and those that hang on them. Deletions that mark alike go through a table together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch};
use serde_json::Value;

use super::Result;
use super::draft::{Copy, Draft};
use super::site::{LiveFile, Site, columns_of};
use crate::destination::{Below, Deletion, PackageId};
use crate::resource::ColumnKind;
use crate::schema::arrow::instants;
use crate::schema::keys::Keys;
use crate::schema::table::Table;
use crate::schema::widen::widen;

const LOAD_ID: &str = "_load_id";

/// Deletions in one table, of partitions by the same columns, with the same mark and the same below them.
struct Group<'d> {
    table: &'d str,
    mark: &'static str,
    columns: Vec<String>,
    below: &'d [Below],
    deletions: Vec<&'d Deletion>,
}

/// Which deletion a key belongs to.
type Marked = HashMap<Box<[u8]>, usize>;

/// Which deletion marks each row of a batch, with `_load_id`s beside.
type Finder<'f> = dyn Fn(&RecordBatch, &Table) -> Vec<Option<usize>> + 'f;

/// Marks rows; tells how many, by table.
pub(in super::super) fn mark(
    draft: &mut Draft,
    site: &Arc<Site>,
    deletions: &[Deletion],
    package: &PackageId,
) -> Result<BTreeMap<String, u64>> {
    let mut deleted = BTreeMap::new();
    for group in groups(deletions) {
        group.mark(draft, site, package, &mut deleted)?;
    }
    deleted.retain(|_, rows| *rows > 0);
    Ok(deleted)
}

fn groups(deletions: &[Deletion]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for deletion in deletions {
        let columns: Vec<String> = deletion.partition.iter().map(|(column, _)| column.clone()).collect();
        let same = groups.iter_mut().find(|group| {
            group.table == deletion.table
                && group.mark == deletion.mark
                && group.columns == columns
                && group.below == deletion.below
        });
        match same {
            Some(group) => group.deletions.push(deletion),
            None => groups.push(Group {
                table: &deletion.table,
                mark: deletion.mark,
                columns,
                below: &deletion.below,
                deletions: vec![deletion],
            }),
        }
    }
    groups
}

impl Group<'_> {
    fn mark(
        &self,
        draft: &mut Draft,
        site: &Arc<Site>,
        package: &PackageId,
        deleted: &mut BTreeMap<String, u64>,
    ) -> Result<()> {
        let mut wanted: HashMap<Vec<Option<String>>, Vec<usize>> = HashMap::new();
        for (at, deletion) in self.deletions.iter().enumerate() {
            let values = deletion.partition.iter().map(|(_, value)| text_of(value)).collect();
            wanted.entry(values).or_default().push(at);
        }
        let in_partition = |batch: &RecordBatch, table: &Table| {
            let texts: Vec<Option<ArrayRef>> =
                self.columns.iter().map(|name| texts_of(batch, table, name)).collect();
            let load_ids = load_ids(batch);
            let find = |row: usize| {
                let values: Vec<Option<String>> =
                    texts.iter().map(|texts| text_at(texts.as_ref(), row)).collect();
                let load_id = load_id_at(load_ids, row)?;
                let is_due = |at: &&usize| {
                    let deletion = self.deletions.get(**at);
                    deletion.is_some_and(|due| (due.from.as_str()..due.before.as_str()).contains(&load_id))
                };
                wanted.get(&values)?.iter().find(is_due).copied()
            };
            (0..batch.num_rows()).map(find).collect()
        };
        let mut marked: Vec<Marked> = vec![Marked::new(); self.below.len()];
        let step = Step { group: self, table: self.table, mark: self.mark, columns: &self.columns };
        *deleted.entry(self.table.to_owned()).or_default() +=
            step.run((&mut *draft, site, package), &in_partition, &mut marked)?;
        for (at, below) in self.below.iter().enumerate() {
            let above = marked.get_mut(at).map(std::mem::take).unwrap_or_default();
            if above.is_empty() {
                continue;
            }
            let own: Vec<String> = below.on.iter().map(|(own, _)| own.clone()).collect();
            let hangs = |batch: &RecordBatch, table: &Table| {
                let keys = Keys::of(batch, &own, table, &site.hasher);
                let load_ids = load_ids(batch);
                let find = |(row, key): (usize, &[u8])| {
                    let at = *above.get(key)?;
                    let before = self.deletions.get(at)?.before.as_str();
                    load_id_at(load_ids, row).filter(|load_id| *load_id < before).map(|_| at)
                };
                keys.iter().enumerate().map(find).collect()
            };
            let step = Step { group: self, table: &below.table, mark: below.mark, columns: &own };
            *deleted.entry(below.table.clone()).or_default() +=
                step.run((&mut *draft, site, package), &hangs, &mut marked)?;
        }
        Ok(())
    }
}

/// One table of a group.
struct Step<'s> {
    group: &'s Group<'s>,
    table: &'s str,
    mark: &'static str,
    /// By which rows are found.
    columns: &'s [String],
}

impl Step<'_> {
    /// Marks what is found, and notes the keys of what was marked for what hangs on it.
    fn run(
        &self,
        (draft, site, package): (&mut Draft, &Arc<Site>, &PackageId),
        find: &Finder<'_>,
        marked: &mut [Marked],
    ) -> Result<u64> {
        let Some(table) = draft.table(self.table, site)?.map(Arc::new) else { return Ok(0) };
        let own = [LOAD_ID.to_owned(), self.mark.to_owned()];
        let needed: Vec<&String> =
            own.iter().chain(self.columns.iter().filter(|name| !own.contains(name))).collect();
        let columns = columns_of(&table, needed);
        let mut count = 0;
        draft.rewrite(site, (&table, &table, Copy::Table), package, &mut |file, into| {
            if !self.has_any(site, &table, file, &columns, find)? {
                return Ok(false);
            }
            into(&mut |batch| {
                let found = self.unmarked(find(batch, &table), batch);
                count += u64::try_from(found.iter().flatten().count()).unwrap_or(u64::MAX);
                self.note(site, &table, batch, &found, marked);
                Ok(self.marked(batch, &found))
            })?;
            Ok(true)
        })?;
        Ok(count)
    }

    fn has_any(
        &self,
        site: &Site,
        table: &Table,
        file: &LiveFile,
        columns: &[crate::schema::Column],
        find: &Finder<'_>,
    ) -> Result<bool> {
        let mut has_any = false;
        site.each_batch(&table.name, file, columns, &mut |batch| {
            has_any = has_any || self.unmarked(find(&batch, table), &batch).iter().any(Option::is_some);
            Ok(())
        })?;
        Ok(has_any)
    }

    /// A mark stays.
    fn unmarked(&self, mut found: Vec<Option<usize>>, batch: &RecordBatch) -> Vec<Option<usize>> {
        let Some(times) = batch.column_by_name(self.mark) else { return vec![None; found.len()] };
        let marked = found.iter_mut().enumerate().filter(|(row, _)| times.is_valid(*row));
        marked.for_each(|(_, found)| *found = None);
        found
    }

    fn note(
        &self,
        site: &Site,
        table: &Table,
        batch: &RecordBatch,
        found: &[Option<usize>],
        marked: &mut [Marked],
    ) {
        for (below, marked) in
            self.group.below.iter().zip(marked).filter(|(below, _)| below.above == self.table)
        {
            let above: Vec<String> = below.on.iter().map(|(_, above)| above.clone()).collect();
            let keys = Keys::of(batch, &above, table, &site.hasher);
            let new = keys.iter().zip(found).filter_map(|(key, found)| Some((Box::from(key), (*found)?)));
            marked.extend(new);
        }
    }

    /// The batch with the times of the deletions.
    fn marked(&self, batch: &RecordBatch, found: &[Option<usize>]) -> Option<RecordBatch> {
        let (at, _) = batch.schema_ref().column_with_name(self.mark)?;
        let times = batch.columns().get(at)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        let time_of = |at: usize| self.group.deletions.get(at).map(|deletion| micros(deletion.at));
        let marked = times.iter().zip(found).map(|(time, found)| time.or_else(|| found.and_then(time_of)));
        let mut arrays = batch.columns().to_vec();
        *arrays.get_mut(at)? = instants(marked);
        RecordBatch::try_new(batch.schema(), arrays).ok()
    }
}

fn micros(time: SystemTime) -> i64 {
    chrono::DateTime::<chrono::Utc>::from(time).timestamp_micros()
}

fn load_ids(batch: &RecordBatch) -> Option<&arrow_array::StringArray> {
    batch.column_by_name(LOAD_ID).and_then(|array| array.as_string_opt::<i32>())
}

fn load_id_at(load_ids: Option<&arrow_array::StringArray>, row: usize) -> Option<&str> {
    load_ids.filter(|ids| ids.is_valid(row)).map(|ids| ids.value(row))
}

/// The values of a column as text, which is how those of a partition are compared with them.
fn texts_of(batch: &RecordBatch, table: &Table, name: &str) -> Option<ArrayRef> {
    let kind = table.column(name)?.kind;
    let array = batch.column_by_name(name)?;
    if kind == ColumnKind::Json { Some(Arc::clone(array)) } else { widen(array, kind, ColumnKind::Text) }
}

fn text_at(texts: Option<&ArrayRef>, row: usize) -> Option<String> {
    let texts = texts?.as_string_opt::<i32>()?;
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
