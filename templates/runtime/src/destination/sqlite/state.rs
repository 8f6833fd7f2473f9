//! What is kept beside the rows: loads, and the state of partitions.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Result as Sql, params};
use serde_json::Value;

use super::Sqlite;
use crate::destination::{DestinationError, LoadEntry, LoadStatus, StateEntry};

/// The pipeline's own tables. Which column of which table came when, from where and as what, `_columns` tells; which
/// list of which records became which table, `_tables`.
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
    ) STRICT, WITHOUT ROWID;";

impl Sqlite {
    pub(super) fn read_states(&self) -> Result<Vec<StateEntry>, DestinationError> {
        let read = || -> Sql<Vec<(String, String, String)>> {
            let sql = "SELECT resource, partition, state FROM _state ORDER BY resource, partition";
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        };
        let rows = read().map_err(self.failed("read", "_state"))?.into_iter();
        let states = rows.map(|(resource, partition, state)| {
            let state =
                serde_json::from_str(&state).map_err(|_| self.unreadable("_state", "state", &state))?;
            Ok(StateEntry { resource, partition, state: Some(state) })
        });
        states.collect()
    }

    pub(super) fn put_states(&self, states: &[StateEntry], load_id: &str) -> Result<(), DestinationError> {
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
        put().map_err(self.failed("write to", "_state"))
    }

    pub(super) fn put_load(&self, load: &LoadEntry) -> Result<(), DestinationError> {
        let put = || -> Sql<()> {
            if load.status == LoadStatus::Running {
                self.connection
                    .prepare_cached("UPDATE _loads SET status = ?1 WHERE status = ?2 AND load_id <> ?3")?
                    .execute(params![
                        LoadStatus::Interrupted.name(),
                        LoadStatus::Running.name(),
                        load.load_id
                    ])?;
            }
            let mut statement = self.connection.prepare_cached(
                "INSERT OR REPLACE INTO _loads (load_id, pipeline, started_at, finished_at, status, rows, report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            let rows = Value::Object(load.rows.clone()).to_string();
            let report = Value::Object(load.report.clone()).to_string();
            let (started, finished) = (time_text(load.started_at), load.finished_at.map(time_text));
            statement.execute(params![
                load.load_id,
                load.pipeline,
                started,
                finished,
                load.status.name(),
                rows,
                report
            ])?;
            Ok(())
        };
        put().map_err(self.failed("write to", "_loads"))
    }

    pub(super) fn read_loads(&self) -> Result<Vec<LoadEntry>, DestinationError> {
        type Row = (String, String, String, Option<String>, String, String, String);
        let read = || -> Sql<Vec<Row>> {
            let mut statement = self.connection.prepare(
                "SELECT load_id, pipeline, started_at, finished_at, status, rows, report FROM _loads
                 ORDER BY started_at DESC, load_id DESC",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                ))
            })?;
            rows.collect()
        };
        let rows = read().map_err(self.failed("read", "_loads"))?.into_iter();
        let loads = rows.map(|(load_id, pipeline, started_at, finished_at, status, rows, report)| {
            Ok(LoadEntry {
                load_id,
                pipeline,
                started_at: self.time(&started_at)?,
                finished_at: finished_at.map(|text| self.time(&text)).transpose()?,
                status: LoadStatus::from_name(&status)
                    .ok_or_else(|| self.unreadable("_loads", "status", &status))?,
                rows: serde_json::from_str(&rows).map_err(|_| self.unreadable("_loads", "rows", &rows))?,
                report: serde_json::from_str(&report)
                    .map_err(|_| self.unreadable("_loads", "report", &report))?,
            })
        });
        loads.collect()
    }

    fn time(&self, text: &str) -> Result<SystemTime, DestinationError> {
        let time =
            DateTime::parse_from_rfc3339(text).map_err(|_| self.unreadable("_loads", "started_at", text))?;
        Ok(time.to_utc().into())
    }

    pub(super) fn unreadable(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
    ) -> DestinationError {
        let value = value.chars().take(100).collect::<String>().escape_debug().to_string();
        DestinationError::Metadata { place: self.place.clone(), table, column, value }
    }
}

pub(super) fn time_text(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}
