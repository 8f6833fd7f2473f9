//! The ledger where shards write to one log: whoever finds a record of another one takes what it says, and comes after it.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::catalog::{Record, Stage};
use super::ledger::Ledger;
use super::site::lock;
use super::{Result, names};
use crate::destination::{DestinationError, Package};

/// How long files of states stay that nobody names any more: a slow shard may still look into them.
const KEPT: TimeDelta = TimeDelta::days(1);

impl Ledger {
    /// Sees what others have committed, and that the lease is still one's own.
    pub(in super::super) fn check(&mut self) -> Result<()> {
        while let Some(record) = self.log.next()? {
            self.see(record)?;
        }
        self.check_lease()
    }

    /// Puts a record into the log with what a package says of the load and of states: after those of other shards that were
    /// faster. Gives it back, with the files that nobody needs any more.
    pub(in super::super) fn commit(&mut self, package: Option<&Package<'_>>, add: Record) -> Result<Record> {
        loop {
            let mut record = add.clone();
            let flushed = match package {
                Some(package) => self.note(package, &mut record)?,
                None => None,
            };
            self.sign(&mut record);
            match self.log.put(&record)? {
                Some(there) => self.see(there)?,
                None => {
                    let mut record = self.take(record, flushed);
                    if self.claim.shard.is_some() {
                        record.remove.clear();
                    }
                    return Ok(record);
                }
            }
        }
    }

    /// Takes what another has put into the log. One that takes the place of this load, or keeps it out, has the lease.
    fn see(&mut self, mut record: Record) -> Result<()> {
        if !record.shard.is_some_and(|shard| self.is_beside(shard)) {
            let place = self.site.place.name();
            return Err(DestinationError::LeaseLost { place, holder: record.holder });
        }
        let mut states = lock(&self.states);
        if let Some(runs) = &record.runs {
            states.settle(runs.clone());
        }
        states.put(std::mem::take(&mut record.states));
        drop(states);
        self.of_others.extend(record.package.clone());
        self.catalog.apply(record);
        Ok(())
    }

    /// Settles what dead loads left, as the first record of this one: from it on no load can write that has lost its lease.
    pub(in super::super) fn begin(&mut self) -> Result<()> {
        while let Some(record) = self.log.next()? {
            self.see_before(record);
        }
        loop {
            let is_beside = |stage: &&Stage| self.is_beside(stage.shard);
            let gone = self.catalog.stages.iter().filter(|(_, stage)| !is_beside(stage));
            let gone: Vec<(String, Stage)> =
                gone.map(|(token, stage)| (token.clone(), stage.clone())).collect();
            let stages = gone.iter().map(|(token, _)| (token.clone(), None)).collect();
            let mut record = Record { loads: self.interrupted(), stages, ..Record::default() };
            self.sign(&mut record);
            match self.log.put(&record)? {
                Some(there) => self.see_before(there),
                None => {
                    self.take(record, None);
                    let files = gone.iter().flat_map(|(_, stage)| stage.tables.values());
                    let files = files.flat_map(|entry| &entry.files).map(|file| file.path.clone());
                    return self.site.remove(files.collect());
                }
            }
        }
    }

    /// What a load has put into the log that has lost its lease to this one counts as long as this one is silent.
    fn see_before(&mut self, record: Record) {
        let states = record.states.clone();
        let mut kept = lock(&self.states);
        if let Some(runs) = &record.runs {
            kept.settle(runs.clone());
        }
        kept.put(states);
        drop(kept);
        self.catalog.apply(Record { states: Vec::new(), ..record });
    }

    /// Removes files of states that have not been named for long.
    pub(in super::super) fn tidy_states(&self) -> Result<()> {
        let before = DateTime::<Utc>::from(SystemTime::now()) - KEPT;
        let failed = self.site.place.failed("tidy up the states");
        let there = self.site.store.aged(names::STATE).map_err(&failed)?;
        let path = |name: String| format!("{}/{name}", names::STATE);
        let old = there.into_iter().filter(|(_, modified)| *modified < before).map(|(name, _)| path(name));
        let is_named = |path: &String| self.catalog.runs.iter().any(|run| run.path == *path);
        self.site.store.delete_all(old.filter(|path| !is_named(path)).collect::<Vec<_>>()).map_err(failed)
    }
}
