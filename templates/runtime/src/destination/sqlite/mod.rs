//! SQLite: one file, one connection, a package is a transaction.
//!
//! | kind | column type | value |
//! | --- | --- | --- |
//! | bool | INTEGER | 0 or 1 |
//! | int | INTEGER | |
//! | float | REAL | |
//! | date | TEXT | `2024-05-01` |
//! | timestamp | TEXT | `2024-05-01T12:30:00.123000Z`: UTC, always six digits, so that text sorts as time does |
//! | text, json | TEXT | |
//!
//! Tables are `STRICT`, so a value is never bent to the column's type. The key of a table is a unique index. SQLite
//! keeps several rows with a null in it; here a null equals a null, which `write` sees to. The journal is a
//! write-ahead log: queries go on while a load writes. After a crash of the process every committed package is there;
//! after a loss of power the last ones may be missing, each as a whole.
//!
//! Its own tables: `_loads`, `_state`, `_tables` and `_columns`.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode};
use serde_json::Value;

use crate::destination::{
    Destination, DestinationError, LoadEntry, SchemaChange, StateEntry, Target, Written,
};
use crate::schema::table::{Table, TableRows};

mod convert;
mod deleted;
mod schema;
mod state;
mod write;

/// How SQLite is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file; it is made when it is not there.
    pub path: PathBuf,
}

/// An open SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    place: String,
    /// The tables that earlier packages and this one made.
    tables: HashMap<String, Table>,
}

/// How long to wait for another program that writes to the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many statements stay compiled: a few for each table that is being loaded.
const STATEMENTS: usize = 256;

impl Sqlite {
    /// Opens the file and makes sure that the pipeline's own tables are there.
    pub fn open(settings: &Settings) -> Result<Sqlite, DestinationError> {
        let place = format!("sqlite file `{}`", settings.path.display().to_string().escape_debug());
        let opened = Connection::open(&settings.path).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            connection.execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = NORMAL;
                 PRAGMA cache_size = -16384;
                 PRAGMA foreign_keys = OFF;
                 PRAGMA legacy_alter_table = ON;",
            )?;
            convert::register(&connection)?;
            connection.execute_batch(state::TABLES)?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| match fault_of(&error) {
            Fault::Busy => DestinationError::Busy { place: place.clone(), source: error.into() },
            _ => DestinationError::Open { place: place.clone(), source: error.into() },
        })?;
        let mut sqlite = Sqlite { connection, place, tables: HashMap::new() };
        let tables = sqlite.read_tables()?;
        sqlite.tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        Ok(sqlite)
    }

    fn table(&self, name: &str) -> Result<&Table, DestinationError> {
        self.tables.get(name).ok_or_else(|| DestinationError::Table {
            place: self.place.clone(),
            action: "find",
            table: name.to_owned(),
            source: Box::new(rusqlite::Error::QueryReturnedNoRows),
        })
    }

    /// For `map_err`: what failed on which table.
    fn failed(&self, action: &'static str, table: &str) -> impl Fn(rusqlite::Error) -> DestinationError {
        let (place, table) = (self.place.clone(), table.to_owned());
        move |error| match fault_of(&error) {
            Fault::Busy => DestinationError::Busy { place: place.clone(), source: error.into() },
            Fault::NoSpace => DestinationError::NoSpace { place: place.clone(), source: error.into() },
            Fault::Other => {
                let (place, table) = (place.clone(), table.clone());
                DestinationError::Table { place, action, table, source: error.into() }
            }
        }
    }

    fn package_failed(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> DestinationError {
        let place = self.place.clone();
        move |error| match fault_of(&error) {
            Fault::Busy => DestinationError::Busy { place: place.clone(), source: error.into() },
            Fault::NoSpace => DestinationError::NoSpace { place: place.clone(), source: error.into() },
            Fault::Other => DestinationError::Package { place: place.clone(), action, source: error.into() },
        }
    }
}

impl Destination for Sqlite {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn tables(&mut self) -> Result<Vec<Table>, DestinationError> {
        self.read_tables()
    }

    fn states(&mut self) -> Result<Vec<StateEntry>, DestinationError> {
        self.read_states()
    }

    fn loads(&mut self) -> Result<Vec<LoadEntry>, DestinationError> {
        self.read_loads()
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(self.package_failed("open a transaction"))
    }

    fn apply(&mut self, change: &SchemaChange, load_id: &str) -> Result<(), DestinationError> {
        self.change_schema(change, load_id)
    }

    fn write(&mut self, rows: &TableRows, target: Target) -> Result<Written, DestinationError> {
        self.write_rows(rows, target)
    }

    fn mark_deleted(
        &mut self,
        table: &str,
        partition: &[(&str, &Value)],
        loads: Range<&str>,
        at: SystemTime,
    ) -> Result<u64, DestinationError> {
        self.mark_rows(table, partition, loads, at)
    }

    fn swap(&mut self, table: &str) -> Result<(), DestinationError> {
        self.swap_rows(table)
    }

    fn discard_stages(&mut self) -> Result<(), DestinationError> {
        self.drop_stages()
    }

    fn is_empty(&mut self, table: &str) -> Result<bool, DestinationError> {
        self.has_no_rows(table)
    }

    fn write_state(&mut self, states: &[StateEntry], load_id: &str) -> Result<(), DestinationError> {
        self.put_states(states, load_id)
    }

    fn write_load(&mut self, load: &LoadEntry) -> Result<(), DestinationError> {
        self.put_load(load)
    }

    fn commit(&mut self) -> Result<(), DestinationError> {
        self.connection.execute_batch("COMMIT").map_err(self.package_failed("commit a transaction"))
    }

    /// Moves the write-ahead log into the file, so that the file alone is the whole database.
    fn close(&mut self) -> Result<(), DestinationError> {
        // While someone reads the old rows the log stays, and nobody waits; the next load moves it.
        let _ = self.connection.busy_timeout(Duration::ZERO);
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;");
        Ok(())
    }
}

enum Fault {
    Busy,
    NoSpace,
    Other,
}

fn fault_of(error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly) => Fault::NoSpace,
        _ => Fault::Other,
    }
}

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names as SQL writes them, with commas between.
fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value as Stored;
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;
    use crate::destination::conformance::{self, Place};
    use crate::resource::ColumnKind;

    struct File(TempDir);

    impl File {
        fn new() -> File {
            File(TempDir::new().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("it's a test.db")
        }
    }

    impl Place for File {
        fn open(&self) -> Box<dyn Destination> {
            Box::new(Sqlite::open(&Settings { path: self.path() }).unwrap())
        }

        fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
            let connection = Connection::open(self.path()).unwrap();
            let names = quoted_list(columns.iter().map(|(name, _)| *name));
            let mut statement =
                connection.prepare(&format!("SELECT {names} FROM {}", quoted(table))).unwrap();
            let rows = statement.query_map([], |row| {
                let cells =
                    columns.iter().enumerate().map(|(at, (_, kind))| json_of(row.get(at).unwrap(), *kind));
                Ok(Value::Array(cells.collect()))
            });
            rows.unwrap().collect::<Result<_, _>>().unwrap()
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

    #[test]
    fn it_conforms() {
        conformance::check(File::new);
    }

    #[test]
    fn what_people_made_for_a_table_outlives_changes_and_swaps() {
        let file = File::new();
        let mut sqlite = file.open();
        let rows =
            TableRows::of("t", &["id"], &[("id", ColumnKind::Int), ("v", ColumnKind::Int)], &[json!([1, 5])]);
        sqlite.begin().unwrap();
        sqlite.apply(&SchemaChange::CreateTable(Table::clone(&rows.table)), "l").unwrap();
        sqlite.write(&rows, Target::Table).unwrap();
        sqlite.commit().unwrap();
        let theirs = Connection::open(file.path()).unwrap();
        theirs.execute_batch("CREATE VIEW w AS SELECT v FROM t; CREATE INDEX own ON t (v);").unwrap();

        let (mut from, mut to) = (rows.table.columns[1].clone(), rows.table.columns[1].clone());
        (from.kind, to.kind) = (ColumnKind::Int, ColumnKind::Text);
        sqlite.begin().unwrap();
        sqlite.apply(&SchemaChange::AlterColumn { table: "t".to_owned(), from, to }, "l").unwrap();
        let rows = TableRows::of(
            "t",
            &["id"],
            &[("id", ColumnKind::Int), ("v", ColumnKind::Text)],
            &[json!([2, "x"])],
        );
        sqlite.write(&rows, Target::Stage).unwrap();
        sqlite.swap("t").unwrap();
        sqlite.commit().unwrap();
        let seen: String = theirs.query_row("SELECT v FROM w", [], |row| row.get(0)).unwrap();
        assert_eq!(seen, "x");
        let indexes = "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = 'own'";
        assert_eq!(theirs.query_row(indexes, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[test]
    fn a_table_that_is_not_ours_is_left_alone() {
        let file = File::new();
        let theirs = Connection::open(file.path()).unwrap();
        theirs.execute_batch("CREATE TABLE projects (x); INSERT INTO projects VALUES (1);").unwrap();
        let mut sqlite = file.open();
        sqlite.begin().unwrap();
        let rows = TableRows::of("projects", &[], &[("id", ColumnKind::Int)], &[]);
        let error = sqlite.apply(&SchemaChange::CreateTable(Table::clone(&rows.table)), "l").unwrap_err();
        assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn a_table_or_column_that_someone_dropped_comes_again() {
        let file = File::new();
        let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Int)];
        let rows = TableRows::of("t", &[], &columns, &[json!([1, 5])]);
        let mut sqlite = file.open();
        sqlite.begin().unwrap();
        sqlite.apply(&SchemaChange::CreateTable(Table::clone(&rows.table)), "l").unwrap();
        sqlite.commit().unwrap();
        let theirs = Connection::open(file.path()).unwrap();
        theirs.execute_batch("ALTER TABLE t DROP COLUMN v").unwrap();
        assert_eq!(file.open().tables().unwrap()[0].columns.len(), 1);
        theirs.execute_batch("DROP TABLE t").unwrap();
        assert_eq!(file.open().tables().unwrap(), []);
    }

    #[test]
    fn a_list_finds_its_rows_by_the_index_of_the_key() {
        let file = File::new();
        let mut sqlite = file.open();
        let columns = [("_parent_id", ColumnKind::Int), ("_index", ColumnKind::Int)];
        let rows = TableRows::of("c", &["_parent_id", "_index"], &columns, &[]);
        sqlite.begin().unwrap();
        sqlite.apply(&SchemaChange::CreateTable(Table::clone(&rows.table)), "l").unwrap();
        sqlite.commit().unwrap();
        let theirs = Connection::open(file.path()).unwrap();
        let sql = "EXPLAIN QUERY PLAN DELETE FROM c WHERE _parent_id IS ?1";
        let plan: String = theirs.query_row(sql, [1], |row| row.get(3)).unwrap();
        assert!(plan.contains("USING") && plan.contains("INDEX _key_of_c"), "{plan}");
    }

    #[test]
    fn errors_say_what_and_where_once() {
        let error = Sqlite::open(&Settings { path: "/nowhere/at\nall/x.db".into() }).unwrap_err();
        assert!(error.to_string().starts_with("cannot open sqlite file `/nowhere"), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(!error.to_string().contains(&source));
    }
}
