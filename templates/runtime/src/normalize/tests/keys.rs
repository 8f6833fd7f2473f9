//! What tells records apart, and what goes with them.

use super::*;

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
    let reading = Reading { resource: &THINGS, shape: Shape::List, taps: &taps, hooks: &hooks, omit: &[] };
    let text = r#"[{"id": 1, "b": "sent"}, {"id": 2, "only": 1}]"#;
    let Read { glimpses, mut rows } = reader.read(reading, &[], text).unwrap().unwrap();
    assert_eq!(glimpses[0].text("b"), Some("sent"), "the engine sees what GitLab sent");
    rows.retain(&[true, !glimpses[1].is_dropped()]);
    let tables = rows.finish(&STAMP).unwrap().tables;
    assert_eq!(self::rows(&tables, "things"), [json!({"id": 1, "added": "x"})]);
}
