//! Values and names are kept exactly.

use serde_json::{Value, json};

use super::{Check, Place, alter, apply, expect, load};
use crate::destination::Written;
use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, Text, Timestamp};
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;

pub(super) const CHECKS: &[Check] = &[values_are_kept_exactly, very_long_text_is_kept, names_are_data];

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

fn very_long_text_is_kept(place: &dyn Place) {
    let rows = [json!([1, "🦊".repeat(1 << 20)])];
    load(place, &TableRows::of("long", &["id"], &[("id", Int), ("x", Text)], &rows));
    expect(place, "long", &[("id", Int), ("x", Text)], &rows);
}

fn names_are_data(place: &dyn Place) {
    let table = "x\"; DROP TABLE \"victim\"; --\n'`[]";
    let columns =
        [("id", Int), ("select", Text), ("a\"b", Text), ("c; --", Text), ("new\nline", Text), ("?1", Text)];
    load(place, &TableRows::of("victim", &["id"], &[("id", Int)], &[json!([1])]));
    let of = |rows: &[Value]| TableRows::of(table, &["id", "a\"b"], &columns, rows);
    load(place, &of(&[json!([1, "s", "q", "c", "n", "p"])]));
    load(place, &of(&[json!([1, "'); DROP TABLE victim; --", "q", "c", "n", "p"])]));
    apply(place, &[alter(table, "c; --", (Text, Seen::Text), (Json, Seen::Json))]);
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
