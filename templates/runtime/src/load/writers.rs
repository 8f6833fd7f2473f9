//! The writers of the open package: here, where the destination takes one at a time, or on as many threads as it allows.

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::LoadError;
use crate::destination::{Batch, DestinationError, Mode, OpenLoad, PackageId, TableWriter};
use crate::schema::table::Table;

type Open = HashMap<String, Box<dyn TableWriter>>;

/// The writers of the open package.
pub(super) enum Writers {
    Here(Open),
    Threads(Threads),
}

/// Threads that have a writer each for the tables whose batches they get.
pub(super) struct Threads {
    threads: Vec<Thread>,
    next: usize,
}

struct Thread {
    jobs: SyncSender<Job>,
    /// The tables that it has a writer for.
    tables: BTreeSet<String>,
    handle: JoinHandle<()>,
}

/// What a thread is told.
enum Job {
    Open(String, Box<dyn TableWriter>),
    Write(String, Batch),
    /// Everything that was written is ready for the commit, or has failed.
    Finish(SyncSender<Result<(), DestinationError>>),
}

/// How many batches may wait for a thread: one is written while the next is made.
const WAITING: usize = 1;

impl Writers {
    pub(super) fn new(most: usize) -> Result<Self, LoadError> {
        if most <= 1 {
            return Ok(Self::Here(HashMap::new()));
        }
        let threads = (0..most).map(|_| Thread::start()).collect::<std::io::Result<_>>();
        let threads = threads.map_err(|error| LoadError::Thread(error.into()))?;
        Ok(Self::Threads(Threads { threads, next: 0 }))
    }

    /// Whether the package has rows of the table.
    pub(super) fn have(&self, table: &str) -> bool {
        match self {
            Self::Here(open) => open.contains_key(table),
            Self::Threads(threads) => threads.threads.iter().any(|thread| thread.tables.contains(table)),
        }
    }

    pub(super) fn are_idle(&self) -> bool {
        match self {
            Self::Here(open) => open.is_empty(),
            Self::Threads(threads) => threads.threads.iter().all(|thread| thread.tables.is_empty()),
        }
    }

    /// As [`TableWriter::write`]; on threads nobody waits for what it tells.
    pub(super) fn write(
        &mut self,
        load: &mut dyn OpenLoad,
        (table, mode, package): (&Table, &Mode, &PackageId),
        batch: Batch,
    ) -> Result<Option<Vec<bool>>, DestinationError> {
        match self {
            Self::Here(open) => match open.get_mut(&table.name) {
                Some(writer) => writer.write(&batch),
                None => {
                    let writer = load.writer(table, mode, package)?;
                    open.entry(table.name.clone()).or_insert(writer).write(&batch)
                }
            },
            Self::Threads(threads) => {
                let Some(thread) = threads.turn() else { return Ok(None) };
                if thread.tables.insert(table.name.clone()) {
                    let writer = load.writer(table, mode, package)?;
                    thread.tell(Job::Open(table.name.clone(), writer))?;
                }
                thread.tell(Job::Write(table.name.clone(), batch)).map(|()| None)
            }
        }
    }

    /// Everything that was written is ready for the commit.
    pub(super) fn finish(&mut self) -> Result<(), DestinationError> {
        match self {
            Self::Here(open) => open.drain().try_for_each(|(_, writer)| writer.finish()),
            Self::Threads(threads) => {
                let mut replies = Vec::new();
                for thread in threads.threads.iter_mut().filter(|thread| !thread.tables.is_empty()) {
                    thread.tables.clear();
                    let (reply, done) = sync_channel(1);
                    thread.tell(Job::Finish(reply))?;
                    replies.push(done);
                }
                replies.iter().try_for_each(|done| done.recv().unwrap_or_else(|_| Err(died())))
            }
        }
    }
}

impl Threads {
    /// Each in its turn: batches are of about the same size.
    fn turn(&mut self) -> Option<&mut Thread> {
        let at = self.next % self.threads.len().max(1);
        self.next = at + 1;
        self.threads.get_mut(at)
    }
}

/// The threads end with what they are told.
impl Drop for Threads {
    fn drop(&mut self) {
        for Thread { jobs, handle, .. } in self.threads.drain(..) {
            drop(jobs);
            // One that has panicked was found when it was told something.
            let _ = handle.join();
        }
    }
}

impl Thread {
    fn start() -> std::io::Result<Self> {
        let (jobs, told) = sync_channel(WAITING);
        let handle = thread::Builder::new().name("table writer".to_owned()).spawn(move || work(&told))?;
        Ok(Self { jobs, tables: BTreeSet::new(), handle })
    }

    fn tell(&self, job: Job) -> Result<(), DestinationError> {
        self.jobs.send(job).map_err(|_| died())
    }
}

fn work(told: &Receiver<Job>) {
    let mut open: Open = HashMap::new();
    let mut result = Ok(());
    while let Ok(job) = told.recv() {
        match job {
            Job::Open(table, writer) => drop(open.insert(table, writer)),
            // After a failure nothing of the package counts.
            Job::Write(table, batch) => {
                if let (Ok(()), Some(writer)) = (&result, open.get_mut(&table)) {
                    result = writer.write(&batch).map(drop);
                }
            }
            Job::Finish(reply) => {
                let written = std::mem::replace(&mut result, Ok(()));
                let finished = open.drain().try_for_each(|(_, writer)| writer.finish());
                // Whoever asked has gone when the load has.
                let _ = reply.send(written.and(finished));
            }
        }
    }
}

fn died() -> DestinationError {
    let (place, action) = ("the thread of a table".to_owned(), "write");
    DestinationError::Package { place, action, source: "it has panicked".into() }
}
