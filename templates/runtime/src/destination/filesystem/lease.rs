//! The lease on a place: a lock where the system has one, else an object that has to be renewed.

use std::time::SystemTime;

use object_store::{Error, UpdateVersion};

use super::{Result, names};
use crate::destination::file_lock::{self, Lock};
use crate::destination::lease::{Lease, Standing};
use crate::destination::objects::{Place, Store};
use crate::destination::{Claim, DestinationError};

/// Held as long as it lives, or until its term is over.
#[derive(Debug)]
pub(super) enum Held {
    Lock(Lock),
    Object { store: Store, version: UpdateVersion },
}

/// How often an object that changes under one's hands is looked at again.
const TRIES: u32 = 5;

pub(super) fn take(store: &Store, place: &Place, claim: &Claim) -> Result<Held> {
    let held = |holder| DestinationError::Held { place: place.name(), holder };
    if let Some(folder) = store.folder() {
        let path = folder.join(names::LEASE);
        let not_opened = |error: std::io::Error| {
            place.not_opened(&Error::Generic { store: "folder", source: error.into() })
        };
        std::fs::create_dir_all(folder.join(names::OWN)).map_err(not_opened)?;
        return file_lock::take(&path, claim).map_err(not_opened)?.map(Held::Lock).map_err(held);
    }
    for _ in 0..TRIES {
        let (found, version) = found(store, place)?;
        if let Standing::Held(holder) = Lease::found(found.as_ref(), claim, SystemTime::now()) {
            return Err(held(holder));
        }
        let bytes = bytes_of(&Lease::of(claim, SystemTime::now()));
        let put = match version {
            None => store.create(names::LEASE, bytes),
            Some(version) => store.update(names::LEASE, bytes, version),
        };
        match put {
            Ok(version) => return Ok(Held::Object { store: store.clone(), version }),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
            Err(error) => return Err(place.fault("take the lease", &error)),
        }
    }
    Err(held(found(store, place)?.0.map(|lease| lease.holder).unwrap_or_default()))
}

/// Whether somebody loads.
pub(super) fn is_held(store: &Store, place: &Place) -> Result<bool> {
    if let Some(folder) = store.folder() {
        return Ok(file_lock::is_held(&folder.join(names::LEASE)));
    }
    let nobody = Claim { holder: Default::default(), token: String::new() };
    let (lease, _) = found(store, place)?;
    Ok(Lease::found(lease.as_ref(), &nobody, SystemTime::now()) != Standing::Free)
}

impl Held {
    /// Whether it is still one's own.
    pub(super) fn check(&self, place: &Place, claim: &Claim) -> Result<()> {
        let Self::Object { store, .. } = self else { return Ok(()) };
        own(store, place, claim).map(drop)
    }

    pub(super) fn renew(&mut self, place: &Place, claim: &Claim) -> Result<()> {
        self.put(place, claim, &Lease::of(claim, SystemTime::now()))
    }

    /// One that has ended takes the object's place, since a store removes without looking whose it is.
    pub(super) fn release(self, place: &Place, claim: &Claim) -> Result<()> {
        match self {
            Self::Lock(lock) => {
                lock.release();
                Ok(())
            }
            mut lease @ Self::Object { .. } => {
                let over = Lease { ends: 0, ..Lease::of(claim, SystemTime::now()) };
                lease.put(place, claim, &over)
            }
        }
    }

    fn put(&mut self, place: &Place, claim: &Claim, lease: &Lease) -> Result<()> {
        let Self::Object { store, version } = self else { return Ok(()) };
        let lost = |error: &Error| matches!(error, Error::Precondition { .. } | Error::NotFound { .. });
        let put = match store.update(names::LEASE, bytes_of(lease), version.clone()) {
            // It may be one's own, whose answer was lost on the way; else somebody has taken it.
            Err(error) if lost(&error) => {
                let there = own(store, place, claim)?;
                store.update(names::LEASE, bytes_of(lease), there)
            }
            put => put,
        };
        *version = put.map_err(place.failed("renew the lease"))?;
        Ok(())
    }
}

/// The lease that is there, if it is one's own.
fn own(store: &Store, place: &Place, claim: &Claim) -> Result<UpdateVersion> {
    match found(store, place)? {
        (Some(lease), Some(version)) if lease.token == claim.token => Ok(version),
        (lease, _) => {
            let holder = lease.map(|lease| lease.holder).unwrap_or_default();
            Err(DestinationError::LeaseLost { place: place.name(), holder })
        }
    }
}

fn found(store: &Store, place: &Place) -> Result<(Option<Lease>, Option<UpdateVersion>)> {
    let found = store.find(names::LEASE).map_err(place.failed("read the lease"))?;
    // What cannot be read is nobody's.
    let lease = found.as_ref().and_then(|found| serde_json::from_slice(&found.bytes).ok());
    Ok((lease, found.map(|found| found.version)))
}

fn bytes_of(lease: &Lease) -> bytes::Bytes {
    serde_json::to_vec(lease).unwrap_or_default().into()
}
