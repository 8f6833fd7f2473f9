//! An open load: the ledger, and what tables are to be.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use super::commit::{do_as_said, record_of};
use super::{Filesystem, Result};
use crate::client::Excerpt;
use crate::destination::lake::catalog::{Record, TableEntry};
use crate::destination::lake::draft::{Copy, Draft};
use crate::destination::lake::format::Style;
use crate::destination::lake::ledger::Ledger;
use crate::destination::lake::site::{Site, lock};
use crate::destination::lake::write::{Progress, Writer};
use crate::destination::lake::{names, schema};
use crate::destination::objects::Place;
use crate::destination::{
    Claim, Committed, DestinationError, LoadEntry, Mode, OpenLoad, Package, PackageId, SchemaChange,
    StateEntry, StateReader, TableWriter,
};
use crate::schema::table::Table;

/// A place on which a load is open.
#[derive(Debug)]
pub(super) struct FilesystemLoad {
    pub(super) site: Arc<Site>,
    pub(super) ledger: Ledger,
    /// What is to be with the next commit.
    pub(super) draft: Draft,
    pub(super) progress: Arc<Mutex<Progress>>,
    pub(super) committed: HashSet<PackageId>,
    /// Files that the last record makes visible and removes, until that is done.
    pub(super) unpublished: Option<Record>,
    /// Folders that were there and are not of this pipeline.
    foreign: HashSet<String>,
}

impl FilesystemLoad {
    pub(super) fn open(filesystem: Filesystem, claim: &Claim) -> Result<Self> {
        let Filesystem { store, place, settings } = filesystem;
        let files = settings.files;
        let style = files.style();
        let site = Site::new((store, place), style, files.layout, true);
        let (ledger, last) = Ledger::open(&site, claim)?;
        if let Err(error) = check_style(&ledger.catalog.tables, style, &site.place) {
            ledger.leave()?;
            return Err(error);
        }
        if let Some(last) = last {
            do_as_said(&site, &last)?;
        }
        let mut load = Self {
            draft: Draft::of(&ledger.catalog.tables),
            ledger,
            progress: Arc::default(),
            committed: HashSet::new(),
            unpublished: None,
            foreign: HashSet::new(),
            site,
        };
        load.settle()?;
        Ok(load)
    }

    /// Notes who loads now, that those are over which nobody goes on with, and which tables somebody has removed. From
    /// this record on no load that has lost its lease can write one.
    fn settle(&mut self) -> Result<()> {
        let failed = self.site.place.failed("list the files");
        let there: BTreeSet<String> =
            self.site.store.list("").map_err(&failed)?.folders.into_iter().collect();
        let has_files = |name: &&String| !self.draft.files(name, Copy::Table).is_empty();
        let is_gone = |name: &&String| has_files(name) && !there.contains(&names::folder_of(name));
        let tables = &self.ledger.catalog.tables;
        let gone: Vec<String> = tables.keys().filter(is_gone).cloned().collect();
        let own: HashSet<String> = tables.keys().map(|name| names::folder_of(name)).collect();
        for name in &gone {
            self.draft.tables.remove(name);
        }
        self.foreign =
            there.into_iter().filter(|folder| folder != names::OWN && !own.contains(folder)).collect();
        let loads = self.ledger.interrupted();
        let tables = gone.into_iter().map(|name| (name, None)).collect();
        self.unpublished = Some(self.ledger.append(Record { tables, loads, ..Record::default() }, None)?);
        self.publish()?;
        self.site.store.clear(names::STAGED).map_err(self.site.place.failed("remove files"))
    }

    /// Commits what no package has.
    fn write_rest(&mut self) -> Result<()> {
        let flushed = self.ledger.flushed()?;
        let record = record_of(&self.draft, &self.ledger.catalog);
        if flushed.is_some() || !record.tables.is_empty() {
            self.site.settle()?;
            let runs = flushed.as_ref().map(|flushed| flushed.runs.clone());
            self.unpublished = Some(self.ledger.append(Record { runs, ..record }, flushed)?);
            self.publish()?;
        }
        Ok(())
    }
}

/// Whoever reads a folder takes its files for one kind, and so do those who replace rows in them.
pub(super) fn check_style(tables: &BTreeMap<String, TableEntry>, style: Style, place: &Place) -> Result<()> {
    let mut files = tables.values().flat_map(|table| &table.files);
    match files.find_map(|file| style.other_than(&file.path)) {
        None => Ok(()),
        Some(found) => {
            let (place, found) = (place.name(), Excerpt::new(found).to_string());
            Err(DestinationError::OtherFormat { place, found, wanted: style.ending() })
        }
    }
}

impl OpenLoad for FilesystemLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        self.draft.all(&self.site)
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        self.ledger.loads(most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        self.ledger.each_state(visit)
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        Ok(self.ledger.state_reader())
    }

    fn renew(&mut self) -> Result<()> {
        self.ledger.renew()
    }

    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        let package = PackageId { load_id: load_id.to_owned(), number: 0 };
        let mut draft = self.draft.clone();
        schema::change(&mut draft, &self.site, changes, &self.foreign, &package)?;
        self.draft = draft;
        Ok(())
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        lock(&self.progress).begin(package);
        let files = self.draft.files(&table.name, Copy::Table).to_vec();
        Ok(Box::new(Writer::new(&self.site, &self.progress, (table, files), mode, package)))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.commit_package(package)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.write_rest()?;
        self.ledger.close()
    }
}
