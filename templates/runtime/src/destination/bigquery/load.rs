//! An open load: the lease, what is known of its tables, and the gate through which rows come.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Result;
use super::dataset::Dataset;
use super::job::Query;
use super::names::{COLUMNS, LEASE, LOADS, PACKAGES, STATE, TABLES, is_hidden, stage_of};
use super::schema::{self, Changing, own_tables};
use super::state::{self, Kept};
use super::write::{Gate, Incoming, Writer};
use super::{aid, lease};
use crate::destination::{
    Aid, Claim, Committed, LoadEntry, LoadStatus, Mode, OpenLoad, Package, PackageId, SchemaChange,
    StateEntry, StateReader, TableWriter, Views,
};
use crate::schema::table::Table;

/// How much of a token makes the names of a load's hidden tables its own.
const OWN: usize = 8;

/// A dataset on which a load is open.
#[derive(Debug)]
pub(super) struct BigQueryLoad {
    pub(super) gate: Arc<Gate>,
    pub(super) token: String,
    /// The tables that are there, by name.
    pub(super) known: BTreeMap<String, Table>,
    /// The hidden copies in which whole reads gather, by table.
    pub(super) stages: BTreeMap<String, String>,
    pub(super) states: Kept,
    /// How many hidden tables there have been.
    hidden: usize,
}

impl BigQueryLoad {
    pub(super) fn open(dataset: Dataset, claim: &Claim) -> Result<Self> {
        let place = dataset.place.clone();
        dataset.make().map_err(place.package_failed("make the dataset"))?;
        let there = dataset.tables().map_err(place.package_failed("show its tables"))?;
        make_own(&dataset, &there)?;
        lease::take(&dataset, claim)?;
        settle(&dataset, &there)?;
        let known = known(&dataset)?;
        let own = claim.token.chars().take(OWN).collect();
        Ok(Self {
            states: Kept::new(&dataset),
            gate: Arc::new(Gate::new(dataset, own)),
            token: claim.token.clone(),
            known,
            stages: BTreeMap::new(),
            hidden: 0,
        })
    }

    /// Takes tables away that nobody needs any more; if one stays, its time ends by itself.
    pub(super) fn remove_hidden(&self, names: impl Iterator<Item = String>) {
        for name in names {
            if let Err(fault) = self.gate.dataset.remove_table(&name) {
                tracing::debug!(%fault, %name, "a hidden table stays until its time is over");
            }
        }
    }

    /// What waits for rows of a table in the package that is open.
    fn incoming(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Arc<Incoming>> {
        let dataset = &self.gate.dataset;
        let failed = dataset.place.failed("write to", &table.name);
        let target = match mode {
            Mode::Merge | Mode::Versions { .. } | Mode::History { .. } => table.name.clone(),
            Mode::Stage => {
                let stage = stage_of(&table.name, &self.gate.load);
                if !self.stages.contains_key(&table.name) {
                    dataset.make_table(&stage, &table.columns).map_err(&failed)?;
                    self.stages.insert(table.name.clone(), stage.clone());
                }
                stage
            }
        };
        if let Some(incoming) = self.gate.progress().incoming.get(&target) {
            return Ok(Arc::clone(incoming));
        }
        self.hidden += 1;
        let incoming = Incoming::new(&self.gate, (table, mode), &target, (package, self.hidden))?;
        dataset.make_table(&incoming.name, &table.columns).map_err(failed)?;
        let incoming = Arc::new(incoming);
        self.gate.progress().incoming.insert(target, Arc::clone(&incoming));
        Ok(incoming)
    }
}

/// Makes what the pipeline keeps for itself, unless it is there.
fn make_own(dataset: &Dataset, there: &[String]) -> Result<()> {
    let failed = dataset.place.package_failed("make the tables of the pipeline");
    let own = [TABLES, COLUMNS, STATE, LOADS, PACKAGES, LEASE];
    if own.iter().all(|name| there.iter().any(|there| there == name)) {
        return Ok(());
    }
    let sql = format!("{}\n{}", own_tables(dataset), lease::table(dataset));
    dataset.query(&Query::new(sql)).map(drop).map_err(failed)
}

/// What a dead load left is settled.
fn settle(dataset: &Dataset, there: &[String]) -> Result<()> {
    let failed = dataset.place.package_failed("open a load");
    let sql = format!(
        "UPDATE {} SET status = '{}' WHERE status = '{}';
         DELETE FROM {} WHERE TRUE;",
        dataset.table(LOADS),
        LoadStatus::Interrupted.name(),
        LoadStatus::Running.name(),
        dataset.table(PACKAGES)
    );
    dataset.query(&Query::new(sql)).map_err(&failed)?;
    there
        .iter()
        .filter(|name| is_hidden(name))
        .try_for_each(|name| dataset.remove_table(name).map_err(&failed))
}

fn known(dataset: &Dataset) -> Result<BTreeMap<String, Table>> {
    Ok(schema::tables(dataset)?.into_iter().map(|table| (table.name.clone(), table)).collect())
}

impl OpenLoad for BigQueryLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        Ok(self.known.values().cloned().collect())
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        state::loads(&self.gate.dataset, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        state::each(&self.gate.dataset, visit)
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        Ok(Box::new(self.states.clone()))
    }

    fn renew(&mut self) -> Result<()> {
        lease::renew(&self.gate.dataset, &self.token)
    }

    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let Self { gate, known, stages, token, .. } = self;
        Changing { dataset: &gate.dataset, known, stages, load_id, token }.make(changes)?;
        schema::apply(known, changes);
        Ok(())
    }

    fn aid(&mut self, aids: &[Aid]) -> Result<()> {
        aid::aid(&self.gate.dataset, &self.token, aids)
    }

    fn views(&mut self) -> Option<&mut dyn Views> {
        Some(self)
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        {
            let mut progress = self.gate.progress();
            progress.lost.take_if(|lost| lost == package);
            progress.open += 1;
        }
        let incoming = self.incoming(table, mode, package)?;
        Ok(Box::new(Writer { gate: Arc::clone(&self.gate), incoming }))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.commit_package(package)
    }

    /// Nothing of the load stays but its rows.
    fn close(self: Box<Self>) -> Result<()> {
        self.remove_hidden(self.stages.values().cloned());
        lease::give_back(&self.gate.dataset, &self.token)
    }
}
