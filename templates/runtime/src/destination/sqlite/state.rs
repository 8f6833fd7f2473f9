//! What is kept beside the rows: loads, and the state of partitions.

use rusqlite::{Connection, OptionalExtension, Result as Sql, params};
use serde_json::Value;

use super::{Database, Place, Result};
use crate::destination::kept::{self, time_text};
use crate::destination::{Forget, LoadEntry, StateEntry, StateKey, StateReader};

/// The pipeline's own tables. Which column of which table came when, from where and as what, `_columns` tells; which
/// list of which records became which table, `_tables`. `_packages` has those of the open load alone.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS _loads (
        load_id TEXT NOT NULL PRIMARY KEY, pipeline TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT,
        status TEXT NOT NULL, rows TEXT NOT NULL, report TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS _state (
        resource TEXT NOT NULL, partition TEXT NOT NULL, state TEXT NOT NULL, load_id TEXT NOT NULL,
        PRIMARY KEY (resource, partition)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _tables (
        table_name TEXT NOT NULL PRIMARY KEY, parent TEXT, source TEXT NOT NULL, key TEXT NOT NULL,
        load_id TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, kind TEXT NOT NULL, seen TEXT NOT NULL,
        source TEXT NOT NULL, load_id TEXT NOT NULL, PRIMARY KEY (table_name, column_name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _packages (
        load_id TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (load_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _lease (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), token TEXT NOT NULL, holder TEXT NOT NULL
    ) STRICT;";

/// Looks states up on a connection of its own, which sees what is committed.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) connection: Connection,
    pub(super) place: Place,
}

impl StateReader for Lookup {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        let failed = self.place.failed("read", "_state");
        let sql = "SELECT state FROM _state WHERE resource = ?1 AND partition = ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let read = keys.iter().map(|key| {
            let row = statement.query_row([key.resource, key.partition], |row| row.get::<_, String>(0));
            let text = row.optional().map_err(&failed)?;
            text.map(|text| self.place.state(&text)).transpose()
        });
        read.collect()
    }
}

impl Database {
    /// Nothing is kept before the first load.
    fn is_new(&self) -> Result<bool> {
        let exists = self.exists("_loads").map_err(self.place.failed("find", "_loads"))?;
        Ok(!exists)
    }

    pub(super) fn visit_states(&self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        if self.is_new()? {
            return Ok(());
        }
        let failed = self.place.failed("read", "_state");
        let sql = "SELECT resource, partition, state FROM _state ORDER BY resource, partition";
        let mut statement = self.connection.prepare(sql).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let cells = (|| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))();
            let (resource, partition, state) = cells.map_err(&failed)?;
            visit(StateEntry { resource, partition, state: Some(self.place.state(&state)?) });
        }
        Ok(())
    }

    pub(super) fn put_states(&self, states: &[StateEntry], load_id: &str) -> Result<()> {
        let put = || -> Sql<()> {
            let mut put = self.connection.prepare_cached(
                "INSERT OR REPLACE INTO _state (resource, partition, state, load_id) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let forget = "DELETE FROM _state WHERE resource = ?1 AND partition = ?2";
            let mut forget = self.connection.prepare_cached(forget)?;
            for StateEntry { resource, partition, state } in states {
                match state {
                    Some(state) => put.execute(params![resource, partition, state.to_string(), load_id])?,
                    None => forget.execute(params![resource, partition])?,
                };
            }
            Ok(())
        };
        put().map_err(self.place.failed("write to", "_state"))
    }

    pub(super) fn forget_states(&self, forget: &[Forget], load_id: &str) -> Result<()> {
        let sql = "DELETE FROM _state WHERE resource = ?1 AND load_id <> ?2
                   AND partition NOT IN (SELECT value FROM json_each(?3))";
        let run = |Forget { resource, except, .. }: &Forget| {
            let except = Value::from_iter(except.iter().cloned()).to_string();
            self.connection.prepare_cached(sql)?.execute(params![resource, load_id, except])
        };
        let forgotten = forget.iter().try_for_each(|one| run(one).map(drop));
        forgotten.map_err(self.place.failed("write to", "_state"))
    }

    pub(super) fn put_load(&self, load: &LoadEntry) -> Result<()> {
        let put = || -> Sql<()> {
            let mut statement = self.connection.prepare_cached(
                "INSERT OR REPLACE INTO _loads (load_id, pipeline, started_at, finished_at, status, rows, report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            let rows = Value::Object(load.rows.clone()).to_string();
            let report = Value::Object(load.report.clone()).to_string();
            let (started, finished) = (time_text(load.started_at), load.finished_at.map(time_text));
            let status = load.status.name();
            statement.execute(params![
                load.load_id,
                load.pipeline,
                started,
                finished,
                status,
                rows,
                report
            ])?;
            Ok(())
        };
        put().map_err(self.place.failed("write to", "_loads"))
    }

    pub(super) fn read_loads(&self, most: usize) -> Result<Vec<LoadEntry>> {
        if self.is_new()? {
            return Ok(Vec::new());
        }
        let failed = self.place.failed("read", "_loads");
        let mut statement = self
            .connection
            .prepare(
                "SELECT load_id, pipeline, started_at, finished_at, status, rows, report FROM _loads
                 ORDER BY load_id DESC LIMIT ?1",
            )
            .map_err(&failed)?;
        let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)]).map_err(&failed)?;
        let unreadable = |column, text: &str| self.place.unreadable("_loads", column, text);
        let mut loads = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let texts = (0..7).map(|at| row.get(at)).collect::<Sql<Vec<Option<String>>>>();
            loads.push(kept::load(texts.map_err(&failed)?, &unreadable)?);
        }
        Ok(loads)
    }
}

impl Place {
    fn state(&self, text: &str) -> Result<Value> {
        serde_json::from_str(text).map_err(|_| self.unreadable("_state", "state", text))
    }
}
