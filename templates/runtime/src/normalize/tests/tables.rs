//! Which tables and columns records make.

use super::*;

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
fn names_that_cannot_be_had_are_changed_and_told() {
    let naming = crate::schema::Naming {
        longest: 20,
        reserved: &["ctid"],
        reserved_prefixes: &["_table_"],
        ..Default::default()
    };
    let allowed = Allowed { naming, ..Allowed::default() };
    let read = |tables: &[Table]| {
        let catalog = Catalog::from_tables(tables, allowed);
        catalog.keep_names(["Things__Odd"]);
        let reader = Reader::new(&THINGS, layout(), catalog.clone());
        let page = json!([{"id": 1, "ctid": 2, "_TABLE_suffix": 3, "a-b": 4, "a.b": 5,
            "a_field_with_a_long_name": 6, "odd": [{"a": 1}]}]);
        let records = [page[0].as_object().unwrap().clone().into_iter().collect::<Record>()];
        let tables = reader.rows(&[], &records).finish(&STAMP).unwrap().tables;
        (tables.iter().map(|rows| Table::clone(&rows.table)).collect::<Vec<_>>(), catalog.take_renamed())
    };
    let (first, renamed) = read(&[]);
    assert!(first.iter().flat_map(|table| &table.columns).all(|column| column.name.len() <= 20));
    let told: Vec<_> = renamed.iter().map(|one| (one.source.as_str(), one.why)).collect();
    let expected = [
        ("/_TABLE_suffix", Why::Reserved),
        ("/a.b", Why::Taken),
        ("/a_field_with_a_long_name", Why::TooLong),
        ("/ctid", Why::Reserved),
        ("/odd", Why::Taken),
    ];
    let (mut told, mut expected) = (told, expected.to_vec());
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    assert!(first[0].column("field_ctid").is_some() && first[0].column("field__table_suffix").is_some());
    assert_ne!(first[1].name, "things__odd");
    let (again, renamed) = read(&first);
    assert_eq!((again, renamed), (first, Vec::new()), "a later load gives the same names, and says nothing");
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
    let readers = Readers { omit: &["token", "author.secret", "not.there"], ..Readers::new(&layout()) };
    let page = json!([{"id": 1, "token": "t", "author": {"secret": {"x": [1]}, "username": "u"}, "list": [{"token": 1}]}]);
    let tables = run_with(&readers, &[], page);
    assert_eq!(rows(&tables, "things"), [json!({"id": 1, "author__username": "u"})]);
    assert_eq!(rows(&tables, "things__list"), [json!({"_parent_id": 1, "_index": 0, "token": 1})]);
    for token in [json!([{"a": 1}]), json!({"a": 1}), json!(1e300)] {
        let tables = run_with(&readers, &[], json!([{"id": 1, "token": token}]));
        assert_eq!(rows(&tables, "things"), [json!({"id": 1, "author__username": null})]);
    }
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
