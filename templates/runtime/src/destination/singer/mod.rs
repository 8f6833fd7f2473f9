//! Singer: messages on stdout, for any program that takes a Singer stream and keeps it: a *target*.
//!
//! | kind | JSON Schema, `null` beside it | value |
//! | --- | --- | --- |
//! | bool | `boolean` | |
//! | int | `integer` | all 64 bits |
//! | float | `number` | |
//! | date | `string`, format `date` | |
//! | timestamp | `string`, format `date-time` | in UTC, with six digits |
//! | text | `string` | |
//! | list | `array` of its items | |
//! | json | `string` | its text: targets disagree on values that may be of any type |
//!
//! A table is a stream. A package is written when it commits: for each table a SCHEMA where another was sent before or
//! none, then RECORDs; what ends a whole read is ACTIVATE_VERSION; STATE comes last. Nothing else goes to stdout. Keys are
//! `key_properties`, by which targets merge. Versions of a record are told apart by their digest, which is part of the
//! key then. Columns that have seen nothing are left out until they have: their type is not known.
//!
//! The specification is that of Singer (github.com/singer-io/getting-started, `docs/SPEC.md`); ACTIVATE_VERSION and
//! `version` are what its Python library and Meltano's SDK make of full-table replication.
//!
//! STATE has `bookmarks`, by resource and partition, and beside them what the next run has to know of tables and loads. A
//! target prints it once it has what came before; that line comes back in the file which [`Settings::state`] names. So a
//! run that dies, or whose target does, is gone on with from there, and what was sent since comes once more.
//!
//! [`Abilities::is_stream`] says what cannot be promised. The lease is a lock beside the state file, which keeps a second
//! run from starting at the same state.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::Deserialize;

use super::Result;
use crate::config::{self, ConfigError};
use crate::destination::{
    Abilities, Claim, Destination, DestinationError, Kind, LoadEntry, LoadStatus, OpenLoad, StateEntry,
    file_lock,
};
use crate::schema::Naming;

mod commit;
mod load;
mod message;
mod state;
#[cfg(test)]
mod tests;
mod write;

use self::state::Kept;

/// `[destination.singer]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The file with the state from which a run goes on: its last line. Where there is none, the run is the first.
    pub state: PathBuf,
    /// Whether the target takes ACTIVATE_VERSION. Without it no table is replaced.
    pub activate_version: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { state: "state.json".into(), activate_version: true }
    }
}

/// Where messages go.
pub type Sink = Arc<Mutex<dyn Write + Send>>;

/// A stream that has not begun.
pub struct Singer {
    settings: Settings,
    place: Place,
    sink: Sink,
}

/// The stream, as messages call it.
#[derive(Debug, Clone)]
struct Place(Arc<str>);

const ABILITIES: Abilities = Abilities {
    merges: true,
    replaces: true,
    is_stream: true,
    package_rows: 5_000,
    list_columns: true,
    naming: NAMING,
    ..Abilities::DEFAULT
};

/// What targets of Meltano's SDK take for themselves: columns of their own, and a parameter of the SQL by which they drop
/// old versions, for which target-postgres 0.8.1 refuses a column of that name.
const NAMING: Naming = Naming { reserved: &["version"], reserved_prefixes: &["_sdc_"], ..Naming::DEFAULT };

pub(super) const KIND: Kind = Kind {
    name: "singer",
    abilities: |config| settings(config).map(|settings| abilities(&settings)),
    open,
    read: None,
    definitions: None,
};

fn settings(config: &config::Destination) -> std::result::Result<Settings, ConfigError> {
    let said: Settings = config.read(&[])?;
    Ok(Settings { state: config.path(&said.state), ..said })
}

fn abilities(settings: &Settings) -> Abilities {
    Abilities { replaces: settings.activate_version, ..ABILITIES }
}

fn open(config: &config::Destination) -> Result<Box<dyn Destination>> {
    Ok(Box::new(Singer::new(settings(config)?, Arc::new(Mutex::new(std::io::stdout())))))
}

impl std::fmt::Debug for Singer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Singer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Singer {
    pub fn new(settings: Settings, sink: Sink) -> Self {
        let place =
            format!("singer stream with state `{}`", settings.state.display().to_string().escape_debug());
        Self { settings, place: Place(place.into()), sink }
    }

    fn lock_path(&self) -> PathBuf {
        lock_beside(&self.settings.state)
    }

    fn kept(&self) -> Result<Kept> {
        Kept::read(&self.settings.state, &self.place)
    }
}

impl Destination for Singer {
    fn place(&self) -> String {
        self.place.name()
    }

    fn abilities(&self) -> Abilities {
        abilities(&self.settings)
    }

    /// Whether the state can be read and its lock be taken. The stream is the target's.
    fn probe(self: Box<Self>) -> Result<()> {
        self.kept()?;
        let path = self.lock_path();
        let is_new = !path.exists();
        let claim = Claim::new("check");
        let taken = file_lock::take(&path, &claim).map_err(|error| self.place.not_opened(error))?;
        let lock = taken.map_err(|holder| DestinationError::Held { place: self.place.name(), holder })?;
        if is_new {
            // Whoever waits for it makes another.
            std::fs::remove_file(&path).map_err(|error| self.place.not_opened(error))?;
        }
        lock.release();
        Ok(())
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        let mut loads = self.kept()?.loads(most, &self.place)?;
        if !file_lock::is_held(&self.lock_path()) {
            loads.iter_mut().for_each(interrupt);
        }
        Ok(loads)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        self.kept()?.states().for_each(visit);
        Ok(())
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        Ok(Box::new(load::SingerLoad::open(*self, claim)?))
    }
}

/// What says that it runs does not, once nobody holds the lease.
fn interrupt(load: &mut LoadEntry) {
    if load.status == LoadStatus::Running {
        load.status = LoadStatus::Interrupted;
    }
}

impl Place {
    fn name(&self) -> String {
        self.0.to_string()
    }

    fn not_opened(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DestinationError {
        DestinationError::Open { place: self.name(), source: error.into() }
    }

    fn failed(
        &self,
        action: &'static str,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> DestinationError {
        DestinationError::Package { place: self.name(), action, source: error.into() }
    }
}

/// The file whose lock is the lease.
fn lock_beside(state: &Path) -> PathBuf {
    let mut path = state.as_os_str().to_owned();
    path.push("-lease");
    path.into()
}
