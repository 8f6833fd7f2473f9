//! Which types columns have.

use super::*;

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
fn lists_of_single_values_are_lists_where_columns_can_be() {
    let list = |item| Some(List(item));
    let cases = [
        (json!([[1, null], []]), list(ItemKind::Int), json!([[1, null], null])),
        (json!([[1], ["a"]]), list(ItemKind::Text), json!([["1"], ["a"]])),
        (json!([[1], [0.5]]), list(ItemKind::Float), json!([[1.0], [0.5]])),
        (
            json!([[9_007_199_254_740_993_i64], [0.5]]),
            list(ItemKind::Text),
            json!([["9007199254740993"], ["0.5"]]),
        ),
        (json!([["a"], "a"]), Some(Json), json!(["[\"a\"]", "\"a\""])),
        (json!([["a"], [["b"]]]), Some(Json), json!(["[\"a\"]", "[[\"b\"]]"])),
        (json!([["a"], [{"b": 1}, 1]]), Some(Json), json!(["[\"a\"]", "[{\"b\":1},1]"])),
        (json!([[true], {"x": {"y": {"z": [1]}}}]), list(ItemKind::Bool), json!([[true], null])),
    ];
    for (values, expected, cells) in cases {
        let records = json!([{"id": 1, "v": values[0]}, {"id": 2, "v": values[1]}]);
        let tables = run_with(&Readers::with_lists(&layout()), &[], records);
        assert_eq!(kind(&tables, "v"), expected, "{values}");
        let found = rows(&tables, "things");
        assert_eq!(json!([found[0]["v"], found[1]["v"]]), cells);
    }
}

#[test]
fn an_empty_list_is_one_where_the_document_calls_the_column_json() {
    let hinted = Layout { hints: [("v", Json)].into(), ..layout() };
    let readers = Readers::with_lists(&hinted);
    let one = run_with(&readers, &[], json!([{"id": 1, "v": []}]));
    assert_eq!((kind(&one, "v"), &rows(&one, "things")[0]["v"]), (Some(List(ItemKind::Text)), &json!([])));
    let column = one[0].table.column("v").unwrap();
    assert!(column.seen.is_empty() && column.seen != Seen::Nothing);
    let two = run_with(&readers, &[], json!([{"id": 1, "v": []}, {"id": 2, "v": [5]}]));
    assert_eq!(kind(&two, "v"), Some(List(ItemKind::Int)), "it takes whichever items come");
    assert_eq!([&rows(&two, "things")[0]["v"], &rows(&two, "things")[1]["v"]], [&json!([]), &json!([5])]);
    let objects = run_with(&readers, &[], json!([{"id": 1, "v": [{"a": 1}]}, {"id": 2, "v": []}]));
    assert_eq!([&rows(&objects, "things")[0]["v"], &rows(&objects, "things")[1]["v"]], ["[{\"a\":1}]", "[]"]);
}

#[test]
fn a_key_is_never_a_list() {
    let tables = run_with(&Readers::with_lists(&layout()), &[], json!([{"id": [1]}, {"id": [2]}]));
    assert_eq!((kind(&tables, "id"), rows(&tables, "things").len()), (Some(Json), 2));
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
