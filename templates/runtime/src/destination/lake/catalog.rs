//! What there is: tables with their files, loads, and where state lies; and the records that change it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Result;
use super::bounds::Bounds;
use super::names;
use crate::destination::kept::{self, time_text};
use crate::destination::lease::Holder;
use crate::destination::objects::Place;
use crate::destination::{LoadEntry, LoadStatus, SHARD, StateEntry};
use crate::schema::kind::kind_name;
use crate::schema::table::{Column, Table};
use crate::shard::Shard;

/// How many loads are told of.
const LOADS: usize = 200;

/// What there is after some records.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Catalog {
    pub(in super::super) tables: BTreeMap<String, TableEntry>,
    pub(in super::super) loads: BTreeMap<String, KeptLoad>,
    pub(in super::super) runs: Vec<StateRun>,
    /// What came since the last run of states, in its order.
    pub(in super::super) states: Vec<KeptState>,
    /// What shards have staged that have closed, by their tokens.
    pub(in super::super) stages: BTreeMap<String, Stage>,
}

/// What a shard has staged, for whoever swaps it in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Stage {
    pub(in super::super) shard: Shard,
    /// The tables as they were then, with the files of the stage.
    pub(in super::super) tables: BTreeMap<String, TableEntry>,
}

/// One step, which is there as a whole or not at all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct Record {
    /// Whose it is.
    pub(in super::super) token: String,
    pub(in super::super) holder: Holder,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) shard: Option<Shard>,
    pub(in super::super) package: Option<String>,
    /// In place of what was known of these; `None`: the table is gone.
    pub(in super::super) tables: BTreeMap<String, Option<TableEntry>>,
    /// Files that become visible with it…
    pub(in super::super) publish: Vec<String>,
    /// …and files that go.
    pub(in super::super) remove: Vec<String>,
    pub(in super::super) loads: Vec<KeptLoad>,
    /// Where all states lie that came before this record.
    pub(in super::super) runs: Option<Vec<StateRun>>,
    pub(in super::super) states: Vec<KeptState>,
    /// By the tokens of shards; `None`: it is gone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in super::super) stages: BTreeMap<String, Option<Stage>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct TableEntry {
    pub(in super::super) parent: Option<String>,
    pub(in super::super) source: String,
    pub(in super::super) key: Vec<String>,
    pub(in super::super) columns: Vec<ColumnEntry>,
    /// From the oldest on.
    pub(in super::super) files: Vec<DataFile>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct ColumnEntry {
    pub(in super::super) name: String,
    pub(in super::super) kind: String,
    pub(in super::super) seen: String,
    pub(in super::super) source: String,
    /// Which load brought it.
    pub(in super::super) load_id: String,
}

/// A file of a table, which never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct DataFile {
    /// Where it lies once it is committed.
    pub(in super::super) path: String,
    pub(in super::super) rows: u64,
    pub(in super::super) bytes: u64,
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub(in super::super) bounds: Bounds,
}

/// A file with states in the order of their keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct StateRun {
    pub(in super::super) path: String,
    pub(in super::super) rows: u64,
    pub(in super::super) bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct KeptState {
    pub(in super::super) resource: String,
    pub(in super::super) partition: String,
    /// JSON, as text; `None`: it is forgotten.
    pub(in super::super) state: Option<String>,
    pub(in super::super) load_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct KeptLoad {
    load_id: String,
    pipeline: String,
    started_at: String,
    finished_at: Option<String>,
    status: String,
    rows: Map<String, Value>,
    report: Map<String, Value>,
}

impl Catalog {
    pub(in super::super) fn apply(&mut self, record: Record) {
        for (name, entry) in record.tables {
            match entry {
                Some(entry) => drop(self.tables.insert(name, entry)),
                None => drop(self.tables.remove(&name)),
            }
        }
        for (token, stage) in record.stages {
            match stage {
                Some(stage) => drop(self.stages.insert(token, stage)),
                None => drop(self.stages.remove(&token)),
            }
        }
        self.loads.extend(record.loads.into_iter().map(|load| (load.load_id.clone(), load)));
        while self.loads.len() > LOADS {
            self.loads.pop_first();
        }
        if let Some(runs) = record.runs {
            self.runs = runs;
            self.states.clear();
        }
        self.states.extend(record.states);
    }

    /// All of it as one record.
    pub(in super::super) fn whole(&self) -> Record {
        Record {
            tables: self.tables.iter().map(|(name, entry)| (name.clone(), Some(entry.clone()))).collect(),
            loads: self.loads.values().cloned().collect(),
            runs: Some(self.runs.clone()),
            states: self.states.clone(),
            stages: self.stages.iter().map(|(token, stage)| (token.clone(), Some(stage.clone()))).collect(),
            ..Record::default()
        }
    }

    /// The latest loads; those that nobody goes on with have been interrupted.
    pub(in super::super) fn latest_loads(
        &self,
        most: usize,
        is_held: &dyn Fn(Option<Shard>) -> Result<bool>,
        place: &Place,
    ) -> Result<Vec<LoadEntry>> {
        let loads = self.loads.values().rev().take(most).map(|load| load.entry(place));
        let mut loads = loads.collect::<Result<Vec<_>>>()?;
        for load in loads.iter_mut().filter(|load| load.status == LoadStatus::Running) {
            if !is_held(load.shard())? {
                load.status = LoadStatus::Interrupted;
            }
        }
        Ok(loads)
    }
}

impl TableEntry {
    pub(in super::super) fn of(table: &Table, load_id: &str) -> Self {
        Self {
            parent: table.parent.clone(),
            source: table.source.clone(),
            key: table.key.clone(),
            columns: table.columns.iter().map(|column| ColumnEntry::of(column, load_id)).collect(),
            files: Vec::new(),
        }
    }

    pub(in super::super) fn table(&self, name: &str, place: &Place) -> Result<Table> {
        let columns = self.columns.iter().map(|column| column.column(place)).collect::<Result<_>>()?;
        let (parent, source, key) = (self.parent.clone(), self.source.clone(), self.key.clone());
        Ok(Table { name: name.to_owned(), parent, source, key, columns })
    }

    pub(in super::super) fn column_mut(&mut self, name: &str) -> Option<&mut ColumnEntry> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

impl ColumnEntry {
    pub(in super::super) fn of(column: &Column, load_id: &str) -> Self {
        Self {
            name: column.name.clone(),
            kind: kind_name(column.kind).to_owned(),
            seen: column.seen.name().to_owned(),
            source: column.source.clone(),
            load_id: load_id.to_owned(),
        }
    }

    fn column(&self, place: &Place) -> Result<Column> {
        let texts = [&self.name, &self.kind, &self.seen, &self.source].map(String::clone);
        kept::column(texts, &|column, value| place.unreadable(names::OWN, column, value))
    }
}

impl KeptState {
    pub(in super::super) fn of(entry: &StateEntry, load_id: &str) -> Self {
        Self {
            resource: entry.resource.clone(),
            partition: entry.partition.clone(),
            state: entry.state.as_ref().map(Value::to_string),
            load_id: load_id.to_owned(),
        }
    }
}

impl KeptLoad {
    pub(in super::super) fn of(load: &LoadEntry) -> Self {
        Self {
            load_id: load.load_id.clone(),
            pipeline: load.pipeline.clone(),
            started_at: time_text(load.started_at),
            finished_at: load.finished_at.map(time_text),
            status: load.status.name().to_owned(),
            rows: load.rows.clone(),
            report: load.report.clone(),
        }
    }

    fn entry(&self, place: &Place) -> Result<LoadEntry> {
        let unreadable = |column, value: &str| place.unreadable(names::OWN, column, value);
        let time = |column, text: &str| kept::time(column, text, &unreadable);
        Ok(LoadEntry {
            load_id: self.load_id.clone(),
            pipeline: self.pipeline.clone(),
            started_at: time("started_at", &self.started_at)?,
            finished_at: self.finished_at.as_ref().map(|text| time("finished_at", text)).transpose()?,
            status: kept::status(&self.status, &unreadable)?,
            rows: self.rows.clone(),
            report: self.report.clone(),
        })
    }

    pub(in super::super) fn shard(&self) -> Option<Shard> {
        self.report.get(SHARD)?.as_str()?.parse().ok()
    }

    /// As it is when nobody goes on with it, where it says that somebody does.
    pub(in super::super) fn interrupted(&self) -> Option<Self> {
        let is_running = self.status == LoadStatus::Running.name();
        is_running.then(|| Self { status: LoadStatus::Interrupted.name().to_owned(), ..self.clone() })
    }

    /// Where people find it.
    pub(in super::super) fn path(&self) -> String {
        format!("{}/{}.json", names::LOADS, names::folder_of(&self.load_id.to_ascii_lowercase()))
    }
}
