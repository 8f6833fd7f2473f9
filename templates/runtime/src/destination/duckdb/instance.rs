//! The one instance of a file in this process: DuckDB must not open a file twice in it, and does not notice.

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Config, Connection, Error, Result};

use super::{beside, quoted};
use crate::destination::file_lock::private;

/// How long to wait for another program that has the file.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// How large the blocks of a new file are, in bytes. A commit holds a few blocks of each column in memory: with DuckDB's
/// own 256 KiB a table of 250 columns does not fit into 96 MiB, with 64 KiB not into 64 MiB. 16 KiB load more slowly.
const BLOCK: &str = "32768";

/// How many rows are compressed together. Rows of a package that fill such a group go straight to the file, and neither
/// through the log nor, while they wait, through a temporary one: with DuckDB's own 122,880 each row is written three times.
const GROUP: u32 = 8192;

/// The DuckDB that a new file is written for; it reads the file, and so do later ones. From this one on, texts are compressed
/// in one way, in place of two that are tried one after the other: a load takes a tenth less time.
const VERSION: &str = "v1.3.0";

/// How long the log gets before it is moved into the file. Each move compresses the last rows of a table anew.
const LOG: &str = "256MiB";

/// How much freed memory DuckDB's allocator keeps after a task, of its own 128 MiB.
const IDLE: &str = "2MiB";

/// Whoever looks may ask in SQL: no other file or host is reached by it, and it changes no setting.
const LOCKED: &str = "SET enable_external_access = false; SET lock_configuration = true;";

/// What the error says when another thread of this process only looks at the file.
pub(super) const LOOKED_AT: &str = "the file is being looked at";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading, which several processes may at the same time.
    Look,
    Load,
}

/// What an instance may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits<'l> {
    pub(super) memory: &'l str,
    pub(super) threads: u8,
}

/// A connection to an instance, which is closed with its last one.
#[derive(Debug)]
pub(super) struct Connected {
    // Dropped first.
    connection: Connection,
    share: Share,
}

/// Keeps an instance open.
#[derive(Debug)]
struct Share(PathBuf);

struct Instance {
    connection: Connection,
    /// The database of the file, where it is not the one that a connection begins with.
    name: Option<String>,
    access: Access,
    shares: usize,
}

static INSTANCES: Mutex<BTreeMap<PathBuf, Instance>> = Mutex::new(BTreeMap::new());

fn instances() -> MutexGuard<'static, BTreeMap<PathBuf, Instance>> {
    INSTANCES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the file, or connects to the instance that has it open. Waits for other programs that have it.
pub(super) fn open(path: &Path, access: Access, limits: Limits<'_>) -> Result<Connected> {
    let begun = Instant::now();
    let patience = if access == Access::Load { PATIENCE } else { Duration::ZERO };
    loop {
        match try_open(path, access, limits) {
            Err(error) if super::fault_of(&error) == super::Fault::Busy && begun.elapsed() < patience => {
                std::thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

fn try_open(path: &Path, access: Access, limits: Limits<'_>) -> Result<Connected> {
    let mut instances = instances();
    let key = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Some(instance) = instances.get_mut(&key) {
        if access == Access::Load && instance.access == Access::Look {
            return Err(Error::ToSqlConversionFailure(LOOKED_AT.into()));
        }
        return instance.connect(key);
    }
    let temporary = temporary_of(path);
    let config = config(limits)?.with("temp_directory", &temporary)?;
    let (connection, name) = match access {
        Access::Look => (Connection::open_with_flags(path, config.access_mode(AccessMode::ReadOnly)?)?, None),
        Access::Load => {
            let connection = Connection::open_in_memory_with_flags(config)?;
            if !path.exists() {
                make(path, &connection)?;
            }
            let name = attach(path, &connection, "")?;
            (connection, Some(name))
        }
    };
    if access == Access::Load {
        // The file is ours alone, so these are of runs that died.
        remove_temporaries(path, &temporary).map_err(|error| Error::ToSqlConversionFailure(error.into()))?;
    }
    if access == Access::Look {
        connection.execute_batch(LOCKED)?;
    }
    let mut instance = Instance { connection, name, access, shares: 0 };
    let connected = instance.connect(key.clone())?;
    instances.insert(key, instance);
    Ok(connected)
}

/// Puts the file beside an instance in memory: only so does DuckDB take the size of a group. `more` are further options.
fn attach(path: &Path, connection: &Connection, more: &str) -> Result<String> {
    let text = path.to_str().ok_or_else(|| Error::InvalidPath(path.to_owned()))?;
    let (text, name) = (text.replace('\'', "''"), name_of(path));
    let alias = quoted(&name);
    connection.execute_batch(&format!("ATTACH '{text}' AS {alias} (ROW_GROUP_SIZE {GROUP}{more})"))?;
    Ok(name)
}

/// As DuckDB calls a file that is opened by itself, so that names in views mean the same.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_taken = ["memory", "system", "temp"].iter().any(|own| stem.eq_ignore_ascii_case(own));
    if is_taken { format!("{stem}_file") } else { stem.into_owned() }
}

fn config(limits: Limits<'_>) -> Result<Config> {
    // Nothing here needs an extension, and none is to be fetched from anywhere.
    let config = Config::default().enable_autoload_extension(false)?;
    let config = config.max_memory(limits.memory)?.threads(i64::from(limits.threads.max(1)))?;
    let config = config.with("allocator_flush_threshold", IDLE)?;
    config.with("default_block_size", BLOCK)?.with("checkpoint_threshold", LOG)
}

/// A folder for what does not fit into memory, which no other process has had: where DuckDB finds blocks of a run that died,
/// it takes them for its own, removes them, and believes from then on that its disk is full.
fn temporary_of(path: &Path) -> String {
    beside(path, &format!("{TEMPORARY}-{:016x}", fastrand::u64(..))).display().to_string()
}

/// How such a folder is called after the file.
const TEMPORARY: &str = ".tmp";

fn remove_temporaries(path: &Path, own: &str) -> io::Result<()> {
    let start = beside(path, TEMPORARY).display().to_string();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(folder)? {
        let found = path.with_file_name(entry?.file_name());
        let name = found.display().to_string();
        if name.starts_with(&start) && name != own && found.is_dir() {
            std::fs::remove_dir_all(found)?;
        }
    }
    Ok(())
}

/// Makes an empty file, which is there whole or not at all: DuckDB takes one whose making was cut off for none of its
/// own, for ever.
fn make(path: &Path, connection: &Connection) -> Result<()> {
    let new = beside(path, "-new");
    let failed = |error: io::Error| Error::ToSqlConversionFailure(error.into());
    // What a run left that was killed here.
    remove(&new).map_err(failed)?;
    let name = attach(&new, connection, &format!(", STORAGE_VERSION '{VERSION}'"))?;
    connection.execute_batch(&format!("DETACH {}", quoted(&name)))?;
    keep_private(&new).map_err(failed)?;
    // A log without its file is of one that somebody removed.
    remove(&beside(path, ".wal")).map_err(failed)?;
    std::fs::rename(new, path).map_err(failed)
}

/// Takes a file away that may be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What is loaded is as private as the token that it was read with.
fn keep_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

impl Instance {
    fn connect(&mut self, key: PathBuf) -> Result<Connected> {
        let connection = self.connection.try_clone()?;
        if let Some(name) = &self.name {
            connection.execute_batch(&format!("USE {}", quoted(name)))?;
        }
        self.shares += 1;
        Ok(Connected { connection, share: Share(key) })
    }
}

impl Connected {
    /// Another connection to the same instance, for another thread.
    pub(super) fn again(&self) -> Result<Self> {
        let mut instances = instances();
        let key = self.share.0.clone();
        let instance = instances.get_mut(&key).ok_or(Error::InvalidQuery)?;
        instance.connect(key)
    }

    /// Makes the file of the log, which DuckDB would make readable for everybody.
    pub(super) fn keep_log_private(&self) -> io::Result<()> {
        private().append(true).create(true).open(beside(&self.share.0, ".wal")).map(drop)
    }
}

impl Deref for Connected {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut instances = instances();
        let Some(instance) = instances.get_mut(&self.0) else { return };
        instance.shares = instance.shares.saturating_sub(1);
        if instance.shares == 0 {
            // Closed while nobody can open it.
            drop(instances.remove(&self.0));
        }
    }
}
