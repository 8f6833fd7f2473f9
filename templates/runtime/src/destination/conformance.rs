//! What every destination does, as checks: each of them starts from an empty place.
//!
//! A destination's tests call [`check`] with a way to open a fresh place and to read a table back.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::destination::{Destination, LoadEntry, LoadStatus, SchemaChange, StateEntry, Target, Written};
use crate::resource::ColumnKind::{self, Bool, Date, Float, Int, Json, Text, Timestamp};
use crate::schema::kind::{Seen, kind_name};
use crate::schema::table::{Column, Table, TableRows};

/// A place that outlives the destination which is open on it.
pub trait Place {
    /// Opens it, for the first time or again.
    fn open(&self) -> Box<dyn Destination>;

    /// The rows of a table, each as a list of its values in the order of `columns`, in any order. Values are what JSON
    /// has for their kind; times are text, JSON is parsed.
    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value>;
}

/// Runs all checks, each in a place of its own.
pub fn check<P: Place>(fresh: impl Fn() -> P) {
    let checks: &[fn(&dyn Place)] = &[
        values_are_kept_exactly,
        very_long_text_is_kept,
        rows_merge_on_composite_keys,
        a_null_in_a_key_equals_a_null,
        of_two_in_a_batch_the_last_stays,
        a_merged_row_is_replaced_as_a_whole,
        without_a_key_rows_are_added,
        new_columns_are_null_in_old_rows,
        columns_widen_with_their_values,
        a_key_column_widens,
        a_column_without_values_takes_any_type,
        another_key_merges_from_then_on,
        names_are_data,
        staged_rows_wait_for_the_swap,
        stages_of_a_crashed_load_go,
        list_rows_go_with_their_record,
        rows_of_a_partition_are_marked,
        without_commit_nothing_happened,
        state_comes_with_its_rows,
        loads_are_kept,
        the_schema_is_read_back,
    ];
    for check in checks {
        check(&fresh());
    }
}

const LOAD: &str = "20240501T000000000Z-test";

/// Puts rows into a table, after the changes that they need, in one package.
fn load(place: &dyn Place, rows: &TableRows) -> Written {
    let mut destination = place.open();
    destination.begin().unwrap();
    let written = write(destination.as_mut(), rows, Target::Table);
    destination.commit().unwrap();
    written
}

/// Writes rows, creates their table or adds columns to it where that is needed.
fn write(destination: &mut dyn Destination, rows: &TableRows, target: Target) -> Written {
    prepare(destination, rows);
    destination.write(rows, target).unwrap()
}

fn prepare(destination: &mut dyn Destination, rows: &TableRows) {
    let name = &rows.table.name;
    let Some(table) = destination.tables().unwrap().into_iter().find(|table| table.name == *name) else {
        return destination.apply(&SchemaChange::CreateTable(Table::clone(&rows.table)), LOAD).unwrap();
    };
    for column in rows.table.columns.iter().filter(|column| table.column(&column.name).is_none()) {
        let change = SchemaChange::AddColumn { table: name.clone(), column: column.clone() };
        destination.apply(&change, LOAD).unwrap();
    }
}

fn sorted(mut rows: Vec<Value>) -> Vec<String> {
    rows.sort_by_key(ToString::to_string);
    rows.into_iter().map(|row| row.to_string()).collect()
}

#[track_caller]
fn expect(place: &dyn Place, table: &str, columns: &[(&str, ColumnKind)], rows: &[Value]) {
    assert_eq!(sorted(place.rows(table, columns)), sorted(rows.to_vec()));
}

fn values_are_kept_exactly(place: &dyn Place) {
    let columns =
        [("b", Bool), ("i", Int), ("f", Float), ("d", Date), ("t", Timestamp), ("x", Text), ("j", Json)];
    let (instant, day) = ("2024-05-01T12:30:00.123456Z", "2024-02-29");
    let rows = [
        json!([true, i64::MAX, 0.1, day, instant, "naïve 日本 🦊 \u{0} \" ' ; \n\r\t\\", {"a": [1, null, "ü"]}]),
        json!([false, i64::MIN, f64::MAX, "0001-01-01", "1969-12-31T23:59:59.999999Z", "", []]),
        json!([null, -1, -0.5, "9999-12-31", "9999-12-31T23:59:59.000000Z", " padded ", "text"]),
        json!([null, 9_007_199_254_740_993_i64, f64::MIN_POSITIVE, null, null, "1.0", 1.5]),
        json!([null, null, null, null, null, null, null]),
    ];
    let written = load(place, &TableRows::of("kinds", &[], &columns, &rows));
    assert_eq!(written, Written { inserted: 5, updated: 0 });
    expect(place, "kinds", &columns, &rows);
    let none = TableRows::of("kinds", &[], &columns, &[]);
    assert_eq!(load(place, &none), Written::default());
}

fn very_long_text_is_kept(place: &dyn Place) {
    let rows = [json!(["🦊".repeat(1 << 20)])];
    load(place, &TableRows::of("long", &[], &[("x", Text)], &rows));
    expect(place, "long", &[("x", Text)], &rows);
}

fn rows_merge_on_composite_keys(place: &dyn Place) {
    let columns = [("project_id", Int), ("name", Text), ("sha", Text)];
    let of = |rows: &[Value]| TableRows::of("branches", &["project_id", "name"], &columns, rows);
    load(place, &of(&[json!([1, "main", "a"]), json!([2, "main", "b"]), json!([1, "dev", "c"])]));
    let written = load(place, &of(&[json!([1, "main", "z"]), json!([2, "dev", "d"])]));
    assert_eq!(written, Written { inserted: 1, updated: 1 });
    let rows =
        [json!([1, "main", "z"]), json!([2, "main", "b"]), json!([1, "dev", "c"]), json!([2, "dev", "d"])];
    expect(place, "branches", &columns, &rows);
}

fn a_null_in_a_key_equals_a_null(place: &dyn Place) {
    let columns = [("a", Int), ("b", Text), ("value", Int)];
    let of = |rows: &[Value]| TableRows::of("nulls", &["a", "b"], &columns, rows);
    let first = of(&[json!([1, null, 1]), json!([null, "x", 2]), json!([null, null, 3]), json!([1, "x", 4])]);
    load(place, &first);
    let written = load(place, &first);
    assert_eq!(written, Written { inserted: 0, updated: 4 });
    load(place, &of(&[json!([1, null, 10])]));
    let rows = [json!([1, null, 10]), json!([null, "x", 2]), json!([null, null, 3]), json!([1, "x", 4])];
    expect(place, "nulls", &columns, &rows);
}

fn of_two_in_a_batch_the_last_stays(place: &dyn Place) {
    let columns = [("id", Int), ("value", Text)];
    let rows = [json!([1, "first"]), json!([null, "first"]), json!([1, "last"]), json!([null, "last"])];
    load(place, &TableRows::of("twice", &["id"], &columns, &rows));
    expect(place, "twice", &columns, &[json!([1, "last"]), json!([null, "last"])]);
}

fn a_merged_row_is_replaced_as_a_whole(place: &dyn Place) {
    let columns = [("id", Int), ("a", Text), ("b", Text)];
    load(place, &TableRows::of("whole", &["id"], &columns, &[json!([1, "a", "b"]), json!([2, "a", "b"])]));
    load(place, &TableRows::of("whole", &["id"], &[("b", Text), ("id", Int)], &[json!(["new", 1])]));
    expect(place, "whole", &columns, &[json!([1, null, "new"]), json!([2, "a", "b"])]);
    load(place, &TableRows::of("whole", &["id"], &[("id", Int)], &[json!([2]), json!([3])]));
    expect(
        place,
        "whole",
        &columns,
        &[json!([1, null, "new"]), json!([2, null, null]), json!([3, null, null])],
    );
}

fn without_a_key_rows_are_added(place: &dyn Place) {
    let rows = TableRows::of("events", &[], &[("id", Int)], &[json!([1]), json!([1])]);
    load(place, &rows);
    assert_eq!(load(place, &rows), Written { inserted: 2, updated: 0 });
    expect(place, "events", &[("id", Int)], &[json!([1]), json!([1]), json!([1]), json!([1])]);
}

fn new_columns_are_null_in_old_rows(place: &dyn Place) {
    load(place, &TableRows::of("grows", &["id"], &[("id", Int)], &[json!([1])]));
    let columns = [("id", Int), ("flag", Bool), ("at", Timestamp)];
    load(
        place,
        &TableRows::of("grows", &["id"], &columns, &[json!([2, true, "2024-05-01T00:00:00.000000Z"])]),
    );
    expect(
        place,
        "grows",
        &columns,
        &[json!([1, null, null]), json!([2, true, "2024-05-01T00:00:00.000000Z"])],
    );
}

/// A value of each kind that has a wider one, that one, and what the value is in it.
fn widenings() -> Vec<(ColumnKind, Value, ColumnKind, Value)> {
    let instant = "2024-05-01T12:30:00.000000Z";
    vec![
        (Bool, json!(true), Text, json!("true")),
        (Int, json!(-7), Float, json!(-7.0)),
        (Int, json!(i64::MIN), Text, json!(i64::MIN.to_string())),
        (Float, json!(0.1), Text, json!("0.1")),
        (Float, json!(0.300_000_000_000_000_04), Text, json!("0.30000000000000004")),
        (Date, json!("2024-05-01"), Timestamp, json!("2024-05-01T00:00:00.000000Z")),
        (Date, json!("2024-05-01"), Text, json!("2024-05-01")),
        (Timestamp, json!(instant), Text, json!(instant)),
        (Bool, json!(false), Json, json!(false)),
        (Int, json!(i64::MAX), Json, json!(i64::MAX)),
        (Float, json!(1.5), Json, json!(1.5)),
        (Date, json!("2024-05-01"), Json, json!("2024-05-01")),
        (Timestamp, json!(instant), Json, json!(instant)),
        (Text, json!("a\"b\n日"), Json, json!("a\"b\n日")),
    ]
}

fn alter(table: &str, name: &str, from: (ColumnKind, Seen), to: (ColumnKind, Seen)) -> SchemaChange {
    let column = |(kind, seen)| Column { name: name.to_owned(), kind, seen, source: format!("/{name}") };
    SchemaChange::AlterColumn { table: table.to_owned(), from: column(from), to: column(to) }
}

fn seen(kind: ColumnKind) -> Seen {
    Seen::from_name(kind_name(kind)).unwrap()
}

fn apply(place: &dyn Place, change: &SchemaChange) {
    let mut destination = place.open();
    destination.begin().unwrap();
    destination.apply(change, LOAD).unwrap();
    destination.commit().unwrap();
}

fn columns_widen_with_their_values(place: &dyn Place) {
    for (at, (from, value, to, wide)) in widenings().into_iter().enumerate() {
        let table = format!("widens_{at}");
        let old = [json!([1, value, "kept"]), json!([2, null, "kept"])];
        load(place, &TableRows::of(&table, &["id"], &[("id", Int), ("v", from), ("w", Text)], &old));
        apply(place, &alter(&table, "v", (from, seen(from)), (to, seen(to))));
        let columns = [("id", Int), ("v", to), ("w", Text)];
        let written = load(place, &TableRows::of(&table, &["id"], &columns, &[json!([3, wide, "new"])]));
        assert_eq!(written.inserted, 1, "the key holds after a change");
        let rows = [json!([1, wide, "kept"]), json!([2, null, "kept"]), json!([3, wide, "new"])];
        expect(place, &table, &columns, &rows);
    }
}

fn a_key_column_widens(place: &dyn Place) {
    load(place, &TableRows::of("keys", &["id"], &[("id", Int), ("v", Int)], &[json!([1, 1]), json!([2, 1])]));
    apply(place, &alter("keys", "id", (Int, Seen::Int), (Text, Seen::Text)));
    let columns = [("id", Text), ("v", Int)];
    let written = load(place, &TableRows::of("keys", &["id"], &columns, &[json!(["1", 2]), json!(["x", 2])]));
    assert_eq!(written, Written { inserted: 1, updated: 1 });
    expect(place, "keys", &columns, &[json!(["1", 2]), json!(["2", 1]), json!(["x", 2])]);
}

fn a_column_without_values_takes_any_type(place: &dyn Place) {
    load(place, &TableRows::of("hinted", &[], &[("id", Int), ("v", Text)], &[json!([1, null])]));
    apply(place, &alter("hinted", "v", (Text, Seen::Nothing), (Int, Seen::Int)));
    load(place, &TableRows::of("hinted", &[], &[("id", Int), ("v", Int)], &[json!([2, 5])]));
    expect(place, "hinted", &[("id", Int), ("v", Int)], &[json!([1, null]), json!([2, 5])]);
}

fn another_key_merges_from_then_on(place: &dyn Place) {
    let columns = [("id", Int), ("name", Text), ("v", Int)];
    let rows = [json!([1, "a", 1]), json!([1, "a", 2]), json!([2, null, 3]), json!([2, null, 4])];
    load(place, &TableRows::of("rekeyed", &[], &columns, &rows));
    let key = vec!["id".to_owned(), "name".to_owned()];
    apply(place, &SchemaChange::SetKey { table: "rekeyed".to_owned(), key: key.clone() });
    expect(place, "rekeyed", &columns, &[json!([1, "a", 2]), json!([2, null, 4])]);
    load(
        place,
        &TableRows::of("rekeyed", &["id", "name"], &columns, &[json!([1, "a", 9]), json!([3, "c", 9])]),
    );
    expect(place, "rekeyed", &columns, &[json!([1, "a", 9]), json!([2, null, 4]), json!([3, "c", 9])]);
    assert_eq!(place.open().tables().unwrap()[0].key, key);
    apply(place, &SchemaChange::SetKey { table: "rekeyed".to_owned(), key: Vec::new() });
    load(place, &TableRows::of("rekeyed", &[], &columns, &[json!([1, "a", 0])]));
    assert_eq!(place.rows("rekeyed", &columns).len(), 4);
}

fn names_are_data(place: &dyn Place) {
    let table = "x\"; DROP TABLE \"victim\"; --\n'`[]";
    let columns =
        [("id", Int), ("select", Text), ("a\"b", Text), ("c; --", Text), ("new\nline", Text), ("?1", Text)];
    load(place, &TableRows::of("victim", &[], &[("id", Int)], &[json!([1])]));
    let of = |rows: &[Value]| TableRows::of(table, &["id", "a\"b"], &columns, rows);
    load(place, &of(&[json!([1, "s", "q", "c", "n", "p"])]));
    load(place, &of(&[json!([1, "'); DROP TABLE victim; --", "q", "c", "n", "p"])]));
    apply(place, &alter(table, "c; --", (Text, Seen::Text), (Json, Seen::Json)));
    let columns =
        [("id", Int), ("select", Text), ("a\"b", Text), ("c; --", Json), ("new\nline", Text), ("?1", Text)];
    expect(place, table, &columns, &[json!([1, "'); DROP TABLE victim; --", "q", "c", "n", "p"])]);
    expect(place, "victim", &[("id", Int)], &[json!([1])]);
    for name in ["order", "rowid", "_rowid_", "oid"] {
        load(place, &TableRows::of(name, &[name], &[(name, Text), ("group", Int)], &[json!(["k", 1])]));
        load(place, &TableRows::of(name, &[name], &[(name, Text), ("group", Int)], &[json!(["k", 2])]));
        expect(place, name, &[(name, Text), ("group", Int)], &[json!(["k", 2])]);
    }
}

fn staged_rows_wait_for_the_swap(place: &dyn Place) {
    let columns = [("id", Int), ("v", Text)];
    let of = |rows: &[Value]| TableRows::of("labels", &["id"], &columns, rows);
    load(place, &of(&[json!([1, "old"]), json!([2, "old"])]));

    let mut destination = place.open();
    destination.begin().unwrap();
    write(destination.as_mut(), &of(&[json!([1, "new"])]), Target::Stage);
    destination.commit().unwrap();
    expect(place, "labels", &columns, &[json!([1, "old"]), json!([2, "old"])]);

    destination.begin().unwrap();
    let wider = [("id", Int), ("v", Json), ("w", Int)];
    destination.apply(&alter("labels", "v", (Text, Seen::Text), (Json, Seen::Json)), LOAD).unwrap();
    let rows = TableRows::of("labels", &["id"], &wider, &[json!([3, ["new"], 7]), json!([1, "newer", 8])]);
    write(destination.as_mut(), &rows, Target::Stage);
    destination.swap("labels").unwrap();
    destination.commit().unwrap();
    expect(place, "labels", &wider, &[json!([1, "newer", 8]), json!([3, ["new"], 7])]);

    destination.begin().unwrap();
    assert!(!destination.is_empty("labels").unwrap());
    destination.swap("labels").unwrap();
    assert!(destination.is_empty("labels").unwrap());
    destination.commit().unwrap();
    expect(place, "labels", &wider, &[]);
}

fn stages_of_a_crashed_load_go(place: &dyn Place) {
    let of = |rows: &[Value]| TableRows::of("tags", &[], &[("name", Text)], rows);
    let mut destination = place.open();
    destination.begin().unwrap();
    write(destination.as_mut(), &of(&[json!(["crashed"])]), Target::Stage);
    destination.commit().unwrap();
    drop(destination);

    let mut destination = place.open();
    destination.begin().unwrap();
    destination.discard_stages().unwrap();
    write(destination.as_mut(), &of(&[json!(["whole"])]), Target::Stage);
    destination.swap("tags").unwrap();
    destination.commit().unwrap();
    expect(place, "tags", &[("name", Text)], &[json!(["whole"])]);
}

fn list_rows_go_with_their_record(place: &dyn Place) {
    let columns = [("_parent_id", Int), ("_index", Int), ("name", Text)];
    let of = |parents: &[Value], rows: &[Value]| TableRows {
        parents: Some(TableRows::of("", &[], &[("_parent_id", Int)], parents).batch),
        ..TableRows::of("issues__assignees", &["_parent_id", "_index"], &columns, rows)
    };
    let first = [json!([1, 0, "a"]), json!([1, 1, "b"]), json!([2, 0, "c"]), json!([null, 0, "n"])];
    load(place, &of(&[json!([1]), json!([2]), json!([null])], &first));
    load(place, &of(&[json!([1]), json!([null]), json!([3])], &[json!([1, 0, "z"]), json!([3, 0, "y"])]));
    expect(
        place,
        "issues__assignees",
        &columns,
        &[json!([1, 0, "z"]), json!([2, 0, "c"]), json!([3, 0, "y"])],
    );
    load(place, &of(&[json!([1])], &[]));
    expect(place, "issues__assignees", &columns, &[json!([2, 0, "c"]), json!([3, 0, "y"])]);
}

fn rows_of_a_partition_are_marked(place: &dyn Place) {
    let columns = [("project_id", Int), ("id", Int), ("_load_id", Text), ("_deleted_at", Timestamp)];
    let found = [("project_id", Int), ("id", Int), ("_load_id", Text)];
    let of = |columns: &[_], rows: &[Value]| TableRows::of("issues", &["id"], columns, rows);
    let rows = [
        json!([1, 1, "a", null]),
        json!([1, 2, "b", null]),
        json!([2, 3, "a", null]),
        json!([1, 4, "c", null]),
    ];
    load(place, &of(&columns, &rows));
    let mark = |partition: &[(&str, &Value)], loads: std::ops::Range<&str>, second: u64| {
        let mut destination = place.open();
        destination.begin().unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(second);
        let marked = destination.mark_deleted("issues", partition, loads, at).unwrap();
        destination.commit().unwrap();
        marked
    };
    let (one, first) = (json!(1), "1970-01-01T00:00:01.000000Z");
    assert_eq!(mark(&[("project_id", &one)], "b".."b", 1), 0, "no load is one of these");
    assert_eq!(mark(&[("project_id", &one)], "a".."b", 1), 1, "only what no load since has written");
    assert_eq!(mark(&[("project_id", &one)], "".."b", 2), 0, "a mark stays");
    let expected = [
        json!([1, 1, "a", first]),
        json!([1, 2, "b", null]),
        json!([2, 3, "a", null]),
        json!([1, 4, "c", null]),
    ];
    expect(place, "issues", &columns, &expected);
    load(place, &of(&found, &[json!([1, 1, "d"])]));
    assert_eq!(mark(&[], "".."c", 3), 2, "without a partition, all rows");
    let third = "1970-01-01T00:00:03.000000Z";
    let expected = [
        json!([1, 1, "d", null]),
        json!([1, 2, "b", third]),
        json!([2, 3, "a", third]),
        json!([1, 4, "c", null]),
    ];
    expect(place, "issues", &columns, &expected);
}

fn entry(load_id: &str, status: LoadStatus) -> LoadEntry {
    LoadEntry {
        load_id: load_id.to_owned(),
        pipeline: "test".to_owned(),
        started_at: UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
        finished_at: None,
        status,
        rows: Map::new(),
        report: Map::new(),
    }
}

fn without_commit_nothing_happened(place: &dyn Place) {
    let columns = [("id", Int)];
    load(place, &TableRows::of("kept", &["id"], &columns, &[json!([1])]));
    let state = |state| StateEntry { resource: "kept".to_owned(), partition: "{}".to_owned(), state };

    let before = place.open().tables().unwrap();
    let mut destination = place.open();
    destination.begin().unwrap();
    write(
        destination.as_mut(),
        &TableRows::of("kept", &["id"], &[("id", Int), ("new", Int)], &[json!([2, 2])]),
        Target::Table,
    );
    write(destination.as_mut(), &TableRows::of("other", &[], &columns, &[json!([1])]), Target::Table);
    destination.apply(&alter("kept", "id", (Int, Seen::Int), (Text, Seen::Text)), LOAD).unwrap();
    destination.write_state(&[state(Some(json!(1)))], LOAD).unwrap();
    destination.write_load(&entry("crashed", LoadStatus::Running)).unwrap();
    drop(destination);

    let mut destination = place.open();
    assert_eq!(destination.tables().unwrap(), before);
    assert_eq!(destination.states().unwrap(), []);
    assert_eq!(destination.loads().unwrap(), []);
    expect(place, "kept", &columns, &[json!([1])]);
    drop(destination);
    load(place, &TableRows::of("other", &[], &columns, &[json!([7])]));
    expect(place, "other", &columns, &[json!([7])]);
}

fn state_comes_with_its_rows(place: &dyn Place) {
    let state = |partition: &str, state| StateEntry {
        resource: "issues".to_owned(),
        partition: partition.to_owned(),
        state,
    };
    let package = |rows: &[Value], states: &[StateEntry]| {
        let mut destination = place.open();
        destination.begin().unwrap();
        write(destination.as_mut(), &TableRows::of("issues", &["id"], &[("id", Int)], rows), Target::Table);
        destination.write_state(states, LOAD).unwrap();
        destination.commit().unwrap();
    };
    let (one, two) = ("{\"project_id\":1}", "{\"project_id\":\"a'b\"}");
    package(&[json!([1])], &[state(one, Some(json!({"since": "x"}))), state(two, Some(json!("🦊")))]);
    package(&[json!([2])], &[state(one, Some(json!({"since": "y"})))]);
    let kept = place.open().states().unwrap().into_iter().map(|entry| (entry.partition, entry.state));
    let expected = [(one, json!({"since": "y"})), (two, json!("🦊"))];
    let expected = expected.map(|(partition, state)| (partition.to_owned(), Some(state)));
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), BTreeMap::from(expected));
    package(&[], &[state(one, None)]);
    assert_eq!(place.open().states().unwrap(), [state(two, Some(json!("🦊")))]);
}

fn loads_are_kept(place: &dyn Place) {
    let put = |load: &LoadEntry| {
        let mut destination = place.open();
        destination.begin().unwrap();
        destination.write_load(load).unwrap();
        destination.commit().unwrap();
    };
    let first = entry("20240501T000000000Z-aaaa", LoadStatus::Running);
    let mut second = entry("20240502T000000000Z-aaaa", LoadStatus::Running);
    second.started_at += Duration::from_secs(86_400);
    put(&first);
    put(&second);
    second.status = LoadStatus::Partial;
    second.finished_at = Some(second.started_at + Duration::from_secs(5));
    second.rows = Map::from_iter([("issues".to_owned(), json!(12))]);
    second.report = Map::from_iter([("left_out".to_owned(), json!([{"reason": "403 'Forbidden'"}]))]);
    put(&second);
    let interrupted = LoadEntry { status: LoadStatus::Interrupted, ..first };
    assert_eq!(place.open().loads().unwrap(), [second, interrupted]);
}

fn the_schema_is_read_back(place: &dyn Place) {
    let kinds =
        [("b", Bool), ("i", Int), ("f", Float), ("d", Date), ("t", Timestamp), ("x", Text), ("j", Json)];
    let rows = TableRows::of("all_kinds", &["i", "x"], &kinds, &[]);
    let child = Table {
        parent: Some("all_kinds".to_owned()),
        source: "/some/list".to_owned(),
        ..Table::clone(&TableRows::of("all_kinds__list", &[], &[("_index", Int)], &[]).table)
    };
    load(place, &rows);
    apply(place, &SchemaChange::CreateTable(child.clone()));
    apply(place, &alter("all_kinds", "i", (Int, Seen::Int), (Int, Seen::BigInt)));
    let mut expected = Table::clone(&rows.table);
    expected.columns[1].seen = Seen::BigInt;
    assert_eq!(place.open().tables().unwrap(), [expected, child]);
}
