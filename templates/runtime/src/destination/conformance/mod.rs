//! What every destination does, as checks: each of them starts from an empty place.
//!
//! A destination's tests call [`check`] with a way to open a fresh place and to read a table back. What it cannot do by
//! its abilities is left out.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::destination::{
    Abilities, Aid, Batch, Claim, Committed, Deletion, Destination, Forget, LoadEntry, LoadStatus, Mode,
    OpenLoad, Package, PackageId, Reader, SchemaChange, StateEntry, Swap, SwapWhen, Widening, Written,
};
use crate::load::batch::{Part, joined};
use crate::resource::ColumnKind;
use crate::schema::kind::{Seen, kind_name};
use crate::schema::table::{Column, Table, TableRows};

mod aids;
#[cfg(feature = "lake")]
pub mod arrow;
mod crashes;
mod evolution;
mod history;
mod lease;
mod modes;
mod packages;
mod reading;
pub mod setting;
mod shards;
mod values;
mod views;

/// A place that outlives the destination which is open on it.
pub trait Place {
    /// Opens it, for the first time or again.
    fn open(&self) -> Box<dyn Destination>;

    /// Looks at it; `None` where what is loaded cannot be read back.
    fn reader(&self) -> Option<Box<dyn Reader>> {
        None
    }

    /// The rows of a table or a view, each as a list of its values in the order of `columns`, in any order; none where
    /// there is no such thing. Values are what JSON has for their kind; times are text, JSON is parsed.
    fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Value>;

    /// What a table and its columns say of themselves, by column; the table itself without a name. `None` where there is
    /// nothing of that kind.
    fn comments(&self, _table: &str) -> Option<BTreeMap<String, String>> {
        None
    }

    /// Drops a table and makes it again, by what `schema` prints of it.
    fn remake(&self, _table: &Table, _aid: &Aid) {}

    /// The lease of the load that is open ends, as if its time were over, though whoever holds it does not know.
    fn end_lease(&self);

    /// How many calls of a load lie between two crashes; more than one where each of them takes long.
    fn crashes_between(&self) -> usize {
        1
    }
}

type Check = fn(&dyn Place);

/// Runs all checks, each in a place of its own.
pub fn check<P: Place>(fresh: impl Fn() -> P) {
    let checks = [
        values::CHECKS,
        modes::CHECKS,
        history::CHECKS,
        evolution::CHECKS,
        packages::CHECKS,
        lease::CHECKS,
        crashes::CHECKS,
        shards::CHECKS,
        // What nothing here reads may refuse the names that these try.
        if fresh().reader().is_some() { reading::CHECKS } else { &[] },
        aids::CHECKS,
        views::CHECKS,
    ];
    for check in checks.concat() {
        check(&fresh());
    }
}

const LOAD: &str = "20240501T000000000Z-test";

/// A load that is open, driven as the loader drives it.
struct Run {
    load: Box<dyn OpenLoad>,
    tables: BTreeMap<String, Table>,
    next: PackageId,
    entry: LoadEntry,
}

/// What a package means beside its rows.
#[derive(Default)]
struct Meaning {
    swaps: Vec<Swap>,
    deletions: Vec<Deletion>,
    states: Vec<StateEntry>,
    forget: Vec<Forget>,
}

impl Run {
    fn open(place: &dyn Place) -> Self {
        Self::open_as(place, LOAD)
    }

    fn open_as(place: &dyn Place, load_id: &str) -> Self {
        let mut load = place.open().open_load(&Claim::new("test")).unwrap();
        let tables = load.tables().unwrap().into_iter().map(|table| (table.name.clone(), table)).collect();
        let next = PackageId { load_id: load_id.to_owned(), number: 0 };
        Self { load, tables, next, entry: entry(load_id, LoadStatus::Running) }
    }

    fn prepare(&mut self, changes: &[SchemaChange]) {
        self.load.prepare(changes, &self.next.load_id).unwrap();
        let tables = self.load.tables().unwrap();
        self.tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
    }

    /// Makes the table, or adds the columns that it lacks.
    fn prepare_for(&mut self, rows: &TableRows) {
        let name = &rows.table.name;
        let changes = match self.tables.get(name) {
            None => vec![SchemaChange::CreateTable(Table::clone(&rows.table))],
            Some(table) => {
                let missing = rows.table.columns.iter().filter(|column| table.column(&column.name).is_none());
                let add =
                    |column: &Column| SchemaChange::AddColumn { table: name.clone(), column: column.clone() };
                missing.map(add).collect()
            }
        };
        if !changes.is_empty() {
            self.prepare(&changes);
        }
    }

    /// Rows as the table has them.
    fn batch(&self, rows: &TableRows) -> Batch {
        let table = &self.tables[&rows.table.name];
        let part = Part { batch: &rows.batch, table: &rows.table, taken: None };
        Batch { rows: joined(&[part], &table.columns, &table.name).unwrap(), parents: rows.parents.clone() }
    }

    fn write(&mut self, rows: &TableRows, mode: &Mode) -> Option<Vec<bool>> {
        self.prepare_for(rows);
        let batch = self.batch(rows);
        let mut writer = self.load.writer(&self.tables[&rows.table.name], mode, &self.next).unwrap();
        let is_new = writer.write(&batch).unwrap();
        writer.finish().unwrap();
        is_new
    }

    fn commit(&mut self, meaning: &Meaning) -> Committed {
        let committed = self.commit_again(meaning);
        self.next.number += 1;
        committed
    }

    /// Under the id that comes next also afterwards.
    fn commit_again(&mut self, meaning: &Meaning) -> Committed {
        let package = Package {
            id: &self.next,
            swaps: &meaning.swaps,
            deletions: &meaning.deletions,
            states: &meaning.states,
            forget: &meaning.forget,
            load: Some(&self.entry),
        };
        self.load.commit(&package).unwrap()
    }

    fn close(self) {
        self.load.close().unwrap();
    }
}

/// Puts rows into a table, after the changes that they need, in a load of one package. A table without a key is replaced.
fn load(place: &dyn Place, rows: &TableRows) -> Written {
    let mut run = Run::open(place);
    let name = rows.table.name.clone();
    let is_merged = !rows.table.key.is_empty();
    run.write(rows, if is_merged { &Mode::Merge } else { &Mode::Stage });
    let swaps = if is_merged { Vec::new() } else { vec![swap(&name, SwapWhen::Always)] };
    let mut committed = run.commit(&Meaning { swaps, ..Meaning::default() });
    run.close();
    committed.written.remove(&name).unwrap_or_default()
}

/// Changes tables, in a load of their own.
fn apply(place: &dyn Place, changes: &[SchemaChange]) {
    let mut run = Run::open(place);
    run.prepare(changes);
    run.commit(&Meaning::default());
    run.close();
}

fn tables(place: &dyn Place) -> Vec<Table> {
    let run = Run::open(place);
    let tables = run.tables.values().cloned().collect();
    run.close();
    tables
}

pub(super) fn states(place: &dyn Place) -> Vec<StateEntry> {
    let mut states = Vec::new();
    place.open().each_state(&mut |state| states.push(state)).unwrap();
    states
}

fn abilities(place: &dyn Place) -> Abilities {
    place.open().abilities()
}

/// What a place tells of so many new rows and so many that took the place of others.
fn counted(place: &dyn Place, inserted: u64, updated: u64) -> Written {
    match abilities(place).is_stream {
        true => Written { inserted: inserted + updated, updated: 0 },
        false => Written { inserted, updated },
    }
}

fn swap(table: &str, when: SwapWhen) -> Swap {
    Swap { table: table.to_owned(), lists: Vec::new(), when, parts: Vec::new() }
}

fn state(resource: &str, partition: &str, state: Option<Value>) -> StateEntry {
    StateEntry { resource: resource.to_owned(), partition: partition.to_owned(), state }
}

fn entry(load_id: &str, status: LoadStatus) -> LoadEntry {
    LoadEntry {
        load_id: load_id.to_owned(),
        pipeline: "test".to_owned(),
        started_at: UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
        finished_at: None,
        status,
        rows: Map::new(),
        report: Map::new(),
    }
}

fn alter(table: &str, name: &str, from: (ColumnKind, Seen), to: (ColumnKind, Seen)) -> SchemaChange {
    let column = |(kind, seen)| Column { name: name.to_owned(), kind, seen, source: format!("/{name}") };
    SchemaChange::AlterColumn { table: table.to_owned(), from: column(from), to: column(to) }
}

fn seen(kind: ColumnKind) -> Seen {
    Seen::from_name(kind_name(kind)).unwrap()
}

fn sorted(mut rows: Vec<Value>) -> Vec<String> {
    rows.sort_by_key(ToString::to_string);
    rows.into_iter().map(|row| row.to_string()).collect()
}

#[track_caller]
fn expect(place: &dyn Place, table: &str, columns: &[(&str, ColumnKind)], rows: &[Value]) {
    assert_eq!(sorted(place.rows(table, columns)), sorted(rows.to_vec()));
}
