//! The lease on what lies on this machine: a lock on a file of its own, which the system takes back when the process
//! ends. The file stays, because one that is removed could be locked by two.

use std::fs::{File, TryLockError};
use std::io::{Read, Result, Write};
use std::path::Path;
use std::time::Duration;

use super::Claim;
use super::lease::Holder;

/// Whoever only looks holds the lock for a moment; who claims it tries a few times, and a few times more as long as the
/// file names nobody: then the lock is just being taken or given back.
const TRIES: u32 = 10;
const TRIES_UNNAMED: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lock(File);

/// The lock on this file, or who has it.
pub(super) fn take(path: &Path, claim: &Claim) -> Result<std::result::Result<Lock, Holder>> {
    let mut file = private().read(true).write(true).create(true).truncate(false).open(path)?;
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
        let holder = holder(path);
        if tried >= TRIES && holder != Holder::default() {
            return Ok(Err(holder));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(Err(holder(path)))
}

/// A lock on this file that others of the kind may have as well, while nobody has it alone; or whoever does.
#[cfg(feature = "delta")]
pub(super) fn take_shared(path: &Path) -> Result<std::result::Result<Lock, Holder>> {
    let file = private().read(true).write(true).create(true).truncate(false).open(path)?;
    for _ in 1..=TRIES {
        match file.try_lock_shared() {
            Ok(()) => return Ok(Ok(Lock(file))),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Err(holder(path)))
}

/// Whether somebody has the lock.
pub(super) fn is_held(path: &Path) -> bool {
    let lock = File::open(path).map(|file| file.try_lock_shared());
    matches!(lock, Ok(Err(TryLockError::WouldBlock)))
}

impl Lock {
    /// Nobody has it any more.
    pub(super) fn release(self) {
        // What it says counts only while it is locked.
        let _ = self.0.set_len(0);
    }
}

/// Who has the lock, or had it last and did not give it back.
pub(super) fn holder(path: &Path) -> Holder {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// How files are opened so that, where they are made, only their owner can read them.
pub(super) fn private() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
