//! An open load: the lease, the log, and what tables are to be.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use super::catalog::{Catalog, KeptLoad, Record};
use super::commit::do_as_said;
use super::draft::{Copy, Draft};
use super::format::Style;
use super::lease::{self, Held};
use super::log::{Log, Read};
use super::site::{Site, lock};
use super::state::{Lookup, States};
use super::write::{Progress, Writer};
use super::{Filesystem, Result, names, schema};
use crate::destination::{
    Claim, Committed, LoadEntry, Mode, OpenLoad, Package, PackageId, SchemaChange, StateEntry, StateReader,
    TableWriter,
};
use crate::moment::Moment;
use crate::schema::table::Table;

/// A place on which a load is open.
#[derive(Debug)]
pub(super) struct FilesystemLoad {
    pub(super) site: Arc<Site>,
    pub(super) claim: Claim,
    lease: Held,
    pub(super) log: Log,
    /// What is committed.
    pub(super) catalog: Catalog,
    /// What is to be with the next commit.
    pub(super) draft: Draft,
    pub(super) states: Arc<Mutex<States>>,
    pub(super) progress: Arc<Mutex<Progress>>,
    pub(super) committed: HashSet<PackageId>,
    /// Files that the last record makes visible and removes, until that is done.
    pub(super) unpublished: Option<(Vec<String>, Vec<String>)>,
    /// Folders that were there and are not of this pipeline.
    foreign: HashSet<String>,
}

impl FilesystemLoad {
    pub(super) fn open(filesystem: Filesystem, claim: &Claim) -> Result<Self> {
        let Filesystem { store, place, settings } = filesystem;
        let io =
            |error: std::io::Error| object_store::Error::Generic { store: "folder", source: error.into() };
        store.make().map_err(|error| place.not_opened(&io(error)))?;
        let lease = lease::take(&store, &place, claim)?;
        let Read { log, mut catalog, last } = Log::read(&store, &place)?;
        let day = Moment::now().date_text();
        let site = Site::new(store, place, Style::of(&settings.files), settings.files.layout, day);
        if let Some(last) = last {
            do_as_said(&site, &last.publish, &last.remove)?;
        }
        let (runs, kept) = (catalog.runs.clone(), std::mem::take(&mut catalog.states));
        let states = States::new(&site.store, &site.place, runs, kept);
        let mut load = Self {
            claim: claim.clone(),
            lease,
            log,
            draft: Draft::of(&catalog),
            catalog,
            states: Arc::new(Mutex::new(states)),
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
        let gone: Vec<String> = self.catalog.tables.keys().filter(is_gone).cloned().collect();
        for name in &gone {
            self.draft.tables.remove(name);
        }
        let own: HashSet<String> = self.catalog.tables.keys().map(|name| names::folder_of(name)).collect();
        self.foreign =
            there.into_iter().filter(|folder| folder != names::OWN && !own.contains(folder)).collect();
        let loads = self.catalog.loads.values().filter_map(KeptLoad::interrupted).collect();
        let tables = gone.into_iter().map(|name| (name, None)).collect();
        self.append(Record { tables, loads, ..Record::default() }, None)?;
        self.publish()?;
        self.site.store.clear(names::STAGED).map_err(self.site.place.failed("remove files"))
    }

    pub(super) fn check_lease(&self) -> Result<()> {
        self.lease.check(&self.site.place, &self.claim)
    }

    /// Writes everything so that the next load reads it at once.
    fn write_rest(&mut self) -> Result<()> {
        let name = format!("{:016x}", fastrand::u64(..));
        let flushed = lock(&self.states).flushed(&name)?;
        let record = self.draft.record(&self.catalog);
        if flushed.is_some() || !record.tables.is_empty() {
            self.site.settle()?;
            let runs = flushed.as_ref().map(|flushed| flushed.runs.clone());
            self.append(Record { runs, ..record }, flushed)?;
            self.publish()?;
        }
        self.write_whole()
    }
}

impl OpenLoad for FilesystemLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        let names = self.draft.tables.keys();
        let tables = names.map(|name| self.draft.table(name, &self.site));
        Ok(tables.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        self.catalog.latest_loads(most, true, &self.site.place)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        lock(&self.states).each_state(visit)
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        Ok(Box::new(Lookup(Arc::clone(&self.states))))
    }

    fn renew(&mut self) -> Result<()> {
        self.lease.renew(&self.site.place, &self.claim)
    }

    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        let package = PackageId { load_id: load_id.to_owned(), number: 0 };
        let mut draft = self.draft.clone();
        schema::change(&mut draft, &self.site, changes, &self.foreign, &package)?;
        self.draft = draft;
        Ok(())
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        let mut progress = lock(&self.progress);
        progress.lost.take_if(|lost| lost == package);
        progress.open += 1;
        drop(progress);
        let files = self.draft.files(&table.name, Copy::Table).to_vec();
        Ok(Box::new(Writer::new(&self.site, &self.progress, (table, files), mode, package)))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.commit_package(package)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.write_rest()?;
        for load in self.catalog.loads.values().rev().take(1) {
            let text = serde_json::to_vec_pretty(load).unwrap_or_default();
            self.site
                .store
                .put(&load.path(), text.into())
                .map_err(self.site.place.failed("write how it went"))?;
        }
        self.lease.release(&self.site.place, &self.claim)
    }
}
