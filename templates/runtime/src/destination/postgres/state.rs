//! What is kept beside the rows: loads, and the state of partitions.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Result;
use super::connect::{Session, Sql};
use super::fault::Place;
use super::schema::Schema;
use crate::destination::{Forget, LoadEntry, LoadStatus, StateEntry, StateKey, StateReader};

/// The pipeline's own tables, in a schema. Texts that are JSON are kept letter by letter, so they are `json`. Load ids
/// sort by their bytes, whatever the language of the database.
pub(super) fn tables(schema: &Schema) -> String {
    let own = |name| schema.table(name);
    format!(
        "CREATE TABLE IF NOT EXISTS {} (
             load_id text COLLATE \"C\" NOT NULL PRIMARY KEY, pipeline text NOT NULL,
             started_at timestamp with time zone NOT NULL, finished_at timestamp with time zone,
             status text NOT NULL, rows json NOT NULL, report json NOT NULL
         );
         CREATE TABLE IF NOT EXISTS {} (
             resource text NOT NULL, partition text NOT NULL, state json NOT NULL, load_id text NOT NULL,
             PRIMARY KEY (resource, partition)
         );
         CREATE TABLE IF NOT EXISTS {} (
             table_name text NOT NULL PRIMARY KEY, parent text, source text NOT NULL, key json NOT NULL,
             load_id text NOT NULL
         );
         CREATE TABLE IF NOT EXISTS {} (
             table_name text NOT NULL, column_name text NOT NULL, kind text NOT NULL, seen text NOT NULL,
             source text NOT NULL, load_id text NOT NULL, PRIMARY KEY (table_name, column_name)
         );
         CREATE TABLE IF NOT EXISTS {} (
             load_id text NOT NULL, number bigint NOT NULL, PRIMARY KEY (load_id, number)
         );
         CREATE TABLE IF NOT EXISTS {} (
             one smallint NOT NULL PRIMARY KEY CHECK (one = 1), token text NOT NULL, holder json NOT NULL
         );
         CREATE TABLE IF NOT EXISTS {} (
             shard text NOT NULL PRIMARY KEY, token text NOT NULL, holder json NOT NULL
         );",
        own("_loads"),
        own("_state"),
        own("_tables"),
        own("_columns"),
        own("_packages"),
        own("_lease"),
        own("_shards")
    )
}

/// Looks states up on a connection of its own, which sees what is committed.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) session: Session,
    pub(super) schema: Schema,
}

impl StateReader for Lookup {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let place = &self.session.server.address.place;
        let sql = format!(
            "SELECT s.state::text FROM unnest($1, $2) WITH ORDINALITY AS k (resource, partition, place)
             LEFT JOIN {} s ON s.resource = k.resource AND s.partition = k.partition ORDER BY k.place",
            self.schema.table("_state")
        );
        let resources: Vec<&str> = keys.iter().map(|key| key.resource).collect();
        let partitions: Vec<&str> = keys.iter().map(|key| key.partition).collect();
        let keys = [(&resources as _, Type::TEXT_ARRAY), (&partitions as _, Type::TEXT_ARRAY)];
        let failed = place.failed("read", "_state");
        let rows = self.session.rows(&sql, &keys).map_err(&failed)?;
        let states = rows.iter().map(|row| {
            let text: Option<String> = row.try_get(0).map_err(&failed)?;
            text.map(|text| state_of(place, &text)).transpose()
        });
        states.collect()
    }
}

/// Shows all states; there are none before the first load.
pub(super) fn each(session: &Session, schema: &Schema, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
    let place = &session.server.address.place;
    let failed = place.failed("read", "_state");
    if !schema.has(session, "_state").map_err(&failed)? {
        return Ok(());
    }
    let sql = format!(
        "SELECT resource, partition, state::text FROM {} ORDER BY resource COLLATE \"C\", partition COLLATE \"C\"",
        schema.table("_state")
    );
    let shown = session.each_row(&sql, |row| {
        let texts = (|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get::<_, String>(2)?)))();
        let (resource, partition, state) = texts.map_err(&failed)?;
        visit(StateEntry { resource, partition, state: Some(state_of(place, &state)?) });
        Ok(())
    });
    shown.map_err(&failed)?
}

/// Within a transaction, all at once. Of several for one partition the last counts.
pub(super) fn put(session: &Session, schema: &Schema, states: &[StateEntry], load_id: &str) -> Sql<()> {
    let last: BTreeMap<(&str, &str), Option<String>> = states
        .iter()
        .map(|entry| {
            let state = entry.state.as_ref().map(Value::to_string);
            ((entry.resource.as_str(), entry.partition.as_str()), state)
        })
        .collect();
    let (mut kept, mut gone) = ((Vec::new(), Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for ((resource, partition), state) in last {
        match state {
            Some(state) => {
                kept.0.push(resource);
                kept.1.push(partition);
                kept.2.push(state);
            }
            None => {
                gone.0.push(resource);
                gone.1.push(partition);
            }
        }
    }
    let own = schema.table("_state");
    if !kept.0.is_empty() {
        let sql = format!(
            "INSERT INTO {own} AS s (resource, partition, state, load_id)
             SELECT resource, partition, state::json, $4 FROM unnest($1, $2, $3) AS k (resource, partition, state)
             ON CONFLICT (resource, partition) DO UPDATE SET state = excluded.state, load_id = excluded.load_id"
        );
        let [resources, partitions, states] = [
            (&kept.0 as _, Type::TEXT_ARRAY),
            (&kept.1 as _, Type::TEXT_ARRAY),
            (&kept.2 as _, Type::TEXT_ARRAY),
        ];
        session.execute(&sql, &[resources, partitions, states, (&load_id, Type::TEXT)])?;
    }
    if !gone.0.is_empty() {
        let sql = format!(
            "DELETE FROM {own} AS s USING unnest($1, $2) AS k (resource, partition)
             WHERE s.resource = k.resource AND s.partition = k.partition"
        );
        session.execute(&sql, &[(&gone.0, Type::TEXT_ARRAY), (&gone.1, Type::TEXT_ARRAY)])?;
    }
    Ok(())
}

/// Within a transaction.
pub(super) fn forget(session: &Session, schema: &Schema, forget: &[Forget], load_id: &str) -> Sql<()> {
    let own = schema.table("_state");
    let sql =
        format!("DELETE FROM {own} WHERE resource = $1 AND load_id <> ALL ($2) AND partition <> ALL ($3)");
    forget.iter().try_for_each(|Forget { resource, except, loads }| {
        let except: Vec<&String> = except.iter().collect();
        let loads: Vec<&str> = loads.iter().map(String::as_str).chain([load_id]).collect();
        let values =
            [(resource as _, Type::TEXT), (&loads as _, Type::TEXT_ARRAY), (&except as _, Type::TEXT_ARRAY)];
        session.execute(&sql, &values).map(drop)
    })
}

/// Within a transaction.
pub(super) fn put_load(session: &Session, schema: &Schema, load: &LoadEntry) -> Sql<()> {
    let sql = format!(
        "INSERT INTO {} AS l (load_id, pipeline, started_at, finished_at, status, rows, report)
         VALUES ($1, $2, $3, $4, $5, $6::text::json, $7::text::json)
         ON CONFLICT (load_id) DO UPDATE SET pipeline = excluded.pipeline, started_at = excluded.started_at,
             finished_at = excluded.finished_at, status = excluded.status, rows = excluded.rows,
             report = excluded.report",
        schema.table("_loads")
    );
    let (rows, report) =
        (Value::Object(load.rows.clone()).to_string(), Value::Object(load.report.clone()).to_string());
    let values = [
        (&load.load_id as _, Type::TEXT),
        (&load.pipeline as _, Type::TEXT),
        (&load.started_at as _, Type::TIMESTAMPTZ),
        (&load.finished_at as _, Type::TIMESTAMPTZ),
        (&load.status.name() as _, Type::TEXT),
        (&rows as _, Type::TEXT),
        (&report as _, Type::TEXT),
    ];
    session.execute(&sql, &values).map(drop)
}

/// The latest loads, the newest first; there are none before the first.
pub(super) fn loads(session: &Session, schema: &Schema, most: usize) -> Result<Vec<LoadEntry>> {
    let place = &session.server.address.place;
    let failed = place.failed("read", "_loads");
    if !schema.has(session, "_loads").map_err(&failed)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT load_id, pipeline, started_at, finished_at, status, rows::text, report::text FROM {}
         ORDER BY load_id DESC LIMIT $1",
        schema.table("_loads")
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = session.rows(&sql, &[(&most, Type::INT8)]).map_err(&failed)?;
    rows.iter().map(|row| load_of(row, place)).collect()
}

fn load_of(row: &Row, place: &Place) -> Result<LoadEntry> {
    let failed = place.failed("read", "_loads");
    let text = |at: usize| row.try_get::<_, String>(at).map_err(&failed);
    let time = |at: usize| row.try_get::<_, Option<SystemTime>>(at).map_err(&failed);
    let unreadable = |column, text: &str| place.unreadable("_loads", column, text);
    let (status, rows, report) = (text(4)?, text(5)?, text(6)?);
    Ok(LoadEntry {
        load_id: text(0)?,
        pipeline: text(1)?,
        started_at: time(2)?.unwrap_or(SystemTime::UNIX_EPOCH),
        finished_at: time(3)?,
        status: LoadStatus::from_name(&status).ok_or_else(|| unreadable("status", &status))?,
        rows: serde_json::from_str(&rows).map_err(|_| unreadable("rows", &rows))?,
        report: serde_json::from_str(&report).map_err(|_| unreadable("report", &report))?,
    })
}

fn state_of(place: &Place, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|_| place.unreadable("_state", "state", text))
}
