//! An open load: the ledger, the tables, and what they are to be.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use super::table::Tables;
use super::{Delta, Result};
use crate::destination::lake::draft::{Copy, Draft};
use crate::destination::lake::ledger::Ledger;
use crate::destination::lake::schema;
use crate::destination::lake::site::{Site, lock};
use crate::destination::lake::write::{Progress, Writer};
use crate::destination::{
    Claim, Committed, LoadEntry, Mode, OpenLoad, Package, PackageId, SchemaChange, StateEntry, StateReader,
    TableWriter,
};
use crate::schema::table::Table;
use crate::shard::Shard;

/// A place on which a load is open.
#[derive(Debug)]
pub(super) struct DeltaLoad {
    pub(super) site: Arc<Site>,
    pub(super) ledger: Ledger,
    pub(super) tables: Tables,
    /// What is to be with the next commit.
    pub(super) draft: Draft,
    /// Changes of tables that are in the draft alone, and which load makes them.
    pub(super) changes: BTreeMap<String, (String, Vec<SchemaChange>)>,
    pub(super) progress: Arc<Mutex<Progress>>,
    pub(super) committed: HashSet<PackageId>,
    pub(super) shard: Option<Shard>,
    /// The tables as the loader of a shard knows them: others may have changed them since.
    pub(super) known: BTreeMap<String, Table>,
}

impl DeltaLoad {
    pub(super) fn open(delta: Delta, claim: &Claim) -> Result<Self> {
        let site = delta.site();
        let (mut ledger, _) = Ledger::open(&site, claim)?;
        ledger.begin()?;
        let tables = Tables::read(&site, claim.shard.is_some())?;
        Ok(Self {
            draft: Draft::of(&tables.entries()?),
            site,
            ledger,
            tables,
            changes: BTreeMap::new(),
            progress: Arc::default(),
            committed: HashSet::new(),
            shard: claim.shard,
            known: BTreeMap::new(),
        })
    }
}

impl OpenLoad for DeltaLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        if self.shard.is_some() {
            self.look_at_all()?;
        }
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
        if self.shard.is_some() {
            return self.prepare_among_others(changes, load_id);
        }
        let package = PackageId { load_id: load_id.to_owned(), number: 0 };
        let mut draft = self.draft.clone();
        schema::change(&mut draft, &self.site, changes, &self.tables.foreign, &package)?;
        self.draft = draft;
        for change in changes {
            let (_, of_table) = self
                .changes
                .entry(change.table().to_owned())
                .or_insert_with(|| (load_id.to_owned(), Vec::new()));
            of_table.push(change.clone());
        }
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
        if self.shard.is_none() {
            self.commit_rest()?;
        }
        self.ledger.check()?;
        self.ledger.tidy_states()?;
        self.ledger.close()
    }
}
