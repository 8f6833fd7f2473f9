//! The conformance of Delta tables, and what is their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::actions::{self, Action, Add, Remove, Transaction};
use super::table::Tables;
use super::*;
use crate::config::Secret;
use crate::destination::conformance::arrow::{columns_of, values_of};
use crate::destination::conformance::{self, Place as Conforming};
use crate::destination::lake::catalog::TableEntry;
use crate::destination::lake::format::{FileFormat, Style};
use crate::destination::lake::names;
use crate::destination::lake::site::{FileLayout, LiveFile, Site};
use crate::destination::{Batch, Mode, Package, PackageId, SchemaChange};
use crate::resource::ColumnKind;
use crate::schema::table::TableRows;

mod lasting;
mod meeting;

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
        Tables::read(&self.site(), false).unwrap().own.get(table).map(|table| table.entry().unwrap())
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

    fn reader(&self) -> Option<Box<dyn Reader>> {
        Some(Box::new(self.delta().look().unwrap()))
    }

    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value> {
        let columns = columns_of(columns);
        let site = self.site();
        let mut rows = Vec::new();
        for file in self.entry(table).map(|entry| entry.files).unwrap_or_default() {
            let file = LiveFile { file, is_staged: false };
            site.each_batch(table, &file, &columns, &mut |batch| {
                rows.extend(values_of(&batch, &columns));
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
