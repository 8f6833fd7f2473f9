//! An open load: the lease, the connection that changes tables and commits, and those that bring rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_postgres::types::Type;

use super::connect::{Server, Session, Sql};
use super::lease::{self, Lease};
use super::schema::{
    self, Changing, HIDDEN, STAGE, Schema, definitions, gone_of, incoming_of, index, key_index, stage_of,
};
use super::state::{self, Lookup};
use super::write::{Gate, Incoming, Writer};
use super::{Result, aid};
use crate::destination::{
    Aid, Claim, Committed, DestinationError, LoadEntry, LoadStatus, Mode, OpenLoad, Package, PackageId,
    SHARD, SchemaChange, StateEntry, StateReader, TableWriter, Views,
};
use crate::schema::table::{Table, VALID_TO};
use crate::shard::Shard;

/// How much of a token makes the names of a load's hidden tables its own.
const OWN: usize = 8;

pub(super) fn own_part(token: &str) -> String {
    token.chars().take(OWN).collect()
}

/// A schema on which a load is open.
#[derive(Debug)]
pub(super) struct PostgresLoad {
    pub(super) main: Session,
    pub(super) gate: Arc<Gate>,
    pub(super) token: String,
    pub(super) shard: Option<Shard>,
    lease: Lease,
    /// How many rows wait in each stage.
    pub(super) staged: BTreeMap<String, u64>,
    /// Tables in which rows of a package wait that was not committed.
    pub(super) full: BTreeSet<String>,
    /// The tables as this load knows them: other shards may have changed them since.
    known: BTreeMap<String, Table>,
}

impl PostgresLoad {
    pub(super) fn open(server: Server, main: Session, claim: &Claim) -> Result<Self> {
        let schema = Schema::new(&server.address.schema);
        let place = server.address.place.clone();
        let lease = lease::take(&server, claim)?;
        main.transaction("open a load", |session| {
            let failed = place.package_failed("open a load");
            lease::await_turn(session).map_err(&failed)?;
            schema.create(session).map_err(place.package_failed("make the schema"))?;
            session.batch(&state::tables(&schema)).map_err(&failed)?;
            settle(session, &schema, claim)
        })?;
        let gate = Arc::new(Gate::new(server, schema, own_part(&claim.token)));
        let (staged, full, known) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let (token, shard) = (claim.token.clone(), claim.shard);
        Ok(Self { main, gate, token, shard, lease, staged, full, known })
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

    /// Within a transaction that others wait for: the tables are as the loader knows them.
    fn see_that_none_has_moved(&self, changes: &[SchemaChange]) -> Result<()> {
        if self.shard.is_none() {
            return Ok(());
        }
        let Gate { schema, server, .. } = &*self.gate;
        let now = by_name(schema::tables(&self.main, schema)?);
        let moved = changes.iter().find(|change| now.get(change.table()) != self.known.get(change.table()));
        moved.map_or(Ok(()), |change| {
            let (place, table) = (server.address.place.name(), change.table().to_owned());
            Err(DestinationError::Moved { place, table })
        })
    }
}

/// What a dead load left is settled, and who comes is named.
fn settle(session: &Session, schema: &Schema, claim: &Claim) -> Result<()> {
    let place = &session.server.address.place;
    let failed = place.package_failed("open a load");
    let mut others = Vec::new();
    if let Some(shard) = claim.shard {
        for (other, token, holder) in lease::shards(session, schema).map_err(&failed)? {
            let is_other = other.of() != shard.of();
            if is_other && lease::is_held(session, Some(other)).map_err(&failed)? {
                return Err(DestinationError::Held { place: place.name(), holder });
            }
            if !is_other && other != shard {
                others.push(own_part(&token));
            }
        }
    }
    let settled = || {
        lease::name(session, schema, claim)?;
        let shard = claim.shard.map(|shard| shard.to_string());
        let of = claim.shard.map(|shard| format!("%/{}", shard.of()));
        // The other shards of its run settle themselves.
        let settled = format!(
            "UPDATE {} SET status = $1 WHERE status = $2 AND ($3::text IS NULL OR report->>'{SHARD}' IS NULL
             OR report->>'{SHARD}' = $3 OR report->>'{SHARD}' NOT LIKE $4)",
            schema.table("_loads")
        );
        let (interrupted, running) = (LoadStatus::Interrupted.name(), LoadStatus::Running.name());
        let values = [
            (&interrupted as _, Type::TEXT),
            (&running as _, Type::TEXT),
            (&shard as _, Type::TEXT),
            (&of as _, Type::TEXT),
        ];
        session.execute(&settled, &values)?;
        if claim.shard.is_none() {
            session.execute(&format!("DELETE FROM {}", schema.table("_packages")), &[])?;
        }
        drop_hidden(session, schema, &HIDDEN.map(str::to_owned), &others)
    };
    settled().map_err(&failed)
}

/// Drops hidden tables whose names begin so, but none of other loads.
fn drop_hidden(session: &Session, schema: &Schema, starts: &[String], others: &[String]) -> Sql<()> {
    let kept: Vec<String> =
        HIDDEN.iter().flat_map(|start| others.iter().map(move |load| format!("{start}{load}_"))).collect();
    let sql = "SELECT c.relname::text FROM pg_catalog.pg_class c
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relkind = 'r'
               AND EXISTS (SELECT FROM unnest($2) AS start WHERE left(c.relname::text, length(start)) = start)
               AND NOT EXISTS (SELECT FROM unnest($3) AS start WHERE left(c.relname::text, length(start)) = start)";
    let values =
        [(&schema.name as _, Type::TEXT), (&starts as _, Type::TEXT_ARRAY), (&kept as _, Type::TEXT_ARRAY)];
    for row in &session.rows(sql, &values)? {
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

fn by_name(tables: Vec<Table>) -> BTreeMap<String, Table> {
    tables.into_iter().map(|table| (table.name.clone(), table)).collect()
}

impl OpenLoad for PostgresLoad {
    fn tables(&mut self) -> Result<Vec<Table>> {
        let tables = schema::tables(&self.main, &self.gate.schema)?;
        if self.shard.is_some() {
            self.known = by_name(tables.clone());
        }
        Ok(tables)
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
        let (staged, known) = self.main.transaction("change tables", |session| {
            lease::check(session, schema, (&self.token, self.shard))?;
            self.see_that_none_has_moved(changes)?;
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
            let known = self.shard.map(|_| schema::tables(session, schema)).transpose()?;
            if !changes.iter().any(|change| matches!(change, SchemaChange::SetKey { .. })) {
                return Ok((self.staged.clone(), known));
            }
            let staged = count(session, schema, &self.staged);
            Ok((staged.map_err(server.address.place.package_failed("change tables"))?, known))
        })?;
        self.staged = staged;
        // Of other tables no more is known than the loader knows.
        let of_changes = |name: &String| changes.iter().any(|change| change.table() == name);
        self.known
            .extend(by_name(known.unwrap_or_default()).into_iter().filter(|(name, _)| of_changes(name)));
        Ok(())
    }

    fn aid(&mut self, aids: &[Aid]) -> Result<()> {
        let Gate { schema, server, .. } = &*self.gate;
        self.main.transaction("make indexes and comments", |session| {
            lease::check(session, schema, (&self.token, self.shard))?;
            let made = aid::aid(session, schema, aids);
            made.map_err(server.address.place.package_failed("make indexes and comments"))
        })
    }

    fn views(&mut self) -> Option<&mut dyn Views> {
        Some(self)
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
        let Self { main, gate, token, shard, lease, .. } = *self;
        let place = &gate.server.address.place;
        main.transaction("close the load", |session| {
            lease::check(session, &gate.schema, (&token, shard))?;
            lease::unname(session, &gate.schema, shard).map_err(place.failed("write to", "_lease"))?;
            // What a shard has staged waits for the others.
            let gone = HIDDEN.iter().filter(|start| shard.is_none() || **start != STAGE);
            let gone: Vec<String> = gone.map(|start| format!("{start}{}_", gate.load)).collect();
            drop_hidden(session, &gate.schema, &gone, &[]).map_err(place.package_failed("close the load"))
        })?;
        lease.release()
    }
}
