//! Files: a folder for each table, on this machine or in an object store.
//!
//! | kind | Parquet | JSON lines | CSV |
//! | --- | --- | --- | --- |
//! | bool | boolean | `true` | `true` |
//! | int | int64 | number | number |
//! | float | double | number | number |
//! | date | date | `"2024-05-01"` | `2024-05-01` |
//! | timestamp | timestamp, microseconds, UTC | `"2024-05-01T12:30:00.123000Z"` | the same |
//! | text | string | string | text |
//! | list | list | an array | JSON text |
//! | json | string, logical type JSON | what it is | text |
//!
//! A null is `null` in JSON lines and an empty field in CSV, where an empty text is `""`.
//!
//! **What is committed** is what the log under `_pipeline/log` says: a record for each package, put where nothing was, so
//! that of two loads that want to write the same one only one can. Files lie hidden until their record is there; then
//! they get their names in the folder of their table, and those go whose rows they have. Whoever finds the last record
//! half done does the rest.
//!
//! **Who reads a folder** as it lies there sees committed rows alone, and of a table all rows that are committed. While a
//! commit replaces rows, for a moment they may be seen as they were and as they are; where a process dies in that
//! moment, until the next load. A file that a reader has listed may be gone when it opens it, because rows in it were
//! replaced: the reader lists again.
//!
//! **Rows are replaced** by writing the files anew that hold them. Which those may be is known from the lowest and
//! highest values of their key columns, and then from the key columns alone; each is read and written one batch at a
//! time. Versions of a history end in the same way. Small files are written together as they become many.
//!
//! **The lease** of a folder is a lock on a file; that of an object store is an object that is renewed.

use crate::config;
use crate::destination::lake::format::Style;
use crate::destination::lake::ledger;
use crate::destination::lake::read::Look;
use crate::destination::lake::{self, NAMING, names, schema};
use crate::destination::lease::RENEW_EVERY;
use crate::destination::objects::{self, Place, Store};
use crate::destination::{
    Abilities, Atomicity, Claim, Destination, DestinationError, Kind, LoadEntry, OpenLoad, Reader, StateEntry,
};
use crate::schema::Naming;

mod commit;
mod load;
mod settings;
#[cfg(test)]
mod tests;

use self::load::FilesystemLoad;
pub use self::settings::{Files, Settings};
pub use crate::destination::lake::format::{Compression, FileFormat};
pub use crate::destination::lake::site::FileLayout;

type Result<T> = std::result::Result<T, DestinationError>;

/// A place that is looked at.
#[derive(Debug)]
pub struct Filesystem {
    store: Store,
    place: Place,
    settings: Settings,
}

const ABILITIES: Abilities = Abilities {
    merges: true,
    replaces: true,
    marks_deleted: true,
    widens: schema::widening,
    atomic: Atomicity::Table,
    // More would make more and smaller files, and one keeps up with what GitLab sends many times over.
    writers: 1,
    batch_rows: 500,
    package_rows: 100_000,
    list_columns: true,
    keeps_history: true,
    naming: NAMING,
    renew_every: Some(RENEW_EVERY),
    ..Abilities::DEFAULT
};

pub(super) const KIND: Kind = Kind {
    name: "filesystem",
    abilities: |config| Settings::read(config).map(|settings| abilities(&settings)),
    open,
    read: Some(read),
    definitions: None,
};

/// The lease of a folder lasts as long as the process. CSV has no lists, and readers take the name of a folder of a day for
/// that of a column.
fn abilities(settings: &Settings) -> Abilities {
    let reserved = match settings.files.layout {
        FileLayout::Plain => NAMING.reserved,
        FileLayout::Hive => &[names::DAY],
    };
    let is_folder = settings.objects.is_folder();
    Abilities {
        list_columns: settings.files.format != FileFormat::Csv,
        naming: Naming { reserved, ..NAMING },
        renew_every: ABILITIES.renew_every.filter(|_| !is_folder),
        queue_bytes: if is_folder { Abilities::SHORT_QUEUE } else { ABILITIES.queue_bytes },
        ..ABILITIES
    }
}

fn open(config: &config::Destination) -> Result<Box<dyn Destination>> {
    let settings = Settings::read(config)?;
    let variable = |name: &str| config.variable(name).map(str::to_owned);
    Ok(Box::new(Filesystem::open_with(settings, &variable)?))
}

fn read(config: &config::Destination) -> Result<Box<dyn Reader>> {
    let settings = Settings::read(config)?;
    let variable = |name: &str| config.variable(name).map(str::to_owned);
    Ok(Box::new(Filesystem::open_with(settings, &variable)?.look()?))
}

impl Filesystem {
    fn look(self) -> Result<Look> {
        let Self { store, place, settings } = self;
        let tables = ledger::catalog(&store, &place)?.tables;
        let style = Style::new(settings.files.format, settings.files.compression);
        Ok(Look { store, place, style, tables })
    }

    /// Opens a place as the settings alone say.
    ///
    /// # Errors
    /// Where they name no place that could be.
    pub fn open(settings: Settings) -> Result<Self> {
        Self::open_with(settings, &|_| None)
    }

    fn open_with(settings: Settings, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let (store, place) = objects::open(&settings.objects, variable)?;
        Ok(Self { store, place, settings })
    }
}

impl Destination for Filesystem {
    fn place(&self) -> String {
        self.place.name()
    }

    fn abilities(&self) -> Abilities {
        abilities(&self.settings)
    }

    fn probe(self: Box<Self>) -> Result<()> {
        lake::probe(&self.store, &self.place)?;
        load::check_style(
            &ledger::catalog(&self.store, &self.place)?.tables,
            self.settings.files.style(),
            &self.place,
        )
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        ledger::loads(&self.store, &self.place, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        ledger::each_state(&self.store, &self.place, visit)
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        Ok(Box::new(FilesystemLoad::open(*self, claim)?))
    }
}
