//! What is kept beside the rows: loads, and the state of partitions.

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use duckdb::{Result as Sql, params, params_from_iter};
use serde_json::Value;
use std::sync::Arc;

use super::instance::Connected;
use super::write::unfit;
use super::{Database, Place, Result};
use crate::destination::kept::{self, time_text};
use crate::destination::{Forget, LoadEntry, StateEntry, StateKey, StateReader};

/// The pipeline's own tables. Which column of which table came when, from where and as what, `_columns` tells; which
/// list of which records became which table, `_tables`. `_packages` has those of the open load alone.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS _loads (
        load_id VARCHAR NOT NULL, pipeline VARCHAR NOT NULL, started_at VARCHAR NOT NULL, finished_at VARCHAR,
        status VARCHAR NOT NULL, \"rows\" VARCHAR NOT NULL, report VARCHAR NOT NULL);
    CREATE TABLE IF NOT EXISTS _state (
        resource VARCHAR NOT NULL, \"partition\" VARCHAR NOT NULL, state VARCHAR NOT NULL, load_id VARCHAR NOT NULL);
    CREATE TABLE IF NOT EXISTS _tables (
        table_name VARCHAR NOT NULL, parent VARCHAR, source VARCHAR NOT NULL, key VARCHAR NOT NULL,
        load_id VARCHAR NOT NULL);
    CREATE TABLE IF NOT EXISTS _columns (
        table_name VARCHAR NOT NULL, column_name VARCHAR NOT NULL, kind VARCHAR NOT NULL, seen VARCHAR NOT NULL,
        source VARCHAR NOT NULL, load_id VARCHAR NOT NULL);
    CREATE TABLE IF NOT EXISTS _packages (load_id VARCHAR NOT NULL, number BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS _lease (token VARCHAR NOT NULL, holder VARCHAR NOT NULL);";

/// How many states are looked up by one query.
const LOOKUPS: usize = 100;

/// Looks states up on a connection of its own, which sees what is committed.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) connected: Connected,
    pub(super) place: Place,
}

impl StateReader for Lookup {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        let mut read = Vec::with_capacity(keys.len());
        for keys in keys.chunks(LOOKUPS) {
            let found = self.find(keys).map_err(self.place.failed("read", "_state"))?;
            for key in keys {
                let is_it = |(resource, partition, _): &&(String, String, String)| {
                    resource == key.resource && partition == key.partition
                };
                let state = found.iter().find(is_it).map(|(_, _, state)| self.place.state(state));
                read.push(state.transpose()?);
            }
        }
        Ok(read)
    }
}

impl Lookup {
    fn find(&self, keys: &[StateKey<'_>]) -> Sql<Vec<(String, String, String)>> {
        let values = vec!["(?, ?)"; keys.len()].join(", ");
        let sql = format!(
            "SELECT resource, \"partition\", state FROM _state
             WHERE (resource, \"partition\") IN (VALUES {values})"
        );
        let mut statement = self.connected.prepare_cached(&sql)?;
        let values = keys.iter().flat_map(|key| [key.resource, key.partition]);
        let rows = statement
            .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
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
        let sql = "SELECT resource, \"partition\", state FROM _state ORDER BY resource, \"partition\"";
        let mut statement = self.connected.prepare(sql).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let cells = (|| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))();
            let (resource, partition, state) = cells.map_err(&failed)?;
            visit(StateEntry { resource, partition, state: Some(self.place.state(&state)?) });
        }
        Ok(())
    }

    pub(super) fn put_states(&self, states: &[StateEntry], load_id: &str) -> Result<()> {
        let keys = || {
            texts(&[
                ("resource", states.iter().map(|entry| entry.resource.clone()).collect()),
                ("partition", states.iter().map(|entry| entry.partition.clone()).collect()),
            ])
        };
        let kept = || states.iter().filter(|entry| entry.state.is_some());
        let rows = || {
            texts(&[
                ("resource", kept().map(|entry| entry.resource.clone()).collect()),
                ("partition", kept().map(|entry| entry.partition.clone()).collect()),
                ("state", kept().filter_map(|entry| entry.state.as_ref().map(Value::to_string)).collect()),
                ("load_id", kept().map(|_| load_id.to_owned()).collect()),
            ])
        };
        let put = keys().and_then(|keys| self.remove("_state", &keys));
        let put = put.and_then(|_| self.append("_state", &rows()?));
        put.map_err(self.place.failed("write to", "_state"))
    }

    pub(super) fn forget_states(&self, forget: &[Forget], load_id: &str) -> Result<()> {
        let run = |Forget { resource, except, .. }: &Forget| {
            let kept = vec!["?"; except.len()].join(", ");
            let kept =
                if kept.is_empty() { String::new() } else { format!(" AND \"partition\" NOT IN ({kept})") };
            let sql = format!("DELETE FROM _state WHERE resource = ? AND load_id <> ?{kept}");
            let values = [resource.as_str(), load_id].into_iter().chain(except.iter().map(String::as_str));
            self.connected.execute(&sql, params_from_iter(values))
        };
        let forgotten = forget.iter().try_for_each(|one| run(one).map(drop));
        forgotten.map_err(self.place.failed("write to", "_state"))
    }

    pub(super) fn put_load(&self, load: &LoadEntry) -> Result<()> {
        let put = || -> Sql<()> {
            let forget = "DELETE FROM _loads WHERE load_id = ?";
            self.connected.prepare_cached(forget)?.execute([&load.load_id])?;
            let mut statement = self.connected.prepare_cached(
                "INSERT INTO _loads (load_id, pipeline, started_at, finished_at, status, \"rows\", report)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
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
        let sql = "SELECT load_id, pipeline, started_at, finished_at, status, \"rows\", report FROM _loads
                   ORDER BY load_id DESC LIMIT ?";
        let mut statement = self.connected.prepare(sql).map_err(&failed)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = statement.query([most]).map_err(&failed)?;
        let unreadable = |column, text: &str| self.place.unreadable("_loads", column, text);
        let mut loads = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let texts = (0..7).map(|at| row.get(at)).collect::<Sql<Vec<Option<String>>>>();
            loads.push(kept::load(texts.map_err(&failed)?, &unreadable)?);
        }
        Ok(loads)
    }
}

/// Columns of text as a batch; all are of one length.
fn texts(columns: &[(&str, Vec<String>)]) -> Sql<RecordBatch> {
    let columns = columns
        .iter()
        .map(|(name, texts)| (*name, Arc::new(StringArray::from_iter_values(texts)) as ArrayRef));
    RecordBatch::try_from_iter(columns).map_err(unfit)
}

impl Place {
    fn state(&self, text: &str) -> Result<Value> {
        serde_json::from_str(text).map_err(|_| self.unreadable("_state", "state", text))
    }
}
