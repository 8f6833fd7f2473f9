//! What is loaded can be looked at, and nothing is changed by it.

use serde_json::json;

use super::{Check, LOAD, Meaning, Place, Run, abilities, expect, load, swap};
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

/// The last one has a name that statements need quotes for, as odd as names can be there.
fn columns(place: &dyn Place) -> [(&'static str, ColumnKind); 8] {
    let odd = if takes_signs(place) { "a \"b\" %" } else { "order" };
    [
        ("id", Int),
        ("title", Text),
        ("draft", Bool),
        ("weight", Float),
        ("due", Date),
        ("at", Timestamp),
        ("labels", Json),
        (odd, Text),
    ]
}

fn takes_signs(place: &dyn Place) -> bool {
    (abilities(place).naming.takes)('"')
}

fn things(place: &dyn Place) -> TableRows {
    let at = "2024-05-01T12:30:00.123456Z";
    let rows = [
        json!([1, "One", true, 0.1, "2024-05-01", at, {"a": [1]}, "x"]),
        json!([2, "two_100%", false, 10.5, null, null, null, null]),
        json!([9_007_199_254_740_993_i64, "it's \"so\"\\\n", null, 9.5, "2023-12-31", null, null, ""]),
    ];
    TableRows::of("things", &["id"], &columns(place), &rows)
}

/// The reader, and the table that it shows.
fn reading(place: &dyn Place) -> Option<(Box<dyn Reader>, Table)> {
    load(place, &things(place));
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
    assert_eq!(answer.columns, columns(place).map(|(name, _)| name));
    assert_eq!((ids(&answer), answer.has_more), (vec!["1", "2", "9007199254740993"], false));
    let first: Vec<&str> = answer.rows[0].iter().map(|cell| cell.as_deref().unwrap()).collect();
    assert_eq!(first[1..5], ["One", "true", "0.1", "2024-05-01"]);
    assert!(first[5].starts_with("2024-05-01") && first[5].contains("12:30:00.123456"), "{}", first[5]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(first[6]).unwrap(), json!({"a": [1]}));
    let last: Vec<Option<&str>> = answer.rows[2].iter().map(Option::as_deref).collect();
    assert_eq!((last[1], last[2], last[7]), (Some("it's \"so\"\\\n"), None, Some("")));
    assert_eq!(answer.rows[1][5], None);
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
    assert_eq!(found("title", Test::Is, "it's \"so\"\\\n"), "9");
    assert_eq!(found("title", Test::Contains, "\\"), "9");
    assert_eq!(found("title", Test::Contains, "\\' OR 1 = 1 --"), "");
    assert_eq!(found(columns(place)[7].0, Test::Is, "x"), "1");
    let sorted = reader.rows(&table, &Window { sort: Some(("weight", true)), ..ALL }).unwrap();
    assert_eq!(ids(&sorted), ["2", "9007199254740993", "1"], "numbers, and not their letters");
}

fn names_are_data(place: &dyn Place) {
    let name = if takes_signs(place) { "\"; DROP TABLE x" } else { "groups" };
    load(place, &TableRows::of(name, &["id"], &[("id", Int)], &[json!([7])]));
    let Some(mut reader) = place.reader() else { return };
    let table = reader.tables().unwrap().into_iter().find(|table| table.name == name).unwrap();
    assert_eq!(ids(&reader.rows(&table, &ALL).unwrap()), ["7"]);
    assert_eq!(reader.counts(&[&table]).unwrap(), [Some(1)]);
    if reader.dialect().is_some() {
        let [name, id, text] = [reader.written(name), reader.quoted("id"), reader.literal("it's \"so\"\\\n")];
        let answer = reader.query(&format!("SELECT {id}, {text} AS said FROM {name} LIMIT 50")).unwrap();
        assert_eq!(answer.rows, [[Some("7".to_owned()), Some("it's \"so\"\\\n".to_owned())]]);
    }
}

/// What is committed is seen, and what is not is not.
fn a_load_goes_on_meanwhile(place: &dyn Place) {
    load(place, &things(place));
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

/// Ten rows, in the SQL of all.
const TEN: &str = "WITH d AS (SELECT 0 AS i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                   UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

fn sql_reads(place: &dyn Place) {
    let Some((mut reader, _)) = reading(place) else { return };
    if reader.dialect().is_none() {
        return;
    }
    let answer = reader.query("SELECT id AS n, title FROM things WHERE id < 3 ORDER BY id DESC;").unwrap();
    let columns: Vec<String> = answer.columns.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!((columns, answer.rows.len()), (vec!["n".to_owned(), "title".to_owned()], 2));
    assert_eq!(answer.rows[0], [Some("2".to_owned()), Some("two_100%".to_owned())]);
    let none = reader.query("SELECT id FROM things WHERE id < 0").unwrap();
    assert_eq!((none.columns.len(), none.rows.len()), (1, 0));
    let many = reader.query(&format!("{TEN} SELECT a.i FROM d a, d b, d c, d e")).unwrap();
    assert_eq!((many.rows.len(), many.has_more), (crate::destination::reading::MOST_ROWS, true));
    assert!(matches!(reader.query("SELECT nothing FROM nowhere"), Err(ReadError::Said(_))));
}

/// Each way to write that we know of; `OUT` is a file.
const CHANGES: &[&str] = &[
    "INSERT INTO things (id) VALUES (5)",
    "UPDATE things SET title = 'x'",
    "DELETE FROM things",
    "DROP TABLE things",
    "CREATE TABLE others (id INT)",
    "CREATE TEMP TABLE others (id INT)",
    "ALTER TABLE things ADD COLUMN x INT",
    "SELECT 1; DROP TABLE things",
    "COMMIT; DROP TABLE things",
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "SET statement_timeout = 0",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = 1",
    "VACUUM",
    "VACUUM INTO 'OUT'",
    "ATTACH 'OUT' AS other",
    "COPY things TO 'OUT'",
    "COPY (SELECT 1) TO PROGRAM 'touch OUT'",
    "SELECT load_extension('x')",
    "INSTALL httpfs",
    "UNLOAD ('SELECT 1') TO 's3://bucket/' IAM_ROLE DEFAULT",
    "COPY INTO @~/out FROM things",
    "EXPORT DATA OPTIONS (uri = 'gs://bucket/*', format = 'CSV') AS SELECT 1",
    "SELECT * FROM things) ; DROP TABLE things; SELECT (1",
    "SELECT 1') ; DROP TABLE things; --",
    "SELECT * FROM things) x; DROP TABLE things; --",
    "SELECT '\\') ; DROP TABLE things; --'",
    "SELECT '\\'') ; DROP TABLE things; --'",
    "SELECT $$'$$) ; DROP TABLE things; --'",
    "SELECT 1 /*) ; DROP TABLE things; --",
    "SELECT 1 -- '\n) ; DROP TABLE things; --'",
    "SELECT 1 ->> DROP TABLE things",
    "SELECT 1) ->> DROP TABLE things ->> SELECT * FROM (SELECT 1",
    "EXECUTE IMMEDIATE 'DROP TABLE things'",
    "BEGIN DROP TABLE things; END",
    "EXPLAIN ANALYZE DELETE FROM things",
    "MERGE INTO things USING (SELECT 1 AS i) s ON FALSE WHEN NOT MATCHED THEN INSERT (id) VALUES (5)",
    "TRUNCATE TABLE things",
    "CREATE TABLE others AS SELECT 1 AS id",
    "WITH gone AS (DELETE FROM things RETURNING *) SELECT * FROM gone",
    "SELECT * INTO others FROM things",
    "SELECT * FROM things FOR UPDATE",
    "DO $$ BEGIN DELETE FROM things; END $$",
    "CALL nothing()",
    "",
    "-- nothing",
];

fn sql_changes_nothing(place: &dyn Place) {
    let Some((mut reader, _)) = reading(place) else { return };
    if reader.dialect().is_none() {
        return;
    }
    let columns = columns(place);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let path = out.display();
    for statement in CHANGES {
        let statement = &statement.replace("OUT", &path.to_string());
        let answer = reader.query(statement);
        // Some have no such lock, and nothing to lock; and what is a text or a comment in some is none in others.
        let is_harmless = ["FOR UPDATE", "--'", "/*)"].iter().any(|part| statement.contains(part));
        assert!(answer.is_err() || is_harmless, "{statement}: {answer:?}");
        assert!(!out.exists(), "{statement}");
        assert_eq!(place.rows("things", &columns).len(), 3, "{statement}");
        assert!(place.rows("others", &[("id", Int)]).is_empty(), "{statement}");
    }
    expect(
        place,
        "things",
        &columns[..2],
        &[json!([1, "One"]), json!([2, "two_100%"]), json!([9_007_199_254_740_993_i64, "it's \"so\"\\\n"])],
    );
    // And it reads on.
    assert_eq!(reader.query("SELECT id FROM things").unwrap().rows.len(), 3);
}

fn sql_ends(place: &dyn Place) {
    let Some((mut reader, _)) = reading(place) else { return };
    if reader.dialect().is_some() {
        let tables = ('a'..='o').map(|name| format!("d {name}")).collect::<Vec<_>>().join(", ");
        let long = format!("{TEN} SELECT sum(a.i * b.i - c.i * o.i) FROM {tables}");
        let answer = reader.query(&long);
        assert!(matches!(answer, Err(ReadError::Slow)), "{answer:?}");
        // And it reads on.
        assert_eq!(reader.query("SELECT id FROM things").unwrap().rows.len(), 3);
    }
}
