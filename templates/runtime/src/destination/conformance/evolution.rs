//! Tables become what rows need.

use serde_json::{Value, json};

use super::{Check, Place, Run, abilities, alter, apply, expect, load, seen, tables};
use crate::destination::{SchemaChange, Widening, Written};
use crate::resource::ColumnKind::{self, Bool, Date, Float, Int, Json, List, Text, Timestamp};
use crate::resource::ItemKind;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table, TableRows};

pub(super) const CHECKS: &[Check] = &[
    new_columns_are_null_in_old_rows,
    columns_widen_with_their_values,
    a_key_column_widens,
    a_column_without_values_takes_any_type,
    lists_widen_with_their_items,
    a_column_of_empty_lists_takes_any_items,
    a_column_beside_another_is_one_of_its_own,
    another_key_merges_from_then_on,
    the_schema_is_read_back,
    changes_that_are_there_change_nothing,
];

fn new_columns_are_null_in_old_rows(place: &dyn Place) {
    load(place, &TableRows::of("grows", &["id"], &[("id", Int)], &[json!([1])]));
    let columns = [("id", Int), ("flag", Bool), ("at", Timestamp)];
    let row = json!([2, true, "2024-05-01T00:00:00.000000Z"]);
    load(place, &TableRows::of("grows", &["id"], &columns, std::slice::from_ref(&row)));
    expect(place, "grows", &columns, &[json!([1, null, null]), row]);
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

fn columns_widen_with_their_values(place: &dyn Place) {
    let widens = abilities(place).widens;
    for (at, (from, value, to, wide)) in widenings().into_iter().enumerate() {
        if widens(from, to) == Widening::No {
            continue;
        }
        let table = format!("widens_{at}");
        let old = [json!([1, value, "kept"]), json!([2, null, "kept"])];
        load(place, &TableRows::of(&table, &["id"], &[("id", Int), ("v", from), ("w", Text)], &old));
        apply(place, &[alter(&table, "v", (from, seen(from)), (to, seen(to)))]);
        let columns = [("id", Int), ("v", to), ("w", Text)];
        let written = load(place, &TableRows::of(&table, &["id"], &columns, &[json!([3, wide, "new"])]));
        assert_eq!(written.inserted, 1, "the key holds after a change");
        let rows = [json!([1, wide, "kept"]), json!([2, null, "kept"]), json!([3, wide, "new"])];
        expect(place, &table, &columns, &rows);
    }
}

fn a_key_column_widens(place: &dyn Place) {
    if (abilities(place).widens)(Int, Text) == Widening::No {
        return;
    }
    load(place, &TableRows::of("keys", &["id"], &[("id", Int), ("v", Int)], &[json!([1, 1]), json!([2, 1])]));
    apply(place, &[alter("keys", "id", (Int, Seen::Int), (Text, Seen::Text))]);
    let columns = [("id", Text), ("v", Int)];
    let written = load(place, &TableRows::of("keys", &["id"], &columns, &[json!(["1", 2]), json!(["x", 2])]));
    assert_eq!(written, Written { inserted: 1, updated: 1 });
    expect(place, "keys", &columns, &[json!(["1", 2]), json!(["2", 1]), json!(["x", 2])]);
}

fn a_column_without_values_takes_any_type(place: &dyn Place) {
    load(place, &TableRows::of("hinted", &["id"], &[("id", Int), ("v", Text)], &[json!([1, null])]));
    apply(place, &[alter("hinted", "v", (Text, Seen::Nothing), (Int, Seen::Int))]);
    load(place, &TableRows::of("hinted", &["id"], &[("id", Int), ("v", Int)], &[json!([2, 5])]));
    expect(place, "hinted", &[("id", Int), ("v", Int)], &[json!([1, null]), json!([2, 5])]);
}

fn lists_widen_with_their_items(place: &dyn Place) {
    let can = abilities(place);
    let (ints, texts) = (List(ItemKind::Int), List(ItemKind::Text));
    let cases = [
        (ints, json!([1, -7]), List(ItemKind::Float), json!([1.0, -7.0])),
        (ints, json!([i64::MIN]), texts, json!([i64::MIN.to_string()])),
        (List(ItemKind::Bool), json!([true]), texts, json!(["true"])),
        (List(ItemKind::Date), json!(["2024-05-01"]), texts, json!(["2024-05-01"])),
        (ints, json!([1, -7]), Json, json!([1, -7])),
        (texts, json!(["a\"b", ""]), Json, json!(["a\"b", ""])),
    ];
    for (at, (from, value, to, wide)) in cases.into_iter().enumerate() {
        if !can.list_columns || (can.widens)(from, to) == Widening::No {
            continue;
        }
        let table = format!("lists_{at}");
        let rows = [json!([1, value]), json!([2, null]), json!([3, []])];
        load(place, &TableRows::of(&table, &["id"], &[("id", Int), ("v", from)], &rows));
        apply(place, &[alter(&table, "v", (from, seen(from)), (to, seen(to)))]);
        let columns = [("id", Int), ("v", to)];
        load(place, &TableRows::of(&table, &["id"], &columns, &[json!([4, wide])]));
        let rows = [json!([1, wide]), json!([2, null]), json!([3, []]), json!([4, wide])];
        expect(place, &table, &columns, &rows);
    }
}

fn a_column_of_empty_lists_takes_any_items(place: &dyn Place) {
    if !abilities(place).list_columns {
        return;
    }
    let (texts, ints) = (List(ItemKind::Text), List(ItemKind::Int));
    let rows = [json!([1, []]), json!([2, null])];
    load(place, &TableRows::of("empty", &["id"], &[("id", Int), ("v", texts)], &rows));
    let nothing = Seen::list_of(Seen::Nothing).unwrap();
    apply(place, &[alter("empty", "v", (texts, nothing), (ints, Seen::list_of(Seen::Int).unwrap()))]);
    load(place, &TableRows::of("empty", &["id"], &[("id", Int), ("v", ints)], &[json!([3, [5]])]));
    expect(place, "empty", &[("id", Int), ("v", ints)], &[json!([1, []]), json!([2, null]), json!([3, [5]])]);
}

/// What the loader does where a type cannot become wider.
fn a_column_beside_another_is_one_of_its_own(place: &dyn Place) {
    let columns = [("id", Int), ("v", Int), ("v__text", Text)];
    load(place, &TableRows::of("beside", &["id"], &columns[..2], &[json!([1, 5])]));
    let (kind, seen, name) = (Text, Seen::Text, "v__text".to_owned());
    let variant = Column { name, kind, seen, source: "variant/text/v".to_owned() };
    let add = SchemaChange::AddColumn { table: "beside".to_owned(), column: variant.clone() };
    let note = alter("beside", "v", (Int, Seen::Int), (Int, Seen::Text));
    assert!(note.is_note());
    apply(place, &[note, add]);
    let wide = [("id", Int), ("v", Text)];
    load(place, &TableRows::of("beside", &["id"], &wide, &[json!([2, "x"]), json!([3, null])]));
    load(place, &TableRows::of("beside", &["id"], &columns[..2], &[json!([4, 7])]));
    let rows = [json!([1, 5, null]), json!([2, null, "x"]), json!([3, null, null]), json!([4, 7, null])];
    expect(place, "beside", &columns, &rows);
    let table = tables(place).remove(0);
    assert_eq!(table.column("v").map(|column| (column.kind, column.seen)), Some((Int, Seen::Text)));
    assert_eq!(table.column("v__text"), Some(&variant));
}

fn another_key_merges_from_then_on(place: &dyn Place) {
    if abilities(place).is_stream {
        return;
    }
    let columns = [("id", Int), ("name", Text), ("v", Int)];
    let rows = [json!([1, "a", 1]), json!([2, null, 3]), json!([2, "b", 4])];
    load(place, &TableRows::of("rekeyed", &["id", "name"], &columns, &rows));
    let set_key = |key: &[&str]| {
        let key = key.iter().map(|column| (*column).to_owned()).collect();
        apply(place, &[SchemaChange::SetKey { table: "rekeyed".to_owned(), key }]);
    };
    set_key(&["id"]);
    assert_eq!(place.rows("rekeyed", &columns).len(), 2, "of rows that are the same now, one stays");
    load(place, &TableRows::of("rekeyed", &["id"], &columns, &[json!([1, "z", 9]), json!([2, "z", 9])]));
    expect(place, "rekeyed", &columns, &[json!([1, "z", 9]), json!([2, "z", 9])]);
    assert_eq!(tables(place)[0].key, ["id"]);
    set_key(&["name", "id"]);
    load(place, &TableRows::of("rekeyed", &["name", "id"], &columns, &[json!([1, "y", 0])]));
    assert_eq!(place.rows("rekeyed", &columns).len(), 3);
}

fn the_schema_is_read_back(place: &dyn Place) {
    let kinds =
        [("b", Bool), ("i", Int), ("f", Float), ("d", Date), ("t", Timestamp), ("x", Text), ("j", Json)];
    let lists = [("li", List(ItemKind::Int)), ("lx", List(ItemKind::Text))];
    let lists = lists.iter().filter(|_| abilities(place).list_columns).copied();
    let kinds: Vec<_> = kinds.into_iter().chain(lists).collect();
    let rows = TableRows::of("all_kinds", &["i", "x"], &kinds, &[]);
    let child = Table {
        parent: Some("all_kinds".to_owned()),
        source: "/some/list".to_owned(),
        ..Table::clone(&TableRows::of("all_kinds__list", &["_index"], &[("_index", Int)], &[]).table)
    };
    let changes =
        [SchemaChange::CreateTable(Table::clone(&rows.table)), SchemaChange::CreateTable(child.clone())];
    apply(place, &changes);
    let mut note = alter("all_kinds", "i", (Int, Seen::Int), (Int, Seen::BigInt));
    if let SchemaChange::AlterColumn { to, .. } = &mut note {
        to.source = "/elsewhere".to_owned();
    }
    assert!(note.is_note());
    apply(place, &[note]);
    let mut expected = Table::clone(&rows.table);
    (expected.columns[1].seen, expected.columns[1].source) = (Seen::BigInt, "/elsewhere".to_owned());
    assert_eq!(tables(place), [expected, child]);
}

/// A load that died may have made them.
fn changes_that_are_there_change_nothing(place: &dyn Place) {
    let columns = [("id", Int), ("v", Int)];
    let rows = TableRows::of("again", &["id"], &columns, &[json!([1, 5])]);
    load(place, &rows);
    let added = rows.table.columns[1].clone();
    let changes = [
        SchemaChange::CreateTable(Table::clone(&rows.table)),
        SchemaChange::AddColumn { table: "again".to_owned(), column: added },
        alter("again", "v", (Int, Seen::Int), (Text, Seen::Text)),
        SchemaChange::SetKey { table: "again".to_owned(), key: vec!["id".to_owned()] },
    ];
    let is_widened = (abilities(place).widens)(Int, Text) != Widening::No;
    let mut run = Run::open(place);
    for _ in 0..2 {
        run.prepare(&changes[..2]);
    }
    if is_widened {
        run.prepare(&changes[2..]);
        run.prepare(&changes[2..]);
        run.close();
        expect(place, "again", &[("id", Int), ("v", Text)], &[json!([1, "5"])]);
    }
}
