//! The lease: a row that names who has it and until when. Whoever comes takes it by changing exactly what was read, and
//! looks whether that has stayed; every package begins by finding its own token there.

use std::time::{Duration, SystemTime};

use super::Place;
use super::fault::{Answer, Why};
use super::schema::Schema;
use super::session::{Session, rows};
use crate::destination::lease::{Holder, Lease, Standing};
use crate::destination::{Claim, DestinationError, Result};

pub(super) const TABLE: &str = "_lease";

/// Two that come at once are in each other's way for a moment.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(100);

/// Takes it.
pub(super) fn take(session: &mut dyn Session, schema: &Schema, claim: &Claim) -> Result<()> {
    let place = schema.place();
    let failed = place.package_failed("take the lease");
    let held = |holder| DestinationError::Held { place: place.name(), holder };
    let mut holder = Holder::default();
    for _ in 0..TRIES {
        let Some(found) = read(session, schema).map_err(&failed)? else {
            return Err(failed(super::Fault::other("the row of the lease is gone")));
        };
        let now = SystemTime::now();
        if let Standing::Held(holder) = Lease::found(Some(&found), claim, now) {
            return Err(held(holder));
        }
        match swap(session, schema, &found, &Lease::of(claim, now)) {
            Ok(1) if read(session, schema).map_err(&failed)?.is_some_and(|now| now.token == claim.token) => {
                return Ok(());
            }
            Ok(_) => {}
            Err(fault) if fault.why == Why::Busy => {}
            Err(fault) => return Err(failed(fault)),
        }
        holder = found.holder;
        std::thread::sleep(PAUSE);
    }
    Err(held(holder))
}

/// One lease in the place of another, if that is still there.
fn swap(session: &mut dyn Session, schema: &Schema, from: &Lease, to: &Lease) -> Answer<u64> {
    let holder = serde_json::to_string(&to.holder).unwrap_or_default();
    let sql = format!(
        "UPDATE {} SET {} = {}, {} = {}, {} = {} WHERE {1} = {} AND {3} = {}",
        schema.table(TABLE),
        schema.column("token"),
        schema.literal(&to.token),
        schema.column("ends"),
        to.ends,
        schema.column("holder"),
        schema.literal(&holder),
        schema.literal(&from.token),
        from.ends
    );
    session.run(&sql)
}

fn read(session: &mut dyn Session, schema: &Schema) -> Answer<Option<Lease>> {
    let sql = format!(
        "SELECT {}, CAST({} AS VARCHAR), {} FROM {}",
        schema.column("token"),
        schema.column("ends"),
        schema.column("holder"),
        schema.table(TABLE)
    );
    let rows = rows(session, &sql)?;
    let text = |at: usize| rows.first()?.get(at)?.as_deref();
    Ok(rows.first().map(|_| Lease {
        token: text(0).unwrap_or_default().to_owned(),
        ends: text(1).and_then(|ends| ends.parse().ok()).unwrap_or_default(),
        holder: text(2).and_then(|holder| serde_json::from_str(holder).ok()).unwrap_or_default(),
    }))
}

/// Whether a load is open.
pub(super) fn is_held(session: &mut dyn Session, schema: &Schema) -> Result<bool> {
    let failed = schema.place().failed("read", TABLE);
    if !schema.has(session, TABLE).map_err(&failed)? {
        return Ok(false);
    }
    let found = read(session, schema).map_err(&failed)?;
    let nobody = Claim { holder: Holder::default(), token: String::new(), shard: None };
    Ok(Lease::found(found.as_ref(), &nobody, SystemTime::now()) != Standing::Free)
}

/// Lasts from now on as long as a new one, if it is still this claim's.
pub(super) fn renew(session: &mut dyn Session, schema: &Schema, claim: &Claim) -> Result<()> {
    let place = schema.place();
    let failed = place.failed("write to", TABLE);
    let sql = format!(
        "UPDATE {} SET {} = {} WHERE {} = {}",
        schema.table(TABLE),
        schema.column("ends"),
        Lease::of(claim, SystemTime::now()).ends,
        schema.column("token"),
        schema.literal(&claim.token)
    );
    if session.run(&sql).map_err(&failed)? > 0 {
        return Ok(());
    }
    Err(lost(place, read(session, schema).map_err(&failed)?))
}

fn lost(place: &Place, found: Option<Lease>) -> DestinationError {
    let holder = found.map(|lease| lease.holder).unwrap_or_default();
    DestinationError::LeaseLost { place: place.name(), holder }
}

/// Nobody has it any more.
pub(super) fn release(session: &mut dyn Session, schema: &Schema, claim: &Claim) -> Result<()> {
    let sql = format!(
        "UPDATE {} SET {} = '', {} = 0, {} = '{{}}' WHERE {1} = {}",
        schema.table(TABLE),
        schema.column("token"),
        schema.column("ends"),
        schema.column("holder"),
        schema.literal(&claim.token)
    );
    let failed = schema.place().package_failed("give the lease back");
    match session.run(&sql).map_err(&failed)? {
        0 => Err(lost(schema.place(), read(session, schema).map_err(&failed)?)),
        _ => Ok(()),
    }
}
