//! The lease on a place: a lock where the system has one, else an object that has to be renewed.
//!
//! A shard has a lock of its own, and with the other shards a part of the lock of a whole run. In an object store one object
//! says of all of them who they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use object_store::{Error, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::{Result, names};
use crate::destination::file_lock::{self, Lock};
use crate::destination::lease::{Holder, Lease, Standing};
use crate::destination::objects::{Place, Store};
use crate::destination::{Claim, DestinationError};
use crate::shard::Shard;

/// Held as long as it lives, or until its term is over.
#[derive(Debug)]
pub(in super::super) enum Held {
    Locks(Vec<Lock>),
    Object { store: Store },
}

/// How often an object that changes under one's hands is looked at again: shards all have the same one.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// What the object says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Leases {
    /// Of a whole run.
    #[serde(flatten)]
    whole: Option<Lease>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    shards: BTreeMap<Shard, Lease>,
}

impl Leases {
    fn of(&self, shard: Option<Shard>) -> Option<&Lease> {
        shard.map_or(self.whole.as_ref(), |shard| self.shards.get(&shard))
    }

    /// Whoever keeps this claim out.
    fn against(&self, claim: &Claim) -> Option<Holder> {
        let others = self
            .shards
            .iter()
            .filter(|(shard, _)| claim.shard.is_none_or(|own| own == **shard || own.of() != shard.of()));
        let all = self.whole.iter().chain(others.map(|(_, lease)| lease));
        let mut held = all.map(|lease| Lease::found(Some(lease), claim, SystemTime::now()));
        held.find_map(|standing| match standing {
            Standing::Held(holder) => Some(holder),
            Standing::Free => None,
        })
    }

    /// The same with this lease; what has ended goes.
    fn with(mut self, shard: Option<Shard>, lease: Option<Lease>) -> Self {
        let nobody = Claim { holder: Holder::default(), token: String::new(), shard: None };
        self.shards
            .retain(|_, lease| Lease::found(Some(lease), &nobody, SystemTime::now()) != Standing::Free);
        match (shard, lease) {
            (None, lease) => self.whole = lease,
            (Some(shard), Some(lease)) => drop(self.shards.insert(shard, lease)),
            (Some(shard), None) => drop(self.shards.remove(&shard)),
        }
        self
    }
}

pub(in super::super) fn take(store: &Store, place: &Place, claim: &Claim) -> Result<Held> {
    let held = |holder| DestinationError::Held { place: place.name(), holder };
    if let Some(folder) = store.folder() {
        let locks = take_locks(folder, claim)
            .map_err(|error| place.not_opened(&Error::Generic { store: "folder", source: error.into() }))?;
        return locks.map(Held::Locks).map_err(held);
    }
    for _ in 0..TRIES {
        let (found, version) = found(store, place)?;
        if let Some(holder) = found.against(claim) {
            return Err(held(holder));
        }
        let leases = found.with(claim.shard, Some(Lease::of(claim, SystemTime::now())));
        if put(store, place, &leases, version, "take the lease")? {
            return Ok(Held::Object { store: store.clone() });
        }
    }
    Err(held(found(store, place)?.0.against(claim).unwrap_or_default()))
}

/// The locks, or who has one of them.
fn take_locks(folder: &Path, claim: &Claim) -> std::io::Result<std::result::Result<Vec<Lock>, Holder>> {
    std::fs::create_dir_all(folder.join(names::OWN))?;
    let path = folder.join(names::LEASE);
    #[cfg(feature = "delta")]
    if let Some(shard) = claim.shard {
        let common = match file_lock::take_shared(&path)? {
            Ok(lock) => lock,
            Err(holder) => return Ok(Err(holder)),
        };
        let own = match file_lock::take(&path_of(folder, shard), claim)? {
            Ok(lock) => lock,
            Err(holder) => return Ok(Err(holder)),
        };
        let other = shards(folder)?
            .into_iter()
            .find(|(other, path)| other.of() != shard.of() && file_lock::is_held(path));
        return Ok(other.map_or(Ok(vec![common, own]), |(_, path)| Err(file_lock::holder(&path))));
    }
    Ok(match file_lock::take(&path, claim)? {
        Ok(lock) => Ok(vec![lock]),
        // Shards that keep a whole run out are named where they have their own locks.
        Err(holder) if holder == Holder::default() => {
            let shard = shards(folder)?.into_iter().find(|(_, path)| file_lock::is_held(path));
            Err(shard.map(|(_, path)| file_lock::holder(&path)).unwrap_or_default())
        }
        Err(holder) => Err(holder),
    })
}

fn path_of(folder: &Path, shard: Shard) -> PathBuf {
    folder.join(names::lease_of(shard))
}

/// The shards that have ever had a lock, with where that is.
fn shards(folder: &Path) -> std::io::Result<Vec<(Shard, PathBuf)>> {
    let files = std::fs::read_dir(folder.join(names::OWN))?;
    let shard = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.ok()?.path();
        Some((names::shard_of_lease(path.file_name()?.to_str()?)?, path))
    };
    Ok(files.filter_map(shard).collect())
}

/// Whether somebody loads: a whole run, or a shard.
pub(in super::super) fn is_held(store: &Store, place: &Place, shard: Option<Shard>) -> Result<bool> {
    if let Some(folder) = store.folder() {
        let path = shard.map_or_else(|| folder.join(names::LEASE), |shard| path_of(folder, shard));
        return Ok(file_lock::is_held(&path));
    }
    let nobody = Claim { holder: Holder::default(), token: String::new(), shard: None };
    let (leases, _) = found(store, place)?;
    Ok(Lease::found(leases.of(shard), &nobody, SystemTime::now()) != Standing::Free)
}

impl Held {
    /// Whether it is still one's own.
    pub(in super::super) fn check(&self, place: &Place, claim: &Claim) -> Result<()> {
        let Self::Object { store } = self else { return Ok(()) };
        own(store, place, claim).map(drop)
    }

    pub(in super::super) fn renew(&mut self, place: &Place, claim: &Claim) -> Result<()> {
        self.put(place, claim, Some(&Lease::of(claim, SystemTime::now())))
    }

    /// One that has ended takes the object's place, since a store removes without looking whose it is.
    pub(in super::super) fn release(mut self, place: &Place, claim: &Claim) -> Result<()> {
        if let Self::Locks(locks) = self {
            locks.into_iter().for_each(Lock::release);
            return Ok(());
        }
        let over = Lease { ends: 0, ..Lease::of(claim, SystemTime::now()) };
        self.put(place, claim, claim.shard.is_none().then_some(&over))
    }

    fn put(&mut self, place: &Place, claim: &Claim, lease: Option<&Lease>) -> Result<()> {
        let Self::Object { store } = self else { return Ok(()) };
        for _ in 0..TRIES {
            let (leases, version) = own(store, place, claim)?;
            let leases = leases.with(claim.shard, lease.cloned());
            if put(store, place, &leases, Some(version), "renew the lease")? {
                return Ok(());
            }
        }
        Err(place.package_failed("renew the lease", "others change it all the time"))
    }
}

/// Puts the object in the place of what was found; whether nobody was faster.
fn put(
    store: &Store,
    place: &Place,
    leases: &Leases,
    version: Option<UpdateVersion>,
    action: &'static str,
) -> Result<bool> {
    let bytes: bytes::Bytes = serde_json::to_vec(leases).unwrap_or_default().into();
    let put = match version {
        None => store.create(names::LEASE, bytes),
        Some(version) => store.update(names::LEASE, bytes, version),
    };
    match put {
        Ok(_) => Ok(true),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
            std::thread::sleep(PAUSE.mul_f64(0.5 + fastrand::f64()));
            Ok(false)
        }
        Err(error) => Err(place.fault(action, &error)),
    }
}

/// The leases that are there, if one's own is among them.
fn own(store: &Store, place: &Place, claim: &Claim) -> Result<(Leases, UpdateVersion)> {
    let (leases, version) = found(store, place)?;
    match (leases.of(claim.shard), version) {
        (Some(lease), Some(version)) if lease.token == claim.token => Ok((leases, version)),
        (lease, _) => {
            let holder = lease.map(|lease| lease.holder.clone()).unwrap_or_default();
            Err(DestinationError::LeaseLost { place: place.name(), holder })
        }
    }
}

fn found(store: &Store, place: &Place) -> Result<(Leases, Option<UpdateVersion>)> {
    let found = store.find(names::LEASE).map_err(place.failed("read the lease"))?;
    // What cannot be read is nobody's.
    let leases = found.as_ref().and_then(|found| serde_json::from_slice(&found.bytes).ok());
    Ok((leases.unwrap_or_default(), found.map(|found| found.version)))
}
