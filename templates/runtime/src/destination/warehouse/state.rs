//! What is kept beside the rows: loads, and the state of partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::fault::{Answer, Place};
use super::schema::Schema;
use super::session::{Row, Session, rows};
use super::texts::{own_pieces, statements};
use crate::destination::{Forget, LoadEntry, LoadStatus, Result, StateEntry, StateKey, StateReader};
use crate::schema::time::parse_instant;

/// Looks states up on a connection of its own, which sees what is committed.
pub(super) struct Lookup {
    pub(super) session: Box<dyn Session>,
    pub(super) schema: Schema,
}

impl StateReader for Lookup {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for key in keys {
            by_resource.entry(key.resource).or_default().insert(key.partition);
        }
        let mut found = BTreeMap::new();
        for (resource, partitions) in by_resource {
            for condition in conditions(&self.schema, resource, partitions) {
                let keep = &mut |entry: StateEntry| {
                    found.insert((entry.resource, entry.partition), entry.state);
                };
                each_of(self.session.as_mut(), &self.schema, &format!(" WHERE {condition}"), keep)?;
            }
        }
        let state = |key: &StateKey<'_>| {
            found.get(&(key.resource.to_owned(), key.partition.to_owned())).cloned().flatten()
        };
        Ok(keys.iter().map(state).collect())
    }
}

/// What finds the states of these partitions of a resource, as one condition or more.
fn conditions<'p>(
    schema: &Schema,
    resource: &str,
    partitions: impl IntoIterator<Item = &'p str>,
) -> Vec<String> {
    let literals: Vec<String> = partitions.into_iter().map(|text| schema.literal(text)).collect();
    let condition = |group: &[String]| {
        format!(
            "{} = {} AND {} IN ({})",
            schema.column("resource"),
            schema.literal(resource),
            schema.column("partition"),
            group.join(", ")
        )
    };
    statements(&literals).map(condition).collect()
}

/// Shows all states; there are none before the first load.
pub(super) fn each(
    session: &mut dyn Session,
    schema: &Schema,
    visit: &mut dyn FnMut(StateEntry),
) -> Result<()> {
    if !schema.has(session, "_state").map_err(schema.place().failed("read", "_state"))? {
        return Ok(());
    }
    each_of(session, schema, "", visit)
}

/// A state on its way, of which pieces are still to come.
#[derive(Default)]
struct Pieces {
    resource: String,
    partition: String,
    text: String,
}

impl Pieces {
    fn show(self, place: &Place, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        let Self { resource, partition, text } = self;
        let state = serde_json::from_str(&text).map_err(|_| place.unreadable("_state", "state", &text))?;
        visit(StateEntry { resource, partition, state: Some(state) });
        Ok(())
    }
}

fn each_of(
    session: &mut dyn Session,
    schema: &Schema,
    condition: &str,
    visit: &mut dyn FnMut(StateEntry),
) -> Result<()> {
    let place = schema.place();
    let order = schema.columns(["resource", "partition", "piece"]);
    let sql = format!(
        "SELECT {} FROM {}{condition} ORDER BY {order}",
        schema.columns(["resource", "partition", "state"]),
        schema.table("_state")
    );
    let mut last: Option<Pieces> = None;
    let shown = session.each(&sql, &mut |row| {
        let mut texts = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || texts.next().unwrap_or_default();
        let (resource, partition, text) = (next(), next(), next());
        match &mut last {
            Some(last) if last.resource == resource && last.partition == partition => {
                last.text.push_str(&text);
            }
            other => {
                if let Some(whole) = other.replace(Pieces { resource, partition, text }) {
                    whole.show(place, visit)?;
                }
            }
        }
        Ok(())
    });
    shown.map_err(place.failed("read", "_state"))??;
    last.map_or(Ok(()), |whole| whole.show(place, visit))
}

/// Within a transaction. Of several for one partition the last counts.
pub(super) fn put(
    session: &mut dyn Session,
    schema: &Schema,
    states: &[StateEntry],
    load_id: &str,
) -> Answer<()> {
    let key = |entry: &StateEntry| (entry.resource.clone(), entry.partition.clone());
    let last: BTreeMap<(String, String), Option<String>> =
        states.iter().map(|entry| (key(entry), entry.state.as_ref().map(Value::to_string))).collect();
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (resource, partition) in last.keys() {
        by_resource.entry(resource).or_default().push(partition);
    }
    for (resource, partitions) in by_resource {
        remove(session, schema, resource, partitions)?;
    }
    let mut rows = Vec::new();
    for ((resource, partition), state) in &last {
        for (piece, text) in state.iter().flat_map(|state| own_pieces(state)).enumerate() {
            let [resource, partition, text, load_id] =
                [resource.as_str(), partition, text, load_id].map(|text| schema.literal(text));
            rows.push(format!("({resource}, {partition}, {piece}, {text}, {load_id})"));
        }
    }
    insert(session, schema, "_state", &["resource", "partition", "piece", "state", "load_id"], &rows)
}

fn insert(
    session: &mut dyn Session,
    schema: &Schema,
    table: &str,
    columns: &[&str],
    rows: &[String],
) -> Answer<()> {
    statements(rows).try_for_each(|group| {
        let (own, columns) = (schema.table(table), schema.columns(columns.iter().copied()));
        session.run(&format!("INSERT INTO {own} ({columns}) VALUES {}", group.join(", "))).map(drop)
    })
}

fn remove<'p>(
    session: &mut dyn Session,
    schema: &Schema,
    resource: &str,
    partitions: impl IntoIterator<Item = &'p str>,
) -> Answer<()> {
    let own = schema.table("_state");
    conditions(schema, resource, partitions)
        .iter()
        .try_for_each(|condition| session.run(&format!("DELETE FROM {own} WHERE {condition}")).map(drop))
}

/// Within a transaction. What stays may be longer than a statement: what goes is looked up.
pub(super) fn forget(
    session: &mut dyn Session,
    schema: &Schema,
    forget: &[Forget],
    load_id: &str,
) -> Answer<()> {
    for Forget { resource, except, .. } in forget {
        let sql = format!(
            "SELECT DISTINCT {} FROM {} WHERE {} = {} AND {} <> {}",
            schema.column("partition"),
            schema.table("_state"),
            schema.column("resource"),
            schema.literal(resource),
            schema.column("load_id"),
            schema.literal(load_id)
        );
        let kept = rows(session, &sql)?;
        let kept = kept.iter().filter_map(|row| row.first()?.as_deref());
        let gone: Vec<&str> = kept.filter(|partition| !except.contains(*partition)).collect();
        remove(session, schema, resource, gone)?;
    }
    Ok(())
}

/// Within a transaction.
pub(super) fn put_load(session: &mut dyn Session, schema: &Schema, load: &LoadEntry) -> Answer<()> {
    let id = schema.literal(&load.load_id);
    for table in ["_loads", "_reports"] {
        let (own, column) = (schema.table(table), schema.column("load_id"));
        session.run(&format!("DELETE FROM {own} WHERE {column} = {id}"))?;
    }
    let instant = |time: SystemTime| schema.instant(micros(time));
    let [pipeline, status, rows] =
        [&load.pipeline, load.status.name(), &Value::Object(load.rows.clone()).to_string()]
            .map(|text| schema.literal(text));
    let finished = load.finished_at.map_or("NULL".to_owned(), instant);
    // Not all warehouses take an expression in `VALUES`.
    let values =
        format!("SELECT {id}, {pipeline}, {}, {finished}, {status}, {rows}", instant(load.started_at));
    let columns = ["load_id", "pipeline", "started_at", "finished_at", "status", "rows"];
    let (own, columns) = (schema.table("_loads"), schema.columns(columns));
    session.run(&format!("INSERT INTO {own} ({columns}) {values}"))?;
    let report = Value::Object(load.report.clone()).to_string();
    let pieces = own_pieces(&report).enumerate();
    let pieces: Vec<String> =
        pieces.map(|(piece, text)| format!("({id}, {piece}, {})", schema.literal(text))).collect();
    insert(session, schema, "_reports", &["load_id", "piece", "report"], &pieces)
}

fn micros(time: SystemTime) -> i64 {
    chrono::DateTime::<chrono::Utc>::from(time).timestamp_micros()
}

/// The latest loads, the newest first; there are none before the first.
pub(super) fn loads(session: &mut dyn Session, schema: &Schema, most: usize) -> Result<Vec<LoadEntry>> {
    let place = schema.place();
    let failed = place.failed("read", "_loads");
    if !schema.has(session, "_loads").map_err(&failed)? {
        return Ok(Vec::new());
    }
    let id = schema.column("load_id");
    let instant = |name| schema.warehouse.instant(&schema.column(name));
    let sql = format!(
        "SELECT {id}, {}, {}, {}, {}, {} FROM {} ORDER BY {id} DESC LIMIT {most}",
        schema.column("pipeline"),
        instant("started_at"),
        instant("finished_at"),
        schema.column("status"),
        schema.column("rows"),
        schema.table("_loads")
    );
    let found = rows(session, &sql).map_err(&failed)?;
    let mut loads = found.into_iter().map(|row| load_of(place, row)).collect::<Result<Vec<_>>>()?;
    let ids: Vec<String> = loads.iter().map(|load| schema.literal(&load.load_id)).collect();
    for group in statements(&ids) {
        let sql = format!(
            "SELECT {} FROM {} WHERE {id} IN ({}) ORDER BY {}",
            schema.columns(["load_id", "report"]),
            schema.table("_reports"),
            group.join(", "),
            schema.columns(["load_id", "piece"])
        );
        let mut reports: BTreeMap<String, String> = BTreeMap::new();
        for row in rows(session, &sql).map_err(place.failed("read", "_reports"))? {
            if let Ok([Some(load), Some(text)]) = <[Option<String>; 2]>::try_from(row) {
                reports.entry(load).or_default().push_str(&text);
            }
        }
        for load in &mut loads {
            if let Some(text) = reports.get(&load.load_id) {
                load.report = object(place, ("_reports", "report"), text)?;
            }
        }
    }
    Ok(loads)
}

fn object(
    place: &Place,
    (table, column): (&'static str, &'static str),
    text: &str,
) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|_| place.unreadable(table, column, text))
}

fn load_of(place: &Place, row: Row) -> Result<LoadEntry> {
    let text = |at: usize| row.get(at).and_then(Option::as_deref);
    let unreadable = |column, text: &str| place.unreadable("_loads", column, text);
    let time = |at: usize, column| {
        let micros = |text: &str| text.parse().ok().or_else(|| parse_instant(text));
        text(at).map(|text| micros(text).ok_or_else(|| unreadable(column, text))).transpose()
    };
    let owned = |at: usize| text(at).unwrap_or_default().to_owned();
    let status = owned(4);
    Ok(LoadEntry {
        load_id: owned(0),
        pipeline: owned(1),
        started_at: time(2, "started_at")?.map_or(SystemTime::UNIX_EPOCH, time_of),
        finished_at: time(3, "finished_at")?.map(time_of),
        status: LoadStatus::from_name(&status).ok_or_else(|| unreadable("status", &status))?,
        rows: object(place, ("_loads", "rows"), &owned(5))?,
        report: Map::new(),
    })
}

fn time_of(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    let time = match micros < 0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(distance),
        false => SystemTime::UNIX_EPOCH.checked_add(distance),
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}
