//! Connections, by PostgreSQL's protocol: statements go in as they are, and texts come out.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::postgres::{self, is_of_writing, source_of};
use crate::destination::Result;
use crate::destination::reading::Gathered;
use crate::destination::warehouse::{Answer, Fault, Row, Session, Why};

pub(super) struct Connection(pub(super) postgres::Session);

impl Session for Connection {
    fn run(&mut self, sql: &str) -> Answer<u64> {
        self.0.each_text(sql, |_| Ok(())).map_err(fault)?.map_err(Fault::other)
    }

    fn each(&mut self, sql: &str, visit: &mut dyn FnMut(Row) -> Result<()>) -> Answer<Result<()>> {
        let shown = self
            .0
            .each_text(sql, |row| visit((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()));
        Ok(shown.map_err(fault)?.map(drop))
    }

    fn gather(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()> {
        self.0.gather(sql, gathered).map(drop).map_err(fault)
    }

    fn answer(&mut self, sql: &str, gathered: &mut Gathered) -> Answer<()> {
        let begun = self.0.batch("BEGIN READ ONLY");
        let answered = begun.and_then(|()| self.0.answer(sql, gathered));
        // The error that is told is the cause.
        let _ = self.0.batch("ROLLBACK");
        answered.map_err(|error| match is_of_writing(&error) {
            true => Fault { why: Why::Writes, source: source_of(error) },
            false => fault(error),
        })
    }
}

/// What the server said; transactions that would not have gone one after the other have a number in their message alone.
fn fault(error: Error) -> Fault {
    let why = match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Why::Denied,
        Some(&SqlState::DISK_FULL | &SqlState::READ_ONLY_SQL_TRANSACTION) => Why::Full,
        Some(
            &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::T_R_SERIALIZATION_FAILURE,
        ) => Why::Busy,
        Some(&SqlState::QUERY_CANCELED) => Why::Late,
        Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW) => {
            Why::Unreachable
        }
        Some(_) => {
            let is_violation = error.as_db_error().is_some_and(|said| said.message().starts_with("1023"));
            if is_violation { Why::Busy } else { Why::Other }
        }
        None if error.is_closed() || error.to_string().contains("communicating") => Why::Unreachable,
        None => Why::Other,
    };
    Fault { why, source: source_of(error) }
}
