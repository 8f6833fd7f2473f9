//! An open load: the lease, the connection that changes tables and commits, and those that bring rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fault::Answer;
use super::schema::{self, Changing, Schema};
use super::session::Session;
use super::state::{self, Lookup};
use super::write::Gate;
use super::{aid, lease, own_tables};
use crate::destination::{
    Aid, Claim, Committed, LoadEntry, LoadStatus, Mode, OpenLoad, Package, PackageId, Result, SchemaChange,
    StateEntry, StateReader, TableWriter, Views,
};
use crate::schema::table::Table;

/// How much of a token makes the names of a load's hidden tables its own.
const OWN: usize = 8;

/// A schema on which a load is open.
pub(super) struct WarehouseLoad {
    pub(super) main: Box<dyn Session>,
    pub(super) gate: Arc<Gate>,
    pub(super) claim: Claim,
    /// Tables that have a stage.
    pub(super) staged: BTreeSet<String>,
}

impl WarehouseLoad {
    pub(super) fn open(schema: Schema, mut main: Box<dyn Session>, claim: &Claim) -> Result<Self> {
        let place = schema.place();
        let failed = place.package_failed("open a load");
        let session = main.as_mut();
        schema.create(session).map_err(place.package_failed("make the schema"))?;
        own_tables::make_lease(session, &schema).map_err(&failed)?;
        lease::take(session, &schema, claim)?;
        own_tables::make_missing(session, &schema).map_err(&failed)?;
        settle(session, &schema).map_err(&failed)?;
        let own = claim.token.chars().take(OWN).collect::<String>().to_lowercase();
        let gate = Arc::new(Gate::new(schema, own));
        Ok(Self { main, gate, claim: claim.clone(), staged: BTreeSet::new() })
    }
}

/// What a dead load left is settled.
fn settle(session: &mut dyn Session, schema: &Schema) -> Answer<()> {
    let status = schema.column("status");
    let [interrupted, running] =
        [LoadStatus::Interrupted, LoadStatus::Running].map(|status| schema.literal(status.name()));
    let own = schema.table("_loads");
    session.run(&format!("UPDATE {own} SET {status} = {interrupted} WHERE {status} = {running}"))?;
    session.run(&format!("DELETE FROM {}", schema.table("_packages")))?;
    schema.drop_hidden(session, "")?;
    schema.warehouse.sweep(None)
}

impl OpenLoad for WarehouseLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        schema::tables(self.main.as_mut(), &self.gate.schema)
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        state::loads(self.main.as_mut(), &self.gate.schema, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        state::each(self.main.as_mut(), &self.gate.schema, visit)
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        let session = self.gate.schema.warehouse.connect()?;
        Ok(Box::new(Lookup { session, schema: self.gate.schema.clone() }))
    }

    fn renew(&mut self) -> Result<()> {
        lease::renew(self.main.as_mut(), &self.gate.schema, &self.claim)
    }

    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        lease::renew(self.main.as_mut(), &self.gate.schema, &self.claim)?;
        let Gate { schema, load, .. } = &*self.gate;
        let changing = Changing { schema, load, load_id, staged: &self.staged };
        changes.iter().try_for_each(|change| changing.change(self.main.as_mut(), change))
    }

    fn aid(&mut self, aids: &[Aid]) -> Result<()> {
        aid::aid(self.main.as_mut(), &self.gate.schema, &self.claim, aids)
    }

    fn views(&mut self) -> Option<&mut dyn Views> {
        Some(self)
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        self.gate.progress().lost.take_if(|lost| lost == package);
        let target = match mode {
            Mode::Stage => self.gate.schema.stage(&self.gate.load, &table.name),
            Mode::Merge | Mode::Versions { .. } | Mode::History { .. } => table.name.clone(),
        };
        let writer = self.gate.writer(table, mode, &target)?;
        if *mode == Mode::Stage {
            self.staged.insert(table.name.clone());
        }
        Ok(Box::new(writer))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.commit_package(package)
    }

    /// Nothing of the load stays but its rows.
    fn close(self: Box<Self>) -> Result<()> {
        let Self { mut main, gate, claim, .. } = *self;
        let failed = gate.schema.place().package_failed("close the load");
        lease::renew(main.as_mut(), &gate.schema, &claim)?;
        gate.schema.drop_hidden(main.as_mut(), &gate.load).map_err(failed)?;
        lease::release(main.as_mut(), &gate.schema, &claim)
    }
}
