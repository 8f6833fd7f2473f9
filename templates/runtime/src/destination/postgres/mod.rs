//! PostgreSQL: a schema of a database, a package is a transaction.
//!
//! | kind | column type | value |
//! | --- | --- | --- |
//! | bool | boolean | |
//! | int | bigint | |
//! | float | double precision | |
//! | date | date | |
//! | timestamp | timestamp with time zone | |
//! | text | text | every character but NUL, which PostgreSQL has not: `␀` (U+2400) stands for it |
//! | list | array, such as `text[]` | its items as single values are |
//! | json | jsonb | as text; it keeps what JSON means, not how it was spaced or in which order its keys came |
//!
//! Rows come in by `COPY … (FORMAT BINARY)`, on some connections at once, into unlogged tables that are hidden by their
//! names; the transaction of the package merges them by key, or into a history, and what they mean comes last in it. What
//! the server may forget in a crash is counted by the client: a package whose rows are not all there is refused. The key
//! of a table is a unique index. It keeps several rows with a null in it; here a null equals a null, which merging sees to.
//!
//! Statements have no names on the server, and nothing is set for longer than a transaction; so a pooler in between may
//! have each transaction on another connection. Rows alone come in by a named statement, because the client's `COPY`
//! has no other.
//!
//! Shards load at once: what each brings comes in beside the others, and whoever changes tables or commits has the row of
//! the lease meanwhile, so that this happens one after the other.
//!
//! Its own tables: `_loads`, `_state`, `_tables`, `_columns`, `_packages`, `_lease` and `_shards`; while a load is open, those that
//! begin with `_new_`, `_gone_` and `_stage_`.

use super::Result;
use crate::config;
use crate::destination::lease::RENEW_EVERY;
use crate::destination::{
    Abilities, Atomicity, Claim, Destination, Kind, LoadEntry, LoadStatus, OpenLoad, StateEntry,
};

mod aid;
mod binding;
mod commit;
mod connect;
mod convert;
mod copy;
mod fault;
mod lease;
mod load;
mod merge;
mod read;
mod schema;
mod settings;
mod shards;
mod state;
#[cfg(test)]
mod tests;
mod tls;
mod views;
mod write;

pub(super) use self::connect::{Server, Session};
#[cfg(feature = "redshift")]
pub(super) use self::fault::{is_of_writing, source_of};
use self::load::PostgresLoad;
use self::schema::{NAMING, Schema};
pub(super) use self::settings::Address;
#[cfg(feature = "redshift")]
pub(super) use self::settings::{Settings, SslMode};

pub(super) const KIND: Kind = Kind {
    name: "postgres",
    abilities: |config| settings::connections(config).map(abilities),
    open: |config| Ok(Box::new(Postgres::open(config)?)),
    read: Some(read::open),
    definitions: Some(aid::definitions),
};

fn abilities(connections: usize) -> Abilities {
    Abilities {
        merges: true,
        replaces: true,
        marks_deleted: true,
        widens: schema::widening,
        atomic: Atomicity::Package,
        writers: connections,
        batch_rows: 5_000,
        package_rows: 50_000,
        list_columns: true,
        keeps_history: true,
        naming: NAMING,
        takes_shards: true,
        renew_every: Some(RENEW_EVERY),
        ..Abilities::DEFAULT
    }
}

/// A schema that is looked at.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    session: Session,
    schema: Schema,
    connections: usize,
}

impl Postgres {
    /// Connects.
    ///
    /// # Errors
    /// When the settings are no good, or the server does not answer or let in.
    pub fn open(config: &config::Destination) -> Result<Self> {
        let connections = settings::connections(config)?;
        let server = Server::new(Address::read(config)?)?;
        let session = server.connect()?;
        let schema = Schema::new(&server.address.schema);
        Ok(Self { server, session, schema, connections })
    }
}

/// A load that says that it runs, and does not hold the lease, is dead.
fn latest_loads(session: &Session, schema: &Schema, most: usize) -> Result<Vec<LoadEntry>> {
    let mut loads = state::loads(session, schema, most)?;
    for load in loads.iter_mut().filter(|load| load.status == LoadStatus::Running) {
        let held = lease::is_held(session, load.shard());
        if !held.map_err(session.server.address.place.package_failed("look at the lease"))? {
            load.status = LoadStatus::Interrupted;
        }
    }
    Ok(loads)
}

impl Destination for Postgres {
    fn place(&self) -> String {
        self.server.address.place.name()
    }

    fn abilities(&self) -> Abilities {
        abilities(self.connections)
    }

    fn probe(self: Box<Self>) -> Result<()> {
        let place = &self.server.address.place;
        let begun = self.session.batch("BEGIN");
        begun.map_err(place.package_failed("open a transaction"))?;
        self.schema.create(&self.session).map_err(place.package_failed("make the schema"))?;
        let table =
            format!("CREATE UNLOGGED TABLE {} (at bigint); ROLLBACK", self.schema.table("_new_probe"));
        self.session.batch(&table).map_err(place.package_failed("make a table in the schema"))
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        latest_loads(&self.session, &self.schema, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        state::each(&self.session, &self.schema, visit)
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        let Self { server, session, .. } = *self;
        Ok(Box::new(PostgresLoad::open(server, session, claim)?))
    }
}
