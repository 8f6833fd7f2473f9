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
}

/// The lock, or who has it.
pub(super) fn take(server: &Server, claim: &Claim) -> Result<Lease> {
    let session = locked(server)?.map_err(|holder| {
        let place = server.address.place.name();
        DestinationError::Held { place, holder }
    })?;
    Ok(Lease { session, token: claim.token.clone() })
}

/// Whether a load is open.
pub(super) fn is_held(session: &Session) -> Sql<bool> {
    let number = number_of(&session.server.address.schema);
    let sql = "SELECT NOT pg_try_advisory_xact_lock_shared($1)";
    session.row(sql, &[(&number, Type::INT8)])?.try_get(0)
}

/// Who has the lease, by what stands in the row: it must be who has this token.
pub(super) fn check(session: &Session, schema: &Schema, token: &str) -> Result<()> {
    let place = &session.server.address.place;
    let sql = format!("SELECT token, holder::text FROM {} FOR UPDATE", schema.table("_lease"));
    let row = session.row(&sql, &[]).and_then(|row| named(&row));
    let (held, holder) = row.map_err(place.failed("read", "_lease"))?;
    if held == token { Ok(()) } else { Err(DestinationError::LeaseLost { place: place.name(), holder }) }
}

impl Lease {
    /// Keeps the transaction from looking idle. A connection that was cut is made again, if nobody has come since.
    pub(super) fn renew(&mut self) -> Result<()> {
        if self.session.batch(IDLE).is_ok() {
            return Ok(());
        }
        let server = self.session.server.clone();
        let lost = |holder| DestinationError::LeaseLost { place: server.address.place.name(), holder };
        let session = locked(&server)?.map_err(lost)?;
        let (held, holder) = row(&session);
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

/// A session that has the lock, or who has it.
fn locked(server: &Server) -> Result<std::result::Result<Session, Holder>> {
    let session = server.connect()?;
    let failed = server.address.place.package_failed("take the lease");
    session.batch(BEGIN).map_err(&failed)?;
    let number = number_of(&server.address.schema);
    let looker = server.connect()?;
    for tried in 1.. {
        let got = session.row("SELECT pg_try_advisory_xact_lock($1)", &[(&number, Type::INT8)]);
        if got.and_then(|row| row.try_get(0)).map_err(&failed)? {
            session.batch(IDLE).map_err(&failed)?;
            return Ok(Ok(session));
        }
        let (_, holder) = row(&looker);
        if tried >= TRIES_UNNAMED || tried >= TRIES && holder != Holder::default() {
            return Ok(Err(holder));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(Err(Holder::default()))
}

/// The token and the holder that stand in the row; nobody, where there is none.
fn row(session: &Session) -> (String, Holder) {
    let schema = Schema::new(&session.server.address.schema);
    let sql = format!("SELECT token, holder::text FROM {}", schema.table("_lease"));
    session.row(&sql, &[]).and_then(|row| named(&row)).unwrap_or_default()
}

fn named(row: &Row) -> Sql<(String, Holder)> {
    let holder: String = row.try_get(1)?;
    Ok((row.try_get(0)?, serde_json::from_str(&holder).unwrap_or_default()))
}

/// A number for the schema that no other program has by chance: FNV-1a of its name.
pub(super) fn number_of(schema: &str) -> i64 {
    let name = format!("gitlab-pipeline/{schema}");
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}
