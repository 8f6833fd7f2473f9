//! A connection: statements go in, texts come out.

use super::fault::{Answer, Place};
use crate::destination::Result;
use crate::destination::reading::Gathered;

/// The values of a row, as texts.
pub(in super::super) type Row = Vec<Option<String>>;

pub(in super::super) trait Session: Send {
    /// One statement; how many rows it was about, where that can be said.
    fn run(&mut self, sql: &str) -> Answer<u64>;

    /// Shows the rows of a query, all of whose columns are texts, one by one.
    fn each(&mut self, sql: &str, visit: &mut dyn FnMut(Row) -> Result<()>) -> Answer<Result<()>>;

    /// Gathers the rows of a query, whatever types its columns have, until there is no room for more.
    fn gather(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()>;

    /// The same of what a person has written, which is a single query or refused: nothing is changed by it.
    fn answer(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()>;
}

/// All rows of a query.
pub(in super::super) fn rows(session: &mut dyn Session, sql: &str) -> Answer<Vec<Row>> {
    let mut rows = Vec::new();
    let shown = session.each(sql, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    // Keeping them does not fail.
    shown.map_err(super::Fault::other)?;
    Ok(rows)
}

/// The number that a query of one is about.
pub(super) fn count(session: &mut dyn Session, sql: &str) -> Answer<u64> {
    let rows = rows(session, sql)?;
    let number = rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok());
    number.ok_or_else(|| super::Fault::other("it did not say how many there are"))
}

/// Whether a query finds something.
pub(super) fn finds(session: &mut dyn Session, sql: &str) -> Answer<bool> {
    Ok(!rows(session, sql)?.is_empty())
}

/// All or nothing of what is done within.
pub(super) fn transaction<T>(
    session: &mut dyn Session,
    place: &Place,
    action: &'static str,
    work: impl FnOnce(&mut dyn Session) -> Result<T>,
) -> Result<T> {
    session.run("BEGIN").map_err(place.package_failed(action))?;
    match work(session) {
        Ok(done) => {
            session.run("COMMIT").map_err(place.package_failed(action))?;
            Ok(done)
        }
        Err(error) => {
            // The error that is told is the cause.
            let _ = session.run("ROLLBACK");
            Err(error)
        }
    }
}
