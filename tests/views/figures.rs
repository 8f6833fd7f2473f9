//! What a view says, read from a database, and compared with what it has to say.

use std::collections::BTreeMap;

use sample_gitlab::{Moment, SampleServer, Settings, Size, World};
use serde_json::{Map, Value};
use test_servers::{Postgres, duckdb_views};

use crate::example::{self, Example, rows_of};
use crate::expected::expected;
use crate::written::written;

/// By view: its rows.
pub(crate) type Figures = BTreeMap<String, Vec<Map<String, Value>>>;

/// One in which jobs are run again.
pub(crate) fn server() -> SampleServer {
    let size = Size { jobs_per_pipeline: 6, retries: 1, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

#[test]
fn figures_in_sqlite_are_those_of_the_records() {
    let (server, example) = (server(), Example::new("[load]\nviews = true"));
    let said = example.succeed(&server, &["run"]).stderr;
    assert!(!said.contains("left out"), "{said}");
    let names: Vec<String> = written("sqlite").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 16);
    compare(&in_sqlite(&example, &names), &expected(&server), "in SQLite");
}

/// The files are SQL that runs as it stands, where the tables are called as usual.
#[test]
fn figures_in_postgresql_are_those_of_the_records() {
    let (server, warehouse) = (server(), Postgres::start());
    let example = Example::new("[destination]\nkind = 'postgres'\ndataset = 'gitlab'\n");
    let mut command = example.command(&server);
    example::succeed(command.arg("run").envs(warehouse.environment()), &[Postgres::PASSWORD]);
    let views = written("postgres");
    let made = views.iter().map(|(name, sql)| format!("CREATE VIEW {name} AS {sql};\n"));
    let set = "SET search_path = gitlab; SET TIME ZONE 'America/New_York';\n";
    warehouse.load(&(set.to_owned() + &made.collect::<String>()));
    let rows = |(name, _): &(String, String)| {
        let rows = warehouse
            .psql(&format!("SET TIME ZONE 'Asia/Tokyo'; SELECT row_to_json(v) FROM gitlab.{name} AS v"));
        (name.clone(), rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect())
    };
    compare(&views.iter().map(rows).collect(), &expected(&server), "in PostgreSQL");
}

#[test]
fn figures_in_duckdb_are_those_of_the_records() {
    let (server, example) = (server(), Example::new("[destination]\nkind = 'duckdb'\n"));
    example.succeed(&server, &["run"]);
    let said = duckdb_views(&example.path("gitlab.duckdb"), &written("duckdb"));
    compare(&serde_json::from_value(said).expect("rows"), &expected(&server), "in DuckDB");
}

pub(crate) fn in_sqlite(example: &Example, names: &[String]) -> Figures {
    let database = example.database();
    names.iter().map(|name| (name.clone(), rows_of(&database, name))).collect()
}

pub(crate) fn compare(actual: &Figures, expected: &Figures, place: &str) {
    let names = |figures: &Figures| figures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(actual), names(expected), "{place}");
    for (view, expected) in expected {
        let (actual, expected) = (lines(&actual[view]), lines(expected));
        assert!(!expected.is_empty(), "nothing is expected of {view}");
        assert_eq!(actual.len(), expected.len(), "{view} {place}");
        for (actual, expected) in actual.iter().zip(&expected) {
            assert!(actual.is_like(expected), "{view} {place}\n  actual {actual:?}\nexpected {expected:?}");
        }
    }
}

/// A row, however a database writes it: its texts and nulls, and its numbers, by the names of columns.
#[derive(Debug, PartialEq, PartialOrd)]
struct Line {
    texts: BTreeMap<String, String>,
    numbers: BTreeMap<String, f64>,
}

impl Line {
    fn of(row: &Map<String, Value>) -> Self {
        let (mut texts, mut numbers) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in row {
            let number = value.as_bool().map(|flag| f64::from(u8::from(flag))).or_else(|| value.as_f64());
            match number {
                Some(number) => numbers.extend([(name.clone(), number)]),
                None => texts.extend([(name.clone(), text(value))]),
            }
        }
        Self { texts, numbers }
    }

    /// Databases divide by themselves.
    fn is_like(&self, other: &Self) -> bool {
        let near = |(one, other): (&f64, &f64)| (one - other).abs() < 1e-6 * one.abs().max(1.0);
        self.texts == other.texts
            && self.numbers.keys().eq(other.numbers.keys())
            && self.numbers.values().zip(other.numbers.values()).all(near)
    }
}

fn lines(rows: &[Map<String, Value>]) -> Vec<Line> {
    let mut lines: Vec<Line> = rows.iter().map(Line::of).collect();
    lines.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    lines
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('T') => {
            Moment::parse(text).map_or_else(|| text.clone(), |moment| moment.to_string())
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
