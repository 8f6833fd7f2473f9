//! Values and names are kept exactly.

use serde_json::{Value, json};

use super::{Check, Place, abilities, alter, apply, expect, load};
use crate::destination::{SchemaChange, Widening, Written};
use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, List, Text, Timestamp};
use crate::resource::ItemKind;
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;

pub(super) const CHECKS: &[Check] = &[
    values_are_kept_exactly,
    lists_are_kept_exactly,
    very_long_text_is_kept,
    names_are_data,
    words_are_names,
    names_are_as_long_as_promised,
];

fn values_are_kept_exactly(place: &dyn Place) {
    let columns = [
        ("k", Int),
        ("b", Bool),
        ("i", Int),
        ("f", Float),
        ("d", Date),
        ("t", Timestamp),
        ("x", Text),
        ("j", Json),
    ];
    let (instant, day) = ("2024-05-01T12:30:00.123456Z", "2024-02-29");
    let deep = json!({"a": [1, null, "ü", {"b": [[[{"c": 1e300}]]]}]});
    let rows = [
        json!([1, true, i64::MAX, 0.1, day, instant, "naïve 日本 🦊 \" ' ; \n\r\t\\", deep]),
        json!([2, false, i64::MIN, f64::MAX, "0001-01-01", "1969-12-31T23:59:59.999999Z", "", []]),
        json!([3, null, -1, -0.5, "9999-12-31", "9999-12-31T23:59:59.000000Z", " padded ", "text"]),
        json!([
            4,
            null,
            9_007_199_254_740_993_i64,
            f64::MIN_POSITIVE,
            null,
            "0001-01-01T00:00:00.000000Z",
            "1.0",
            1.5
        ]),
        json!([5, null, 0, 1e308, null, null, "null", {}]),
        json!([6, null, null, null, null, null, null, null]),
    ];
    let written = load(place, &TableRows::of("kinds", &["k"], &columns, &rows));
    assert_eq!(written, Written { inserted: 6, updated: 0 });
    expect(place, "kinds", &columns, &rows);
    let none = TableRows::of("kinds", &["k"], &columns, &[]);
    assert_eq!(load(place, &none), Written::default());
}

fn lists_are_kept_exactly(place: &dyn Place) {
    if !abilities(place).list_columns {
        return;
    }
    let columns = [
        ("k", Int),
        ("b", List(ItemKind::Bool)),
        ("i", List(ItemKind::Int)),
        ("f", List(ItemKind::Float)),
        ("d", List(ItemKind::Date)),
        ("t", List(ItemKind::Timestamp)),
        ("x", List(ItemKind::Text)),
    ];
    let instants = ["2024-05-01T12:30:00.123456Z", "0001-01-01T00:00:00.000000Z"];
    let texts = ["", "naïve 日本 🦊 \" ' ; , { } [ ] \n\\", "null", " padded ", "NULL"];
    let rows = [
        json!([
            1,
            [true, false],
            [i64::MAX, i64::MIN, 0],
            [0.1, 1e308],
            ["0001-01-01", "9999-12-31"],
            instants,
            texts
        ]),
        json!([2, [], [], [], [], [], []]),
        json!([3, null, null, null, null, null, null]),
        json!([5, [true, null], [null], [null, 0.5], [null], [null, null], ["a", null, "b"]]),
        json!([
            4,
            [true],
            [9_007_199_254_740_993_i64],
            [-0.5],
            ["2024-02-29"],
            [instants[0]],
            ["🦊".repeat(50_000)]
        ]),
    ];
    load(place, &TableRows::of("lists", &["k"], &columns, &rows));
    expect(place, "lists", &columns, &rows);
}

fn very_long_text_is_kept(place: &dyn Place) {
    let rows = [json!([1, "🦊".repeat(1 << 20)])];
    load(place, &TableRows::of("long", &["id"], &[("id", Int), ("x", Text)], &rows));
    expect(place, "long", &[("id", Int), ("x", Text)], &rows);
}

fn names_are_data(place: &dyn Place) {
    // Where a name cannot have such a letter, none is asked for.
    if !(abilities(place).naming.takes)('"') {
        return;
    }
    let table = "x\"; DROP TABLE \"victim\"; --\n'`[]";
    let columns =
        [("id", Int), ("select", Text), ("a\"b", Text), ("c; --", Text), ("new\nline", Text), ("?1", Text)];
    load(place, &TableRows::of("victim", &["id"], &[("id", Int)], &[json!([1])]));
    let of = |rows: &[Value]| TableRows::of(table, &["id", "a\"b"], &columns, rows);
    load(place, &of(&[json!([1, "s", "q", "c", "n", "p"])]));
    load(place, &of(&[json!([1, "'); DROP TABLE victim; --", "q", "c", "n", "p"])]));
    let mut columns = columns;
    if (abilities(place).widens)(Text, Json) != Widening::No {
        apply(place, &[alter(table, "c; --", (Text, Seen::Text), (Json, Seen::Json))]);
        columns[3].1 = Json;
    }
    expect(place, table, &columns, &[json!([1, "'); DROP TABLE victim; --", "q", "c", "n", "p"])]);
    expect(place, "victim", &[("id", Int)], &[json!([1])]);
}

fn words_are_names(place: &dyn Place) {
    let naming = abilities(place).naming;
    let words =
        ["order", "rowid", "_rowid_", "oid", "table", "user", "end", "at", "value", "ctid", "_file_x"];
    for name in words.into_iter().filter(|name| !naming.is_reserved(name)) {
        load(place, &TableRows::of(name, &[name], &[(name, Text), ("group", Int)], &[json!(["k", 1])]));
        load(place, &TableRows::of(name, &[name], &[(name, Text), ("group", Int)], &[json!(["k", 2])]));
        expect(place, name, &[(name, Text), ("group", Int)], &[json!(["k", 2])]);
    }
}

/// Two names of that length differ in their last letter, as those that are cut do.
fn names_are_as_long_as_promised(place: &dyn Place) {
    let longest = abilities(place).naming.longest;
    let [one, other] = ["a", "b"].map(|last| "n".repeat(longest - 1) + last);
    let columns = [("id", Int), (one.as_str(), Text), (other.as_str(), Text)];
    for table in [&one, &other] {
        load(place, &TableRows::of(table, &["id"], &columns, &[json!([1, table, "x"])]));
        load(place, &TableRows::of(table, &["id"], &columns, &[json!([1, table, "y"])]));
    }
    if (abilities(place).widens)(Text, Json) != Widening::No {
        apply(place, &[alter(&one, &other, (Text, Seen::Text), (Json, Seen::Json))]);
        let wide = [columns[0], columns[1], (other.as_str(), Json)];
        expect(place, &one, &wide, &[json!([1, one, "y"])]);
    }
    let keyless = TableRows::of(&other, &[], &columns, &[json!([2, other, "z"])]);
    apply(place, &[SchemaChange::SetKey { table: other.clone(), key: Vec::new() }]);
    load(place, &keyless);
    expect(place, &other, &columns, &[json!([2, other, "z"])]);
}
