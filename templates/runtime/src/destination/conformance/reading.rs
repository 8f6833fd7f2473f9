//! What is loaded can be looked at, and nothing is changed by it.

use serde_json::json;

use super::{Check, LOAD, Meaning, Place, Run, expect, load, swap};
use crate::destination::reading::{Answer, Filter, ReadError, Reader, Test, Window};
use crate::destination::{LoadStatus, Mode, SwapWhen};
use crate::resource::ColumnKind;
use crate::resource::ColumnKind::{Bool, Date, Float, Int, Json, Text, Timestamp};
use crate::schema::table::{Table, TableRows};

pub(super) const CHECKS: &[Check] = &[
    nothing_is_there_before_a_load,
    rows_are_shown_as_they_are,
    rows_are_filtered_and_sorted,
    names_are_data,
    a_load_goes_on_meanwhile,
    sql_reads,
    sql_changes_nothing,
    sql_ends,
];

const COLUMNS: [(&str, ColumnKind); 8] = [
    ("id", Int),
    ("title", Text),
    ("draft", Bool),
    ("weight", Float),
    ("due", Date),
    ("at", Timestamp),
    ("labels", Json),
    ("a \"b\" %", Text),
];

fn things() -> TableRows {
    let at = "2024-05-01T12:30:00.123456Z";
    let rows = [
        json!([1, "One", true, 0.1, "2024-05-01", at, {"a": [1]}, "x"]),
        json!([2, "two_100%", false, 2.5, null, null, null, null]),
        json!([9_007_199_254_740_993_i64, "it's \"so\"\n", null, null, "2023-12-31", null, null, ""]),
    ];
    TableRows::of("things", &["id"], &COLUMNS, &rows)
}

/// The reader, and the table that it shows.
fn reading(place: &dyn Place) -> Option<(Box<dyn Reader>, Table)> {
    load(place, &things());
    let mut reader = place.reader()?;
    let table = reader.tables().unwrap().into_iter().find(|table| table.name == "things").unwrap();
    Some((reader, table))
}

const ALL: Window<'static> = Window { filter: None, sort: None, skip: 0, most: 10 };

fn ids(answer: &Answer) -> Vec<&str> {
    answer.rows.iter().map(|row| row[0].as_deref().unwrap()).collect()
}

fn nothing_is_there_before_a_load(place: &dyn Place) {
    let Some(mut reader) = place.reader() else { return };
    assert_eq!((reader.loads(5).unwrap(), reader.tables().unwrap()), (vec![], vec![]));
}

fn rows_are_shown_as_they_are(place: &dyn Place) {
    let Some((mut reader, table)) = reading(place) else { return };
    assert_eq!(table.key, ["id"]);
    let answer = reader.rows(&table, &ALL).unwrap();
    assert_eq!(answer.columns, COLUMNS.map(|(name, _)| name));
    assert_eq!((ids(&answer), answer.has_more), (vec!["1", "2", "9007199254740993"], false));
    let first: Vec<&str> = answer.rows[0].iter().map(|cell| cell.as_deref().unwrap()).collect();
    assert_eq!(first[1..5], ["One", "true", "0.1", "2024-05-01"]);
    assert!(first[5].starts_with("2024-05-01") && first[5].contains("12:30:00.123456"), "{}", first[5]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(first[6]).unwrap(), json!({"a": [1]}));
    let last: Vec<Option<&str>> = answer.rows[2].iter().map(Option::as_deref).collect();
    assert_eq!((last[1], last[2], last[7]), (Some("it's \"so\"\n"), None, Some("")));
    assert_eq!(reader.count(&table, None).unwrap(), Some(3));

    let window = Window { skip: 1, most: 1, ..ALL };
    let page = reader.rows(&table, &window).unwrap();
    assert_eq!((ids(&page), page.has_more), (vec!["2"], true));
}

fn rows_are_filtered_and_sorted(place: &dyn Place) {
    let Some((mut reader, table)) = reading(place) else { return };
    if !reader.arranges() {
        return;
    }
    let mut found = |column: &str, test, written: &str| {
        let filter = Filter::new(table.column(column).unwrap(), test, written).unwrap();
        let answer = reader.rows(&table, &Window { filter: Some(&filter), ..ALL }).unwrap();
        let found: String = ids(&answer).iter().map(|id| &id[..1]).collect();
        let count = reader.count(&table, Some(&filter)).unwrap();
        assert_eq!(count, u64::try_from(found.len()).ok(), "{filter:?}");
        found
    };
    assert_eq!(found("title", Test::Contains, "ONE"), "1");
    assert_eq!(found("title", Test::Contains, "_1"), "2", "no letter stands for others");
    assert_eq!(found("title", Test::Contains, "%"), "2");
    assert_eq!(found("title", Test::Is, "' OR 1 = 1 --"), "");
    assert_eq!(found("id", Test::AtLeast, "2"), "29");
    assert_eq!(found("id", Test::IsNot, "1"), "29");
    assert_eq!(found("draft", Test::Is, "true"), "1");
    assert_eq!(found("draft", Test::IsNull, ""), "9");
    assert_eq!(found("draft", Test::IsNotNull, ""), "12");
    assert_eq!(found("weight", Test::AtMost, "2"), "1");
    assert_eq!(found("due", Test::AtMost, "2024-01-01"), "9");
    assert_eq!(found("at", Test::AtLeast, "2024-05-01 14:30:00+02:00"), "1");
    assert_eq!(found("labels", Test::Contains, "\"a\""), "1");
    assert_eq!(found("a \"b\" %", Test::Is, "x"), "1");
    let sorted = reader.rows(&table, &Window { sort: Some(("weight", true)), ..ALL }).unwrap();
    assert_eq!(ids(&sorted), ["2", "1", "9007199254740993"]);
}

fn names_are_data(place: &dyn Place) {
    let name = "\"; DROP TABLE x";
    load(place, &TableRows::of(name, &["id"], &[("id", Int)], &[json!([7])]));
    let Some(mut reader) = place.reader() else { return };
    let table = reader.tables().unwrap().into_iter().find(|table| table.name == name).unwrap();
    assert_eq!(ids(&reader.rows(&table, &ALL).unwrap()), ["7"]);
}

/// What is committed is seen, and what is not is not.
fn a_load_goes_on_meanwhile(place: &dyn Place) {
    load(place, &things());
    let mut run = Run::open_as(place, &format!("{LOAD}2"));
    run.commit(&Meaning::default());
    run.write(&TableRows::of("things", &["id"], &[("id", Int)], &[json!([4])]), &Mode::Stage);
    if let Some(mut reader) = place.reader() {
        let loads = reader.loads(1).unwrap();
        assert_eq!(loads.iter().map(|load| load.status).collect::<Vec<_>>(), [LoadStatus::Running]);
        let table = reader.tables().unwrap().into_iter().find(|table| table.name == "things").unwrap();
        assert_eq!(reader.count(&table, None).unwrap(), Some(3));
    }
    let swaps = vec![swap("things", SwapWhen::Always)];
    run.commit(&Meaning { swaps, ..Meaning::default() });
    run.close();
}

fn sql_reads(place: &dyn Place) {
    let Some((mut reader, _)) = reading(place) else { return };
    if reader.dialect().is_none() {
        return;
    }
    let answer = reader.query("SELECT id AS n, title FROM things WHERE id < 3 ORDER BY id DESC;").unwrap();
    assert_eq!(
        (answer.columns.as_slice(), answer.rows.len()),
        (&["n".to_owned(), "title".to_owned()][..], 2)
    );
    assert_eq!(answer.rows[0], [Some("2".to_owned()), Some("two_100%".to_owned())]);
    let none = reader.query("SELECT id FROM things WHERE id < 0").unwrap();
    assert_eq!((none.columns.len(), none.rows.len()), (1, 0));
    let many =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n";
    let many = reader.query(many).unwrap();
    assert_eq!((many.rows.len(), many.has_more), (crate::destination::reading::MOST_ROWS, true));
    assert!(matches!(reader.query("SELECT nothing FROM nowhere"), Err(ReadError::Said(_))));
}

fn sql_changes_nothing(place: &dyn Place) {
    let Some((mut reader, _)) = reading(place) else { return };
    if reader.dialect().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let path = out.display();
    let statements = [
        "INSERT INTO things (id) VALUES (5)".to_owned(),
        "UPDATE things SET title = 'x'".to_owned(),
        "DELETE FROM things".to_owned(),
        "DROP TABLE things".to_owned(),
        "CREATE TABLE others (id INT)".to_owned(),
        "CREATE TEMP TABLE others (id INT)".to_owned(),
        "ALTER TABLE things ADD COLUMN x INT".to_owned(),
        "SELECT 1; DROP TABLE things".to_owned(),
        "COMMIT; DROP TABLE things".to_owned(),
        "COMMIT".to_owned(),
        "ROLLBACK".to_owned(),
        "BEGIN".to_owned(),
        "SET statement_timeout = 0".to_owned(),
        "PRAGMA query_only = OFF".to_owned(),
        "PRAGMA writable_schema = 1".to_owned(),
        "VACUUM".to_owned(),
        format!("VACUUM INTO '{path}'"),
        format!("ATTACH '{path}' AS other"),
        format!("COPY things TO '{path}'"),
        format!("COPY (SELECT 1) TO PROGRAM 'touch {path}'"),
        "SELECT load_extension('x')".to_owned(),
        "INSTALL httpfs".to_owned(),
        "SELECT * FROM things) ; DROP TABLE things; SELECT (1".to_owned(),
        "SELECT 1') ; DROP TABLE things; --".to_owned(),
        "WITH gone AS (DELETE FROM things RETURNING *) SELECT * FROM gone".to_owned(),
        "SELECT * INTO others FROM things".to_owned(),
        "SELECT * FROM things FOR UPDATE".to_owned(),
        "DO $$ BEGIN DELETE FROM things; END $$".to_owned(),
        "CALL nothing()".to_owned(),
        String::new(),
        "-- nothing".to_owned(),
    ];
    for statement in &statements {
        let answer = reader.query(statement);
        // DuckDB has no such lock, and nothing to lock.
        let is_harmless = statement.contains("FOR UPDATE") && reader.dialect() == Some("DuckDB");
        assert!(answer.is_err() || is_harmless, "{statement}: {answer:?}");
        assert!(!out.exists(), "{statement}");
        assert_eq!(place.rows("things", &COLUMNS).len(), 3, "{statement}");
        assert!(place.rows("others", &[("id", Int)]).is_empty(), "{statement}");
    }
    expect(
        place,
        "things",
        &COLUMNS[..2],
        &[json!([1, "One"]), json!([2, "two_100%"]), json!([9_007_199_254_740_993_i64, "it's \"so\"\n"])],
    );
    // And it reads on.
    assert_eq!(reader.query("SELECT id FROM things").unwrap().rows.len(), 3);
}

fn sql_ends(place: &dyn Place) {
    let Some((mut reader, _)) = reading(place) else { return };
    if reader.dialect().is_some() {
        let endless =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        assert!(matches!(reader.query(endless), Err(ReadError::Slow)));
    }
}
