//! Pages in, rows out: what a record becomes.

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
use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, Text, Timestamp};
use crate::resource::{Pagination, Resource, Shape};
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
}

const STAMP: Stamp<'_> = Stamp { load_id: "l", loaded_at: UNIX_EPOCH };

type Bindings<'b> = &'b [(&'static str, Value)];

impl Readers {
    fn new(layout: &Layout) -> Self {
        Self::from_tables(layout, &[])
    }

    fn from_tables(layout: &Layout, tables: &[Table]) -> Self {
        let reader = || Reader::new(&THINGS, layout.clone(), Catalog::from_tables(tables));
        Self { fast: reader(), general: reader().general() }
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
        let reading = Reading { resource: &THINGS, shape: Shape::List, taps: &taps, hooks: &hooks };
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
    let readers = Readers::new(&layout());
    run_with(&readers, &[], json!([{"id": 1, "list": [{"a": 1}]}]));
    let tables = run_with(&readers, &[], json!([{"id": 1}]));
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
        let tables = run_with(&Readers::new(&layout), &[], records.clone());
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
    let readers = Readers::new(&layout());
    let one = |records| run_with(&readers, &[], records);
    assert_eq!(kind(&one(json!([{"id": 1, "v": 1, "fooBar": 1}])), "v"), Some(Int));
    assert_eq!(kind(&one(json!([{"id": 1, "v": "x"}])), "v"), Some(Text));
    let third = one(json!([{"id": 1, "v": 3, "foo_bar": 2, "fooBar": 1}]));
    assert_eq!(rows(&third, "things")[0]["v"], "3");
    assert_eq!(rows(&third, "things")[0]["foo_bar"], 1, "who came first keeps the name");
    let other = third[0].table.columns.iter().find(|column| column.source == "/foo_bar").unwrap();
    assert!(other.name.starts_with("foo_bar_"), "{}", other.name);

    let later = Readers::from_tables(&layout(), &[Table::clone(&third[0].table)]);
    let again = run_with(&later, &[], json!([{"id": 1, "foo_bar": 2, "fooBar": 1, "v": true}]));
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
    let tables = run_with(&Readers::new(&layout), &bindings, records);
    let found = rows(&tables, "things");
    assert!(found.iter().all(|row| row["group_id"] == 5));
    let own: Vec<_> = found.iter().map(|row| row["record_group_id"].clone()).collect();
    assert_eq!(json!(own), json!([null, null, null, 6, null]));
    assert_eq!(tables[0].table.key, ["group_id", "id"]);
    assert_eq!(
        rows(&tables, "things__list"),
        [json!({"_parent_group_id": 5, "_parent_id": 1, "_index": 0, "a": 1})]
    );
    for hints in [vec![], vec![("group_id", Int)]] {
        let layout = Layout { hints: hints.into_iter().collect(), ..layout.clone() };
        let same = run_with(&Readers::new(&layout), &bindings, json!([{"id": 1, "group_id": 5}]));
        assert_eq!(same[0].table.column("record_group_id"), None, "what is never filled makes no column");
    }
}

#[test]
fn of_records_with_the_same_key_the_last_counts() {
    let records =
        json!([{"id": 1, "v": "a", "list": [{"x": 1}, {"x": 2}]}, {"id": 1, "v": "b", "list": [{"x": 3}]}]);
    let tables = run(records.clone());
    assert_eq!(rows(&tables, "things"), [json!({"id": 1, "v": "b"})]);
    assert_eq!(rows(&tables, "things__list"), [json!({"_parent_id": 1, "_index": 0, "x": 3})]);
    let layout = Layout { is_unique: false, ..layout() };
    let tables = run_with(&Readers::new(&layout), &[], records);
    assert_eq!((tables[0].row_count(), tables[1].row_count()), (2, 3));
    assert!(tables[1].parents.is_none());
}

#[test]
fn records_without_a_key_are_told_apart_by_what_they_hold() {
    let readers = Readers::new(&layout());
    let page = json!([{"v": 1}, {"v": 2, "id": null}, {"v": 1}, {"id": 7, "v": 1, "list": [{"a": 1}]}]);
    let normalized = readers.read(&[], &page);
    assert_eq!(normalized.without_key, 3);
    assert_eq!(normalized.tables[0].table.key, ["id", DIGEST]);
    let found = rows(&normalized.tables, "things");
    let digests: HashSet<String> = found.iter().map(|row| row[DIGEST].to_string()).collect();
    assert_eq!((found.len(), digests.len(), &found[3][DIGEST]), (4, 4, &Value::Null));
    let child = json!({"_parent_id": 7, "_parent__digest": null, "_index": 0, "a": 1});
    assert_eq!(rows(&normalized.tables, "things__list"), [child]);
    let again = readers.read(&[], &page);
    assert_eq!(rows(&again.tables, "things"), found, "the same records have the same digests");
}

#[test]
fn a_key_is_there_even_if_no_record_has_it() {
    let tables = run(json!([{"v": 1}]));
    assert_eq!(tables[0].table.column("id").unwrap().seen, Seen::Nothing);
}

#[test]
fn versions_have_digests_and_keep_their_lists() {
    let layout = Layout { is_unique: false, digests: Digests::Each, ..layout() };
    let readers = Readers::new(&layout);
    let tables =
        run_with(&readers, &[], json!([{"id": 1, "list": [{"a": 1}]}, {"id": 1, "list": [{"a": 2}]}]));
    assert_eq!((tables[0].row_count(), &tables[0].table.key), (1, &vec!["id".to_owned(), DIGEST.to_owned()]));
    let digest = &rows(&tables, "things")[0][DIGEST];
    assert_eq!(rows(&tables, "things__list")[0]["_parent__digest"], *digest);
    assert!(tables[1].parents.is_none());
    assert_eq!(run_with(&readers, &[], json!([{"id": 2}])).len(), 1);
}

#[test]
fn numbers_keep_their_digits() {
    let readers = Readers::new(&layout());
    let long = "123456789012345678901234567890";
    let text = format!("[{{\"id\": 1, \"v\": {long}, \"w\": 1e20, \"l\": [{long}, 1e300]}}]");
    let tables = readers.read_text(&[], &text).tables;
    let row = &rows(&tables, "things")[0];
    assert_eq!((&row["v"], &row["w"]), (&json!(long), &json!(1e20)));
    assert_eq!(row["l"], format!("[{long},1e+300]"));
    assert_eq!((kind(&tables, "v"), kind(&tables, "w")), (Some(Text), Some(Float)));
    let tables = readers.read_text(&[], "[{\"id\": 2, \"v\": 5, \"w\": 1e400}]").tables;
    assert_eq!(rows(&tables, "things")[0], json!({"id": 2, "v": "5", "w": "1e400", "l": null}));
}

#[test]
fn of_fields_with_one_name_the_last_counts() {
    let readers = Readers::new(&layout());
    for (twice, expected) in
        [("1, \"v\": 2", json!(2)), ("1, \"v\": null", json!(null)), ("null, \"v\": 3", json!(3))]
    {
        let tables = readers
            .read_text(&[], &format!("[{{\"id\": 1, \"v\": {twice}}}, {{\"id\": 2, \"v\": 1}}]"))
            .tables;
        assert_eq!(rows(&tables, "things")[0]["v"], expected);
        assert_eq!(rows(&tables, "things")[1]["v"], 1);
    }
    let list =
        r#"[{"id": 1, "l": [{"a": 1, "o": {"b": 1}, "a": 2}], "l": [{"a": 3, "o": {"b": 1, "b": 2}}]}]"#;
    let tables = readers.read_text(&[], list).tables;
    assert_eq!(rows(&tables, "things__l"), [json!({"_parent_id": 1, "_index": 0, "a": 3, "o__b": 2})]);
}

#[test]
fn what_is_left_out_makes_no_column() {
    let layout = Layout { left_out: vec!["token", "author__secret", "id"], ..layout() };
    let readers = Readers::new(&layout);
    let page = json!([{"id": 1, "token": "t", "author": {"secret": {"x": [1]}, "username": "u"}, "list": [{"token": 1}]}]);
    let tables = run_with(&readers, &[], page);
    assert_eq!(rows(&tables, "things"), [json!({"id": 1, "author__username": "u"})], "the key stays");
    assert_eq!(rows(&tables, "things__list"), [json!({"_parent_id": 1, "_index": 0, "token": 1})]);
    for token in [json!([{"a": 1}]), json!({"a": 1}), json!(1e300)] {
        let tables = run_with(&readers, &[], json!([{"id": 1, "token": token}]));
        assert_eq!(rows(&tables, "things"), [json!({"id": 1, "author__username": null})]);
    }
}

#[test]
fn rows_of_lists_go_with_their_records() {
    let reader = Reader::new(&THINGS, layout(), Catalog::default());
    let records = json!([{"id": 1, "l": [{"a": 1}]}, {"id": 2, "l": [{"a": 2}, {"a": 3}]}, {"id": 2}, {"id": 3, "l": [{"a": 4}]}]);
    let records: Vec<Record<'_>> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|one| RecordValue::from(one.clone()).as_object().unwrap().clone())
        .collect();
    let mut page = reader.rows(&[], &records);
    page.retain(&[false, true, true, true]);
    assert_eq!(page.len(), 3);
    page.retain(&[true, false, true]);
    let tables = page.finish(&STAMP).unwrap().tables;
    assert_eq!(rows(&tables, "things"), [json!({"id": 2}), json!({"id": 3})]);
    let list = rows(&tables, "things__l");
    assert_eq!(
        list.iter().map(|row| [&row["_parent_id"], &row["a"]]).collect::<Vec<_>>(),
        [[2, 2], [2, 3], [3, 4]]
    );
    let parents = json_rows(&tables[1].table, tables[1].parents.as_ref().unwrap());
    assert_eq!(parents, [json!({"_parent_id": 2}), json!({"_parent_id": 3})]);
}

#[test]
fn a_hook_sees_records_and_what_it_drops_teaches_nothing() {
    let reader = Reader::new(&THINGS, layout(), Catalog::default());
    let hooks = Hooks::new().on("things", |record| {
        record.insert("added", "x");
        record.remove("b");
        if record.get("id") == Some(&2.into()) { Keep::No } else { Keep::Yes }
    });
    let taps = Taps::new(["b"]);
    let reading = Reading { resource: &THINGS, shape: Shape::List, taps: &taps, hooks: &hooks };
    let text = r#"[{"id": 1, "b": "sent"}, {"id": 2, "only": 1}]"#;
    let Read { glimpses, mut rows } = reader.read(reading, &[], text).unwrap().unwrap();
    assert_eq!(glimpses[0].text("b"), Some("sent"), "the engine sees what GitLab sent");
    rows.retain(&[true, !glimpses[1].is_dropped()]);
    let tables = rows.finish(&STAMP).unwrap().tables;
    assert_eq!(self::rows(&tables, "things"), [json!({"id": 1, "added": "x"})]);
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
    let readers = Readers::new(&layout());
    let tables = run_with(&readers, &[], json!([record]));
    assert!(tables.len() <= 70, "{}", tables.len());
    let tables = run_with(&readers, &[], json!([{"id": 1, "another": [{"a": 1}]}]));
    assert_eq!(rows(&tables, "things")[0]["another"], "[{\"a\":1}]");
}

#[test]
fn an_empty_page_has_no_rows() {
    let tables = run(json!([]));
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].row_count(), 0);
    let bound = run_with(&Readers::new(&layout()), &[("project_id", json!(1))], json!([]));
    assert_eq!(bound[0].row_count(), 0);
}
