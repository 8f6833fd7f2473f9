//! The lease on a schema: an advisory lock that an open transaction of a session of its own holds, and a row that names
//! who has it.
//!
//! The server gives the lock back when the connection ends, however that comes, so nobody waits for a dead run. A lock
//! of the session would do that as well, but a pooler in transaction mode gives sessions from hand to hand; a transaction
//! it leaves with whoever began it. The transaction reads nothing, so it holds back no vacuum, and it is kept busy so that
//! nobody takes it for forgotten. Whoever takes over writes a token of their own into the row, and every package begins
//! by locking that row and finding its own token there.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Result;
use super::connect::{Server, Session, Sql};
use super::schema::Schema;
use crate::destination::lease::Holder;
use crate::destination::{Claim, DestinationError};
use crate::shard::{Shard, fnv};

/// Whoever looks has the lock for a moment, and the server needs one to see that a process has ended; and a few more
/// as long as the row names nobody: then the lock is just being taken.
const TRIES: u32 = 20;
const TRIES_UNNAMED: u32 = 60;
const PAUSE: Duration = Duration::from_millis(50);

/// Nothing ends the transaction but the end of its connection, which the server is to notice soon.
const BEGIN: &str = "
    BEGIN;
    SELECT set_config(name, wanted, true)
    FROM (VALUES ('idle_in_transaction_session_timeout', '0'), ('statement_timeout', '0'),
                 ('transaction_timeout', '0'), ('tcp_keepalives_idle', '15'), ('tcp_keepalives_interval', '5'),
                 ('tcp_keepalives_count', '3')) AS settings (name, wanted)
    WHERE name IN (SELECT name FROM pg_catalog.pg_settings)";

/// Asks for nothing. It also takes the place of what was asked before, which keeps its view of all rows until then.
const IDLE: &str = "SELECT 1";

/// Held as long as its session lives.
#[derive(Debug)]
pub(super) struct Lease {
    session: Session,
    token: String,
    shard: Option<Shard>,
}

/// The lock, or who has it.
pub(super) fn take(server: &Server, claim: &Claim) -> Result<Lease> {
    let session = locked(server, claim.shard)?.map_err(|holder| {
        let place = server.address.place.name();
        DestinationError::Held { place, holder }
    })?;
    Ok(Lease { session, token: claim.token.clone(), shard: claim.shard })
}

/// Whether a load is open: a whole one, or that of a shard.
pub(super) fn is_held(session: &Session, shard: Option<Shard>) -> Sql<bool> {
    let number = number_of(&session.server.address.schema, shard);
    let sql = "SELECT NOT pg_try_advisory_xact_lock_shared($1)";
    session.row(sql, &[(&number, Type::INT8)])?.try_get(0)
}

/// Within a transaction: nobody else gets past here before that ends. Who has the lease, by what stands in the row, must
/// be who has this token.
pub(super) fn check(session: &Session, schema: &Schema, (token, shard): (&str, Option<Shard>)) -> Result<()> {
    let place = &session.server.address.place;
    let sql = format!("SELECT token, holder::text FROM {} FOR UPDATE", schema.table("_lease"));
    let row = session.row(&sql, &[]).and_then(|row| named(&row));
    let (mut held, mut holder) = row.map_err(place.failed("read", "_lease"))?;
    if let Some(shard) = shard.filter(|_| held.is_empty()) {
        (held, holder) = of_shard(session, schema, shard).map_err(place.failed("read", "_shards"))?;
    }
    if held == token { Ok(()) } else { Err(DestinationError::LeaseLost { place: place.name(), holder }) }
}

/// Within a transaction, before anything is made: nobody else opens a load meanwhile. A whole one keeps all others out
/// by its lock.
pub(super) fn await_turn(session: &Session) -> Sql<()> {
    let number = number_of(&format!("{}/open", session.server.address.schema), None);
    session.execute("SELECT pg_advisory_xact_lock($1)", &[(&number, Type::INT8)]).map(drop)
}

/// Names a whole run as who has the lease, and no shards any more.
pub(super) fn name(session: &Session, schema: &Schema, claim: &Claim) -> Sql<()> {
    let token = if claim.shard.is_some() { "" } else { &claim.token };
    let holder = Holder::clone(&claim.holder);
    let holder = if claim.shard.is_some() { Holder::default() } else { holder };
    let row = format!(
        "INSERT INTO {} AS l (one, token, holder) VALUES (1, $1, $2::text::json)
         ON CONFLICT (one) DO UPDATE SET token = excluded.token, holder = excluded.holder",
        schema.table("_lease")
    );
    session.execute(&row, &[(&token, Type::TEXT), (&json_of(&holder), Type::TEXT)])?;
    let Some(shard) = claim.shard else {
        return session.execute(&format!("DELETE FROM {}", schema.table("_shards")), &[]).map(drop);
    };
    let row = format!(
        "INSERT INTO {} AS s (shard, token, holder) VALUES ($1, $2, $3::text::json)
         ON CONFLICT (shard) DO UPDATE SET token = excluded.token, holder = excluded.holder",
        schema.table("_shards")
    );
    let values = [
        (&shard.to_string() as _, Type::TEXT),
        (&claim.token as _, Type::TEXT),
        (&json_of(&claim.holder) as _, Type::TEXT),
    ];
    session.execute(&row, &values).map(drop)
}

/// Nobody has it any more, by what stands in the rows.
pub(super) fn unname(session: &Session, schema: &Schema, shard: Option<Shard>) -> Sql<()> {
    let Some(shard) = shard else {
        return session.batch(&format!("UPDATE {} SET token = '', holder = '{{}}'", schema.table("_lease")));
    };
    let sql = format!("UPDATE {} SET holder = '{{}}' WHERE shard = $1", schema.table("_shards"));
    session.execute(&sql, &[(&shard.to_string(), Type::TEXT)]).map(drop)
}

/// The shards that have been here since the last whole run, with their tokens and what they say of themselves.
pub(super) fn shards(session: &Session, schema: &Schema) -> Sql<Vec<(Shard, String, Holder)>> {
    let sql = format!("SELECT token, holder::text, shard FROM {}", schema.table("_shards"));
    let rows = session.rows(&sql, &[])?;
    let shards = rows.iter().map(|row| {
        let (token, holder) = named(row)?;
        let shard: String = row.try_get(2)?;
        Ok(shard.parse().ok().map(|shard| (shard, token, holder)))
    });
    Ok(shards.collect::<Sql<Vec<_>>>()?.into_iter().flatten().collect())
}

fn of_shard(session: &Session, schema: &Schema, shard: Shard) -> Sql<(String, Holder)> {
    let found = shards(session, schema)?.into_iter().find(|(own, _, _)| *own == shard);
    Ok(found.map(|(_, token, holder)| (token, holder)).unwrap_or_default())
}

fn json_of(holder: &Holder) -> String {
    serde_json::to_string(holder).unwrap_or_default()
}

impl Lease {
    /// Keeps the transaction from looking idle. A connection that was cut is made again, if nobody has come since.
    pub(super) fn renew(&mut self) -> Result<()> {
        if self.session.batch(IDLE).is_ok() {
            return Ok(());
        }
        let server = self.session.server.clone();
        let lost = |holder| DestinationError::LeaseLost { place: server.address.place.name(), holder };
        let session = locked(&server, self.shard)?.map_err(lost)?;
        let (held, holder) = row(&session, self.shard);
        if held != self.token {
            return Err(lost(holder));
        }
        self.session = session;
        Ok(())
    }

    /// Nobody has it any more.
    pub(super) fn release(self) -> Result<()> {
        let place = &self.session.server.address.place;
        self.session.batch("COMMIT").map_err(place.package_failed("give the lease back"))
    }
}

/// A session that has the lock, or who has it. A shard has one of its own, and with all other shards a part of that of a
/// whole run.
fn locked(server: &Server, shard: Option<Shard>) -> Result<std::result::Result<Session, Holder>> {
    let session = server.connect()?;
    let failed = server.address.place.package_failed("take the lease");
    session.batch(BEGIN).map_err(&failed)?;
    let schema = &server.address.schema;
    let locks = match shard {
        None => vec![("SELECT pg_try_advisory_xact_lock($1)", number_of(schema, None))],
        Some(_) => vec![
            ("SELECT pg_try_advisory_xact_lock_shared($1)", number_of(schema, None)),
            ("SELECT pg_try_advisory_xact_lock($1)", number_of(schema, shard)),
        ],
    };
    let looker = server.connect()?;
    let mut wanted = locks.iter().peekable();
    for tried in 1.. {
        while let Some((sql, number)) = wanted.peek() {
            let got = session.row(sql, &[(number, Type::INT8)]);
            if !got.and_then(|row| row.try_get(0)).map_err(&failed)? {
                break;
            }
            wanted.next();
        }
        if wanted.peek().is_none() {
            session.batch(IDLE).map_err(&failed)?;
            return Ok(Ok(session));
        }
        let (_, holder) = row(&looker, shard.filter(|_| wanted.len() == 1));
        if tried >= TRIES_UNNAMED || tried >= TRIES && holder != Holder::default() {
            return Ok(Err(holder));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(Err(Holder::default()))
}

/// The token and the holder that stand in the row of a whole run or of a shard; nobody, where there is none. Where shards
/// keep a whole run out, any of them stands for all.
fn row(session: &Session, shard: Option<Shard>) -> (String, Holder) {
    let schema = Schema::new(&session.server.address.schema);
    if let Some(shard) = shard {
        return of_shard(session, &schema, shard).unwrap_or_default();
    }
    let sql = format!("SELECT token, holder::text FROM {}", schema.table("_lease"));
    let (token, holder) = session.row(&sql, &[]).and_then(|row| named(&row)).unwrap_or_default();
    if !token.is_empty() {
        return (token, holder);
    }
    let mut named = shards(session, &schema).unwrap_or_default().into_iter();
    let named = named.find(|(shard, _, _)| is_held(session, Some(*shard)).unwrap_or_default());
    named.map(|(_, token, holder)| (token, holder)).unwrap_or_default()
}

fn named(row: &Row) -> Sql<(String, Holder)> {
    let holder: String = row.try_get(1)?;
    Ok((row.try_get(0)?, serde_json::from_str(&holder).unwrap_or_default()))
}

/// A number for the schema that no other program has by chance, and one for each shard.
pub(super) fn number_of(schema: &str, shard: Option<Shard>) -> i64 {
    let shard = shard.map(|shard| format!("/{shard}")).unwrap_or_default();
    fnv(format!("gitlab-pipeline/{schema}{shard}").as_bytes()).cast_signed()
}
