//! The conformance of files, and what is their own.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::Secret;
use crate::destination::conformance::arrow::{columns_of, values_of};
use crate::destination::conformance::{self, Place as Conforming};
use crate::destination::lake::format::{Style, each_batch};
use crate::destination::{Batch, Forget, Mode, Package, PackageId, SchemaChange, StateKey};
use crate::resource::ColumnKind;
use crate::schema::table::TableRows;

/// A place, read as whoever lists the folder of a table does.
struct Files {
    settings: Settings,
    /// A folder that goes with it.
    _folder: Option<TempDir>,
}

impl Files {
    fn in_folder(files: super::Files) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("it's a täst");
        let objects = objects::Settings { path: Some(path.display().to_string()), ..Default::default() };
        Self { settings: Settings { objects, files }, _folder: Some(folder) }
    }

    fn filesystem(&self) -> Filesystem {
        Filesystem::open(self.settings.clone()).unwrap()
    }

    /// What lies in the folder of a table, in the folders of days as well.
    fn listed(&self, table: &str) -> Vec<String> {
        let store = self.filesystem().store;
        let mut folders = vec![names::folder_of(table)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let listing = store.list(&folder).unwrap();
            folders.extend(listing.folders.iter().map(|name| format!("{folder}/{name}")));
            files.extend(listing.files.iter().map(|name| format!("{folder}/{name}")));
        }
        files
    }
}

impl Conforming for Files {
    fn open(&self) -> Box<dyn Destination> {
        Box::new(self.filesystem())
    }

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some(Box::new(self.filesystem().look().unwrap()))
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let style = Style::new(self.settings.files.format, self.settings.files.compression);
        let columns = columns_of(columns);
        let store = self.filesystem().store;
        let mut rows = Vec::new();
        for path in self.listed(table) {
            each_batch::<::parquet::errors::ParquetError>((&store, &path), style, &columns, &mut |batch| {
                rows.extend(values_of(&batch, &columns));
                Ok(())
            })
            .unwrap();
        }
        rows
    }

    fn end_lease(&self) {
        let store = self.filesystem().store;
        match store.folder() {
            // The lock goes with its file.
            Some(folder) => drop(std::fs::remove_file(folder.join(names::LEASE))),
            None => store.delete_all([names::LEASE.to_owned()]).unwrap(),
        }
    }
}

#[test]
fn parquet_conforms() {
    conformance::check(|| Files::in_folder(super::Files::default()));
}

#[test]
fn other_ways_to_lay_files_out_conform() {
    let (hive, csv, jsonl) = (FileLayout::Hive, FileFormat::Csv, FileFormat::Jsonl);
    let snappy = Some(Compression::Snappy);
    conformance::check(|| {
        Files::in_folder(super::Files { layout: hive, compression: snappy, ..Default::default() })
    });
    conformance::check(|| Files::in_folder(super::Files { format: csv, ..Default::default() }));
    let gzip = Some(Compression::Gzip);
    conformance::check(|| {
        Files::in_folder(super::Files { format: jsonl, compression: gzip, ..Default::default() })
    });
}

/// Each check has a prefix of its own.
fn in_a_prefix(store: &str, settings: objects::Settings) -> Files {
    let prefix: String = std::iter::repeat_with(fastrand::alphanumeric).take(12).collect();
    let objects = objects::Settings { path: Some(format!("{store}/{prefix}/b")), ..settings };
    Files { settings: Settings { objects, ..Settings::default() }, _folder: None }
}

#[test]
fn s3_conforms() {
    let moto = test_servers::Moto::start();
    moto.make_bucket("tables");
    conformance::check(|| in_a_prefix("s3://tables", of_s3(&moto)));
    large_files_arrive(&in_a_prefix("s3://tables", of_s3(&moto)));
}

fn of_s3(moto: &test_servers::Moto) -> objects::Settings {
    objects::Settings {
        endpoint: Some(moto.endpoint()),
        aws_access_key_id: Some(Secret::new("one")),
        aws_secret_access_key: Some(Secret::new("key/of+one")),
        ..Default::default()
    }
}

#[test]
fn azure_conforms() {
    use test_servers::Azurite;
    let azurite = Azurite::start();
    azurite.make_container("tables");
    let with_key = |key: &str| {
        let (endpoint, account) = (azurite.endpoint(), Azurite::ACCOUNT);
        let connection = format!("AccountName={account};AccountKey={key};BlobEndpoint={endpoint};");
        objects::Settings {
            azure_storage_connection_string: Some(Secret::new(connection)),
            ..Default::default()
        }
    };
    conformance::check(|| in_a_prefix("az://tables", with_key(Azurite::KEY)));
    large_files_arrive(&in_a_prefix("az://tables", with_key(Azurite::KEY)));

    let wrong = "d3Jvbmc=";
    let error = in_a_prefix("az://tables", with_key(wrong)).open().probe().unwrap_err();
    assert!(matches!(error, DestinationError::Denied { .. } | DestinationError::Unknown { .. }), "{error:?}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!format!("{error}{source}{error:?}").contains(wrong), "{error}: {source}");
}

#[test]
fn google_conforms() {
    let google = test_servers::GoogleStorage::start();
    let place = || {
        let (endpoint, token) = (Some(google.endpoint()), Some(Secret::new("a-token")));
        in_a_prefix(
            "gs://tables",
            objects::Settings { endpoint, google_bearer_token: token, ..Default::default() },
        )
    };
    conformance::check(place);
    large_files_arrive(&place());
}

/// They are sent in parts.
fn large_files_arrive(files: &Files) {
    let text = |_| std::iter::repeat_with(fastrand::alphanumeric).take(1 << 20).collect::<String>();
    let rows: Vec<Value> = (0..30).map(|id| json!([id, text(id)])).collect();
    let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Text)];
    let rows_of = |rows: &[Value]| TableRows::of("large", &["id"], &columns, rows);
    let mut load = load(files);
    load.prepare(&[create(&rows_of(&rows))], "l").unwrap();
    write(load.as_mut(), &rows_of(&rows));
    write(load.as_mut(), &rows_of(&[json!([7, "small"])]));
    load.close().unwrap();
    let mut found = files.rows("large", &columns);
    found.sort_by_key(|row| row[0].as_i64());
    assert_eq!(found[7], json!([7, "small"]));
    assert!(found.iter().zip(&rows).enumerate().all(|(at, (found, row))| at == 7 || found == row));
    assert_eq!(found.len(), rows.len());
}

fn load(files: &Files) -> Box<dyn OpenLoad> {
    files.open().open_load(&Claim::new("test")).unwrap()
}

fn create(rows: &TableRows) -> SchemaChange {
    SchemaChange::CreateTable((*rows.table).clone())
}

fn package() -> PackageId {
    PackageId { load_id: "l".to_owned(), number: fastrand::u64(..1 << 40) }
}

fn write(load: &mut dyn OpenLoad, rows: &TableRows) {
    let id = package();
    let mut writer = load.writer(&rows.table, &Mode::Merge, &id).unwrap();
    writer.write(&Batch { rows: rows.batch.clone(), parents: None }).unwrap();
    writer.finish().unwrap();
    let package = Package { id: &id, swaps: &[], deletions: &[], states: &[], forget: &[], load: None };
    load.commit(&package).unwrap();
}

const COLUMNS: [(&str, ColumnKind); 2] = [("id", ColumnKind::Int), ("v", ColumnKind::Int)];

fn rows_of(rows: &[Value]) -> TableRows {
    TableRows::of("t", &["id"], &COLUMNS, rows)
}

#[test]
fn what_the_last_record_says_is_done_by_whoever_comes_next() {
    for moved in [1, 2] {
        let files = Files::in_folder(super::Files::default());
        let mut first = load(&files);
        first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
        write(first.as_mut(), &rows_of(&[json!([1, 1]), json!([2, 2])]));
        let store = files.filesystem().store;
        let [old] = files.listed("t").try_into().unwrap();
        let bytes = store.get(&old).unwrap();
        write(first.as_mut(), &rows_of(&[json!([1, 10])]));
        drop(first);
        let new = files.listed("t");
        assert_eq!(new.len(), 2);
        // As if the process had died before it moved so many of the new files and removed the old one.
        let back = new.iter().take(moved).map(|path| (path.clone(), names::staged(path)));
        store.rename_all(back.collect::<Vec<_>>()).unwrap();
        store.put(&old, bytes).unwrap();
        load(&files).close().unwrap();
        let mut found = files.rows("t", &COLUMNS);
        found.sort_by_key(ToString::to_string);
        assert_eq!(found, [json!([1, 10]), json!([2, 2])]);
        assert_eq!(store.list(names::STAGED).unwrap().files, Vec::<String>::new());
    }
}

#[test]
fn another_format_is_refused_where_there_are_files() {
    let mut files = Files::in_folder(super::Files::default());
    let mut first = load(&files);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    first.close().unwrap();
    let with = |files: &Files, format, compression| {
        let mut settings = files.settings.clone();
        settings.files = super::Files { format, compression, ..settings.files };
        Files { settings, _folder: None }
    };
    // A table without rows has no files, and may be of any format.
    load(&with(&files, FileFormat::Csv, None)).close().unwrap();
    let mut second = load(&files);
    write(second.as_mut(), &rows_of(&[json!([1, 1])]));
    second.close().unwrap();
    for _ in 0..2 {
        let other = with(&files, FileFormat::Jsonl, Some(Compression::Gzip));
        let Err(error) = other.open().open_load(&Claim::new("test")) else { panic!("it is open") };
        assert!(matches!(error, DestinationError::OtherFormat { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("`.parquet`") && text.contains("`.jsonl.gz`") && error.hint().is_some(),
            "{text}"
        );
        assert_eq!(other.open().probe().unwrap_err().to_string(), text);
    }
    // Another compression of Parquet is read as well, and nothing is held by who was refused.
    files.settings.files.compression = Some(Compression::Snappy);
    write(load(&files).as_mut(), &rows_of(&[json!([1, 2])]));
    assert_eq!(files.rows("t", &COLUMNS), [json!([1, 2])]);
}

#[test]
fn files_and_records_stay_few() {
    let files = Files::in_folder(super::Files::default());
    let mut load = load(&files);
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    let count = 350;
    (0..count).for_each(|id| write(load.as_mut(), &rows_of(&[json!([id % 300, id])])));
    load.close().unwrap();
    assert!(files.listed("t").len() <= 18, "{:?}", files.listed("t"));
    let mut found = files.rows("t", &COLUMNS);
    found.sort_by_key(|row| row[0].as_i64());
    let expected = (0..300).map(|id| json!([id, if id < 50 { id + 300 } else { id }]));
    assert_eq!(found, expected.collect::<Vec<_>>());
    let log = files.filesystem().store.list(names::LOG).unwrap().files;
    assert!(log.len() < 300, "{} files in the log", log.len());
}

#[test]
fn many_states_are_looked_up_without_reading_all() {
    let files = Files::in_folder(super::Files::default());
    let state = |id: u64, round: u64| StateEntry {
        resource: format!("r{}", id % 3),
        partition: format!("{{\"id\":{id}}}"),
        state: Some(json!({ "round": round })),
    };
    let commit = |load: &mut dyn OpenLoad, load_id: &str, states: &[StateEntry], forget: &[Forget]| {
        let id = PackageId { load_id: load_id.to_owned(), ..package() };
        load.commit(&Package { id: &id, swaps: &[], deletions: &[], states, forget, load: None }).unwrap();
    };
    for round in 0..12 {
        let mut load = load(&files);
        for part in 0..3 {
            let ids = (part * 9_000..(part + 1) * 9_000).filter(|id| id % (round + 1) == 0);
            commit(
                load.as_mut(),
                &format!("l{round}"),
                &ids.map(|id| state(id, round)).collect::<Vec<_>>(),
                &[],
            );
        }
        load.close().unwrap();
    }
    let mut load = load(&files);
    let mut reader = load.state_reader().unwrap();
    for id in (0..27_000).step_by(251) {
        let last = (0..12).rev().find(|round| id % (round + 1) == 0).unwrap();
        let StateEntry { resource, partition, state } = state(id, last);
        let key = StateKey { resource: &resource, partition: &partition };
        assert_eq!(reader.read(&[key]).unwrap(), [state], "{id}");
    }
    let kept = |load: &mut dyn OpenLoad| {
        let mut kept = Vec::new();
        load.each_state(&mut |entry| kept.push((entry.resource, entry.partition))).unwrap();
        assert!(kept.is_sorted());
        kept.len()
    };
    assert_eq!(kept(load.as_mut()), 27_000);
    let runs = files.filesystem().store.list(names::STATE).unwrap().files;
    assert!(runs.len() <= 18, "{runs:?}");
    let forget = |resource: &str| Forget {
        resource: resource.to_owned(),
        except: [state(1, 0).partition].into(),
        loads: Default::default(),
    };
    commit(load.as_mut(), "m", &[], &[forget("r2")]);
    assert_eq!(kept(load.as_mut()), 18_000);
    commit(load.as_mut(), "m", &[state(3, 1)], &[forget("r0"), forget("r1"), forget("r2")]);
    assert_eq!(kept(load.as_mut()), 2, "one is excepted, and one is new");
    load.close().unwrap();
    let mut found = Vec::new();
    files.open().each_state(&mut |entry| found.push(entry)).unwrap();
    assert_eq!(found, [state(3, 1), StateEntry { state: found[1].state.clone(), ..state(1, 0) }]);
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone_and_one_that_is_gone_is_made_again() {
    let files = Files::in_folder(super::Files::default());
    load(&files).close().unwrap();
    let store = files.filesystem().store;
    store.put("t/theirs.parquet", "x".into()).unwrap();
    let error = load(&files).prepare(&[create(&rows_of(&[]))], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
    std::fs::remove_dir_all(store.folder().unwrap().join("t")).unwrap();
    let mut first = load(&files);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(first.as_mut(), &rows_of(&[json!([1, 1])]));
    first.close().unwrap();
    std::fs::remove_dir_all(store.folder().unwrap().join("t")).unwrap();
    assert_eq!(load(&files).tables().unwrap(), []);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_enter_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::in_folder(super::Files::default());
    let folder = files.filesystem().store.folder().unwrap().to_owned();
    files.open().probe().unwrap();
    assert!(!folder.exists(), "a probe leaves nothing");
    load(&files).close().unwrap();
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}
