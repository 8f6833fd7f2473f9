//! Pages in, rows out: what a record becomes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use serde_json::{Map, Value, json};

use super::*;
use crate::page::{Binding, Partition};
use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, Text, Timestamp};
use crate::resource::{Pagination, Resource};
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

fn page(bindings: &[(&'static str, Value)], records: Value) -> Page {
    let bindings = bindings.iter().map(|(column, value)| Binding { column, value: value.clone() }).collect();
    let records =
        records.as_array().unwrap().iter().map(|record| record.as_object().unwrap().clone()).collect();
    Page { partition: Arc::new(Partition { resource: &THINGS, bindings }), records, last: true }
}

fn run_with(layout: &Layout, catalog: &Catalog, page: &Page) -> Vec<TableRows> {
    let stamp = Stamp { load_id: "l".to_owned(), loaded_at: UNIX_EPOCH };
    normalize(page, layout, catalog, &stamp).unwrap().tables
}

fn run(records: Value) -> Vec<TableRows> {
    run_with(&layout(), &Catalog::default(), &page(&[], records))
}

fn hinted(hints: &[(&'static str, ColumnKind)], records: Value) -> Vec<TableRows> {
    let layout = Layout { hints: hints.iter().copied().collect(), ..layout() };
    run_with(&layout, &Catalog::default(), &page(&[], records))
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

#[test]
fn nested_objects_become_columns() {
    let tables = run(json!([
        {"id": 1, "author": {"username": "ü", "deep": {"er": {"x": [1, {}]}}}, "state": "opened"},
        {"state": "closed", "id": 2, "author": null, "extra": true},
    ]));
    let expected = [
        json!({"id": 1, "author__username": "ü", "author__deep__er": "{\"x\":[1,{}]}", "state": "opened", "extra": null}),
        json!({"id": 2, "author__username": null, "author__deep__er": null, "state": "closed", "extra": true}),
    ];
    assert_eq!(rows(&tables, "things"), expected);
    assert_eq!(kind(&tables, "author__deep__er"), Some(Json));
    assert_eq!(kind(&tables, "author"), None);
}

#[test]
fn every_row_says_which_load_it_came_with() {
    let tables = run(json!([{"id": 1, "_load_id": "theirs", "list": [{"a": 1}]}]));
    for rows in &tables {
        let columns: Vec<_> = rows.table.columns.iter().map(|column| column.name.as_str()).collect();
        assert!(columns.ends_with(&["_load_id", "_loaded_at"]), "{columns:?}");
        assert_eq!(rows.batch.column_by_name("_load_id").unwrap().as_string::<i32>().value(0), "l");
    }
    let theirs = tables[0].table.columns.iter().find(|column| column.source == "/_load_id").unwrap();
    assert_ne!(theirs.name, "_load_id");
    assert_eq!(tables[0].batch.column_by_name(&theirs.name).unwrap().as_string::<i32>().value(0), "theirs");
}

#[test]
fn lists_of_objects_become_child_tables() {
    let tables = run(json!([
        {"id": 1, "assignees": [{"id": 7, "name": "a"}, {"id": 8, "roles": [{"x": 1}, {"x": 2}]}], "labels": ["l"]},
        {"id": 2, "assignees": [], "labels": []},
        {"id": 3, "assignees": [{"id": 7, "roles": [{"x": 3}]}], "mixed": [1, {"a": 1}]},
    ]));
    let parent = json!({"id": 1, "labels": "[\"l\"]", "mixed": null});
    assert_eq!(rows(&tables, "things")[0], parent);
    assert_eq!(rows(&tables, "things")[1], json!({"id": 2, "labels": null, "mixed": null}));
    let expected = [
        json!({"_parent_id": 1, "_index": 0, "id": 7, "name": "a"}),
        json!({"_parent_id": 1, "_index": 1, "id": 8, "name": null}),
        json!({"_parent_id": 3, "_index": 0, "id": 7, "name": null}),
    ];
    assert_eq!(rows(&tables, "things__assignees"), expected);
    let expected = [
        json!({"_parent_id": 1, "_index_1": 1, "_index": 0, "x": 1}),
        json!({"_parent_id": 1, "_index_1": 1, "_index": 1, "x": 2}),
        json!({"_parent_id": 3, "_index_1": 0, "_index": 0, "x": 3}),
    ];
    assert_eq!(rows(&tables, "things__assignees__roles"), expected);
    let roles = tables.iter().find(|rows| rows.table.source == "/assignees/roles").unwrap();
    assert_eq!(roles.table.key, ["_parent_id", "_index_1", "_index"]);
    assert_eq!(roles.table.parent.as_deref(), Some("things"));
    let parents = json_rows(&roles.table, roles.parents.as_ref().unwrap());
    assert_eq!(parents, [json!({"_parent_id": 1}), json!({"_parent_id": 2}), json!({"_parent_id": 3})]);
}

#[test]
fn a_list_that_no_record_has_any_more_is_emptied() {
    let catalog = Catalog::default();
    run_with(&layout(), &catalog, &page(&[], json!([{"id": 1, "list": [{"a": 1}]}])));
    let tables = run_with(&layout(), &catalog, &page(&[], json!([{"id": 1}])));
    assert_eq!(tables[1].table.name, "things__list");
    assert_eq!(tables[1].row_count(), 0);
    assert_eq!(tables[1].parents.as_ref().unwrap().num_rows(), 1);
}

#[test]
fn lists_stay_json_by_option_or_without_a_key() {
    let records = json!([{"id": 1, "list": [{"a": 1}]}, {"id": 2, "list": []}]);
    for layout in
        [Layout { lists: NestedLists::Json, ..layout() }, Layout { record_key: Vec::new(), ..layout() }]
    {
        let tables = run_with(&layout, &Catalog::default(), &page(&[], records.clone()));
        assert_eq!(tables.len(), 1);
        assert_eq!(rows(&tables, "things")[0]["list"], "[{\"a\":1}]");
        assert_eq!(rows(&tables, "things")[1]["list"], "[]");
    }
    let tables = hinted(&[("list", Json)], records);
    assert_eq!((tables.len(), &rows(&tables, "things")[1]["list"]), (1, &json!("[]")));
}

#[test]
fn columns_have_the_narrowest_type_that_holds_all() {
    let cases = [
        (json!([1, null]), Some(Int), json!([1, null])),
        (json!([1, 2.5]), Some(Float), json!([1.0, 2.5])),
        (json!([1, "x"]), Some(Text), json!(["1", "x"])),
        (json!([true, 1]), Some(Text), json!(["true", "1"])),
        (json!([18_446_744_073_709_551_615_u64, 1]), Some(Text), json!(["18446744073709551615", "1"])),
        (json!([9_007_199_254_740_993_i64, 0.5]), Some(Text), json!(["9007199254740993", "0.5"])),
        (json!([i64::MIN, i64::MAX]), Some(Int), json!([i64::MIN, i64::MAX])),
        (json!(["a", [1]]), Some(Json), json!(["\"a\"", "[1]"])),
        (json!([null, null]), None, json!([null, null])),
        (json!([{}, []]), None, json!([null, null])),
    ];
    for (values, expected, cells) in cases {
        let tables = run(json!([{"id": 1, "v": values[0]}, {"id": 2, "v": values[1]}]));
        assert_eq!(kind(&tables, "v"), expected, "{values}");
        if expected.is_some() {
            let found = rows(&tables, "things");
            assert_eq!(json!([found[0]["v"], found[1]["v"]]), cells);
        }
    }
}

#[test]
fn strings_are_times_only_where_all_of_them_are() {
    let instant = "2024-05-01T14:30:00.000+02:00";
    let cases = [
        (None, json!([instant, null]), Timestamp),
        (None, json!([instant, "soon"]), Text),
        (None, json!(["2024-01-01", "2024-01-02"]), Text),
        (Some(Text), json!([instant, instant]), Text),
        (Some(Date), json!(["2024-01-01", null]), Date),
        (Some(Timestamp), json!(["2024-01-01", "2024-01-02"]), Date),
        (Some(Timestamp), json!(["2024-01-01", "2024-05-01 12:30:00 UTC"]), Timestamp),
        (Some(Date), json!(["2024-01-01", "someday"]), Text),
        (Some(Int), json!(["1", "2"]), Text),
        (Some(Timestamp), json!([null, null]), Timestamp),
    ];
    for (hint, values, expected) in cases {
        let hints: Vec<_> = hint.map(|kind| ("v", kind)).into_iter().collect();
        let tables = hinted(&hints, json!([{"id": 1, "v": values[0]}, {"id": 2, "v": values[1]}]));
        assert_eq!(kind(&tables, "v"), Some(expected), "{hint:?} {values}");
    }
    let tables = run(json!([{"id": 1, "v": instant}]));
    assert_eq!(rows(&tables, "things")[0]["v"], "2024-05-01T12:30:00.000000Z");
    let tables = run(json!([{"id": 1, "v": instant}, {"id": 2, "v": "2024-05-01"}]));
    assert_eq!(rows(&tables, "things")[0]["v"], instant, "text is kept as it came");
}

#[test]
fn pages_agree_on_types_and_names() {
    let catalog = Catalog::default();
    let one = |records| run_with(&layout(), &catalog, &page(&[], records));
    assert_eq!(kind(&one(json!([{"id": 1, "v": 1, "fooBar": 1}])), "v"), Some(Int));
    assert_eq!(kind(&one(json!([{"id": 1, "v": "x"}])), "v"), Some(Text));
    let third = one(json!([{"id": 1, "v": 3, "foo_bar": 2, "fooBar": 1}]));
    assert_eq!(rows(&third, "things")[0]["v"], "3");
    assert_eq!(rows(&third, "things")[0]["foo_bar"], 1, "who came first keeps the name");
    let other = third[0].table.columns.iter().find(|column| column.source == "/foo_bar").unwrap();
    assert!(other.name.starts_with("foo_bar_"), "{}", other.name);

    let later = Catalog::from_tables(&[third[0].table.clone()]);
    let again =
        run_with(&layout(), &later, &page(&[], json!([{"id": 1, "foo_bar": 2, "fooBar": 1, "v": true}])));
    assert_eq!(rows(&again, "things")[0][&other.name], 2, "a later load gives the same names");
    assert_eq!(rows(&again, "things")[0]["v"], "true");
}

#[test]
fn a_name_that_needs_no_change_goes_to_its_own_field() {
    let tables = run(json!([{"id": 1, "fooBar": 1, "foo_bar": 2, "a__b": 3, "a": {"b": 4}}]));
    let row = &rows(&tables, "things")[0];
    assert_eq!(row["foo_bar"], 2);
    assert_eq!(row.as_object().unwrap().len(), 5);
    let sources: HashMap<_, _> =
        tables[0].table.columns.iter().map(|column| (column.source.as_str(), column.name.as_str())).collect();
    assert_eq!((sources["/foo_bar"], sources["/a__b"]), ("foo_bar", "a__b"));
    assert_eq!(row[sources["/a/b"]], 4);
}

#[test]
fn the_partition_is_on_every_row_and_wins() {
    let layout = Layout { partition_key: vec!["group_id"], ..layout() };
    let records = json!([
        {"id": 1, "group_id": 5, "list": [{"a": 1}]},
        {"id": 2, "group_id": "5"},
        {"id": 3, "group_id": null},
        {"id": 4, "group_id": 6},
        {"id": 5},
    ]);
    let bindings = [("group_id", json!(5))];
    let catalog = Catalog::default();
    let tables = run_with(&layout, &catalog, &page(&bindings, records));
    let found = rows(&tables, "things");
    assert!(found.iter().all(|row| row["group_id"] == 5));
    let own: Vec<_> = found.iter().map(|row| row["record_group_id"].clone()).collect();
    assert_eq!(json!(own), json!([null, null, null, 6, null]));
    assert_eq!(tables[0].table.key, ["group_id", "id"]);
    assert_eq!(
        rows(&tables, "things__list"),
        [json!({"_parent_group_id": 5, "_parent_id": 1, "_index": 0, "a": 1})]
    );
    let same = run_with(&layout, &Catalog::default(), &page(&bindings, json!([{"id": 1, "group_id": 5}])));
    assert_eq!(same[0].table.column("record_group_id"), None);
}

#[test]
fn of_records_with_the_same_key_the_last_counts() {
    let records =
        json!([{"id": 1, "v": "a", "list": [{"x": 1}, {"x": 2}]}, {"id": 1, "v": "b", "list": [{"x": 3}]}]);
    let tables = run(records.clone());
    assert_eq!(rows(&tables, "things"), [json!({"id": 1, "v": "b"})]);
    assert_eq!(rows(&tables, "things__list"), [json!({"_parent_id": 1, "_index": 0, "x": 3})]);
}

#[test]
fn versions_carry_what_tells_them_apart_and_so_do_their_lists() {
    let layout = Layout { is_unique: false, digests: Digests::Each, ..layout() };
    let run = |record: Value| run_with(&layout, &Catalog::default(), &page(&[], json!([record])));
    let tables = run(json!({"id": 1, "v": "a", "list": [{"x": 1}]}));
    assert_eq!(tables[0].table.key, ["id", "_digest"]);
    assert_eq!(tables[1].table.key, ["_parent_id", "_parent__digest", "_index"]);
    assert!(tables[1].parents.is_none());
    let digest = |tables: &[TableRows]| rows(tables, "things")[0]["_digest"].clone();
    assert_eq!(rows(&tables, "things__list")[0]["_parent__digest"], digest(&tables));
    assert_eq!(digest(&tables), digest(&run(json!({"list": [{"x": 1}], "id": 1, "v": "a"}))));
    assert_ne!(digest(&tables), digest(&run(json!({"list": [{"x": 2}], "id": 1, "v": "a"}))));
}

#[test]
fn records_without_their_key_are_rows_of_their_own() {
    let layout = layout();
    let page = page(&[], json!([{"v": 1}, {"v": 2, "id": null}, {"v": 1}, {"v": 3, "id": 7}]));
    let stamp = Stamp { load_id: "l".to_owned(), loaded_at: UNIX_EPOCH };
    let normalized = normalize(&page, &layout, &Catalog::default(), &stamp).unwrap();
    assert_eq!(normalized.without_key, 3);
    assert_eq!(normalized.tables[0].table.key, ["id", "_digest"]);
    let found = rows(&normalized.tables, "things");
    let digests: std::collections::BTreeSet<String> =
        found.iter().map(|row| row["_digest"].to_string()).collect();
    assert_eq!((found.len(), digests.len()), (4, 4), "also those that are the same");
    assert_eq!(found[3], json!({"id": 7, "v": 3, "_digest": null}));
}

#[test]
fn a_key_is_there_even_if_no_record_has_it() {
    let tables = run(json!([{"v": 1}]));
    assert_eq!(rows(&tables, "things")[0]["id"], Value::Null);
    assert_eq!(tables[0].table.column("id").unwrap().seen, Seen::Nothing);
}

#[test]
fn fields_without_end_go_into_one_column() {
    let record: Map<String, Value> = (0..3000).map(|at| (format!("k{at}"), json!(at))).collect();
    let record: Map<String, Value> = record.into_iter().chain([("id".to_owned(), json!(1))]).collect();
    let tables = run(json!([record]));
    let row = &rows(&tables, "things")[0];
    assert_eq!(row["id"], 1);
    assert!(row.as_object().unwrap().len() <= 1010);
    let more: Map<String, Value> = serde_json::from_str(row["_more"].as_str().unwrap()).unwrap();
    assert_eq!(more["/k2999"], 2999);
    let columns = row.as_object().unwrap().keys().filter(|name| name.starts_with('k')).count();
    assert_eq!(columns + more.len(), 3000);
}

#[test]
fn lists_under_names_without_end_stay_json() {
    let record: Map<String, Value> = (0..300).map(|at| (format!("k{at}"), json!([{"a": at}]))).collect();
    let catalog = Catalog::default();
    let tables = run_with(&layout(), &catalog, &page(&[], json!([record])));
    assert!(tables.len() <= 70, "{}", tables.len());
    let tables = run_with(&layout(), &catalog, &page(&[], json!([{"id": 1, "another": [{"a": 1}]}])));
    assert_eq!(rows(&tables, "things")[0]["another"], "[{\"a\":1}]");
}

#[test]
fn an_empty_page_has_no_rows() {
    let tables = run(json!([]));
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].row_count(), 0);
    let bound = run_with(&layout(), &Catalog::default(), &page(&[("project_id", json!(1))], json!([])));
    assert_eq!(bound[0].row_count(), 0);
}
