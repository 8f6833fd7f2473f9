//! What a STATE says: bookmarks for the next run, and what it has to know of tables and loads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Place, Result};
use crate::destination::kept::{self, time_text};
use crate::destination::{DestinationError, Forget, LoadEntry, StateEntry, StateKey};
use crate::schema::kind::kind_name;
use crate::schema::table::{Column, Table};

/// How many loads are told of: each STATE carries them.
const LOADS: usize = 10;

/// The value of a STATE. What another program put there stays out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// States, by resource and partition.
    bookmarks: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) tables: BTreeMap<String, KeptTable>,
    loads: BTreeMap<String, KeptLoad>,
    /// The partitions whose states this load has written.
    #[serde(skip)]
    written: BTreeSet<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptTable {
    parent: Option<String>,
    source: String,
    pub(super) key: Vec<String>,
    columns: Vec<KeptColumn>,
    /// The version of its rows that was sent last.
    pub(super) version: i64,
    /// Whether any rows of it were sent that still count.
    pub(super) has_rows: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptColumn {
    name: String,
    kind: String,
    seen: String,
    source: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptLoad {
    pipeline: String,
    started_at: String,
    finished_at: Option<String>,
    status: String,
    rows: Map<String, Value>,
    report: Map<String, Value>,
}

impl Kept {
    /// What the file says: it is one state, or a state is its last line, as targets write it or as they get it.
    pub(super) fn read(path: &Path, place: &Place) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|error| place.not_opened(error))?,
        };
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        let Some(last) = last else { return Ok(Self::default()) };
        let unreadable = || DestinationError::unreadable(place.name(), "STATE", "value", last);
        let value: Value =
            serde_json::from_str(&text).or_else(|_| serde_json::from_str(last)).map_err(|_| unreadable())?;
        let value = match value {
            Value::Object(mut message) if message.get("type").is_some_and(|kind| kind == "STATE") => {
                message.remove("value").unwrap_or_default()
            }
            value => value,
        };
        serde_json::from_value(value).map_err(|_| unreadable())
    }

    pub(super) fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    pub(super) fn state(&self, key: &StateKey<'_>) -> Option<Value> {
        self.bookmarks.get(key.resource)?.get(key.partition).cloned()
    }

    pub(super) fn states(&self) -> impl Iterator<Item = StateEntry> {
        self.bookmarks.iter().flat_map(|(resource, partitions)| {
            partitions.iter().map(|(partition, state)| StateEntry {
                resource: resource.clone(),
                partition: partition.clone(),
                state: Some(state.clone()),
            })
        })
    }

    pub(super) fn put(&mut self, entry: &StateEntry) {
        let StateEntry { resource, partition, state } = entry;
        self.written.insert((resource.clone(), partition.clone()));
        let partitions = self.bookmarks.entry(resource.clone()).or_default();
        match state {
            Some(state) => drop(partitions.insert(partition.clone(), state.clone())),
            None => drop(partitions.remove(partition)),
        }
        self.bookmarks.retain(|_, partitions| !partitions.is_empty());
    }

    pub(super) fn forget(&mut self, Forget { resource, except, .. }: &Forget) {
        let Some(partitions) = self.bookmarks.get_mut(resource) else { return };
        let written = &self.written;
        let is_written = |partition: &str| written.contains(&(resource.clone(), partition.to_owned()));
        partitions.retain(|partition, _| except.contains(partition) || is_written(partition));
        self.bookmarks.retain(|_, partitions| !partitions.is_empty());
    }

    pub(super) fn put_load(&mut self, load: &LoadEntry) {
        self.loads.insert(load.load_id.clone(), KeptLoad::of(load));
        while self.loads.len() > LOADS {
            self.loads.pop_first();
        }
    }

    /// The latest, the newest first.
    pub(super) fn loads(&self, most: usize, place: &Place) -> Result<Vec<LoadEntry>> {
        self.loads.iter().rev().take(most).map(|(id, load)| load.entry(id, place)).collect()
    }

    pub(super) fn tables(&self, place: &Place) -> Result<Vec<Table>> {
        self.tables.iter().map(|(name, table)| table.table(name, place)).collect()
    }
}

impl KeptTable {
    pub(super) fn of(table: &Table) -> Self {
        Self {
            parent: table.parent.clone(),
            source: table.source.clone(),
            key: table.key.clone(),
            columns: table.columns.iter().map(KeptColumn::of).collect(),
            ..Self::default()
        }
    }

    pub(super) fn table(&self, name: &str, place: &Place) -> Result<Table> {
        let columns = self.columns.iter().map(|column| column.column(place)).collect::<Result<_>>()?;
        let (parent, source, key) = (self.parent.clone(), self.source.clone(), self.key.clone());
        Ok(Table { name: name.to_owned(), parent, source, key, columns })
    }

    /// In place of the column of that name, or after all others.
    pub(super) fn put_column(&mut self, column: &Column) {
        let new = KeptColumn::of(column);
        match self.columns.iter_mut().find(|column| column.name == new.name) {
            Some(column) => *column = new,
            None => self.columns.push(new),
        }
    }
}

impl KeptColumn {
    fn of(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            kind: kind_name(column.kind).to_owned(),
            seen: column.seen.name().to_owned(),
            source: column.source.clone(),
        }
    }

    fn column(&self, place: &Place) -> Result<Column> {
        let unreadable =
            |column, value: &str| DestinationError::unreadable(place.name(), "tables", column, value);
        kept::column([&self.name, &self.kind, &self.seen, &self.source].map(String::clone), &unreadable)
    }
}

impl KeptLoad {
    fn of(load: &LoadEntry) -> Self {
        Self {
            pipeline: load.pipeline.clone(),
            started_at: time_text(load.started_at),
            finished_at: load.finished_at.map(time_text),
            status: load.status.name().to_owned(),
            rows: load.rows.clone(),
            report: load.report.clone(),
        }
    }

    fn entry(&self, load_id: &str, place: &Place) -> Result<LoadEntry> {
        let unreadable =
            |column, value: &str| DestinationError::unreadable(place.name(), "loads", column, value);
        let time = |column, text: &str| kept::time(column, text, &unreadable);
        Ok(LoadEntry {
            load_id: load_id.to_owned(),
            pipeline: self.pipeline.clone(),
            started_at: time("started_at", &self.started_at)?,
            finished_at: self.finished_at.as_ref().map(|text| time("finished_at", text)).transpose()?,
            status: kept::status(&self.status, &unreadable)?,
            rows: self.rows.clone(),
            report: self.report.clone(),
        })
    }
}
