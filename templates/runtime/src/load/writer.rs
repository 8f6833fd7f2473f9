//! The one thread that owns the destination: what it is told comes in, packages go out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::options::LoadOutcome;
use super::package::{Gone, Meaning, Packages};
use super::plan::{Plan, Writes};
use super::share::{ListPart, described};
use super::summary::{LoadNote, LoadSummary};
use crate::destination::{DestinationError, Forget, LoadStatus, StateEntry, Swap, SwapWhen};
use crate::schema::table::TableRows;
use crate::shard::Share;

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
        ending: Ending,
        reply: oneshot::Sender<LoadSummary>,
    },
}

/// How the reading ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) outcome: LoadOutcome,
    /// Of the resources that were read completely.
    pub(super) complete: Vec<Arc<Plan>>,
    /// What forgets partitions that are gone; `None` where the load has not seen everything.
    pub(super) vanished: Option<Vec<Forget>>,
    /// What a shard knows of lists that all of them read.
    pub(super) parts: BTreeMap<String, ListPart>,
}

/// What is kept of partitions.
#[derive(Debug, Default)]
pub(super) struct KeptRows {
    pub(super) states: Vec<StateEntry>,
    pub(super) gone: Vec<Gone>,
}

/// The writer's own view of the load.
pub(super) struct Writer {
    pub(super) packages: Packages,
    /// Which resources have staged rows for which table.
    pub(super) staged: BTreeSet<(String, String)>,
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
                Ok(Message::Finish { ending, reply }) => {
                    let summary = self.finish(ending)?;
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
        self.staged.insert((table.clone(), plan.resource.name.to_owned()));
        self.staged_states.extend(kept.states.into_iter().map(|state| (table.clone(), state)));
        Ok(())
    }

    fn finish(mut self, mut ending: Ending) -> Result<LoadSummary> {
        self.packages.commit()?;
        ending.complete.retain(|plan| !self.packages.has_failed(plan.resource.name));
        let vanished = ending.vanished.iter_mut();
        vanished.for_each(|all| all.retain(|forget| !self.packages.has_failed(&forget.resource)));
        let renamed = self.packages.tables().take_renamed();
        self.packages.summary.note(renamed.into_iter().map(LoadNote::Renamed));
        match self.packages.options.share.clone() {
            None => self.end_whole(ending)?,
            Some(share) => self.end_shard(ending, &share)?,
        }
        let mut summary = self.packages.close()?;
        summary.duration = self.begun.elapsed();
        Ok(summary)
    }

    fn end_whole(&mut self, ending: Ending) -> Result<()> {
        let Ending { outcome, complete, vanished, .. } = ending;
        self.add_hints(&complete)?;
        let swaps = self.swaps(&self.staged, &complete);
        let swapped = self.packages.send(&Meaning { swaps: swaps.clone(), ..Meaning::default() })?;
        self.note_kept(&swaps, &swapped);
        self.packages.make_views()?;
        let states = std::mem::take(&mut self.staged_states).into_iter();
        let states = states.filter(|(table, _)| swapped.contains(table));
        let mut states = self.packages.true_of(states.map(|(_, state)| state).collect());
        states.extend(self.packages.settled(&complete));
        self.end(outcome, None);
        let forget = vanished.unwrap_or_default();
        self.packages.send(&Meaning { states, forget, ..Meaning::default() }).map(drop)
    }

    /// Notes in the load's entry how it went.
    pub(super) fn end(&mut self, outcome: LoadOutcome, share: Option<&Share>) {
        let has_breach = !self.packages.summary.breaches.is_empty();
        let is_less = outcome.status == LoadStatus::Complete && has_breach;
        let entry = &mut self.packages.entry;
        entry.status = if is_less { LoadStatus::Partial } else { outcome.status };
        entry.report = outcome.report;
        entry.report.extend(share.into_iter().flat_map(described));
        entry.finished_at = Some(SystemTime::now());
    }

    /// Notes which tables were to be replaced and were not.
    pub(super) fn note_kept(&mut self, swaps: &[Swap], swapped: &BTreeSet<String>) {
        let kept = swaps.iter().filter(|swap| !swapped.contains(&swap.table));
        self.packages.summary.note(kept.map(|swap| LoadNote::NotReplaced { table: swap.table.clone() }));
    }

    /// Staged rows take the place of those of an earlier load where the read was complete. A table without rows takes what
    /// there is.
    pub(super) fn swaps(&self, staged: &BTreeSet<(String, String)>, complete: &[Arc<Plan>]) -> Vec<Swap> {
        let replaced = complete.iter().filter(|plan| plan.writes == Writes::Replace);
        let complete: BTreeSet<(String, String)> =
            replaced.map(|plan| (plan.layout.table.clone(), plan.resource.name.to_owned())).collect();
        let names: BTreeSet<&String> = staged.iter().chain(&complete).map(|(table, _)| table).collect();
        let swap = |name: &String| {
            self.packages.tables().get(name)?;
            let mut staged = staged.iter().filter(|(table, _)| table == name);
            let is_whole = staged.all(|resource| complete.contains(resource));
            let when = if is_whole { SwapWhen::Always } else { SwapWhen::Empty };
            let lists = self.packages.tables().lists_of(name).into_iter().collect();
            Some(Swap { table: name.clone(), lists, when, parts: Vec::new() })
        };
        names.into_iter().filter_map(swap).collect()
    }
}
