//! One load at a time: a row that says who has the dataset, and until when by the clock of the service.
//!
//! The table is made with its row in one statement, so there is never but one. Whoever comes changes the row where its time
//! is over. Of statements that change the same table at the same time, BigQuery lets one go first: the others wait, or
//! fail without having done anything and are repeated. So one finds a row that is free, and the rest find it taken.
//!
//! Each commit changes the row as well, in its transaction: nobody can take the lease while it runs, and if somebody has
//! taken it before, nothing is committed. A lease that is only read would not do: a transaction sees the tables as they
//! were when it began.

use std::time::Duration;

use super::Result;
use super::client::Answer;
use super::dataset::Dataset;
use super::fault::Fault;
use super::job::Query;
use super::names::LEASE;
use crate::destination::lease::Holder;
use crate::destination::{Claim, DestinationError};

/// Longer than that of others: to keep it is a query, which is charged for at least ten megabytes.
const TERM: Duration = Duration::from_secs(300);

/// Several times within the term.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(75);

/// What a script says that finds the lease with somebody else.
const LOST: &str = "the lease is lost";

/// SQL that makes the table and its row.
pub(super) fn table(dataset: &Dataset) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} AS SELECT '' AS token, '' AS holder, TIMESTAMP_SECONDS(0) AS ends;",
        dataset.table(LEASE)
    )
}

/// SQL for the time until which it lasts from now on.
fn ends() -> String {
    format!("TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {} SECOND)", TERM.as_secs())
}

/// SQL that keeps the lease for `@token`, or ends the script.
pub(super) fn keep(dataset: &Dataset) -> String {
    format!(
        "UPDATE {} SET ends = {} WHERE token = @token;
         IF @@row_count = 0 THEN RAISE USING MESSAGE = '{LOST}'; END IF;",
        dataset.table(LEASE),
        ends()
    )
}

pub(super) fn take(dataset: &Dataset, claim: &Claim) -> Result<()> {
    let holder = serde_json::to_string(&claim.holder).unwrap_or_default();
    let sql = format!(
        "UPDATE {} SET token = @token, holder = @holder, ends = {}
         WHERE ends <= CURRENT_TIMESTAMP() OR token = @token",
        dataset.table(LEASE),
        ends()
    );
    let query = Query::new(sql).with("token", claim.token.as_str()).with("holder", holder);
    let failed = dataset.place.failed("write to", LEASE);
    if dataset.query(&query).map_err(&failed)?.affected > 0 {
        return Ok(());
    }
    Err(DestinationError::Held { place: dataset.place.name(), holder: holder_of(dataset).map_err(failed)? })
}

pub(super) fn renew(dataset: &Dataset, token: &str) -> Result<()> {
    let sql = format!("UPDATE {} SET ends = {} WHERE token = @token", dataset.table(LEASE), ends());
    let kept = dataset.query(&Query::new(sql).with("token", token));
    if kept.map_err(dataset.place.failed("write to", LEASE))?.affected > 0 {
        Ok(())
    } else {
        Err(lost(dataset))
    }
}

/// Whoever comes next may take it at once.
pub(super) fn give_back(dataset: &Dataset, token: &str) -> Result<()> {
    let sql = format!(
        "UPDATE {} SET token = '', holder = '', ends = TIMESTAMP_SECONDS(0) WHERE token = @token",
        dataset.table(LEASE)
    );
    let given = dataset.query(&Query::new(sql).with("token", token));
    if given.map_err(dataset.place.failed("write to", LEASE))?.affected > 0 {
        Ok(())
    } else {
        Err(lost(dataset))
    }
}

pub(super) fn is_held(dataset: &Dataset) -> Answer<bool> {
    let sql = format!("SELECT 1 FROM {} WHERE ends > CURRENT_TIMESTAMP()", dataset.table(LEASE));
    Ok(!dataset.query(&Query::new(sql))?.rows.is_empty())
}

/// What a fault of a script that keeps the lease is.
pub(super) fn lost_or(
    dataset: &Dataset,
    fault: Fault,
    other: impl FnOnce(Fault) -> DestinationError,
) -> DestinationError {
    if fault.says(LOST) { lost(dataset) } else { other(fault) }
}

fn lost(dataset: &Dataset) -> DestinationError {
    let holder = holder_of(dataset).unwrap_or_default();
    DestinationError::LeaseLost { place: dataset.place.name(), holder }
}

fn holder_of(dataset: &Dataset) -> Answer<Holder> {
    let mut holder = Holder::default();
    dataset.each_row(LEASE, &["holder"], |row| {
        let text = row.into_iter().next().flatten().unwrap_or_default();
        holder = serde_json::from_str(&text).unwrap_or_default();
        Ok(())
    })?;
    Ok(holder)
}
