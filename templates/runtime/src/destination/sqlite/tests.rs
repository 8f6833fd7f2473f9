//! The conformance of SQLite, and what is its own.

use rusqlite::types::Value as Stored;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::destination::conformance::{self, Place as Conforming};
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{Batch, Mode, Package, PackageId, Reader, SchemaChange, Swap, SwapWhen};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;

struct File(TempDir);

impl File {
    fn new() -> File {
        File(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("it's a test.db")
    }

    fn theirs(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    fn load(&self) -> Box<dyn OpenLoad> {
        self.open().open_load(&Claim::new("test")).unwrap()
    }
}

impl Conforming for File {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(Sqlite::open(&Settings { path: self.path() }).unwrap())
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some(read::look(self.path()).unwrap())
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let connection = self.theirs();
        let names = quoted_list(columns.iter().map(|(name, _)| *name));
        let Ok(mut statement) = connection.prepare(&format!("SELECT {names} FROM {}", quoted(table))) else {
            return Vec::new();
        };
        let rows = statement.query_map([], |row| {
            let cells =
                columns.iter().enumerate().map(|(at, (_, kind))| json_of(row.get(at).unwrap(), *kind));
            Ok(Value::Array(cells.collect()))
        });
        rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    /// The lock goes with its file.
    fn end_lease(&self) {
        let _ = std::fs::remove_file(lock_beside(&self.path()));
    }
}

fn json_of(stored: Stored, kind: ColumnKind) -> Value {
    match (stored, kind) {
        (Stored::Null, _) => Value::Null,
        (Stored::Integer(int), ColumnKind::Bool) => json!(int == 1),
        (Stored::Integer(int), ColumnKind::Int) => json!(int),
        (Stored::Real(float), ColumnKind::Float) => json!(float),
        (Stored::Text(text), ColumnKind::Json) => serde_json::from_str(&text).unwrap(),
        (Stored::Text(text), ColumnKind::Text | ColumnKind::Date | ColumnKind::Timestamp) => json!(text),
        (stored, kind) => panic!("{stored:?} in a column of {kind:?}"),
    }
}

fn alter(table: &str, from: (ColumnKind, Seen), to: ColumnKind) -> SchemaChange {
    let column =
        |kind, seen| crate::schema::Column { name: "v".to_owned(), kind, seen, source: "/v".to_owned() };
    let (from, to) = (column(from.0, from.1), column(to, Seen::Text));
    SchemaChange::AlterColumn { table: table.to_owned(), from, to }
}

fn create(rows: &TableRows) -> SchemaChange {
    SchemaChange::CreateTable((*rows.table).clone())
}

fn write(load: &mut dyn OpenLoad, rows: &TableRows, mode: &Mode, swaps: &[Swap]) {
    let id = PackageId { load_id: "l".to_owned(), number: fastrand::u64(..1 << 40) };
    let mut writer = load.writer(&rows.table, mode, &id).unwrap();
    writer.write(&Batch { rows: rows.batch.clone(), parents: None }).unwrap();
    writer.finish().unwrap();
    let package = Package { id: &id, swaps, deletions: &[], states: &[], forget: &[], load: None };
    load.commit(&package).unwrap();
}

#[test]
fn it_conforms() {
    conformance::check(File::new);
}

#[test]
fn what_people_made_for_a_table_outlives_changes_and_swaps() {
    let file = File::new();
    let mut load = file.load();
    let columns = |v| [("id", ColumnKind::Int), ("v", v)];
    let rows = TableRows::of("t", &["id"], &columns(ColumnKind::Int), &[json!([1, 5])]);
    load.prepare(&[create(&rows)], "l").unwrap();
    write(load.as_mut(), &rows, &Mode::Merge, &[]);
    let theirs = file.theirs();
    theirs.execute_batch("CREATE VIEW w AS SELECT v FROM t; CREATE INDEX own ON t (v);").unwrap();

    load.prepare(&[alter("t", (ColumnKind::Int, Seen::Int), ColumnKind::Text)], "l").unwrap();
    let rows = TableRows::of("t", &["id"], &columns(ColumnKind::Text), &[json!([2, "x"])]);
    let swap = Swap { table: "t".to_owned(), lists: Vec::new(), when: SwapWhen::Always, parts: Vec::new() };
    write(load.as_mut(), &rows, &Mode::Stage, &[swap]);
    let seen: String = theirs.query_row("SELECT v FROM w", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, "x");
    let indexes = "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = 'own'";
    assert_eq!(theirs.query_row(indexes, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn a_table_is_rebuilt_only_where_its_type_is_another() {
    let file = File::new();
    let mut load = file.load();
    let root = |file: &File, table: &str| {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        file.theirs().query_row(sql, [table], |row| row.get::<_, i64>(0)).unwrap()
    };
    let cases = [
        (ColumnKind::Int, Seen::Nothing, ColumnKind::Bool, true),
        (ColumnKind::Text, Seen::Text, ColumnKind::Json, true),
        (ColumnKind::Timestamp, Seen::Timestamp, ColumnKind::Text, true),
        (ColumnKind::Int, Seen::Int, ColumnKind::Text, false),
    ];
    for (at, (from, seen, to, stays)) in cases.into_iter().enumerate() {
        let table = format!("t{at}");
        let rows = TableRows::of(&table, &[], &[("v", from)], &[]);
        load.prepare(&[create(&rows)], "l").unwrap();
        let before = root(&file, &table);
        load.prepare(&[alter(&table, (from, seen), to)], "l").unwrap();
        assert_eq!(root(&file, &table) == before, stays, "{from:?} to {to:?}");
    }
}

#[test]
fn a_table_that_is_not_ours_is_left_alone() {
    let file = File::new();
    file.theirs().execute_batch("CREATE TABLE projects (x); INSERT INTO projects VALUES (1);").unwrap();
    let mut load = file.load();
    let rows = TableRows::of("projects", &[], &[("id", ColumnKind::Int)], &[]);
    let error = load.prepare(&[create(&rows)], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_table_or_column_that_someone_dropped_is_not_there() {
    let file = File::new();
    let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Int)];
    let mut load = file.load();
    load.prepare(&[create(&TableRows::of("t", &[], &columns, &[]))], "l").unwrap();
    let theirs = file.theirs();
    theirs.execute_batch("ALTER TABLE t DROP COLUMN v").unwrap();
    assert_eq!(load.tables().unwrap()[0].columns.len(), 1);
    theirs.execute_batch("DROP TABLE t").unwrap();
    assert_eq!(load.tables().unwrap(), []);
    load.prepare(&[create(&TableRows::of("t", &[], &columns, &[]))], "l").unwrap();
    assert_eq!(load.tables().unwrap()[0].columns.len(), 2);
}

#[test]
fn a_list_finds_its_rows_by_the_index_of_the_key() {
    let file = File::new();
    let columns = [("_parent_id", ColumnKind::Int), ("_index", ColumnKind::Int)];
    let rows = TableRows::of("c", &["_parent_id", "_index"], &columns, &[]);
    file.load().prepare(&[create(&rows)], "l").unwrap();
    let sql = "EXPLAIN QUERY PLAN DELETE FROM c WHERE _parent_id IS ?1";
    let plan: String = file.theirs().query_row(sql, [1], |row| row.get(3)).unwrap();
    assert!(plan.contains("USING") && plan.contains("INDEX _key_of_c"), "{plan}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let mut load = file.load();
    load.prepare(&[create(&TableRows::of("t", &[], &[("id", ColumnKind::Int)], &[]))], "l").unwrap();
    let names = std::fs::read_dir(file.0.path()).unwrap().map(|entry| entry.unwrap());
    let modes: Vec<_> = names
        .map(|entry| (entry.file_name(), entry.metadata().unwrap().permissions().mode() & 0o777))
        .collect();
    assert!(modes.len() >= 4, "the log and the lease are there as well: {modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
}

#[test]
fn errors_say_what_and_where_once() {
    let error = Sqlite::open(&Settings { path: "/nowhere/at\nall/x.db".into() }).unwrap_err();
    assert!(error.to_string().starts_with("cannot open sqlite file `/nowhere"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!error.to_string().contains(&source));
}
