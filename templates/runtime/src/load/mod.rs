//! Loading: pages from many tasks become packages in one destination.
//!
//! [`Loader::page`] normalises in the caller's task and queues the rows; one writer thread owns the destination,
//! adapts its tables to what comes and commits a package every so many rows or seconds. What waits in the queue is
//! bounded in bytes: a caller waits when the writer is behind. State is committed with the rows it speaks for.
//!
//! It knows nothing of HTTP or of how records are read.

use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::destination::{Destination, DestinationError, StateEntry, partition_key};
use crate::normalize::{Catalog, NormalizeError, PageRows, Stamp};
use crate::page::{Binding, Page, Partition};
use crate::record::{Outcome, Reading, Record};
use crate::resource::Resource;

mod evolve;
mod keep;
mod load_id;
mod options;
mod plan;
mod summary;
mod writer;

pub use keep::{Keep, PastLoads, WholeRead};
pub use load_id::new_load_id;
pub use options::{LoadOptions, LoadOutcome, ResourceOptions};
pub use summary::{LoadNote, LoadSummary};

use self::keep::{Deletion, States};
use self::plan::{Plan, plan_of};
use self::writer::{Message, Writer};

/// A handle to a load that goes on. Clones lead to the same load; when the last one is dropped before
/// [`finish`](Loader::finish), what is not committed by then is lost.
#[derive(Clone)]
pub struct Loader {
    shared: Arc<Shared>,
}

struct Shared {
    load_id: String,
    options: LoadOptions,
    catalog: Catalog,
    plans: Mutex<HashMap<&'static str, Arc<Plan>>>,
    states: States,
    past: PastLoads,
    /// Gone once the load is finished, so that nothing comes after the end.
    messages: Mutex<Option<Sender<Message>>>,
    /// Room in the queue, in KiB.
    room: Arc<Semaphore>,
    all_room: u32,
    failure: Arc<OnceLock<LoadError>>,
}

/// A load could not go on. Every caller gets the same error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
    #[error(transparent)]
    Destination(Arc<DestinationError>),
    #[error("cannot start the thread that writes")]
    Thread(#[source] Arc<std::io::Error>),
    #[error("the thread that writes has panicked")]
    Panicked,
    #[error("the load is closed")]
    Closed,
}

impl LoadError {
    /// What to do next, in a line.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            LoadError::Destination(error) => error.hint(),
            LoadError::Panicked => Some("what was committed is kept; start again, and please report it"),
            LoadError::Normalize(_) | LoadError::Thread(_) | LoadError::Closed => None,
        }
    }
}

impl From<DestinationError> for LoadError {
    fn from(error: DestinationError) -> Self {
        LoadError::Destination(Arc::new(error))
    }
}

impl Loader {
    /// Opens a load: makes its id, reads what the destination holds, starts the thread that writes.
    pub fn begin(mut destination: Box<dyn Destination>, options: LoadOptions) -> Result<Loader, LoadError> {
        let load_id = options.load_id.clone().unwrap_or_else(|| new_load_id(options.started_at));
        let tables = destination.tables()?;
        let catalog = Catalog::from_tables(&tables);
        let (states, forgotten) = States::new(destination.states()?, &options.forget);
        let oldest = PastLoads::oldest_to_resume(options.started_at, options.resume_within);
        let past = PastLoads::of(&destination.loads()?, oldest);
        let writer = Writer::begin(destination, tables, &load_id, &options, &forgotten)?;

        let all_room =
            u32::try_from(options.queue_bytes >> 10).unwrap_or(u32::MAX >> 4).clamp(1, u32::MAX >> 4);
        let room = Arc::new(Semaphore::new(usize::try_from(all_room).unwrap_or(1)));
        let failure = Arc::new(OnceLock::new());
        let messages = start(writer, Arc::clone(&failure))?;
        let (plans, messages) = (Mutex::default(), Mutex::new(Some(messages)));
        let shared =
            Shared { load_id, options, catalog, plans, states, past, messages, room, all_room, failure };
        Ok(Loader { shared: Arc::new(shared) })
    }

    pub fn load_id(&self) -> &str {
        &self.shared.load_id
    }

    /// What earlier loads kept for a partition.
    pub fn state(&self, resource: &Resource, bindings: &[Binding]) -> Option<&Value> {
        self.shared.states.get(resource.name, bindings)
    }

    pub fn past(&self) -> &PastLoads {
        &self.shared.past
    }

    pub fn started_at(&self) -> SystemTime {
        self.shared.options.started_at
    }

    /// Keeps what is known of partitions, after everything that was queued before.
    pub fn keep(&self, keep: Vec<Keep>) -> Result<(), LoadError> {
        let (states, deletions) = self.shared.kept(keep);
        self.shared.send(Message::Keep { states, deletions })
    }

    /// Reads a body of a partition into rows.
    pub fn read(&self, reading: Reading<'_>, partition: &Partition, text: &str) -> Outcome<PageRows> {
        self.shared.plan(partition.resource).reader.read(reading, &partition.bindings, text)
    }

    /// Queues the rows of records; waits while the writer is behind.
    pub async fn page(&self, page: Page<Vec<Record<'_>>>) -> Result<(), LoadError> {
        self.page_and_keep(page, Vec::new()).await
    }

    /// The same, with what is to be kept of partitions: it is committed together with the rows.
    pub async fn page_and_keep(&self, page: Page<Vec<Record<'_>>>, keep: Vec<Keep>) -> Result<(), LoadError> {
        let Page { partition, records, last } = page;
        let records = self.shared.plan(partition.resource).reader.rows(&partition.bindings, &records);
        self.rows(Page { partition, records, last }, keep).await
    }

    /// Queues rows, with what is to be kept of partitions: it is committed together with them. Waits while the writer
    /// is behind.
    pub async fn rows(&self, page: Page<PageRows>, keep: Vec<Keep>) -> Result<(), LoadError> {
        let plan = self.shared.plan(page.partition.resource);
        let stamp = Stamp { load_id: &self.shared.load_id, loaded_at: SystemTime::now() };
        let normalized = page.records.finish(&stamp)?;
        let layout = plan.reader.layout();
        let notes = (normalized.without_key > 0).then(|| LoadNote::EmptyKey {
            table: layout.table.clone(),
            key: layout.record_key.iter().map(|field| (*field).to_owned()).collect(),
        });
        let (states, deletions) = self.shared.kept(keep);
        let bytes: usize = normalized.tables.iter().map(|rows| rows.size()).sum();
        let needed = u32::try_from(bytes >> 10).unwrap_or(u32::MAX).clamp(1, self.shared.all_room);
        let room = Arc::clone(&self.shared.room).acquire_many_owned(needed).await;
        let room = room.map_err(|_| self.shared.failure())?;
        let notes = notes.into_iter().collect();
        let tables = normalized.tables;
        self.shared.send(Message::Rows { plan, tables, states, deletions, notes, room })
    }

    /// Commits everything that was queued, replaces what is to be replaced, and closes the load. Other handles
    /// get [`LoadError::Closed`] from then on.
    pub async fn finish(self, outcome: LoadOutcome) -> Result<LoadSummary, LoadError> {
        let complete = outcome.complete.iter().map(|resource| self.shared.plan(resource)).collect();
        let vanished = self.shared.vanished(&outcome);
        let (reply, summary) = oneshot::channel();
        let messages = self.shared.messages().take().ok_or_else(|| self.shared.failure())?;
        messages
            .send(Message::Finish { outcome, complete, vanished, reply })
            .map_err(|_| self.shared.failure())?;
        summary.await.map_err(|_| self.shared.failure())
    }
}

impl Shared {
    fn plan(&self, resource: &'static Resource) -> Arc<Plan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            plans
                .entry(resource.name)
                .or_insert_with(|| Arc::new(plan_of(resource, &self.options, &self.catalog))),
        )
    }

    /// States and deletions as the writer takes them.
    fn kept(&self, keep: Vec<Keep>) -> (Vec<StateEntry>, Vec<Deletion>) {
        let deletion = |keep: &Keep| {
            let read = keep.whole.clone().filter(|_| self.options.mark_deleted)?;
            let plan = self.plan(keep.partition.resource);
            Some(Deletion { plan, bindings: keep.partition.bindings.clone(), read })
        };
        let deletions = keep.iter().filter_map(deletion).collect();
        let state = |keep: Keep| StateEntry {
            resource: keep.partition.resource.name.to_owned(),
            partition: partition_key(&keep.partition.bindings),
            state: keep.state,
        };
        (keep.into_iter().map(state).collect(), deletions)
    }

    /// A load that goes on with another one does not see everything, so it cannot tell what is gone.
    fn vanished(&self, outcome: &LoadOutcome) -> Vec<StateEntry> {
        if !self.past.unfinished.is_empty() {
            return Vec::new();
        }
        let names: Vec<&str> = outcome.complete.iter().map(|resource| resource.name).collect();
        self.states.vanished(&names)
    }

    fn send(&self, message: Message) -> Result<(), LoadError> {
        let messages = self.messages();
        let messages = messages.as_ref().ok_or_else(|| self.failure())?;
        messages.send(message).map_err(|_| self.failure())
    }

    fn messages(&self) -> MutexGuard<'_, Option<Sender<Message>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the writer has ended.
    fn failure(&self) -> LoadError {
        self.failure.get().cloned().unwrap_or(LoadError::Closed)
    }
}

fn start(writer: Writer, failure: Arc<OnceLock<LoadError>>) -> Result<Sender<Message>, LoadError> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        // Dropped before the receiver. With that go the messages in the queue and their shares of the room, so that
        // whoever waits wakes up, fails to send and finds the reason.
        let end = WriterEnd(failure);
        if let Err(error) = writer.run(&receiver) {
            let _ = end.0.set(error.into());
        }
    };
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(work)
        .map_err(|error| LoadError::Thread(Arc::new(error)))?;
    Ok(sender)
}

/// Notes why the writer has ended, also when it panics.
struct WriterEnd(Arc<OnceLock<LoadError>>);

impl Drop for WriterEnd {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.set(LoadError::Panicked);
        }
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").field("load_id", &self.shared.load_id).finish_non_exhaustive()
    }
}
