//! Pages in, rows out: what a record becomes.

mod keys;
mod kinds;
mod random;
mod tables;

use std::collections::{HashMap, HashSet};
use std::time::UNIX_EPOCH;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use serde_json::{Map, Value, json};

use super::*;
use crate::hooks::{Hooks, Keep};
use crate::page::Binding;
use crate::record::{Glimpse, Read, Reading, Record, Rows, Taps, Value as RecordValue};
use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, List, Text, Timestamp};
use crate::resource::{ItemKind, Pagination, Resource, Shape};
use crate::schema::table::DIGEST;
use crate::schema::time::{date_text, instant_text};
use crate::schema::{Seen, Table, data_type};

static THINGS: Resource = Resource {
    name: "things",
    table: "things",
    path: "/projects/{id}/things",
    record_key: &["id"],
    pagination: Pagination::Offset,
    ..Resource::DEFAULT
};

fn layout() -> Layout {
    Layout {
        table: "things".to_owned(),
        record_key: vec!["id"],
        is_unique: true,
        max_depth: 2,
        ..Layout::default()
    }
}

/// Two readers of one resource: one reads by its plan where it can, one by the general way alone. What one of them
/// makes of a page, the other has to make as well.
struct Readers {
    fast: Reader,
    general: Reader,
    omit: &'static [&'static str],
}

const STAMP: Stamp<'_> = Stamp { load_id: "l", loaded_at: UNIX_EPOCH };

type Bindings<'b> = &'b [(&'static str, Value)];

impl Readers {
    fn new(layout: &Layout) -> Self {
        Self::from_tables(layout, &[])
    }

    fn from_tables(layout: &Layout, tables: &[Table]) -> Self {
        Self::allowing(layout, tables, Allowed::default())
    }

    /// In a place with list columns.
    fn with_lists(layout: &Layout) -> Self {
        Self::allowing(layout, &[], Allowed { list_columns: true, ..Allowed::default() })
    }

    fn allowing(layout: &Layout, tables: &[Table], allowed: Allowed) -> Self {
        let reader = || Reader::new(&THINGS, layout.clone(), Catalog::from_tables(tables, allowed));
        Self { fast: reader(), general: reader().general(), omit: &[] }
    }

    fn read(&self, bindings: Bindings<'_>, records: &Value) -> Normalized {
        self.read_text(bindings, &records.to_string())
    }

    /// Reads a page three times: the first time it may teach the plan something, the second time it follows it.
    fn read_text(&self, bindings: Bindings<'_>, text: &str) -> Normalized {
        let bindings: Vec<Binding> =
            bindings.iter().map(|(column, value)| Binding { column, value: value.clone() }).collect();
        let taps = Taps::new(["id", "state", "author.username"]);
        let hooks = Hooks::new();
        let reading =
            Reading { resource: &THINGS, shape: Shape::List, taps: &taps, hooks: &hooks, omit: self.omit };
        let read = |reader: &Reader| reader.read(reading, &bindings, text).unwrap().unwrap();
        let [general, first, second] = [&self.general, &self.fast, &self.fast].map(read);
        let seen = |glimpses: &[Glimpse]| glimpses.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>();
        assert_eq!(seen(&general.glimpses), seen(&first.glimpses), "{text}");
        assert_eq!(seen(&general.glimpses), seen(&second.glimpses), "{text}");
        let [general, first, second] = [general, first, second].map(|read| read.rows.finish(&STAMP).unwrap());
        assert_same(&general, &first, text);
        assert_same(&general, &second, text);
        second
    }
}

fn assert_same(one: &Normalized, other: &Normalized, text: &str) {
    assert_eq!(one.without_key, other.without_key, "{text}");
    assert_eq!(one.tables.len(), other.tables.len(), "{text}");
    for (one, other) in one.tables.iter().zip(&other.tables) {
        assert_eq!(one.table, other.table, "{text}");
        assert_eq!(one.batch, other.batch, "{text}");
        assert_eq!(one.parents, other.parents, "{text}");
    }
}

fn run_with(readers: &Readers, bindings: Bindings<'_>, records: Value) -> Vec<TableRows> {
    readers.read(bindings, &records).tables
}

fn run(records: Value) -> Vec<TableRows> {
    run_with(&Readers::new(&layout()), &[], records)
}

fn hinted(hints: &[(&'static str, ColumnKind)], records: Value) -> Vec<TableRows> {
    let layout = Layout { hints: hints.iter().copied().collect(), ..layout() };
    run_with(&Readers::new(&layout), &[], records)
}

fn cell(array: &dyn Array, kind: ColumnKind, row: usize) -> Value {
    match kind {
        _ if array.is_null(row) => Value::Null,
        Bool => json!(array.as_boolean().value(row)),
        Int => json!(array.as_primitive::<Int64Type>().value(row)),
        Float => json!(array.as_primitive::<Float64Type>().value(row)),
        Date => json!(date_text(array.as_primitive::<Date32Type>().value(row))),
        Timestamp => json!(instant_text(array.as_primitive::<TimestampMicrosecondType>().value(row))),
        Text | Json => json!(array.as_string::<i32>().value(row)),
        List(item) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|at| cell(&items, item.kind(), at)).collect()
        }
    }
}

fn json_rows(table: &Table, batch: &RecordBatch) -> Vec<Value> {
    let row = |row| {
        let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
        let cells = names.zip(batch.columns()).map(|(name, array)| {
            let kind = table.column(&name).unwrap().kind;
            assert_eq!(array.data_type(), &data_type(kind), "{name}");
            (name, cell(array, kind, row))
        });
        Value::Object(cells.filter(|(name, _)| !name.starts_with("_load")).collect::<Map<_, _>>())
    };
    (0..batch.num_rows()).map(row).collect()
}

fn rows(tables: &[TableRows], name: &str) -> Vec<Value> {
    let rows =
        tables.iter().find(|rows| rows.table.name == name).unwrap_or_else(|| panic!("no table {name}"));
    json_rows(&rows.table, &rows.batch)
}

fn kind(tables: &[TableRows], column: &str) -> Option<ColumnKind> {
    tables[0].table.column(column).map(|column| column.kind)
}
