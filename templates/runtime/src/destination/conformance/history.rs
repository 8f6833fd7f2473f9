//! A history: each version of a record, with the time from which and until which it held.

use serde_json::{Value, json};

use super::{Check, Meaning, Place, Run, abilities, alter, expect, modes};
use crate::destination::{Deletion, Mode, Written};
use crate::resource::ColumnKind::{self, Int, Text, Timestamp};
use crate::schema::kind::Seen;
use crate::schema::table::{TableRows, VALID_TO};

pub(super) const CHECKS: &[Check] = &[
    another_version_ends_the_one_that_holds,
    the_same_package_again_makes_no_version,
    a_null_in_what_names_a_record_equals_a_null,
    what_is_gone_ends,
    a_history_begins_in_a_table_that_is_there,
    what_appending_left_open_ends,
];

const COLUMNS: [(&str, ColumnKind); 7] = [
    ("id", Int),
    ("v", Text),
    ("_digest", Int),
    ("_load_id", Text),
    ("_loaded_at", Timestamp),
    ("_valid_from", Timestamp),
    ("_valid_to", Timestamp),
];

fn at(second: u32) -> String {
    format!("2024-05-01T00:00:{second:02}.000000Z")
}

/// A row as a load hands it over.
fn row(id: Value, v: &str, digest: i64, (load, second): (&str, u32)) -> Value {
    json!([id, v, digest, load, at(second), at(second), null])
}

/// A row as it is kept: the last load that found it, and since and until when it held.
fn kept(id: Value, v: &str, digest: i64, found: (&str, u32), held: (u32, Option<u32>)) -> Value {
    json!([id, v, digest, found.0, at(found.1), at(held.0), held.1.map(at)])
}

fn mode() -> Mode {
    Mode::History { of: vec!["id".to_owned()] }
}

fn of(rows: &[Value]) -> TableRows {
    TableRows::of("versions", &[], &COLUMNS, rows)
}

/// In a load of its own.
fn write(place: &dyn Place, rows: &[Value]) -> Written {
    let mut run = Run::open(place);
    run.write(&of(rows), &mode());
    let mut committed = run.commit(&Meaning::default());
    run.close();
    committed.written.remove("versions").unwrap_or_default()
}

fn another_version_ends_the_one_that_holds(place: &dyn Place) {
    if !abilities(place).keeps_history {
        return;
    }
    let big = i64::MIN + 1;
    let first = [row(json!(1), "a", big, ("l1", 1)), row(json!(2), "x", 7, ("l1", 1))];
    assert_eq!(write(place, &first).inserted, 2);
    write(place, &[row(json!(1), "a", big, ("l2", 2)), row(json!(2), "y", 8, ("l2", 2))]);
    write(place, &[row(json!(1), "b", 5, ("l3", 3))]);
    assert_eq!(write(place, &[row(json!(1), "a", big, ("l4", 4))]).inserted, 1, "as it was before");
    let rows = [
        kept(json!(1), "a", big, ("l2", 2), (1, Some(3))),
        kept(json!(1), "b", 5, ("l3", 3), (3, Some(4))),
        kept(json!(1), "a", big, ("l4", 4), (4, None)),
        kept(json!(2), "x", 7, ("l1", 1), (1, Some(2))),
        kept(json!(2), "y", 8, ("l2", 2), (2, None)),
    ];
    expect(place, "versions", &COLUMNS, &rows);
    let mut run = Run::open(place);
    let told =
        run.write(&of(&[row(json!(1), "a", big, ("l5", 5)), row(json!(9), "n", 1, ("l5", 5))]), &mode());
    assert!(told.is_none_or(|told| told == [false, true]), "what is told as new is new");
}

fn the_same_package_again_makes_no_version(place: &dyn Place) {
    if !abilities(place).keeps_history {
        return;
    }
    let mut run = Run::open(place);
    let rows = of(&[row(json!(1), "a", 1, ("l1", 1))]);
    run.write(&rows, &mode());
    run.commit_again(&Meaning::default());
    run.write(&rows, &mode());
    run.commit_again(&Meaning::default());
    run.next.number += 1;
    run.write(&of(&[row(json!(1), "b", 2, ("l1", 2))]), &mode());
    run.commit_again(&Meaning::default());
    run.write(&of(&[row(json!(1), "c", 3, ("l1", 3))]), &mode());
    run.commit_again(&Meaning::default());
    run.close();
    let rows =
        [kept(json!(1), "a", 1, ("l1", 1), (1, Some(2))), kept(json!(1), "b", 2, ("l1", 2), (2, None))];
    expect(place, "versions", &COLUMNS, &rows);
}

fn a_null_in_what_names_a_record_equals_a_null(place: &dyn Place) {
    if !abilities(place).keeps_history {
        return;
    }
    write(place, &[row(Value::Null, "a", 1, ("l1", 1)), row(json!(1), "a", 1, ("l1", 1))]);
    write(place, &[row(Value::Null, "a", 1, ("l2", 2))]);
    write(place, &[row(Value::Null, "b", 2, ("l3", 3))]);
    let rows = [
        kept(Value::Null, "a", 1, ("l2", 2), (1, Some(3))),
        kept(Value::Null, "b", 2, ("l3", 3), (3, None)),
        kept(json!(1), "a", 1, ("l1", 1), (1, None)),
    ];
    expect(place, "versions", &COLUMNS, &rows);
}

fn what_is_gone_ends(place: &dyn Place) {
    let abilities = abilities(place);
    if !abilities.keeps_history || !abilities.marks_deleted {
        return;
    }
    write(place, &[row(json!(1), "a", 1, ("l1", 1)), row(json!(2), "x", 2, ("l1", 1))]);
    write(place, &[row(json!(1), "b", 3, ("l2", 2))]);
    let gone = |second| Deletion { mark: VALID_TO, ..modes::deletion("versions", &[], ("", "l2"), second) };
    let end = "1970-01-01T00:00:03.000000Z";
    assert_eq!(modes::mark(place, gone(3)), 1, "what has ended before is not gone now");
    assert_eq!(modes::mark(place, gone(4)), 0);
    let ended = json!([2, "x", 2, "l1", at(1), at(1), end]);
    let first = kept(json!(1), "a", 1, ("l1", 1), (1, Some(2)));
    let second = kept(json!(1), "b", 3, ("l2", 2), (2, None));
    expect(place, "versions", &COLUMNS, &[first.clone(), second.clone(), ended.clone()]);
    write(place, &[row(json!(2), "x", 2, ("l3", 5))]);
    let back = kept(json!(2), "x", 2, ("l3", 5), (5, None));
    expect(place, "versions", &COLUMNS, &[first, second, ended, back]);
}

fn what_appending_left_open_ends(place: &dyn Place) {
    let can = abilities(place);
    if !can.keeps_history || !can.merges {
        return;
    }
    let mut run = Run::open(place);
    for (load, second, digest) in [("l1", 1, 1), ("l2", 2, 2)] {
        let columns = &COLUMNS[..5];
        let row = json!([1, digest.to_string(), digest, load, at(second)]);
        run.write(
            &TableRows::of("versions", &[], columns, &[row]),
            &Mode::Versions { of: vec!["id".to_owned()] },
        );
        run.commit(&Meaning::default());
    }
    run.close();
    write(place, &[row(json!(1), "2", 2, ("l3", 3))]);
    let first = json!([1, "1", 1, "l1", at(1), null, at(3)]);
    expect(place, "versions", &COLUMNS, &[first.clone(), json!([1, "2", 2, "l3", at(3), null, null])]);
    write(place, &[row(json!(1), "3", 3, ("l4", 4))]);
    let rows =
        [first, json!([1, "2", 2, "l3", at(3), null, at(4)]), kept(json!(1), "3", 3, ("l4", 4), (4, None))];
    expect(place, "versions", &COLUMNS, &rows);
}

/// What was merged before has no digest, and holds since nobody knows when. A column that widens takes the versions along.
fn a_history_begins_in_a_table_that_is_there(place: &dyn Place) {
    let can = abilities(place);
    if !can.keeps_history || !can.merges {
        return;
    }
    let merged = [("id", Int), ("v", Text), ("_load_id", Text), ("_loaded_at", Timestamp)];
    super::load(place, &TableRows::of("versions", &["id"], &merged, &[json!([1, "a", "l1", at(1)])]));
    super::apply(place, &[super::SchemaChange::SetKey { table: "versions".to_owned(), key: Vec::new() }]);
    write(place, &[row(json!(1), "a", 1, ("l2", 2))]);
    let columns: Vec<_> = COLUMNS.to_vec();
    let old = json!([1, "a", null, "l1", at(1), null, at(2)]);
    expect(place, "versions", &columns, &[old.clone(), kept(json!(1), "a", 1, ("l2", 2), (2, None))]);
    if (can.widens)(Text, ColumnKind::Json) == super::Widening::No {
        return;
    }
    super::apply(place, &[alter("versions", "v", (Text, Seen::Text), (ColumnKind::Json, Seen::Json))]);
    let columns = COLUMNS.map(|(name, kind)| (name, if name == "v" { ColumnKind::Json } else { kind }));
    let rows = TableRows::of("versions", &[], &columns, &[row(json!(1), "a", 1, ("l3", 3))]);
    let mut run = Run::open(place);
    run.write(&rows, &mode());
    run.commit(&Meaning::default());
    run.close();
    expect(place, "versions", &columns, &[old, kept(json!(1), "a", 1, ("l3", 3), (2, None))]);
}
