//! From cells to record batches: names, kinds, and the columns that the pipeline adds.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::Schema;
use serde_json::Value;

use crate::normalize::arrays::{Values, gathered, repeated};
use crate::normalize::catalog::{Catalog, OVERFLOW, RECORD, Wanted};
use crate::normalize::columns::{FieldColumn, field_columns, overflow};
use crate::normalize::flatten::Sheet;
use crate::normalize::{Digests, Layout, NormalizeError, Stamp};
use crate::page::Binding;
use crate::resource::ColumnKind;
use crate::schema::arrow::{field, instants};
use crate::schema::kind::Seen;
use crate::schema::names::{fitting, name_of, pointer_of};
use crate::schema::table::{Column, DIGEST, Table, TableRows};
use crate::schema::widen::widen;

/// What all tables of a page are made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assembly<'p> {
    pub(super) layout: &'p Layout,
    pub(super) catalog: &'p Catalog,
    pub(super) stamp: &'p Stamp,
    pub(super) bindings: &'p [Binding],
    pub(super) resource: &'p str,
    /// Of each record, where any has one.
    pub(super) digests: &'p [Option<i64>],
}

/// A table in the making.
#[derive(Debug, Default)]
struct Draft {
    columns: Vec<Column>,
    arrays: Vec<ArrayRef>,
}

/// A column of the records' key, as the rows of lists repeat it.
#[derive(Debug)]
struct KeyColumn {
    name: String,
    column: Column,
    array: ArrayRef,
}

impl Assembly<'_> {
    /// The records' own table, then those of their lists.
    pub(super) fn tables(
        &self,
        sheet: &Sheet<'_>,
        known_lists: &BTreeMap<String, String>,
    ) -> Result<Vec<TableRows>, NormalizeError> {
        let mut records = self.records(sheet)?;
        let keys = key_columns(&records);
        if !self.layout.is_unique && self.layout.digests != Digests::Each {
            records.table.key.clear();
        }
        let mut tables = vec![records];
        let mut lists = Vec::new();
        sheet.fields.collect_lists(&mut lists);
        for list in &lists {
            tables.push(self.list(list, &keys, sheet.rows)?);
        }
        if self.replaces_lists() && sheet.rows > 0 {
            for (source, table) in known_lists {
                if tables.iter().all(|rows| rows.table.name != *table) {
                    tables.push(self.emptied(source, table, &keys, sheet.rows)?);
                }
            }
        }
        Ok(tables)
    }

    /// Not of versions, whose lists stay with them.
    fn replaces_lists(&self) -> bool {
        self.layout.is_unique && self.layout.digests != Digests::Each
    }

    fn records(&self, sheet: &Sheet<'_>) -> Result<TableRows, NormalizeError> {
        let table = &self.layout.table;
        let mut draft = Draft::default();
        for Binding { column, value } in self.bindings {
            let source = format!("partition/{column}");
            let (seen, kind) = self.catalog.join(table, column, Seen::of(value), ColumnKind::Text);
            draft.add(column, seen, kind, source, repeated(value, kind, sheet.rows));
        }
        let fixed: Vec<&str> = self.bindings.iter().map(|binding| binding.column).collect();
        let fields = field_columns(&sheet.fields, &self.layout.record_key);
        let own_key = self.add_fields(&mut draft, table, &fixed, &fields, sheet.rows);
        let digest = (!self.digests.is_empty()).then(|| {
            let array = Arc::new(arrow_array::Int64Array::from(self.digests.to_vec()));
            draft.add(DIGEST, Seen::BigInt, ColumnKind::Int, format!("load/{DIGEST}"), array);
            DIGEST.to_owned()
        });
        self.add_stamp(&mut draft, sheet.rows);
        let partition = self.layout.partition_key.iter().map(|column| (*column).to_owned());
        let key = partition.chain(own_key).chain(digest).collect();
        draft.finish(Table {
            name: table.clone(),
            parent: None,
            source: self.resource.to_owned(),
            key,
            columns: Vec::new(),
        })
    }

    fn list(
        &self,
        sheet: &Sheet<'_>,
        keys: &[KeyColumn],
        records: usize,
    ) -> Result<TableRows, NormalizeError> {
        let source = pointer_of(sheet.fields.path.iter().copied());
        let table = self.catalog.list_table(&self.layout.table, &source, &sheet.fields.path);
        let mut draft = Draft::default();
        for key in keys {
            let array = gathered(&key.array, &sheet.record_rows);
            self.add_parent(&mut draft, &table, key, array);
        }
        let depth = sheet.indexes.first().map_or(1, Vec::len);
        for level in 0..depth {
            let name = if level + 1 == depth { "_index".to_owned() } else { format!("_index_{}", level + 1) };
            let indexes = sheet.indexes.iter().map(|indexes| indexes.get(level).copied());
            let array = Arc::new(indexes.collect::<arrow_array::Int64Array>());
            draft.add(&name, Seen::Int, ColumnKind::Int, format!("list/{name}"), array);
        }
        let key: Vec<String> = draft.columns.iter().map(|column| column.name.clone()).collect();
        let fixed: Vec<&str> = key.iter().map(String::as_str).collect();
        self.add_fields(&mut draft, &table, &fixed, &field_columns(&sheet.fields, &[]), sheet.rows);
        self.add_stamp(&mut draft, sheet.rows);
        let parent = Some(self.layout.table.clone());
        let is_tied = self.layout.is_unique || self.layout.digests == Digests::Each;
        let key = if is_tied { key } else { Vec::new() };
        let mut rows = draft.finish(Table { name: table, parent, source, key, columns: Vec::new() })?;
        rows.parents = self.parents(&rows.table, keys, records)?;
        Ok(rows)
    }

    /// A list that no record of the page has: rows that an earlier load made for them have to go.
    fn emptied(
        &self,
        source: &str,
        table: &str,
        keys: &[KeyColumn],
        records: usize,
    ) -> Result<TableRows, NormalizeError> {
        let mut draft = Draft::default();
        for key in keys {
            self.add_parent(&mut draft, table, key, gathered(&key.array, &[]));
        }
        let parent = Some(self.layout.table.clone());
        let (name, source) = (table.to_owned(), source.to_owned());
        let mut rows = draft.finish(Table { name, parent, source, key: Vec::new(), columns: Vec::new() })?;
        rows.parents = self.parents(&rows.table, keys, records)?;
        Ok(rows)
    }

    fn add_parent(&self, draft: &mut Draft, table: &str, key: &KeyColumn, array: ArrayRef) {
        let (seen, kind) = self.catalog.join(table, &key.name, key.column.seen, key.column.kind);
        let array = widen(&array, key.column.kind, kind).unwrap_or(array);
        draft.add(&key.name, seen, kind, format!("parent/{}", key.column.name), array);
    }

    fn parents(
        &self,
        table: &Table,
        keys: &[KeyColumn],
        records: usize,
    ) -> Result<Option<RecordBatch>, NormalizeError> {
        if !self.replaces_lists() {
            return Ok(None);
        }
        let mut draft = Draft::default();
        for key in keys {
            let kind = table.column(&key.name).map_or(key.column.kind, |column| column.kind);
            let array = widen(&key.array, key.column.kind, kind).unwrap_or_else(|| Arc::clone(&key.array));
            draft.add(&key.name, key.column.seen, kind, String::new(), array);
        }
        draft.batch(&table.name, records).map(Some)
    }

    /// Adds the columns of fields; returns the names of those that are part of the record key.
    fn add_fields(
        &self,
        draft: &mut Draft,
        table: &str,
        fixed: &[&str],
        fields: &[FieldColumn<'_, '_>],
        rows: usize,
    ) -> Vec<String> {
        let hint = |field: &FieldColumn<'_, '_>| self.layout.hints.get(field.full_name.as_str()).copied();
        let wanted = fields.iter().filter(|field| field.is_wanted(hint(field)));
        let sourced = wanted.map(|field| (field, source_of(field, fixed)));
        // What only repeats the partition makes no column of its own.
        let sourced =
            sourced.filter(|(field, source)| !source.starts_with(RECORD) || !field.cells.values.is_empty());
        let (fields, sources): (Vec<_>, Vec<String>) = sourced.unzip();
        let wanted = fields.iter().zip(&sources).map(|(field, source)| Wanted { source, path: &field.path });
        let names = self.catalog.names(table, fixed, &wanted.collect::<Vec<_>>());
        let mut key = Vec::new();
        let mut without_room = Vec::new();
        for ((field, source), name) in fields.into_iter().zip(sources).zip(names) {
            let Some((name, known)) = name else {
                without_room.push((source, field));
                continue;
            };
            let hint = hint(field);
            let times = field.times(hint, known);
            let seen = times.as_ref().map_or(field.cells.seen, |(seen, _)| *seen);
            let (seen, kind) = self.catalog.join(table, &name, seen, hint.unwrap_or(ColumnKind::Text));
            let times = times.as_ref().map(|(_, times)| times.as_slice());
            let values = Values { first: field.cells.first, cells: &field.cells.values, times, rows };
            draft.add(&name, seen, kind, source, values.array(kind));
            if field.is_key {
                key.push(name);
            }
        }
        if !without_room.is_empty() {
            let array = Arc::new(overflow(&without_room, rows));
            draft.add(OVERFLOW, Seen::Json, ColumnKind::Json, format!("load/{OVERFLOW}"), array);
        }
        key
    }

    fn add_stamp(&self, draft: &mut Draft, rows: usize) {
        let load_id = repeated(&Value::from(self.stamp.load_id.as_str()), ColumnKind::Text, rows);
        draft.add("_load_id", Seen::Text, ColumnKind::Text, "load/_load_id".to_owned(), load_id);
        let loaded_at = chrono::DateTime::<chrono::Utc>::from(self.stamp.loaded_at).timestamp_micros();
        let loaded_at = instants(std::iter::repeat_n(Some(loaded_at), rows));
        let source = "load/_loaded_at".to_owned();
        draft.add("_loaded_at", Seen::Timestamp, ColumnKind::Timestamp, source, loaded_at);
    }
}

impl Draft {
    fn add(&mut self, name: &str, seen: Seen, kind: ColumnKind, source: String, array: ArrayRef) {
        self.columns.push(Column { name: name.to_owned(), kind, seen, source });
        self.arrays.push(array);
    }

    fn finish(self, table: Table) -> Result<TableRows, NormalizeError> {
        let rows = self.arrays.first().map_or(0, |array| array.len());
        let columns = self.columns.clone();
        let batch = self.batch(&table.name, rows)?;
        Ok(TableRows { table: Table { columns, ..table }, batch, parents: None })
    }

    fn batch(self, table: &str, rows: usize) -> Result<RecordBatch, NormalizeError> {
        let fields: Vec<_> = self.columns.iter().map(|column| field(&column.name, column.kind)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), self.arrays, &options)
            .map_err(|error| NormalizeError { table: table.to_owned(), source: Arc::new(error) })
    }
}

fn key_columns(records: &TableRows) -> Vec<KeyColumn> {
    let columns = records.table.columns.iter().zip(records.batch.columns());
    let parts =
        records.table.key.iter().filter_map(|key| columns.clone().find(|(column, _)| column.name == *key));
    let parts = parts.map(|(column, array)| KeyColumn {
        name: fitting(format!("_parent_{}", column.name), &column.source),
        column: column.clone(),
        array: Arc::clone(array),
    });
    parts.collect()
}

/// Where the values of a column come from. A field of the same name as a fixed column is another source than the
/// same field where the table has no such column, because it gets another name.
fn source_of(field: &FieldColumn<'_, '_>, fixed: &[&str]) -> String {
    let pointer = pointer_of(field.path.iter().copied());
    if fixed.contains(&name_of(field.path.iter().copied()).as_str()) {
        return format!("{RECORD}{}", pointer.trim_start_matches('/'));
    }
    pointer
}
