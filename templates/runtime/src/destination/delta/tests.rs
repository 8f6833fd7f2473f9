//! The conformance of Delta tables, and what is their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use serde_json::{Value, json};
use tempfile::TempDir;

use std::time::Duration;

use super::actions::{Action, Add, Remove, Transaction};
use super::table::Tables;
use super::*;
use crate::config::Secret;
use crate::destination::conformance::{self, Place as Conforming};
use crate::destination::lake::catalog::TableEntry;
use crate::destination::lake::format::{FileFormat, Style};
use crate::destination::lake::names;
use crate::destination::lake::site::{FileLayout, LiveFile, Site};
use crate::destination::{Batch, Mode, Package, PackageId, SchemaChange};
use crate::resource::ColumnKind;
use crate::schema::Seen;
use crate::schema::table::{Column, TableRows};
use crate::schema::time::{date_text, instant_text};
use crate::schema::widen::widen;

/// A place, read as its logs say.
struct Lake {
    settings: Settings,
    /// A folder that goes with it.
    _folder: Option<TempDir>,
}

impl Lake {
    fn in_folder() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("it's a täst");
        let objects = objects::Settings { path: Some(path.display().to_string()), ..Default::default() };
        Self { settings: Settings { objects, ..Default::default() }, _folder: Some(folder) }
    }

    fn delta(&self) -> Delta {
        Delta::open(self.settings.clone()).unwrap()
    }

    fn site(&self) -> Arc<Site> {
        let Delta { store, place, .. } = self.delta();
        Site::new((store, place), Style::new(FileFormat::Parquet, None), FileLayout::Plain, false)
    }

    fn entry(&self, table: &str) -> Option<TableEntry> {
        Tables::read(&self.site()).unwrap().own.get(table).map(|table| table.entry().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.delta().store.folder().unwrap().to_owned()
    }

    fn log_of(&self, table: &str) -> Vec<String> {
        let mut files = self.delta().store.list(&format!("{table}/_delta_log")).unwrap().files;
        files.sort();
        files
    }
}

impl Conforming for Lake {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(self.delta())
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let column = |(name, kind): &(&str, ColumnKind)| Column {
            name: (*name).to_owned(),
            kind: *kind,
            seen: Seen::Nothing,
            source: String::new(),
        };
        let columns: Vec<Column> = columns.iter().map(column).collect();
        let site = self.site();
        let mut rows = Vec::new();
        for file in self.entry(table).map(|entry| entry.files).unwrap_or_default() {
            let file = LiveFile { file, is_staged: false };
            site.each_batch(table, &file, &columns, &mut |batch| {
                rows.extend((0..batch.num_rows()).map(|row| {
                    let cells = columns.iter().zip(batch.columns());
                    cells.map(|(column, array)| json_of(array, column.kind, row)).collect::<Value>()
                }));
                Ok(())
            })
            .unwrap();
        }
        rows
    }

    fn end_lease(&self) {
        let store = self.delta().store;
        match store.folder() {
            // The lock goes with its file.
            Some(folder) => drop(std::fs::remove_file(folder.join(names::LEASE))),
            None => store.delete_all([names::LEASE.to_owned()]).unwrap(),
        }
    }
}

fn json_of(array: &ArrayRef, kind: ColumnKind, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match kind {
        ColumnKind::Bool => json!(array.as_boolean().value(row)),
        ColumnKind::Int => json!(array.as_primitive::<Int64Type>().value(row)),
        ColumnKind::Float => json!(array.as_primitive::<Float64Type>().value(row)),
        ColumnKind::Date => json!(date_text(array.as_primitive::<Date32Type>().value(row))),
        ColumnKind::Timestamp => {
            json!(instant_text(array.as_primitive::<TimestampMicrosecondType>().value(row)))
        }
        ColumnKind::Text => json!(array.as_string::<i32>().value(row)),
        ColumnKind::Json => serde_json::from_str(array.as_string::<i32>().value(row)).unwrap(),
        ColumnKind::List(_) => {
            let json = widen(array, kind, ColumnKind::Json).unwrap();
            serde_json::from_str(json.as_string::<i32>().value(row)).unwrap()
        }
    }
}

#[test]
fn a_folder_conforms() {
    conformance::check(Lake::in_folder);
}

/// Each check has a prefix of its own.
fn in_a_prefix(store: &str, settings: objects::Settings) -> Lake {
    let prefix: String = std::iter::repeat_with(fastrand::alphanumeric).take(12).collect();
    let objects = objects::Settings { path: Some(format!("{store}/{prefix}/b")), ..settings };
    Lake { settings: Settings { objects, ..Settings::default() }, _folder: None }
}

#[test]
fn s3_conforms() {
    let moto = test_servers::Moto::start();
    moto.make_bucket("tables");
    conformance::check(|| {
        let settings = objects::Settings {
            endpoint: Some(moto.endpoint()),
            aws_access_key_id: Some(Secret::new("one")),
            aws_secret_access_key: Some(Secret::new("key/of+one")),
            ..Default::default()
        };
        in_a_prefix("s3://tables", settings)
    });
}

#[test]
fn azure_conforms() {
    use test_servers::Azurite;
    let azurite = Azurite::start();
    azurite.make_container("tables");
    conformance::check(|| {
        let (endpoint, account, key) = (azurite.endpoint(), Azurite::ACCOUNT, Azurite::KEY);
        let connection = format!("AccountName={account};AccountKey={key};BlobEndpoint={endpoint};");
        let connection = Some(Secret::new(connection));
        in_a_prefix(
            "az://tables",
            objects::Settings { azure_storage_connection_string: connection, ..Default::default() },
        )
    });
}

fn load(lake: &Lake) -> Box<dyn OpenLoad> {
    lake.open().open_load(&Claim::new("test")).unwrap()
}

fn create(rows: &TableRows) -> SchemaChange {
    SchemaChange::CreateTable((*rows.table).clone())
}

fn package() -> PackageId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    PackageId { load_id: "l".to_owned(), number: NEXT.fetch_add(1, Ordering::Relaxed) }
}

const NOTHING: Package<'static> = Package {
    id: &PackageId { load_id: String::new(), number: 0 },
    swaps: &[],
    deletions: &[],
    states: &[],
    forget: &[],
    load: None,
};

fn write(load: &mut dyn OpenLoad, rows: &TableRows) {
    let id = package();
    let mut writer = load.writer(&rows.table, &Mode::Merge, &id).unwrap();
    writer.write(&Batch { rows: rows.batch.clone(), parents: None }).unwrap();
    writer.finish().unwrap();
    load.commit(&Package { id: &id, ..NOTHING }).unwrap();
}

const COLUMNS: [(&str, ColumnKind); 2] = [("id", ColumnKind::Int), ("v", ColumnKind::Int)];

fn rows_of(rows: &[Value]) -> TableRows {
    TableRows::of("t", &["id"], &COLUMNS, rows)
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(|row| row[0].as_i64());
    rows
}

#[test]
fn files_stay_few_and_checkpoints_tell_all() {
    let lake = Lake::in_folder();
    let mut first = load(&lake);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    let count = 120;
    (0..count).for_each(|id| write(first.as_mut(), &rows_of(&[json!([id % 100, id])])));
    first.close().unwrap();
    let entry = lake.entry("t").unwrap();
    assert!(entry.files.len() <= 18, "{:?}", entry.files);
    let expected = (0..100).map(|id| json!([id, if id < 20 { id + 100 } else { id }]));
    let expected: Vec<_> = expected.collect();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    let checkpoints = |log: Vec<String>| {
        log.into_iter().filter(|name| name.ends_with(".checkpoint.parquet")).collect::<Vec<_>>()
    };
    assert!(checkpoints(lake.log_of("t")).len() >= 10, "{:?}", lake.log_of("t"));
    // Commits before the last checkpoint are not needed.
    let last = checkpoints(lake.log_of("t")).pop().unwrap();
    for name in lake.log_of("t").iter().filter(|name| **name < last && name.ends_with(".json")) {
        std::fs::remove_file(lake.path().join("t/_delta_log").join(name)).unwrap();
    }
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    assert_eq!(lake.entry("t").unwrap(), entry);
    // Nor is the hint.
    std::fs::remove_file(lake.path().join("t/_delta_log/_last_checkpoint")).unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    write(load(&lake).as_mut(), &rows_of(&[json!([7, 7_000])]));
    assert_eq!(sorted(lake.rows("t", &COLUMNS))[7], json!([7, 7_000]));
}

/// Somebody else commits these actions.
fn commit_as_another(lake: &Lake, actions: &[Action]) {
    let log = lake.delta().store;
    let bytes = super::actions::to_bytes(actions).unwrap();
    for version in 0_u64.. {
        let path = format!("t/_delta_log/{version:020}.json");
        if log.create(&path, bytes.clone().into()).is_ok() {
            break;
        }
    }
}

/// Rows in a file of another writer.
fn file_of_another(lake: &Lake, rows: &TableRows) -> Add {
    let mut encoder = crate::destination::parquet::encoder(
        &rows.table.columns,
        ::parquet::basic::Compression::UNCOMPRESSED,
    )
    .unwrap();
    encoder.write(&rows.batch).unwrap();
    let bytes = encoder.into_inner().unwrap();
    let path = format!("part-{:016x} of another.parquet", fastrand::u64(..));
    let size = i64::try_from(bytes.len()).unwrap();
    lake.delta().store.put(&format!("t/{path}"), bytes.into()).unwrap();
    Add { path: path.replace(' ', "%20"), size, data_change: true, ..Add::default() }
}

#[test]
fn what_others_commit_in_between_is_seen() {
    let lake = Lake::in_folder();
    let mut load = load(&lake);
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(load.as_mut(), &rows_of(&[json!([1, 1]), json!([2, 2]), json!([3, 3])]));
    // Another program adds rows, one of them with a key that comes again.
    let add = file_of_another(&lake, &rows_of(&[json!([4, 4]), json!([5, 5])]));
    commit_as_another(&lake, &[Action::add(add.clone())]);
    write(load.as_mut(), &rows_of(&[json!([5, 50])]));
    let rows = |rows: &[[i64; 2]]| rows.iter().map(|row| json!(row)).collect::<Vec<_>>();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), rows(&[[1, 1], [2, 2], [3, 3], [4, 4], [5, 50]]));
    // It writes all files together into one, while a package is written.
    let id = package();
    let mut writer = load.writer(&rows_of(&[]).table, &Mode::Merge, &id).unwrap();
    let batch = rows_of(&[json!([2, 20]), json!([6, 6])]).batch;
    writer.write(&Batch { rows: batch, parents: None }).unwrap();
    let all = file_of_another(&lake, &rows_of(&lake.rows("t", &COLUMNS)));
    let removes = lake.entry("t").unwrap().files.into_iter().map(|file| {
        let path = file.path.trim_start_matches("t/").replace(' ', "%20");
        Action::remove(Remove { path, data_change: false, ..Remove::default() })
    });
    commit_as_another(&lake, &removes.chain([Action::add(all)]).collect::<Vec<_>>());
    writer.finish().unwrap();
    let committed = load.commit(&Package { id: &id, ..NOTHING }).unwrap();
    assert_eq!((committed.written["t"].inserted, committed.written["t"].updated), (1, 1));
    let expected = rows(&[[1, 1], [2, 20], [3, 3], [4, 4], [5, 50], [6, 6]]);
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    load.close().unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
}

/// Three writers that know nothing of each other, and a load that merges into the same table.
#[test]
fn writers_that_commit_all_the_time_lose_nothing() {
    let lake = Lake::in_folder();
    let mut load = load(&lake);
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(load.as_mut(), &rows_of(&[json!([-1, 0])]));
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let lake = &lake;
            scope.spawn(move || {
                for turn in 0..12 {
                    let from = 1_000_000 * (writer + 1) + 1_000 * turn;
                    let rows: Vec<Value> = (from..from + 1_000).map(|id| json!([id, writer])).collect();
                    commit_as_another(lake, &[Action::add(file_of_another(lake, &rows_of(&rows)))]);
                }
            });
        }
        for turn in 0..12 {
            let rows: Vec<Value> = (0..1_000).map(|id| json!([id, turn])).collect();
            write(load.as_mut(), &rows_of(&rows));
        }
    });
    load.close().unwrap();
    let rows = sorted(lake.rows("t", &COLUMNS));
    assert_eq!(rows.len(), 1 + 1_000 + 36_000);
    assert!(rows[1..=1_000].iter().enumerate().all(|(id, row)| *row == json!([id, 11])));
    let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row[0].as_i64()).collect();
    assert_eq!(ids.len(), rows.len());
}

/// A commit of which the answer was lost is found again by its transaction.
#[test]
fn a_package_that_is_committed_to_a_table_is_not_committed_again() {
    let lake = Lake::in_folder();
    let claim = Claim::new("test");
    let mut load = lake.open().open_load(&claim).unwrap();
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(load.as_mut(), &rows_of(&[json!([1, 1])]));
    let id = package();
    let add = file_of_another(&lake, &rows_of(&[json!([2, 2])]));
    let version = i64::try_from(id.number).unwrap();
    let app_id = format!("gitlab-pipeline-{}-{}", id.load_id, claim.token);
    let txn = Transaction { app_id, version, last_updated: None };
    commit_as_another(&lake, &[Action::add(add), Action::txn(txn)]);
    let mut writer = load.writer(&rows_of(&[]).table, &Mode::Merge, &id).unwrap();
    writer.write(&Batch { rows: rows_of(&[json!([2, 20])]).batch, parents: None }).unwrap();
    writer.finish().unwrap();
    load.commit(&Package { id: &id, ..NOTHING }).unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), [json!([1, 1]), json!([2, 2])]);
    write(load.as_mut(), &rows_of(&[json!([2, 30]), json!([3, 3])]));
    load.close().unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), [json!([1, 1]), json!([2, 30]), json!([3, 3])]);
}

/// A process ends after the commits of so many tables, and before the record of the package.
#[test]
fn what_a_crash_left_between_two_tables_comes_again() {
    let of = |table: &str, rows: &[Value]| TableRows::of(table, &["id"], &COLUMNS, rows);
    for committed in 0..=2 {
        let lake = Lake::in_folder();
        let both = |load: &mut dyn OpenLoad, v: i64| {
            let id = package();
            for table in ["a", "t"] {
                let rows = of(table, &[json!([1, v]), json!([2, v])]);
                let mut writer = load.writer(&rows.table, &Mode::Merge, &id).unwrap();
                writer.write(&Batch { rows: rows.batch, parents: None }).unwrap();
                writer.finish().unwrap();
            }
            let state = StateEntry { resource: "t".into(), partition: "{}".into(), state: Some(json!(v)) };
            load.commit(&Package { id: &id, states: &[state], ..NOTHING }).unwrap();
        };
        let mut first = load(&lake);
        first.prepare(&["a", "t"].map(|table| create(&of(table, &[]))), "l").unwrap();
        both(first.as_mut(), 1);
        let log = |folder: &str| {
            let mut names = lake.delta().store.list(folder).unwrap().files;
            names.sort();
            lake.path().join(folder).join(names.pop().unwrap())
        };
        both(first.as_mut(), 2);
        drop(first);
        std::fs::remove_file(log(names::LOG)).unwrap();
        for table in ["a", "t"].iter().skip(committed) {
            std::fs::remove_file(log(&format!("{table}/_delta_log"))).unwrap();
        }
        let rows = |table: &str| sorted(lake.rows(table, &COLUMNS));
        let expected = |v: i64| vec![json!([1, v]), json!([2, v])];
        assert_eq!(rows("a"), expected(if committed > 0 { 2 } else { 1 }));
        assert_eq!(rows("t"), expected(if committed > 1 { 2 } else { 1 }));
        assert_eq!(conformance::states(&lake).pop().unwrap().state, Some(json!(1)));
        let mut second = load(&lake);
        both(second.as_mut(), 2);
        second.close().unwrap();
        assert_eq!((rows("a"), rows("t")), (expected(2), expected(2)));
    }
}

/// With a checkpoint those files go that no version of the last days has.
#[test]
fn files_that_nobody_wants_go() {
    let lake = Lake::in_folder();
    let mut first = load(&lake);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(first.as_mut(), &rows_of(&[json!([1, 0])]));
    first.close().unwrap();
    let folder = lake.path().join("t");
    let put = |name: &str, days: u64| {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
    };
    put("of a dead load.parquet", 8);
    put("of a load that goes on.parquet", 6);
    put("_of_others", 8);
    let mut second = load(&lake);
    (0..10).for_each(|v| write(second.as_mut(), &rows_of(&[json!([1, v])])));
    second.close().unwrap();
    let there = |name: &str| folder.join(name).exists();
    assert!(!there("of a dead load.parquet"));
    assert!(there("of a load that goes on.parquet") && there("_of_others"));
    let files = lake.delta().store.list("t").unwrap().files;
    assert!(files.len() >= 12, "what was there today stays for readers: {files:?}");
}

#[test]
fn columns_of_others_stay_with_their_values() {
    let lake = Lake::in_folder();
    let mut first = load(&lake);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(first.as_mut(), &rows_of(&[json!([1, 1]), json!([2, 2])]));
    first.close().unwrap();
    let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Int), ("theirs", ColumnKind::Text)];
    let with = |rows: &[Value]| TableRows::of("t", &["id"], &columns, rows);
    let metadata = |lake: &Lake| {
        let bytes = lake.delta().store.get("t/_delta_log/00000000000000000000.json").unwrap();
        super::actions::parse(&bytes).unwrap().into_iter().find_map(|action| action.meta_data).unwrap()
    };
    let mut metadata = metadata(&lake);
    let mut schema: Value = serde_json::from_str(&metadata.schema_string).unwrap();
    let field =
        json!({"name": "theirs", "type": "string", "nullable": true, "metadata": {"comment": "ours"}});
    schema["fields"].as_array_mut().unwrap().push(field);
    metadata.schema_string = schema.to_string();
    let action = Action { meta_data: Some(metadata), ..Action::default() };
    let add = file_of_another(&lake, &with(&[json!([3, 3, "kept"]), json!([4, 4, "kept"])]));
    commit_as_another(&lake, &[action, Action::add(add)]);
    let mut second = load(&lake);
    let tables = second.tables().unwrap();
    assert_eq!(tables[0].columns.len(), 3, "{tables:?}");
    write(second.as_mut(), &with(&[json!([3, 30, null])]));
    second.close().unwrap();
    let expected = [json!([1, 1, null]), json!([2, 2, null]), json!([3, 30, null]), json!([4, 4, "kept"])];
    assert_eq!(sorted(lake.rows("t", &columns)), expected);
}

#[test]
fn tables_that_ask_for_more_are_refused_before_anything_is_written() {
    let protocol = |reader, writer, feature: &str| {
        let features = json!([feature]);
        let action = json!({"protocol": {"minReaderVersion": reader, "minWriterVersion": writer,
            "readerFeatures": features, "writerFeatures": features}});
        serde_json::from_value::<Action>(action).unwrap()
    };
    for feature in ["deletionVectors", "columnMapping", "something new"] {
        let lake = Lake::in_folder();
        let mut first = load(&lake);
        first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
        write(first.as_mut(), &rows_of(&[json!([1, 1])]));
        first.close().unwrap();
        commit_as_another(&lake, &[protocol(3, 7, feature)]);
        let before = lake.log_of("t");
        let Err(error) = lake.open().open_load(&Claim::new("test")) else { panic!("{feature}") };
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(feature), "{error}: {source}");
        assert_eq!(lake.log_of("t"), before);
    }
}

#[test]
fn a_table_that_is_not_ours_is_left_alone() {
    let lake = Lake::in_folder();
    load(&lake).close().unwrap();
    let store = lake.delta().store;
    store.put("t/theirs.parquet", "x".into()).unwrap();
    let error = load(&lake).prepare(&[create(&rows_of(&[]))], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
    std::fs::remove_dir_all(lake.path().join("t")).unwrap();
    let metadata = json!({"metaData": {"id": "x", "name": "t", "format": {"provider": "parquet", "options": {}},
        "schemaString": "{\"type\":\"struct\",\"fields\":[]}", "partitionColumns": [], "configuration": {}}});
    commit_as_another(&lake, &[serde_json::from_value(metadata).unwrap()]);
    let error = load(&lake).prepare(&[create(&rows_of(&[]))], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
}
