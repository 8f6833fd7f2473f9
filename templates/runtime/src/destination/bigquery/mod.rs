//! BigQuery: tables in a dataset, over its REST API, with no library of Google's.
//!
//! | kind | type | |
//! | --- | --- | --- |
//! | bool, int, float, date, timestamp | `BOOL`, `INT64`, `FLOAT64`, `DATE`, `TIMESTAMP` | |
//! | text | `STRING` | |
//! | json, lists | `STRING` | `JSON_VALUE`, `JSON_VALUE_ARRAY` and the like take it as it is |
//!
//! A JSON column would keep the meaning of a record's JSON and not its digits, could not be compared, and could neither be
//! merged by nor widened to. An array can neither be null nor hold a null, and a record's list can.
//!
//! **Rows come in by load jobs**, a Parquet file each, with an id that is made of the package: sent twice, the second is
//! refused, and the first is waited for. They add to hidden tables of the load, which end by themselves if it dies. **A
//! package is a script**, a transaction over all tables that it has rows for: it keeps the lease, looks whether the package
//! was done before, and merges, swaps, marks, and puts states and the load's entry. Only a package of more than ninety
//! tables is more than one transaction, of which the last has the state.
//!
//! Tables with a key are clustered by it, which is what a merge looks for. Those without, which gather versions, are
//! partitioned by the day on which rows came. Beside them are `_tables`, `_columns`, `_state`, `_loads`, `_packages` and
//! `_lease`.

use crate::config::{self, ConfigError};
use crate::destination::{
    Abilities, Atomicity, Claim, Destination, Kind, LoadEntry, LoadStatus, OpenLoad, StateEntry,
};

mod aid;
mod cells;
mod client;
mod commit;
mod convert;
mod credentials;
mod dataset;
mod fault;
mod job;
mod lease;
mod load;
mod mark;
mod merge;
mod names;
mod read;
mod schema;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod views;
mod write;

use super::Result;
use dataset::Dataset;
use load::BigQueryLoad;
use settings::Settings;

pub(super) const KIND: Kind = Kind {
    name: "bigquery",
    abilities: |config| settings::uploads(config).map(abilities),
    open: |config| Ok(Box::new(BigQuery::open(config)?)),
    read: Some(read::open),
    definitions: Some(aid::open_definitions),
};

fn abilities(uploads: usize) -> Abilities {
    Abilities {
        merges: true,
        replaces: true,
        marks_deleted: true,
        widens: schema::widening,
        atomic: Atomicity::Table,
        writers: uploads,
        batch_rows: 2_500,
        package_rows: 250_000,
        keeps_history: true,
        naming: names::NAMING,
        renew_every: Some(lease::RENEW_EVERY),
        ..Abilities::DEFAULT
    }
}

/// A dataset that is looked at.
#[derive(Debug)]
pub struct BigQuery {
    dataset: Dataset,
    uploads: usize,
}

impl BigQuery {
    /// Takes the settings; nothing is asked yet.
    ///
    /// # Errors
    /// When the settings are no good.
    pub fn open(config: &config::Destination) -> Result<Self> {
        let uploads = settings::uploads(config)?;
        let settings: std::result::Result<_, ConfigError> = Settings::read(config);
        Ok(Self { dataset: Dataset::new(settings?)?, uploads })
    }

    /// Whether a load was ever opened on it.
    fn has_loads(&self) -> Result<bool> {
        let failed = self.dataset.place.package_failed("show its tables");
        let is_there = self.dataset.find().map_err(&failed)?;
        Ok(is_there && self.dataset.tables().map_err(failed)?.iter().any(|name| name == names::LEASE))
    }
}

impl Destination for BigQuery {
    fn place(&self) -> String {
        self.dataset.place.name()
    }

    fn abilities(&self) -> Abilities {
        abilities(self.uploads)
    }

    /// A job is run and a table made, for which two roles are needed.
    fn probe(self: Box<Self>) -> Result<()> {
        let place = &self.dataset.place;
        let is_made = self.dataset.make().map_err(place.package_failed("make the dataset"))?;
        let table = format!("_new_probe_{:016x}", fastrand::u64(..));
        let probed =
            self.dataset.make_table(&table, &[]).map_err(place.package_failed("make a table in the dataset"));
        let probed = probed.and_then(|()| {
            let query = job::Query::new("SELECT 1");
            let ran = self
                .dataset
                .query(&query)
                .map(drop)
                .map_err(place.package_failed("run a job in the project"));
            ran.and(
                self.dataset
                    .remove_table(&table)
                    .map_err(place.package_failed("remove a table of the dataset")),
            )
        });
        if is_made {
            // What a load has begun there in the meantime stays.
            let _ = self.dataset.remove();
        }
        probed
    }

    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        if !self.has_loads()? {
            return Ok(Vec::new());
        }
        let mut loads = state::loads(&self.dataset, most)?;
        let is_running = |load: &&mut LoadEntry| load.status == LoadStatus::Running;
        if loads.iter_mut().any(|load| is_running(&load)) {
            let held = lease::is_held(&self.dataset);
            if !held.map_err(self.dataset.place.package_failed("look at the lease"))? {
                loads.iter_mut().filter(is_running).for_each(|load| load.status = LoadStatus::Interrupted);
            }
        }
        Ok(loads)
    }

    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        if self.has_loads()? { state::each(&self.dataset, visit) } else { Ok(()) }
    }

    fn open_load(self: Box<Self>, claim: &Claim) -> Result<Box<dyn OpenLoad>> {
        Ok(Box::new(BigQueryLoad::open(self.dataset, claim)?))
    }
}
