//! The one thread that owns the destination: rows in, packages out.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime};

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::destination::{
    Destination, DestinationError, LoadEntry, LoadStatus, SchemaChange, StateEntry, Target,
};
use crate::load::evolve::{changed, changes_for, conformed};
use crate::load::keep::Deletion;
use crate::load::options::{LoadOptions, LoadOutcome};
use crate::load::plan::Plan;
use crate::load::summary::{LoadNote, LoadSummary};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table, TableRows};

/// When a whole read no longer found the row.
const DELETED_AT: &str = "_deleted_at";

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Message {
    Rows {
        plan: Arc<Plan>,
        tables: Vec<TableRows>,
        states: Vec<StateEntry>,
        deletions: Vec<Deletion>,
        notes: Vec<LoadNote>,
        /// Its share of the queue, given back when the rows are written.
        room: OwnedSemaphorePermit,
    },
    Keep {
        states: Vec<StateEntry>,
        deletions: Vec<Deletion>,
    },
    Finish {
        outcome: LoadOutcome,
        /// Of the resources that were read completely.
        complete: Vec<Arc<Plan>>,
        /// What forgets partitions that are gone.
        vanished: Vec<StateEntry>,
        reply: oneshot::Sender<LoadSummary>,
    },
}

/// The writer's own view of the load.
pub(super) struct Writer {
    destination: Box<dyn Destination>,
    tables: HashMap<String, Table>,
    load: LoadEntry,
    package_rows: usize,
    package_time: std::time::Duration,
    package: Option<Package>,
    /// Which resources have staged rows for which table.
    staged: BTreeSet<(String, &'static str)>,
    /// The state that staged rows speak for, by table: it is kept only when they take the table's place.
    staged_states: Vec<(String, StateEntry)>,
    summary: LoadSummary,
    begun: Instant,
}

/// What is written but not yet committed.
struct Package {
    opened: Instant,
    rows: usize,
}

impl Writer {
    /// Notes the load as running and clears what a crashed one left.
    pub(super) fn begin(
        mut destination: Box<dyn Destination>,
        tables: Vec<Table>,
        load_id: &str,
        options: &LoadOptions,
        forgotten: &[StateEntry],
    ) -> Result<Writer, DestinationError> {
        let load = LoadEntry {
            load_id: load_id.to_owned(),
            pipeline: options.pipeline.clone(),
            started_at: options.started_at,
            finished_at: None,
            status: LoadStatus::Running,
            rows: serde_json::Map::new(),
            report: serde_json::Map::new(),
        };
        destination.begin()?;
        destination.discard_stages()?;
        destination.write_state(forgotten, load_id)?;
        destination.write_load(&load)?;
        destination.commit()?;
        Ok(Writer {
            destination,
            tables: tables.into_iter().map(|table| (table.name.clone(), table)).collect(),
            load,
            package_rows: options.package_rows,
            package_time: options.package_time,
            package: None,
            staged: BTreeSet::new(),
            staged_states: Vec::new(),
            summary: LoadSummary::new(load_id.to_owned(), options.started_at),
            begun: Instant::now(),
        })
    }

    /// Works until the load is finished or nobody can send any more. In the latter case what is not committed is lost,
    /// as if the process had been killed.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Result<(), DestinationError> {
        loop {
            let message = match &self.package {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(package) => {
                    messages.recv_timeout(self.package_time.saturating_sub(package.opened.elapsed()))
                }
            };
            match message {
                Ok(Message::Rows { plan, tables, states, deletions, notes, room }) => {
                    self.rows(&plan, tables, notes)?;
                    self.keep(&plan, states, &deletions)?;
                    drop(room);
                }
                Ok(Message::Keep { states, deletions }) => self.keep_states(&states, &deletions)?,
                Ok(Message::Finish { outcome, complete, vanished, reply }) => {
                    let summary = self.finish(outcome, &complete, &vanished)?;
                    // Whoever asked may have gone; the load is closed all the same.
                    let _ = reply.send(summary);
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => self.commit()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn rows(
        &mut self,
        plan: &Plan,
        tables: Vec<TableRows>,
        notes: Vec<LoadNote>,
    ) -> Result<(), DestinationError> {
        self.open()?;
        self.summary.note(notes.into_iter().chain(plan.note.clone()));
        if plan.target == Target::Stage {
            self.staged.insert((plan.layout().table.clone(), plan.resource));
        }
        for rows in tables {
            self.write(rows, plan.target)?;
        }
        Ok(())
    }

    /// What speaks for staged rows waits until they take the table's place.
    fn keep(
        &mut self,
        plan: &Plan,
        states: Vec<StateEntry>,
        deletions: &[Deletion],
    ) -> Result<(), DestinationError> {
        if plan.target == Target::Stage {
            let table = &plan.layout().table;
            self.staged_states.extend(states.into_iter().map(|state| (table.clone(), state)));
            return self.commit_if_due();
        }
        self.keep_states(&states, deletions)
    }

    fn keep_states(&mut self, states: &[StateEntry], deletions: &[Deletion]) -> Result<(), DestinationError> {
        self.open()?;
        deletions.iter().try_for_each(|deletion| self.mark_deleted(deletion))?;
        if !states.is_empty() {
            self.destination.write_state(states, &self.load.load_id)?;
        }
        self.commit_if_due()
    }

    fn mark_deleted(&mut self, deletion: &Deletion) -> Result<(), DestinationError> {
        let Deletion { plan, bindings, read } = deletion;
        let layout = plan.layout();
        let Some(table) = self.tables.get(&layout.table).filter(|_| layout.is_unique) else {
            return Ok(());
        };
        let name = table.name.clone();
        if table.column(DELETED_AT).is_none() {
            let source = format!("load/{DELETED_AT}");
            let (name, kind, seen) = (DELETED_AT.to_owned(), ColumnKind::Timestamp, Seen::Timestamp);
            let column = Column { name, kind, seen, source };
            let change = SchemaChange::AddColumn { table: layout.table.clone(), column };
            self.apply(&layout.table, change)?;
        }
        let partition: Vec<(&str, &Value)> =
            bindings.iter().map(|binding| (binding.column, &binding.value)).collect();
        let loads = read.from.as_deref().unwrap_or_default()..read.since.as_str();
        let marked = self.destination.mark_deleted(&name, &partition, loads, SystemTime::now())?;
        if marked > 0 {
            *self.summary.deleted.entry(name).or_default() += marked;
        }
        Ok(())
    }

    fn commit_if_due(&mut self) -> Result<(), DestinationError> {
        let is_due = |package: &Package| {
            package.rows >= self.package_rows || package.opened.elapsed() >= self.package_time
        };
        if self.package.as_ref().is_some_and(is_due) { self.commit() } else { Ok(()) }
    }

    fn write(&mut self, rows: TableRows, target: Target) -> Result<(), DestinationError> {
        let name = rows.table.name.clone();
        if rows.row_count() == 0 && !self.tables.contains_key(&name) && rows.parents.is_some() {
            return Ok(());
        }
        for change in changes_for(self.tables.get(&name), &rows) {
            self.apply(&name, change)?;
        }
        let Some(table) = self.tables.get(&name) else {
            return Ok(());
        };
        let rows = conformed(rows, table)?;
        let written = self.destination.write(&rows, target)?;
        self.summary.add(&name, written);
        if let Some(package) = &mut self.package {
            package.rows = package.rows.saturating_add(rows.row_count());
        }
        Ok(())
    }

    fn apply(&mut self, name: &str, change: SchemaChange) -> Result<(), DestinationError> {
        self.destination.apply(&change, &self.load.load_id)?;
        let table = self.tables.remove(name);
        if let Some(table) = changed(table, &change) {
            self.tables.insert(name.to_owned(), table);
        }
        if change.is_visible() {
            self.summary.changes.push(change);
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), DestinationError> {
        if self.package.is_none() {
            self.destination.begin()?;
            self.package = Some(Package { opened: Instant::now(), rows: 0 });
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DestinationError> {
        let rows = self.summary.tables.iter();
        self.load.rows = rows.map(|(name, written)| (name.clone(), Value::from(written.total()))).collect();
        self.destination.write_load(&self.load)?;
        self.destination.commit()?;
        self.package = None;
        Ok(())
    }

    fn finish(
        &mut self,
        outcome: LoadOutcome,
        complete: &[Arc<Plan>],
        vanished: &[StateEntry],
    ) -> Result<LoadSummary, DestinationError> {
        self.open()?;
        self.replace(complete)?;
        self.destination.discard_stages()?;
        self.destination.write_state(vanished, &self.load.load_id)?;
        self.load.status = outcome.status;
        self.load.report = outcome.report;
        let changes = self.summary.changes.iter().map(|change| Value::from(change.to_string()));
        self.load.report.insert("schema_changes".to_owned(), changes.collect());
        self.load.finished_at = Some(SystemTime::now());
        self.commit()?;
        self.destination.close()?;
        self.summary.duration = self.begun.elapsed();
        Ok(self.summary.clone())
    }

    /// Puts staged rows in the place of those of an earlier load, where the read was complete. A table without rows
    /// takes what there is.
    fn replace(&mut self, complete: &[Arc<Plan>]) -> Result<(), DestinationError> {
        let complete: BTreeSet<(String, &str)> = complete
            .iter()
            .filter(|plan| plan.target == Target::Stage)
            .map(|plan| (plan.layout().table.clone(), plan.resource))
            .collect();
        let names: BTreeSet<String> =
            self.staged.iter().chain(&complete).map(|(table, _)| table.clone()).collect();
        for name in names.into_iter().filter(|name| self.tables.contains_key(name)).collect::<Vec<_>>() {
            let mut staged = self.staged.iter().filter(|(table, _)| *table == name);
            if staged.all(|resource| complete.contains(resource)) || self.destination.is_empty(&name)? {
                self.swap(&name)?;
            } else {
                self.summary.note([LoadNote::NotReplaced { table: name }]);
            }
        }
        Ok(())
    }

    fn swap(&mut self, name: &str) -> Result<(), DestinationError> {
        let lists = self.tables.values().filter(|table| table.parent.as_deref() == Some(name));
        let lists: BTreeSet<String> = lists.map(|table| table.name.clone()).collect();
        self.destination.swap(name)?;
        lists.iter().try_for_each(|list| self.destination.swap(list))?;
        let states = self.staged_states.extract_if(.., |(table, _)| table == name);
        let states: Vec<StateEntry> = states.map(|(_, state)| state).collect();
        self.destination.write_state(&states, &self.load.load_id)
    }
}
