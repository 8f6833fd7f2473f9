//! What rows do to those that are there.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Check, Meaning, Place, Run, abilities, alter, counted, expect, load, swap};
use crate::destination::{Below, Deletion, Mode, SwapWhen, Written};
use crate::resource::ColumnKind::{Int, Json, Text, Timestamp};
use crate::schema::kind::Seen;
use crate::schema::table::{DELETED_AT, TableRows};

pub(super) const CHECKS: &[Check] = &[
    rows_merge_on_composite_keys,
    a_null_in_a_key_equals_a_null,
    a_merged_row_is_replaced_as_a_whole,
    a_version_that_equals_the_last_is_none,
    staged_rows_wait_for_the_swap,
    staged_rows_fill_only_an_empty_table,
    list_rows_go_with_their_record,
    rows_of_a_partition_are_marked,
    what_hangs_on_a_marked_row_is_marked,
];

fn rows_merge_on_composite_keys(place: &dyn Place) {
    let columns = [("project_id", Int), ("name", Text), ("sha", Text)];
    let of = |rows: &[Value]| TableRows::of("branches", &["project_id", "name"], &columns, rows);
    load(place, &of(&[json!([1, "main", "a"]), json!([2, "main", "b"]), json!([1, "dev", "c"])]));
    let written = load(place, &of(&[json!([1, "main", "z"]), json!([2, "dev", "d"])]));
    assert_eq!(written, counted(place, 1, 1));
    let rows =
        [json!([1, "main", "z"]), json!([2, "main", "b"]), json!([1, "dev", "c"]), json!([2, "dev", "d"])];
    expect(place, "branches", &columns, &rows);
    let mut run = Run::open(place);
    let told = run.write(&of(&[json!([1, "main", "y"]), json!([3, "new", "e"])]), &Mode::Merge);
    assert!(told.is_none_or(|told| told == [false, true]), "what is told as new is new");
}

fn a_null_in_a_key_equals_a_null(place: &dyn Place) {
    let columns = [("a", Int), ("b", Text), ("value", Int)];
    let of = |rows: &[Value]| TableRows::of("nulls", &["a", "b"], &columns, rows);
    let first = of(&[json!([1, null, 1]), json!([null, "x", 2]), json!([null, null, 3]), json!([1, "x", 4])]);
    load(place, &first);
    let written = load(place, &first);
    assert_eq!(written, counted(place, 0, 4));
    load(place, &of(&[json!([1, null, 10])]));
    let rows = [json!([1, null, 10]), json!([null, "x", 2]), json!([null, null, 3]), json!([1, "x", 4])];
    expect(place, "nulls", &columns, &rows);
}

fn a_merged_row_is_replaced_as_a_whole(place: &dyn Place) {
    let columns = [("id", Int), ("a", Text), ("b", Text)];
    load(place, &TableRows::of("whole", &["id"], &columns, &[json!([1, "a", "b"]), json!([2, "a", "b"])]));
    load(place, &TableRows::of("whole", &["id"], &[("b", Text), ("id", Int)], &[json!(["new", 1])]));
    expect(place, "whole", &columns, &[json!([1, null, "new"]), json!([2, "a", "b"])]);
    load(place, &TableRows::of("whole", &["id"], &[("id", Int)], &[json!([2]), json!([3])]));
    let rows = [json!([1, null, "new"]), json!([2, null, null]), json!([3, null, null])];
    expect(place, "whole", &columns, &rows);
}

fn a_version_that_equals_the_last_is_none(place: &dyn Place) {
    let columns = [("id", Int), ("v", Text), ("_digest", Int), ("_load_id", Text), ("_loaded_at", Timestamp)];
    let at = |second: u32| format!("2024-05-01T00:00:{second:02}.000000Z");
    let write = |rows: &[Value]| {
        let mut run = Run::open(place);
        run.write(
            &TableRows::of("history", &[], &columns, rows),
            &Mode::Versions { of: vec!["id".to_owned()] },
        );
        let mut committed = run.commit(&Meaning::default());
        run.close();
        committed.written.remove("history").unwrap_or_default()
    };
    let big = i64::MIN + 1;
    if abilities(place).is_stream {
        let row = |load: &str, second| json!([1, "a", big, load, at(second)]);
        write(&[row("l1", 1), json!([1, "b", 7, "l1", at(1)])]);
        write(&[row("l2", 2)]);
        return expect(place, "history", &columns, &[row("l2", 2), json!([1, "b", 7, "l1", at(1)])]);
    }
    let (a, b) = (json!([1, "a", big, "l1", at(1)]), json!([1, "b", 7, "l2", at(2)]));
    assert_eq!(write(&[a.clone(), json!([2, "x", big, "l1", at(1)])]), Written { inserted: 2, updated: 0 });
    assert_eq!(write(&[json!([1, "a", big, "l2", at(2)])]), Written::default());
    assert_eq!(write(&[b.clone(), json!([2, "x", big, "l2", at(2)])]), Written { inserted: 1, updated: 0 });
    let again = json!([1, "a", big, "l3", at(3)]);
    assert_eq!(write(std::slice::from_ref(&again)).inserted, 1, "it differs from the last one");
    expect(place, "history", &columns, &[a, b, again, json!([2, "x", big, "l1", at(1)])]);
}

fn staged_rows_wait_for_the_swap(place: &dyn Place) {
    let columns = [("id", Int), ("v", Text)];
    let of = |rows: &[Value]| TableRows::of("labels", &["id"], &columns, rows);
    load(place, &of(&[json!([1, "old"]), json!([2, "old"])]));

    let mut run = Run::open(place);
    run.write(&of(&[json!([1, "new"])]), &Mode::Stage);
    run.commit(&Meaning::default());
    expect(place, "labels", &columns, &[json!([1, "old"]), json!([2, "old"])]);

    let wider = [("id", Int), ("v", Json), ("w", Int)];
    run.prepare(&[alter("labels", "v", (Text, Seen::Text), (Json, Seen::Json))]);
    let rows = TableRows::of("labels", &["id"], &wider, &[json!([3, ["new"], 7]), json!([1, "newer", 8])]);
    run.write(&rows, &Mode::Stage);
    let swaps = vec![swap("labels", SwapWhen::Always)];
    let committed = run.commit(&Meaning { swaps: swaps.clone(), ..Meaning::default() });
    assert!(committed.swapped.contains("labels"));
    expect(place, "labels", &wider, &[json!([1, "newer", 8]), json!([3, ["new"], 7])]);

    run.commit(&Meaning { swaps, ..Meaning::default() });
    expect(place, "labels", &wider, &[]);
}

fn staged_rows_fill_only_an_empty_table(place: &dyn Place) {
    let columns = [("name", Text)];
    let mut run = Run::open(place);
    for (name, is_taken) in [("first", true), ("second", false)] {
        run.write(&TableRows::of("words", &[], &columns, &[json!([name]), json!([name])]), &Mode::Stage);
        let swaps = vec![swap("words", SwapWhen::Empty)];
        let committed = run.commit(&Meaning { swaps, ..Meaning::default() });
        assert_eq!(committed.swapped.contains("words"), is_taken);
    }
    run.write(&TableRows::of("words", &[], &columns, &[json!(["third"])]), &Mode::Stage);
    run.commit(&Meaning { swaps: vec![swap("words", SwapWhen::Always)], ..Meaning::default() });
    expect(place, "words", &columns, &[json!(["third"])]);
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
    let mut rows = vec![json!([1, 0, "z"]), json!([2, 0, "c"]), json!([3, 0, "y"])];
    if abilities(place).is_stream {
        rows.extend([json!([1, 1, "b"]), json!([null, 0, "n"])]);
        return expect(place, "issues__assignees", &columns, &rows);
    }
    expect(place, "issues__assignees", &columns, &rows);
    load(place, &of(&[json!([1])], &[]));
    expect(place, "issues__assignees", &columns, &[json!([2, 0, "c"]), json!([3, 0, "y"])]);
}

pub(super) fn deletion(
    table: &str,
    partition: &[(&str, i64)],
    (from, before): (&str, &str),
    second: u64,
) -> Deletion {
    let partition = partition.iter().map(|(column, value)| ((*column).to_owned(), json!(value)));
    Deletion {
        table: table.to_owned(),
        partition: partition.collect(),
        from: from.to_owned(),
        before: before.to_owned(),
        mark: DELETED_AT,
        at: UNIX_EPOCH + Duration::from_secs(second),
        below: Vec::new(),
    }
}

/// Marks in a load of its own; tells how many rows.
pub(super) fn mark(place: &dyn Place, deletion: Deletion) -> u64 {
    let mut run = Run::open(place);
    let committed = run.commit(&Meaning { deletions: vec![deletion], ..Meaning::default() });
    run.close();
    committed.deleted.values().sum()
}

fn rows_of_a_partition_are_marked(place: &dyn Place) {
    if !abilities(place).marks_deleted {
        return;
    }
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
    let (one, first) = ([("project_id", 1)], "1970-01-01T00:00:01.000000Z");
    assert_eq!(mark(place, deletion("issues", &one, ("b", "b"), 1)), 0, "no load is one of these");
    assert_eq!(
        mark(place, deletion("issues", &one, ("a", "b"), 1)),
        1,
        "only what no load since has written"
    );
    assert_eq!(mark(place, deletion("issues", &one, ("", "b"), 2)), 0, "a mark stays");
    let expected = [
        json!([1, 1, "a", first]),
        json!([1, 2, "b", null]),
        json!([2, 3, "a", null]),
        json!([1, 4, "c", null]),
    ];
    expect(place, "issues", &columns, &expected);
    load(place, &of(&found, &[json!([1, 1, "d"])]));
    assert_eq!(mark(place, deletion("issues", &[], ("", "c"), 3)), 2, "without a partition, all rows");
    let third = "1970-01-01T00:00:03.000000Z";
    let expected = [
        json!([1, 1, "d", null]),
        json!([1, 2, "b", third]),
        json!([2, 3, "a", third]),
        json!([1, 4, "c", null]),
    ];
    expect(place, "issues", &columns, &expected);
}

fn what_hangs_on_a_marked_row_is_marked(place: &dyn Place) {
    if !abilities(place).marks_deleted {
        return;
    }
    let end = [("_load_id", Text), ("_deleted_at", Timestamp)];
    let columns = |own: &[(&'static str, _)]| own.iter().copied().chain(end).collect::<Vec<_>>();
    let issues = columns(&[("project_id", Int), ("iid", Int)]);
    let notes = columns(&[("project_id", Int), ("issue_iid", Int), ("id", Int)]);
    let awards = columns(&[("note_id", Int), ("id", Int)]);
    let rows = [json!([1, 1, "a", null]), json!([1, 2, "b", null]), json!([2, 1, "b", null])];
    load(place, &TableRows::of("issues", &["project_id", "iid"], &issues, &rows));
    let rows = [json!([1, 1, 10, "a", null]), json!([1, 1, 11, "b", null]), json!([2, 1, 12, "a", null])];
    load(place, &TableRows::of("notes", &["id"], &notes, &rows));
    let rows = [json!([10, 1, "a", null]), json!([12, 2, "a", null])];
    load(place, &TableRows::of("awards", &["id"], &awards, &rows));
    let below = |table: &str, above: &str, on: &[(&str, &str)]| Below {
        table: table.to_owned(),
        mark: DELETED_AT,
        above: above.to_owned(),
        mark_above: DELETED_AT,
        on: on.iter().map(|(own, above)| ((*own).to_owned(), (*above).to_owned())).collect(),
    };
    let below = vec![
        below("notes", "issues", &[("project_id", "project_id"), ("issue_iid", "iid")]),
        below("awards", "notes", &[("note_id", "id")]),
    ];
    let gone = Deletion { below, ..deletion("issues", &[("project_id", 1)], ("", "b"), 1) };
    assert_eq!(mark(place, gone.clone()), 3);
    let first = "1970-01-01T00:00:01.000000Z";
    let rows = [json!([1, 1, 10, "a", first]), json!([1, 1, 11, "b", null]), json!([2, 1, 12, "a", null])];
    expect(place, "notes", &notes, &rows);
    expect(place, "awards", &awards, &[json!([10, 1, "a", first]), json!([12, 2, "a", null])]);
    assert_eq!(mark(place, gone), 0);
}
