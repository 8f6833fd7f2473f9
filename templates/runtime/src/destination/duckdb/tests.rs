//! The conformance of DuckDB, and what is its own.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::destination::conformance::{self, Place as Conforming};
use crate::destination::{Batch, Mode, Package, PackageId, Reader, SchemaChange, Swap, SwapWhen};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;
use crate::schema::widen::{float_text, json_text};

struct File(TempDir);

impl File {
    fn new() -> File {
        File(TempDir::new().unwrap())
    }

    fn settings(&self) -> Settings {
        Settings { path: self.0.path().join("it's a test.db"), ..Settings::default() }
    }

    fn duckdb(&self) -> Duckdb {
        Duckdb::new(&self.settings())
    }

    fn theirs(&self) -> Database {
        self.duckdb().connect(Access::Load).unwrap()
    }

    fn load(&self) -> Box<dyn OpenLoad> {
        self.open().open_load(&Claim::new("test")).unwrap()
    }
}

impl Conforming for File {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(self.duckdb())
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some(read::look(self.duckdb()).unwrap())
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let Some(database) = self.duckdb().look().unwrap() else { return Vec::new() };
        let cells = columns.iter().map(|(name, kind)| cell_of(&quoted(name), *kind));
        let sql = format!("SELECT {} FROM {}", cells.collect::<Vec<_>>().join(", "), quoted(table));
        let Ok(mut statement) = database.connected.prepare(&sql) else { return Vec::new() };
        let rows = statement.query_map([], |row| {
            let cells =
                columns.iter().enumerate().map(|(at, (_, kind))| json_of(row.get(at).unwrap(), *kind));
            Ok(Value::Array(cells.collect()))
        });
        rows.unwrap().collect::<::duckdb::Result<_>>().unwrap()
    }

    /// The lock goes with its file.
    fn end_lease(&self) {
        let _ = std::fs::remove_file(lock_beside(&self.settings().path));
    }
}

fn cell_of(name: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Float => name.to_owned(),
        ColumnKind::Timestamp => {
            format!("(CAST(CAST({name} AS DATE) AS VARCHAR) || 'T' || strftime({name}, '%H:%M:%S.%fZ'))")
        }
        ColumnKind::List(item) => {
            format!("list_transform({name}, lambda item: {})", cell_of("item", item.kind()))
        }
        _ => format!("CAST({name} AS VARCHAR)"),
    }
}

fn json_of(stored: ::duckdb::types::Value, kind: ColumnKind) -> Value {
    use ::duckdb::types::Value as Stored;
    match (stored, kind) {
        (Stored::Null, _) => Value::Null,
        (Stored::List(items), ColumnKind::List(item)) => {
            items.into_iter().map(|stored| json_of(stored, item.kind())).collect()
        }
        (Stored::Boolean(flag), ColumnKind::Bool) => json!(flag),
        (Stored::BigInt(int), ColumnKind::Int) => json!(int),
        (Stored::Double(float), ColumnKind::Float) => json!(float),
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
    theirs.connected.execute_batch("CREATE VIEW w AS SELECT v FROM t; CREATE INDEX own ON t (v);").unwrap();

    load.prepare(&[alter("t", (ColumnKind::Int, Seen::Int), ColumnKind::Text)], "l").unwrap();
    let rows = TableRows::of("t", &["id"], &columns(ColumnKind::Text), &[json!([2, "x"])]);
    let swap = Swap { table: "t".to_owned(), lists: Vec::new(), when: SwapWhen::Always, parts: Vec::new() };
    write(load.as_mut(), &rows, &Mode::Stage, &[swap]);
    assert_eq!(theirs.indexes("t").unwrap().len(), 1);
    // DuckDB notes the types of a view's columns, so it is made again where one changed.
    let seen: String = theirs.connected.query_row("SELECT v FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, "x");
}

#[test]
fn a_table_that_is_not_ours_is_left_alone() {
    let file = File::new();
    file.theirs().connected.execute_batch("CREATE TABLE PROJECTS (x INT)").unwrap();
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
    theirs.connected.execute_batch("ALTER TABLE t DROP COLUMN v").unwrap();
    assert_eq!(load.tables().unwrap()[0].columns.len(), 1);
    theirs.connected.execute_batch("DROP TABLE t").unwrap();
    assert_eq!(load.tables().unwrap(), []);
    load.prepare(&[create(&TableRows::of("t", &[], &columns, &[]))], "l").unwrap();
    assert_eq!(load.tables().unwrap()[0].columns.len(), 2);
}

/// A column that somebody put into the middle does not move the others.
#[test]
fn columns_are_found_by_their_names() {
    let file = File::new();
    let theirs = file.theirs();
    let mut load = file.load();
    let rows = TableRows::of("t", &["id"], &[("id", ColumnKind::Int)], &[json!([1])]);
    load.prepare(&[create(&rows)], "l").unwrap();
    theirs.connected.execute_batch("ALTER TABLE t ADD COLUMN mine VARCHAR DEFAULT 'own'").unwrap();
    let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Text)];
    let rows = TableRows::of("t", &["id"], &columns, &[json!([1, "x"])]);
    let column = rows.table.columns[1].clone();
    load.prepare(&[SchemaChange::AddColumn { table: "t".to_owned(), column }], "l").unwrap();
    write(load.as_mut(), &rows, &Mode::Merge, &[]);
    assert_eq!(file.rows("t", &columns), [json!([1, "x"])]);
}

/// Floats and text as text and JSON: what SQL makes of old values is what new ones become.
#[test]
fn widened_values_are_those_that_new_ones_become() {
    let file = File::new();
    let theirs = file.theirs();
    let column = |kind| crate::schema::Column {
        name: "v".to_owned(),
        kind,
        seen: Seen::from_name(crate::schema::kind_name(kind)).unwrap(),
        source: "/v".to_owned(),
    };
    let mut random = fastrand::Rng::with_seed(7);
    let edges =
        [0.0, -0.0, 1e15, 1e16, 1e17, 1e-4, 1e-5, 1.25e-5, -9.75e-5, 1e-6, 1e-10, 5e-324, f64::MAX, 1e100];
    let random = std::iter::repeat_with(|| match random.u8(..4) {
        0 => f64::from_bits(random.u64(..)),
        1 => random.f64() * 1e-4,
        2 => f64::from(random.i32(..)) * 1e11,
        _ => f64::from(random.i32(..)) / 1e4,
    });
    let floats: Vec<f64> =
        edges.into_iter().chain(random.filter(|float| float.is_finite()).take(3000)).collect();
    let sql = convert::wide_value("v", &column(ColumnKind::Float), &column(ColumnKind::Text));
    let mut statement =
        theirs.connected.prepare(&format!("SELECT {sql} FROM (SELECT CAST(? AS DOUBLE) AS v)")).unwrap();
    for float in floats {
        let text: String = statement.query_row([float], |row| row.get(0)).unwrap();
        assert_eq!(text, float_text(float), "{float:e}");
    }
    let every_control: String = (0..=0x20).map(|code| char::from(u8::try_from(code).unwrap())).collect();
    let sql = convert::wide_value("v", &column(ColumnKind::Text), &column(ColumnKind::Json));
    let mut statement =
        theirs.connected.prepare(&format!("SELECT {sql} FROM (SELECT CAST(? AS VARCHAR) AS v)")).unwrap();
    for text in ["", "\\u0041 \\n \"quoted\" / 日本 🦊 \u{7f}\u{2028}", "'; --", every_control.as_str()] {
        let json: String = statement.query_row([text], |row| row.get(0)).unwrap();
        assert_eq!(json, json_text(text, ColumnKind::Text));
    }
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
    assert!(modes.len() >= 3, "the log and the lease are there as well: {modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
}

#[test]
fn a_limit_that_is_no_size_is_known_without_a_file() {
    assert!(::duckdb::Config::default().max_memory("much").is_err());
    assert!(::duckdb::Config::default().max_memory(&Settings::default().memory_limit).is_ok());
}

#[test]
fn a_file_stays_of_the_version_that_it_was_made_for() {
    let version = |file: &File| -> String {
        let database = file.theirs();
        let sql = "SELECT tags['storage_version'] FROM duckdb_databases()
                   WHERE database_name = current_database()";
        database.connected.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let new = File::new();
    assert!(version(&new).starts_with("v1.3.0"), "{}", version(&new));

    let old = File::new();
    ::duckdb::Connection::open(old.settings().path).unwrap().execute_batch("CREATE TABLE t (a INT)").unwrap();
    let before = version(&old);
    drop(old.load());
    assert!(before.starts_with("v1.0.0"), "{before}");
    assert_eq!(version(&old), before);
}

/// What DuckDB itself does not notice: two instances of a file in one process would destroy it.
#[test]
fn a_process_has_one_instance_of_a_file() {
    let file = File::new();
    let (one, other) = (file.theirs(), file.theirs());
    one.connected.execute_batch("CREATE TABLE t AS SELECT 1 AS a").unwrap();
    drop(one);
    assert_eq!(other.connected.query_row("SELECT a FROM t", [], |row| row.get::<_, i32>(0)).unwrap(), 1);
    drop(other);
    let looking = file.duckdb().look().unwrap().unwrap();
    assert!(
        looking.connected.execute_batch("INSERT INTO t VALUES (2)").is_err(),
        "it is closed with the last"
    );
}

/// DuckDB writes a new file in several steps; who is killed between two of them must not stand in the way of the next.
#[test]
fn what_a_run_left_that_was_killed_while_it_made_the_file_is_no_obstacle() {
    let file = File::new();
    let path = file.settings().path;
    std::fs::write(beside(&path, "-new"), [0; 4096]).unwrap();
    std::fs::write(beside(&path, ".wal"), "of another file").unwrap();
    file.load().close().unwrap();
    assert_eq!(file.open().loads(1).unwrap(), []);
    assert!(!beside(&path, "-new").exists() && !beside(&path, ".wal").exists());
}

#[test]
fn a_probe_leaves_nothing() {
    let file = File::new();
    file.open().probe().unwrap();
    assert_eq!(std::fs::read_dir(file.0.path()).unwrap().count(), 0);
    let load = file.load();
    assert!(matches!(file.open().probe().unwrap_err(), DestinationError::Held { .. }));
    load.close().unwrap();
    file.open().probe().unwrap();
    assert!(file.settings().path.exists());
}

#[test]
fn errors_say_what_and_where_once() {
    let settings = Settings { path: "/nowhere/at\nall/x.db".into(), ..Settings::default() };
    let error = Box::new(Duckdb::new(&settings)).probe().unwrap_err();
    assert!(error.to_string().starts_with("cannot open duckdb file `/nowhere"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!error.to_string().contains(&source));
}
