//! An open load: the lease, the connection that changes tables and commits, and those that bring rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_postgres::types::Type;

use super::Result;
use super::connect::{Server, Session, Sql};
use super::lease::{self, Lease};
use super::schema::{
    self, Changing, HIDDEN, Schema, definitions, gone_of, incoming_of, index, key_index, stage_of,
};
use super::state::{self, Lookup};
use super::write::{Gate, Incoming, Writer};
use crate::destination::{
    Claim, Committed, LoadEntry, LoadStatus, Mode, OpenLoad, Package, PackageId, SchemaChange, StateEntry,
    StateReader, TableWriter,
};
use crate::schema::table::{Table, VALID_TO};

/// How much of a token makes the names of a load's hidden tables its own.
const OWN: usize = 8;

/// A schema on which a load is open.
#[derive(Debug)]
pub(super) struct PostgresLoad {
    pub(super) main: Session,
    pub(super) gate: Arc<Gate>,
    pub(super) token: String,
    lease: Lease,
    /// How many rows wait in each stage.
    pub(super) staged: BTreeMap<String, u64>,
    /// Tables in which rows of a package wait that was not committed.
    pub(super) full: BTreeSet<String>,
}

impl PostgresLoad {
    pub(super) fn open(server: Server, main: Session, claim: &Claim) -> Result<Self> {
        let schema = Schema::new(&server.address.schema);
        let place = server.address.place.clone();
        let lease = lease::take(&server, claim)?;
        main.transaction("open a load", |session| {
            let failed = place.package_failed("open a load");
            schema.create(session).map_err(place.package_failed("make the schema"))?;
            session.batch(&state::tables(&schema)).map_err(&failed)?;
            settle(session, &schema, claim).map_err(&failed)
        })?;
        let own = claim.token.chars().take(OWN).collect();
        let gate = Arc::new(Gate::new(server, schema, own));
        let (staged, full) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { main, gate, token: claim.token.clone(), lease, staged, full })
    }

    /// Makes what rows need that come for a table, before the first of a package.
    fn make_room(&self, incoming: &Incoming) -> Sql<()> {
        let Incoming { table, mode, target, name, .. } = incoming;
        let schema = &self.gate.schema;
        let columns = definitions(&table.columns);
        let mut sql = match mode {
            Mode::Merge => String::new(),
            Mode::Versions { of } => {
                let columns = of.iter().map(String::as_str);
                format!("{};", index(schema, ("_versions_of_", &table.name), "", columns))
            }
            Mode::History { of } => {
                let columns = of.iter().map(String::as_str);
                let index = index(schema, ("_current_of_", &table.name), "", columns);
                format!("{index} WHERE {VALID_TO} IS NULL;")
            }
            Mode::Stage => format!(
                "CREATE UNLOGGED TABLE IF NOT EXISTS {} ({columns}); {};",
                schema.table(target),
                key_index(schema, target, &table.key)
            ),
        };
        let own = schema.table(name);
        sql.push_str(&format!("CREATE UNLOGGED TABLE IF NOT EXISTS {own} ({columns});"));
        if self.full.contains(name) {
            sql.push_str(&format!("TRUNCATE {own};"));
        }
        self.main.batch(&sql)
    }
}

/// What a dead load left is settled, and who comes is named.
fn settle(session: &Session, schema: &Schema, claim: &Claim) -> Sql<()> {
    let holder = serde_json::to_string(&claim.holder).unwrap_or_default();
    let lease = format!(
        "INSERT INTO {} AS l (one, token, holder) VALUES (1, $1, $2::text::json)
         ON CONFLICT (one) DO UPDATE SET token = excluded.token, holder = excluded.holder",
        schema.table("_lease")
    );
    session.execute(&lease, &[(&claim.token, Type::TEXT), (&holder, Type::TEXT)])?;
    let settled = format!("UPDATE {} SET status = $1 WHERE status = $2", schema.table("_loads"));
    let (interrupted, running) = (LoadStatus::Interrupted.name(), LoadStatus::Running.name());
    session.execute(&settled, &[(&interrupted, Type::TEXT), (&running, Type::TEXT)])?;
    session.execute(&format!("DELETE FROM {}", schema.table("_packages")), &[])?;
    drop_hidden(session, schema, "")
}

/// Drops hidden tables, of one load or of all.
fn drop_hidden(session: &Session, schema: &Schema, load: &str) -> Sql<()> {
    let starts: Vec<String> = HIDDEN.iter().map(|start| format!("{start}{load}")).collect();
    let sql = "SELECT c.relname::text FROM pg_catalog.pg_class c
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relkind = 'r'
               AND EXISTS (SELECT FROM unnest($2) AS start WHERE left(c.relname::text, length(start)) = start)";
    let rows = session.rows(sql, &[(&schema.name, Type::TEXT), (&starts, Type::TEXT_ARRAY)])?;
    for row in &rows {
        session.batch(&format!("DROP TABLE {}", schema.table(row.try_get(0)?)))?;
    }
    Ok(())
}

/// How many rows stages have after a change: another key makes some of them the same.
fn count(session: &Session, schema: &Schema, staged: &BTreeMap<String, u64>) -> Sql<BTreeMap<String, u64>> {
    let counts = staged.keys().map(|stage| {
        let row = session.row(&format!("SELECT count(*) FROM {}", schema.table(stage)), &[])?;
        let rows: i64 = row.try_get(0)?;
        Ok((stage.clone(), u64::try_from(rows).unwrap_or_default()))
    });
    counts.collect()
}

impl OpenLoad for PostgresLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        schema::tables(&self.main, &self.gate.schema)
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        state::loads(&self.main, &self.gate.schema, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        state::each(&self.main, &self.gate.schema, visit)
    }

    fn state_reader(&mut self) -> Result<Box<dyn StateReader>> {
        Ok(Box::new(Lookup { session: self.gate.server.connect()?, schema: self.gate.schema.clone() }))
    }

    fn renew(&mut self) -> Result<()> {
        self.lease.renew()
    }

    /// What waits for rows of the tables is empty, and is made again when rows come.
    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        let Gate { schema, load, server, .. } = &*self.gate;
        let staged = self.main.transaction("change tables", |session| {
            lease::check(session, schema, &self.token)?;
            let changing = Changing { session, schema, load, load_id };
            for change in changes {
                changing.change(change)?;
                if change.is_note() {
                    continue;
                }
                let targets = [change.table().to_owned(), stage_of(change.table(), load)];
                let waiting =
                    targets.iter().flat_map(|target| [incoming_of(target, load), gone_of(target, load)]);
                let waiting: Vec<String> = waiting.map(|name| schema.table(&name)).collect();
                let dropped = session.batch(&format!("DROP TABLE IF EXISTS {}", waiting.join(", ")));
                dropped.map_err(server.address.place.failed("change", change.table()))?;
            }
            if !changes.iter().any(|change| matches!(change, SchemaChange::SetKey { .. })) {
                return Ok(self.staged.clone());
            }
            count(session, schema, &self.staged).map_err(server.address.place.package_failed("change tables"))
        })?;
        self.staged = staged;
        Ok(())
    }

    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Result<Box<dyn TableWriter>> {
        let target = match mode {
            Mode::Stage => stage_of(&table.name, &self.gate.load),
            Mode::Merge | Mode::Versions { .. } | Mode::History { .. } => table.name.clone(),
        };
        let known = {
            let mut progress = self.gate.progress();
            progress.lost.take_if(|lost| lost == package);
            progress.open += 1;
            progress.incoming.get(&target).cloned()
        };
        let incoming = match known {
            Some(incoming) => incoming,
            None => {
                let incoming = Arc::new(Incoming::new(&self.gate, table, mode, &target)?);
                let failed = self.gate.server.address.place.failed("write to", &table.name);
                self.make_room(&incoming).map_err(failed)?;
                self.full.remove(&incoming.name);
                self.gate.progress().incoming.insert(target, Arc::clone(&incoming));
                incoming
            }
        };
        Ok(Box::new(Writer { gate: Arc::clone(&self.gate), incoming }))
    }

    fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.commit_package(package)
    }

    /// Nothing of the load stays but its rows.
    fn close(self: Box<Self>) -> Result<()> {
        let Self { main, gate, token, lease, .. } = *self;
        let place = &gate.server.address.place;
        main.transaction("close the load", |session| {
            lease::check(session, &gate.schema, &token)?;
            let unnamed = format!("UPDATE {} SET token = '', holder = '{{}}'", gate.schema.table("_lease"));
            session.batch(&unnamed).map_err(place.failed("write to", "_lease"))?;
            drop_hidden(session, &gate.schema, &gate.load).map_err(place.package_failed("close the load"))
        })?;
        lease.release()
    }
}
