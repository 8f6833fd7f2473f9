//! What a load keeps beside the rows: the lease, the log, and in it loads and states.

#[cfg(feature = "delta")]
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::catalog::{Catalog, KeptLoad, KeptState, Record};
use super::lease::{self, Held};
use super::log::{Log, Read};
use super::site::{Site, lock};
use super::state::{Flushed, Lookup, States};
use super::{Result, make, names};
use crate::destination::objects::{Place, Store};
use crate::destination::{Claim, LoadEntry, Package, StateEntry, StateReader};
use crate::shard::Shard;

#[derive(Debug)]
pub(in super::super) struct Ledger {
    pub(super) site: Arc<Site>,
    pub(super) claim: Claim,
    lease: Held,
    pub(super) log: Log,
    /// What is committed; its states are in [`states`](Self::states).
    pub(in super::super) catalog: Catalog,
    pub(super) states: Arc<Mutex<States>>,
    /// Packages that other shards have committed since this load was opened.
    #[cfg(feature = "delta")]
    pub(in super::super) of_others: HashSet<String>,
}

/// The latest loads of a place that is looked at.
pub(in super::super) fn loads(store: &Store, place: &Place, most: usize) -> Result<Vec<LoadEntry>> {
    let read = Log::read(store, place)?;
    read.catalog.latest_loads(most, &|shard| lease::is_held(store, place, shard), place)
}

/// What is committed to a place that is looked at.
#[cfg(feature = "filesystem")]
pub(in super::super) fn catalog(store: &Store, place: &Place) -> Result<Catalog> {
    Log::read(store, place).map(|read| read.catalog)
}

/// All states of a place that is looked at.
pub(in super::super) fn each_state(
    store: &Store,
    place: &Place,
    visit: &mut dyn FnMut(StateEntry),
) -> Result<()> {
    let catalog = Log::read(store, place)?.catalog;
    States::new(store, place, catalog.runs, catalog.states).each_state(visit)
}

impl Ledger {
    /// Takes the lease, and reads what is committed. What the last record says may not have been done.
    pub(in super::super) fn open(site: &Arc<Site>, claim: &Claim) -> Result<(Self, Option<Record>)> {
        make(&site.store, &site.place)?;
        let lease = lease::take(&site.store, &site.place, claim)?;
        let Read { log, mut catalog, last } = Log::read(&site.store, &site.place)?;
        let (runs, kept) = (catalog.runs.clone(), std::mem::take(&mut catalog.states));
        let states = Arc::new(Mutex::new(States::new(&site.store, &site.place, runs, kept)));
        let (site, claim) = (Arc::clone(site), claim.clone());
        let ledger = Self {
            site,
            claim,
            lease,
            log,
            catalog,
            states,
            #[cfg(feature = "delta")]
            of_others: HashSet::new(),
        };
        Ok((ledger, last))
    }

    pub(in super::super) fn check_lease(&self) -> Result<()> {
        self.lease.check(&self.site.place, &self.claim)
    }

    pub(in super::super) fn renew(&mut self) -> Result<()> {
        self.lease.renew(&self.site.place, &self.claim)
    }

    /// What tells the load from all others.
    #[cfg(feature = "delta")]
    pub(in super::super) fn token(&self) -> &str {
        &self.claim.token
    }

    pub(in super::super) fn loads(&self, most: usize) -> Result<Vec<LoadEntry>> {
        let (Site { store, place, .. }, own) = (&*self.site, self.claim.shard);
        let is_held = |shard: Option<Shard>| {
            Ok(shard == own || shard.is_some() && lease::is_held(store, place, shard)?)
        };
        self.catalog.latest_loads(most, &is_held, place)
    }

    /// Loads that nobody goes on with, as they are then. Other shards of the same run settle theirs.
    pub(in super::super) fn interrupted(&self) -> Vec<KeptLoad> {
        let others = |load: &&KeptLoad| load.shard().is_some_and(|shard| self.is_beside(shard));
        self.catalog.loads.values().filter(|load| !others(load)).filter_map(KeptLoad::interrupted).collect()
    }

    /// Whether this is another shard of the same run.
    pub(super) fn is_beside(&self, shard: Shard) -> bool {
        self.claim.shard.is_some_and(|own| own != shard && own.of() == shard.of())
    }

    pub(in super::super) fn each_state(&self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        lock(&self.states).each_state(visit)
    }

    pub(in super::super) fn state_reader(&self) -> Box<dyn StateReader> {
        Box::new(Lookup(Arc::clone(&self.states)))
    }

    /// Adds to a record what a package says of the load and of states.
    pub(in super::super) fn note(
        &self,
        package: &Package<'_>,
        record: &mut Record,
    ) -> Result<Option<Flushed>> {
        let load_id = &package.id.load_id;
        record.package = Some(package.id.to_string());
        record.loads = package.load.map(KeptLoad::of).into_iter().collect();
        let states = lock(&self.states);
        let name = format!("{}-{:016x}", names::folder_of(&load_id.to_ascii_lowercase()), fastrand::u64(..));
        let flushed = match states.forgotten(package.forget, load_id)? {
            None => Some(states.flushed_without(&name, package.forget, load_id)?),
            Some(forgotten) => {
                record.states.extend(forgotten);
                if states.are_many() { states.flushed(&name)? } else { None }
            }
        };
        record.runs = flushed.as_ref().map(|flushed| flushed.runs.clone());
        record.states.extend(package.states.iter().map(|entry| KeptState::of(entry, load_id)));
        Ok(flushed)
    }

    /// States that came since the last file, as one of their own.
    pub(in super::super) fn flushed(&self) -> Result<Option<Flushed>> {
        lock(&self.states).flushed(&format!("{:016x}", fastrand::u64(..)))
    }

    /// Puts a record into the log. From then on it is so. Gives it back, with the files that nobody needs any more.
    pub(in super::super) fn append(
        &mut self,
        mut record: Record,
        flushed: Option<Flushed>,
    ) -> Result<Record> {
        self.sign(&mut record);
        self.log.append(&record)?;
        Ok(self.take(record, flushed))
    }

    pub(super) fn sign(&self, record: &mut Record) {
        record.token.clone_from(&self.claim.token);
        record.holder.clone_from(&self.claim.holder);
        record.shard = self.claim.shard;
    }

    /// A record of one's own is in the log.
    pub(super) fn take(&mut self, mut record: Record, flushed: Option<Flushed>) -> Record {
        let mut states = lock(&self.states);
        if let Some(flushed) = flushed {
            states.settle(flushed.runs);
            record.remove.extend(flushed.gone);
        }
        states.put(std::mem::take(&mut record.states));
        drop(states);
        self.catalog.apply(record.clone());
        record
    }

    /// Writes all that there is beside the log where it is long; its last record is done by then: nobody looks at it again.
    pub(in super::super) fn shorten(&mut self) -> Result<()> {
        if self.log.is_long() { self.write_whole() } else { Ok(()) }
    }

    fn write_whole(&mut self) -> Result<()> {
        let states = lock(&self.states).recent().collect();
        let (token, holder) = (self.claim.token.clone(), self.claim.holder.clone());
        let shard = self.claim.shard;
        let whole = Record { token, holder, shard, states, ..self.catalog.whole() };
        self.log.write_whole(&whole, shard.is_some())
    }

    /// Gives the lease back, and changes nothing else.
    #[cfg(feature = "filesystem")]
    pub(in super::super) fn leave(self) -> Result<()> {
        self.lease.release(&self.site.place, &self.claim)
    }

    /// Writes everything so that the next load reads it at once, and for people how the last load went; gives the lease back.
    pub(in super::super) fn close(mut self) -> Result<()> {
        self.write_whole()?;
        let last = self.catalog.loads.values().rev().find(|load| load.shard() == self.claim.shard);
        if let Some(load) = last {
            let text = serde_json::to_vec_pretty(load).unwrap_or_default();
            let put = self.site.store.put(&load.path(), text.into());
            put.map_err(self.site.place.failed("write how it went"))?;
        }
        self.lease.release(&self.site.place, &self.claim)
    }
}
