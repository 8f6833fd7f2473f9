//! The one thread that owns the destination: what it is told comes in, packages go out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::options::LoadOutcome;
use super::package::{Gone, Meaning, Packages};
use super::plan::{Plan, Writes};
use super::summary::{LoadNote, LoadSummary};
use crate::config::OnChange;
use crate::destination::{DestinationError, Forget, LoadStatus, StateEntry, Swap, SwapWhen};
use crate::schema::table::TableRows;

type Result<T> = std::result::Result<T, DestinationError>;

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Message {
    Rows {
        plan: Arc<Plan>,
        tables: Vec<TableRows>,
        kept: KeptRows,
        notes: Vec<LoadNote>,
        /// Its share of the queue, given back when the rows are gathered.
        room: OwnedSemaphorePermit,
    },
    Keep(KeptRows),
    Finish {
        outcome: LoadOutcome,
        /// Of the resources that were read completely.
        complete: Vec<Arc<Plan>>,
        /// What forgets partitions that are gone.
        vanished: Vec<Forget>,
        reply: oneshot::Sender<LoadSummary>,
    },
}

/// What is kept of partitions.
#[derive(Debug, Default)]
pub(super) struct KeptRows {
    pub(super) states: Vec<StateEntry>,
    pub(super) gone: Vec<Gone>,
}

/// The writer's own view of the load.
pub(super) struct Writer {
    packages: Packages,
    /// Which resources have staged rows for which table.
    staged: BTreeSet<(String, &'static str)>,
    /// The state that staged rows speak for, by table: it is kept only when they take the table's place.
    staged_states: Vec<(String, StateEntry)>,
    begun: Instant,
}

impl Writer {
    pub(super) fn new(packages: Packages) -> Self {
        Self { packages, staged: BTreeSet::new(), staged_states: Vec::new(), begun: Instant::now() }
    }

    /// Works until the load is finished or nobody can send any more. In the latter case what is not committed is lost,
    /// as if the process had been killed.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Result<()> {
        loop {
            let message = match self.packages.patience() {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(patience) => messages.recv_timeout(patience),
            };
            match message {
                Ok(Message::Rows { plan, tables, kept, notes, room }) => {
                    self.rows(&plan, tables, kept, notes)?;
                    drop(room);
                }
                Ok(Message::Keep(KeptRows { states, gone })) => self.packages.keep(states, gone),
                Ok(Message::Finish { outcome, complete, vanished, reply }) => {
                    let summary = self.finish(outcome, complete, vanished)?;
                    // Whoever asked may have gone; the load is closed all the same.
                    let _ = reply.send(summary);
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.packages.tick()?;
        }
    }

    /// What speaks for staged rows waits until they take the table's place.
    fn rows(
        &mut self,
        plan: &Arc<Plan>,
        tables: Vec<TableRows>,
        kept: KeptRows,
        notes: Vec<LoadNote>,
    ) -> Result<()> {
        self.packages.summary.note(notes.into_iter().chain(plan.note.clone()));
        self.packages.add(plan, tables)?;
        if plan.writes != Writes::Replace {
            self.packages.keep(kept.states, kept.gone);
            return Ok(());
        }
        let table = &plan.layout.table;
        self.staged.insert((table.clone(), plan.resource.name));
        self.staged_states.extend(kept.states.into_iter().map(|state| (table.clone(), state)));
        Ok(())
    }

    fn finish(
        mut self,
        outcome: LoadOutcome,
        mut complete: Vec<Arc<Plan>>,
        mut vanished: Vec<Forget>,
    ) -> Result<LoadSummary> {
        self.packages.commit()?;
        complete.retain(|plan| !self.packages.has_failed(plan.resource.name));
        vanished.retain(|forget| !self.packages.has_failed(&forget.resource));
        for plan in complete.iter().filter(|plan| plan.contract.columns == OnChange::Evolve) {
            let hints = self.packages.tables().plan_for_hints(&plan.layout.table, plan.resource.columns);
            self.packages.prepare(hints)?;
        }
        let swaps = self.swaps(&complete);
        let swapped = self.packages.send(&Meaning { swaps: swaps.clone(), ..Meaning::default() })?;
        let kept = swaps.into_iter().map(|swap| swap.table).filter(|table| !swapped.contains(table));
        self.packages.summary.note(kept.map(|table| LoadNote::NotReplaced { table }));
        let states = self.staged_states.into_iter().filter(|(table, _)| swapped.contains(table));
        let mut states = self.packages.true_of(states.map(|(_, state)| state).collect());
        states.extend(self.packages.settled(&complete));
        let renamed = self.packages.tables().take_renamed();
        self.packages.summary.note(renamed.into_iter().map(LoadNote::Renamed));
        let has_breach = !self.packages.summary.breaches.is_empty();
        let is_less = outcome.status == LoadStatus::Complete && has_breach;
        let entry = &mut self.packages.entry;
        entry.status = if is_less { LoadStatus::Partial } else { outcome.status };
        entry.report = outcome.report;
        entry.finished_at = Some(SystemTime::now());
        self.packages.send(&Meaning { states, forget: vanished, ..Meaning::default() })?;
        let mut summary = self.packages.close()?;
        summary.duration = self.begun.elapsed();
        Ok(summary)
    }

    /// Staged rows take the place of those of an earlier load where the read was complete. A table without rows takes what
    /// there is.
    fn swaps(&self, complete: &[Arc<Plan>]) -> Vec<Swap> {
        let replaced = complete.iter().filter(|plan| plan.writes == Writes::Replace);
        let complete: BTreeSet<(String, &str)> =
            replaced.map(|plan| (plan.layout.table.clone(), plan.resource.name)).collect();
        let names: BTreeSet<&String> = self.staged.iter().chain(&complete).map(|(table, _)| table).collect();
        let swap = |name: &String| {
            self.packages.tables().get(name)?;
            let mut staged = self.staged.iter().filter(|(table, _)| table == name);
            let is_whole = staged.all(|resource| complete.contains(resource));
            let when = if is_whole { SwapWhen::Always } else { SwapWhen::Empty };
            let lists = self.packages.tables().lists_of(name).into_iter().collect();
            Some(Swap { table: name.clone(), lists, when })
        };
        names.into_iter().filter_map(swap).collect()
    }
}
