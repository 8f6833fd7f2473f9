//! Delta Lake: each table a folder of Parquet files with a log that Spark, Databricks, Trino, Fabric and DuckDB read; on this
//! machine or in an object store.
//!
//! | kind | Delta |
//! | --- | --- |
//! | bool | boolean |
//! | int | long |
//! | float | double |
//! | date | date |
//! | timestamp | timestamp |
//! | text, json | string |
//! | list | array of any of these |
//!
//! **A table tells everything of itself**: where its columns come from and what they have seen is metadata of its schema, its
//! key a property. Loads, states and the lease are beside the tables in `_pipeline`, as they are for files.
//!
//! **A commit** is one of each table that changes, put where nothing was: its rows, those that go, its schema and the name of
//! the package as a transaction, at one moment. Then comes the record that says what the state is. Files lie where they
//! belong from the start; without a commit that names them they are no part of the table.
//!
//! **Others may write** to the tables, at any time. A commit that comes second looks at what the first has done, rewrites what
//! it has to for that, and is tried again; files of new rows stay as they are.
//!
//! **The format** is written and read here, as its protocol says, for tables of reader version 1 and writer version 2. The
//! crate `delta_kernel` asks for `object_store` with another TLS stack, which no feature of it leaves out.

use std::sync::Arc;

use crate::config;
use crate::destination::lake::format::{FileFormat, Style};
use crate::destination::lake::read::Look;
use crate::destination::lake::site::{FileLayout, Site};
use crate::destination::lake::{self, NAMING, ledger, schema};
use crate::destination::lease::RENEW_EVERY;
use crate::destination::objects::{self, Place, Store};
use crate::destination::{
    Abilities, Atomicity, Claim, Destination, DestinationError, Kind, LoadEntry, OpenLoad, Reader, StateEntry,
};
use crate::schema::Naming;

mod actions;
mod checkpoint;
mod commit;
mod convert;
mod load;
mod log;
mod settings;
mod shards;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

use self::load::DeltaLoad;
pub use self::settings::{Files, Settings};
use self::table::Tables;

type Result<T> = std::result::Result<T, DestinationError>;

/// A place that is looked at.
#[derive(Debug)]
pub struct Delta {
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
    // More would make more and smaller files.
    writers: 1,
    batch_rows: 500,
    package_rows: 100_000,
    list_columns: true,
    keeps_history: true,
    // Columns of other characters would need a mapping, which not all readers know; and their case says nothing.
    takes_shards: true,
    naming: Naming {
        folds_case: true,
        takes: |letter| letter.is_ascii_alphanumeric() || letter == '_',
        ..NAMING
    },
    renew_every: Some(RENEW_EVERY),
    ..Abilities::DEFAULT
};

pub(super) const KIND: Kind = Kind {
    name: "delta",
    abilities: |config| Settings::read(config).map(|settings| abilities(&settings)),
    open,
    read: Some(read),
    definitions: None,
};

/// The lease of a folder lasts as long as the process.
fn abilities(settings: &Settings) -> Abilities {
    let is_folder = settings.objects.is_folder();
    Abilities {
        renew_every: ABILITIES.renew_every.filter(|_| !is_folder),
        queue_bytes: if is_folder { Abilities::SHORT_QUEUE } else { ABILITIES.queue_bytes },
        ..ABILITIES
    }
}

fn open(config: &config::Destination) -> Result<Box<dyn Destination>> {
    let settings = Settings::read(config)?;
    let variable = |name: &str| config.variable(name).map(str::to_owned);
    Ok(Box::new(Delta::open_with(settings, &variable)?))
}

fn read(config: &config::Destination) -> Result<Box<dyn Reader>> {
    let settings = Settings::read(config)?;
    let variable = |name: &str| config.variable(name).map(str::to_owned);
    Ok(Box::new(Delta::open_with(settings, &variable)?.look()?))
}

impl Delta {
    fn site(self) -> Arc<Site> {
        let Self { store, place, settings } = self;
        let style = Style::new(FileFormat::Parquet, settings.files.compression);
        Site::new((store, place), style, FileLayout::Plain, false)
    }

    fn look(self) -> Result<Look> {
        let site = self.site();
        let (found, _) = Tables::look(&site, true)?;
        Ok(Look {
            store: site.store.clone(),
            place: site.place.clone(),
            style: site.style,
            tables: found.entries()?,
        })
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

impl Destination for Delta {
    fn place(&self) -> String {
        self.place.name()
    }

    fn abilities(&self) -> Abilities {
        abilities(&self.settings)
    }

    fn probe(self: Box<Self>) -> Result<()> {
        lake::probe(&self.store, &self.place)
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        ledger::loads(&self.store, &self.place, most)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        ledger::each_state(&self.store, &self.place, visit)
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        Ok(Box::new(DeltaLoad::open(*self, claim)?))
    }
}
