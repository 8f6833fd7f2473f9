//! The lease on a file: a lock on another file beside it, which the system takes back when the process ends.
//!
//! SQLite's own locks are not used, because it works with them; and the file beside stays, because one that is removed
//! could be locked by two.

use std::fs::{File, TryLockError};
use std::io::{Read, Result, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::private;
use crate::destination::Claim;
use crate::destination::lease::Holder;

/// Whoever only looks holds the lock for a moment; who claims it tries a few times, and a few times more as long as the
/// file names nobody: then the lock is just being taken or given back.
const TRIES: u32 = 10;
const TRIES_UNNAMED: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lock(File);

/// The lock, or who has it.
pub(super) fn take(database: &Path, claim: &Claim) -> Result<std::result::Result<Lock, Holder>> {
    let path = beside(database);
    let mut file = private().read(true).write(true).create(true).truncate(false).open(&path)?;
    for tried in 1..=TRIES_UNNAMED {
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.write_all(serde_json::to_string(&claim.holder)?.as_bytes())?;
                return Ok(Ok(Lock(file)));
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let holder = holder(&path);
        if tried >= TRIES && holder != Holder::default() {
            return Ok(Err(holder));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(Err(holder(&path)))
}

/// Whether a load is open on the file.
pub(super) fn is_held(database: &Path) -> bool {
    let lock = File::open(beside(database)).map(|file| file.try_lock_shared());
    matches!(lock, Ok(Err(TryLockError::WouldBlock)))
}

impl Lock {
    /// Nobody has it any more.
    pub(super) fn release(self) {
        // What it says counts only while it is locked.
        let _ = self.0.set_len(0);
    }
}

fn holder(path: &Path) -> Holder {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

pub(super) fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-lease");
    path.into()
}
