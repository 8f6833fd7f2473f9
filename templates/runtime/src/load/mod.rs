//! Loading: pages from many tasks become packages in one destination.
//!
//! Rows are queued by the caller's task; one writer thread owns the destination. It gathers pages until they make a
//! batch, lets the tables become what the rows need, and commits a package every so many rows or seconds. What waits is
//! bounded in bytes: a caller waits when the writer is behind. State is committed with the rows it speaks for, or after
//! them.
//!
//! ```text
//! pages ─▶ writer ─▶ gather ─▶ family (each key once) ─▶ evolve (one plan per table) ─▶ batch ─▶ package ─▶ destination
//! ```
//!
//! It knows nothing of HTTP or of how records are read.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::destination::{
    Claim, Destination, DestinationError, Forget, LoadEntry, LoadStatus, StateEntry, partition_key,
};
use crate::moment::{Clock, Moment};
use crate::normalize::{Allowed, Catalog};
use crate::page::{Binding, Kept};
use crate::resource::Resource;
use crate::schema::table::TableRows;
use crate::shard::{Shard, is_split};

pub(crate) mod batch;
mod below;
mod contract;
mod defined;
mod definition;
mod error;
mod evolve;
mod family;
mod forget;
mod gather;
mod load_id;
mod options;
mod outset;
mod package;
mod pages;
mod plan;
mod refusal;
mod share;
mod state;
mod summary;
mod views;
mod writer;
mod writers;

pub use contract::{Breach, Discarded};
pub(crate) use defined::defined_tables;
pub use definition::PIPELINE;
pub use error::LoadError;
pub use forget::forget_states;
pub use load_id::new_load_id;
pub use options::{LoadOptions, LoadOutcome, Reads, ResourceOptions, Without};
pub use outset::Outset;
pub use refusal::{Refusal, refusals};
pub use state::PastLoads;
pub use summary::{LoadNote, LoadSummary};
pub use views::Lack;

use self::definition::{Definitions, first_load, first_load_entry};
use self::evolve::Tables;
use self::load_id::load_id_after;
use self::package::{Gone, Packages};
use self::plan::{Plan, plan_of, table_of};
use self::share::{ListPart, described, of_run, taken_back};
use self::state::States;
use self::writer::{Ending, KeptRows, Message, Writer};

/// How many of the latest loads are looked at for some that did not come to their end.
const LATEST: usize = 100;

/// A handle to a load that goes on. Clones lead to the same load; when the last one is dropped before
/// [`finish`](Loader::finish), what is not committed by then is lost.
#[derive(Clone)]
pub struct Loader {
    shared: Arc<Shared>,
}

struct Shared {
    load_id: String,
    options: Arc<LoadOptions>,
    catalog: Catalog,
    plans: Mutex<HashMap<&'static str, Arc<Plan>>>,
    states: Arc<States>,
    past: PastLoads,
    earlier: Arc<[LoadEntry]>,
    /// By resource, what a shard knows of lists that all shards read.
    parts: Mutex<BTreeMap<String, ListPart>>,
    /// Gone once the load is finished, so that nothing comes after the end.
    messages: Mutex<Option<Sender<Message>>>,
    /// Room in the queue, in KiB.
    room: Arc<Semaphore>,
    all_room: u32,
    failure: Arc<OnceLock<LoadError>>,
}

impl Loader {
    /// Opens a load: takes the place, makes the load's id, reads what it needs of earlier loads, starts the thread that
    /// writes.
    pub fn begin(destination: Box<dyn Destination>, options: LoadOptions) -> Result<Loader, LoadError> {
        let abilities = destination.abilities();
        if let Some(refusal) = refusals(&destination.place(), &abilities, &options).into_iter().next() {
            return Err(LoadError::Refused(refusal));
        }
        let (place, share) = (destination.place(), options.share.clone());
        let claim = Claim::new(&options.pipeline).of_shard(share.as_ref().map(|share| share.shard));
        let mut load = destination.open_load(&claim)?;
        let earlier = load.loads(LATEST)?;
        let last = earlier.first().map(|load| load.load_id.as_str());
        let load_id = options.load_id.clone().unwrap_or_else(|| load_id_after(last, options.started_at));
        let tables = load.tables()?;
        let allowed = Allowed { naming: abilities.naming, list_columns: abilities.list_columns };
        let catalog = Catalog::from_tables(&tables, allowed);
        let own: Vec<String> = options.all.iter().map(|resource| table_of(resource, &options)).collect();
        catalog.keep_names(own.iter().map(String::as_str));
        let tables = Tables::new(tables, abilities.widens, &catalog);
        let mut reader = load.state_reader()?;
        let definitions = Definitions::read(reader.as_mut(), &options, &|table| tables.get(table).is_some())?;
        let first_at = first_load(reader.as_mut(), Moment::from(options.started_at))?;
        let past = past_loads(&mut |most| load.loads(most), first_at, &options)?;
        let (states, options) = (Arc::new(States::new(reader)), Arc::new(options));
        let entry = running(&load_id, &options);
        let kept = (Arc::clone(&states), tables, entry);
        let mut packages = Packages::new((load, place, claim.token), abilities, &options, definitions, kept)?;
        let first = taken_back(share.as_ref(), &earlier).into_iter().chain([first_load_entry(first_at)]);
        packages.begin(first.collect(), &of_run(share.as_ref(), &earlier))?;

        let all_room = options.queue_bytes.unwrap_or(abilities.queue_bytes) >> 10;
        let all_room = u32::try_from(all_room).unwrap_or(u32::MAX >> 4).clamp(1, u32::MAX >> 4);
        let room = Arc::new(Semaphore::new(usize::try_from(all_room).unwrap_or(1)));
        let failure = Arc::new(OnceLock::new());
        let messages = start(Writer::new(packages), Arc::clone(&failure))?;
        let (plans, parts) = (Mutex::default(), Mutex::default());
        let messages = Mutex::new(Some(messages));
        let shared = Shared {
            load_id,
            options,
            catalog,
            plans,
            states,
            past,
            earlier: earlier.into(),
            parts,
            messages,
            room,
            all_room,
            failure,
        };
        Ok(Loader { shared: Arc::new(shared) })
    }

    pub fn load_id(&self) -> &str {
        &self.shared.load_id
    }

    /// What earlier loads kept for a partition.
    pub fn state(&self, resource: &Resource, bindings: &[Binding]) -> Result<Option<Value>, LoadError> {
        let Some(shard) = self.shared.shard_of_list(resource, bindings) else {
            return Ok(self.states(&[(resource, bindings)])?.pop().flatten());
        };
        // Its own part of the list, or else what is known of all of it.
        let (own, all) = (share::partition_of(shard), partition_key(bindings));
        let read = self.shared.states.read_named(&[(resource.name, &own), (resource.name, &all)]);
        Ok(self.shared.or_failed(read)?.into_iter().flatten().next())
    }

    /// The same for several, in their order: one look, which is what a destination far away charges for. None of them is of
    /// a list that several shards read.
    pub fn states(&self, partitions: &[(&Resource, &[Binding])]) -> Result<Vec<Option<Value>>, LoadError> {
        let keys: Vec<_> = partitions.iter().map(|(resource, bindings)| (resource.name, *bindings)).collect();
        self.shared.or_failed(self.shared.states.read(&keys))
    }

    /// Whether more of a resource is loaded: not once its tables would have to change as they may not.
    pub fn takes(&self, resource: &Resource) -> bool {
        !self.shared.states.has_failed(resource.name)
    }

    pub fn past(&self) -> &PastLoads {
        &self.shared.past
    }

    /// The latest loads before this one, the newest first.
    pub fn earlier(&self) -> Arc<[LoadEntry]> {
        Arc::clone(&self.shared.earlier)
    }

    pub fn started_at(&self) -> SystemTime {
        self.shared.options.started_at
    }

    pub fn clock(&self) -> Clock {
        self.shared.options.clock
    }

    /// Keeps what is known of partitions, after everything that was queued before.
    pub fn keep(&self, kept: Vec<Kept>) -> Result<(), LoadError> {
        let kept = self.shared.kept(kept);
        self.shared.send(Message::Keep(kept))
    }

    /// Queues rows of a page, those of its records first, with what is to be kept; waits while the writer is behind.
    /// Within a page each key comes once.
    pub async fn rows(
        &self,
        resource: &'static Resource,
        tables: Vec<TableRows>,
        kept: Vec<Kept>,
        notes: Vec<LoadNote>,
    ) -> Result<(), LoadError> {
        let plan = self.shared.plan(resource);
        let kept = self.shared.kept(kept);
        let size: usize = tables.iter().map(TableRows::size).sum();
        let needed = u32::try_from(size >> 10).unwrap_or(u32::MAX).clamp(1, self.shared.all_room);
        let room = Arc::clone(&self.shared.room).acquire_many_owned(needed).await;
        let room = room.map_err(|_| self.shared.failure())?;
        self.shared.send(Message::Rows { plan, tables, kept, notes, room })
    }

    /// Commits everything that was queued, replaces what is to be replaced, and closes the load. Other handles
    /// get [`LoadError::Closed`] from then on.
    pub async fn finish(self, outcome: LoadOutcome) -> Result<LoadSummary, LoadError> {
        let complete = outcome.complete.iter().map(|resource| self.shared.plan(resource)).collect();
        let vanished = self.shared.vanished(&outcome);
        let parts = std::mem::take(&mut *self.shared.parts());
        let ending = Ending { outcome, complete, vanished, parts };
        let (reply, summary) = oneshot::channel();
        let messages = self.shared.messages().take().ok_or_else(|| self.shared.failure())?;
        messages.send(Message::Finish { ending, reply }).map_err(|_| self.shared.failure())?;
        summary.await.map_err(|_| self.shared.failure())
    }
}

impl Shared {
    fn plan(&self, resource: &'static Resource) -> Arc<Plan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(plans.entry(resource.name).or_insert_with(|| Arc::new(plan_of(resource, &self.options))))
    }

    /// States and deletions as the writer takes them.
    fn kept(&self, kept: Vec<Kept>) -> KeptRows {
        let mut rows = KeptRows::default();
        for Kept { partition, state, whole } in kept {
            let resource = partition.resource;
            let mut name = partition_key(&partition.bindings);
            if let Some(shard) = self.shard_of_list(resource, &partition.bindings) {
                name = share::partition_of(shard);
                let whole = whole.map(|whole| (whole.since, whole.from));
                let part = ListPart { state: state.clone(), whole };
                self.parts().insert(resource.name.to_owned(), part);
            } else if let Some(whole) = whole.filter(|_| self.options.mark_deleted) {
                let plan = self.plan(resource);
                rows.gone.push(Gone { plan, bindings: partition.bindings.clone(), whole });
            }
            rows.states.push(StateEntry { resource: resource.name.to_owned(), partition: name, state });
        }
        rows
    }

    /// The shard of this load, where the partition is a list that all shards read and each has a part of.
    fn shard_of_list(&self, resource: &Resource, bindings: &[Binding]) -> Option<Shard> {
        let share = self.options.share.as_ref()?;
        (is_split(resource) && bindings.is_empty()).then_some(share.shard)
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<String, ListPart>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever goes on without a state finds the load closed.
    fn or_failed<T>(&self, read: Result<T, DestinationError>) -> Result<T, LoadError> {
        read.map_err(|error| {
            let _ = self.failure.set(error.into());
            self.failure()
        })
    }

    /// A load that goes on with another one does not see everything, so it cannot tell what is gone.
    fn vanished(&self, outcome: &LoadOutcome) -> Option<Vec<Forget>> {
        let is_seen = |resource: &&&Resource| !outcome.unseen.contains(resource);
        let names: Vec<&str> =
            outcome.complete.iter().filter(is_seen).map(|resource| resource.name).collect();
        self.past.unfinished.is_empty().then(|| self.states.vanished(&names))
    }

    fn send(&self, message: Message) -> Result<(), LoadError> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
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

/// Many runs with a small budget are one load, so there may be many to know.
fn past_loads(
    loads: &mut dyn FnMut(usize) -> Result<Vec<LoadEntry>, DestinationError>,
    first_at: Moment,
    options: &LoadOptions,
) -> Result<PastLoads, LoadError> {
    let shard = options.share.as_ref().map(|share| share.shard);
    // Those of other shards stand between.
    let shards = shard.and_then(|shard| usize::try_from(shard.of()).ok()).unwrap_or(1);
    if !options.forget.is_empty() {
        return Ok(PastLoads::of(&[], first_at, None, shard));
    }
    let oldest = PastLoads::oldest_to_resume(options.started_at, options.resume_within);
    let mut most = LATEST;
    loop {
        let looked_at = most * shards;
        let earlier = loads(looked_at)?;
        let past = PastLoads::of(&earlier, first_at, oldest, shard);
        if earlier.len() < looked_at || past.unfinished.len() < most {
            return Ok(past);
        }
        most *= 10;
    }
}

fn running(load_id: &str, options: &LoadOptions) -> LoadEntry {
    LoadEntry {
        load_id: load_id.to_owned(),
        pipeline: options.pipeline.clone(),
        started_at: options.started_at,
        finished_at: None,
        status: LoadStatus::Running,
        rows: serde_json::Map::new(),
        report: options.share.iter().flat_map(described).collect(),
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
