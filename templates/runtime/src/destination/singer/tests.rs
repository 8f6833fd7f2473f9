//! The conformance of the stream into a target of the test's own, and what is its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;
use crate::destination::conformance::{self, Place as Conforming};
use crate::destination::{Batch, Mode, Package, PackageId, SchemaChange, Swap, SwapWhen};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;

/// A target as the specification has it: it merges by key, drops what an activated version leaves behind, and writes each
/// STATE to a file once it has what came before.
struct Target {
    state: PathBuf,
    streams: BTreeMap<String, Stream>,
    rest: Vec<u8>,
    /// The types of all messages, with their streams.
    log: Vec<String>,
}

#[derive(Default)]
struct Stream {
    key: Vec<String>,
    columns: BTreeSet<String>,
    rows: Vec<(Option<i64>, Map<String, Value>)>,
    active: Option<i64>,
}

impl Target {
    fn take(&mut self, line: &str) {
        let mut message: Value = serde_json::from_str(line).unwrap();
        let kind = message["type"].as_str().unwrap().to_owned();
        self.log
            .push(format!("{kind} {}", message["stream"].as_str().unwrap_or_default()).trim_end().to_owned());
        if kind == "STATE" {
            let mut text = std::fs::read_to_string(&self.state).unwrap_or_default();
            text.push_str(&format!("{}\n", message["value"]));
            return std::fs::write(&self.state, text).unwrap();
        }
        let name = message["stream"].as_str().unwrap().to_owned();
        if kind == "SCHEMA" {
            let stream = self.streams.entry(name).or_default();
            stream.key = serde_json::from_value(message["key_properties"].take()).unwrap();
            stream.columns = message["schema"]["properties"].as_object().unwrap().keys().cloned().collect();
            return;
        }
        let stream = self.streams.get_mut(&name).expect("a SCHEMA comes first");
        let version = message["version"].as_i64();
        if kind == "ACTIVATE_VERSION" {
            stream.active = version;
            return stream.rows.retain(|(of, _)| *of >= version);
        }
        assert_eq!(kind, "RECORD");
        let record = message["record"].as_object().unwrap().clone();
        assert_eq!(record.keys().cloned().collect::<BTreeSet<_>>(), stream.columns);
        let key = |row: &Map<String, Value>| -> Vec<Value> {
            stream.key.iter().map(|name| row.get(name).cloned().unwrap_or_default()).collect()
        };
        if !stream.key.is_empty() {
            let is_same = |of: &Option<i64>| version.is_none() || *of == version;
            stream.rows.retain(|(of, row)| !(is_same(of) && key(row) == key(&record)));
        }
        stream.rows.push((version, record));
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.take(std::str::from_utf8(&line).unwrap());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        assert!(self.rest.is_empty(), "half a line");
        Ok(())
    }
}

struct Piped {
    folder: TempDir,
    target: Arc<Mutex<Target>>,
}

impl Piped {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let state = folder.path().join("it's a state.json");
        let target = Target { state, streams: BTreeMap::new(), rest: Vec::new(), log: Vec::new() };
        Self { folder, target: Arc::new(Mutex::new(target)) }
    }

    fn settings(&self) -> Settings {
        Settings { state: self.target.lock().unwrap().state.clone(), ..Settings::default() }
    }

    fn load(&self) -> Box<dyn OpenLoad> {
        self.open().open_load(&Claim::new("test")).unwrap()
    }

    fn log(&self) -> Vec<String> {
        self.target.lock().unwrap().log.clone()
    }
}

impl Conforming for Piped {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(Singer::new(self.settings(), self.target.clone()))
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let target = self.target.lock().unwrap();
        let Some(stream) = target.streams.get(table) else { return Vec::new() };
        let kept = stream.rows.iter().filter(|(version, _)| version.is_none() || *version == stream.active);
        let cell = |row: &Map<String, Value>, (name, kind): &(&str, ColumnKind)| match (
            row.get(*name).cloned().unwrap_or_default(),
            kind,
        ) {
            (Value::String(text), ColumnKind::Json) => serde_json::from_str(&text).unwrap(),
            (value, _) => value,
        };
        kept.map(|(_, row)| columns.iter().map(|column| cell(row, column)).collect()).collect()
    }

    fn end_lease(&self) {
        let _ = std::fs::remove_file(lock_beside(&self.settings().state));
    }
}

fn write(load: &mut dyn OpenLoad, rows: &TableRows, mode: &Mode, number: u64) {
    let mut writer = load.writer(&rows.table, mode, &id(number)).unwrap();
    writer.write(&Batch { rows: rows.batch.clone(), parents: None }).unwrap();
    writer.finish().unwrap();
}

fn id(number: u64) -> PackageId {
    PackageId { load_id: "l".to_owned(), number }
}

fn commit(load: &mut dyn OpenLoad, number: u64, swaps: &[Swap]) -> Result<()> {
    let id = id(number);
    let package = Package { id: &id, swaps, deletions: &[], states: &[], forget: &[], load: None };
    load.commit(&package).map(drop)
}

fn create(rows: &TableRows) -> SchemaChange {
    SchemaChange::CreateTable((*rows.table).clone())
}

#[test]
fn it_conforms() {
    conformance::check(Piped::new);
}

#[test]
fn messages_come_in_their_order() {
    let piped = Piped::new();
    let mut load = piped.load();
    let merged = TableRows::of("merged", &["id"], &[("id", ColumnKind::Int)], &[json!([1]), json!([2])]);
    let whole = TableRows::of("whole", &[], &[("id", ColumnKind::Int)], &[json!([1])]);
    let none = TableRows::of("none", &["id"], &[("id", ColumnKind::Int)], &[]);
    load.prepare(&[create(&merged), create(&whole), create(&none)], "l").unwrap();
    write(load.as_mut(), &merged, &Mode::Merge, 0);
    assert_eq!(piped.log(), Vec::<String>::new(), "before the commit");
    commit(load.as_mut(), 0, &[]).unwrap();
    assert_eq!(piped.log(), ["SCHEMA merged", "RECORD merged", "RECORD merged", "STATE"]);
    write(load.as_mut(), &merged, &Mode::Merge, 1);
    write(load.as_mut(), &whole, &Mode::Stage, 1);
    let swap = |table: &str| Swap {
        table: table.to_owned(),
        lists: Vec::new(),
        when: SwapWhen::Always,
        parts: Vec::new(),
    };
    commit(load.as_mut(), 1, &[swap("whole"), swap("none")]).unwrap();
    let second = ["RECORD merged", "RECORD merged", "SCHEMA whole", "RECORD whole", "ACTIVATE_VERSION whole"];
    let third = ["SCHEMA none", "ACTIVATE_VERSION none", "STATE"];
    assert_eq!(piped.log()[4..], [&second[..], &third].concat());
}

#[test]
fn a_column_is_shown_when_its_type_is_known() {
    let piped = Piped::new();
    let mut load = piped.load();
    let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Text)];
    let mut rows = TableRows::of("t", &["id"], &columns, &[json!([1, null])]);
    Arc::make_mut(&mut rows.table).columns[1].seen = Seen::Nothing;
    load.prepare(&[create(&rows)], "l").unwrap();
    write(load.as_mut(), &rows, &Mode::Merge, 0);
    commit(load.as_mut(), 0, &[]).unwrap();
    let shown = || piped.target.lock().unwrap().streams["t"].columns.iter().cloned().collect::<Vec<_>>();
    assert_eq!(shown(), ["id"]);
    rows.batch = TableRows::of("t", &["id"], &columns, &[json!([2, "x"])]).batch;
    write(load.as_mut(), &rows, &Mode::Merge, 1);
    commit(load.as_mut(), 1, &[]).unwrap();
    assert_eq!(shown(), ["id", "v"]);
    assert_eq!(piped.rows("t", &columns), [json!([1, null]), json!([2, "x"])]);
}

#[test]
fn a_schema_says_which_values_come() {
    let columns = [
        ("i", ColumnKind::Int),
        ("t", ColumnKind::Timestamp),
        ("j", ColumnKind::Json),
        ("d", ColumnKind::List(crate::resource::ItemKind::Date)),
    ];
    let table = TableRows::of("a\"b", &["i"], &columns, &[]).table;
    let message: Value = serde_json::from_str(&write::schema_of(&table)).unwrap();
    let dates = json!({"type": ["null", "string"], "format": "date"});
    let properties = json!({
        "i": {"type": ["null", "integer"]},
        "t": {"type": ["null", "string"], "format": "date-time"},
        "j": {"type": ["null", "string"]},
        "d": {"type": ["null", "array"], "items": dates},
    });
    let schema = json!({"type": "object", "properties": properties});
    let expected = json!({"type": "SCHEMA", "stream": "a\"b", "schema": schema, "key_properties": ["i"]});
    assert_eq!(message, expected);
}

#[test]
fn a_state_is_found_as_targets_and_people_leave_it() {
    let piped = Piped::new();
    let path = piped.settings().state;
    let bookmarks = json!({"bookmarks": {"issues": {"{}": 7}}});
    let message = json!({"type": "STATE", "value": bookmarks});
    let texts = [
        bookmarks.to_string(),
        serde_json::to_string_pretty(&bookmarks).unwrap(),
        format!("{{\"bookmarks\":{{}}}}\n{bookmarks}\n\n"),
        message.to_string(),
    ];
    for text in texts {
        std::fs::write(&path, &text).unwrap();
        let mut states = Vec::new();
        piped.open().each_state(&mut |entry| states.push(entry.state)).unwrap();
        assert_eq!(states, [Some(json!(7))], "{text}");
    }
    for text in ["", "\n", "{}"] {
        std::fs::write(&path, text).unwrap();
        piped.open().each_state(&mut |_| panic!("there is none")).unwrap();
    }
    std::fs::write(&path, "{\"bookmarks\":").unwrap();
    let error = piped.open().loads(1).unwrap_err();
    assert!(error.to_string().contains("which this version cannot read"), "{error}");
}

/// A long STATE with each small package would be most of what is sent.
#[test]
fn a_long_state_is_said_when_as_much_was_sent_and_at_the_end() {
    let piped = Piped::new();
    let mut load = piped.load();
    let states: Vec<_> = (0..3_000)
        .map(|at| StateEntry {
            resource: "issues".to_owned(),
            partition: format!("{{\"project_id\":{at}}}"),
            state: Some(json!({"since": "2024-05-01T00:00:00Z"})),
        })
        .collect();
    for number in 0..20 {
        let (id, from) = (id(number), usize::try_from(number).unwrap() * 150);
        let states = if number == 0 { &states[..] } else { &states[from..from + 150] };
        let package = Package { id: &id, swaps: &[], deletions: &[], states, forget: &[], load: None };
        load.commit(&package).unwrap();
    }
    assert_eq!(piped.log(), ["STATE"]);
    load.close().unwrap();
    assert_eq!(piped.log(), ["STATE", "STATE"]);
}

#[test]
fn a_target_that_is_gone_ends_the_load() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let piped = Piped::new();
    let singer = Box::new(Singer::new(piped.settings(), Arc::new(Mutex::new(Gone))));
    let mut load = singer.open_load(&Claim::new("test")).unwrap();
    let error = commit(load.as_mut(), 0, &[]).unwrap_err();
    assert!(error.to_string().ends_with("cannot send messages to its target"), "{error}");
}

#[test]
fn a_probe_leaves_nothing() {
    let piped = Piped::new();
    piped.open().probe().unwrap();
    assert_eq!(std::fs::read_dir(piped.folder.path()).unwrap().count(), 0);
    let load = piped.load();
    assert!(matches!(piped.open().probe().unwrap_err(), DestinationError::Held { .. }));
    load.close().unwrap();
    assert_eq!(piped.log(), Vec::<String>::new());
}
