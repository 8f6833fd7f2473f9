//! What destinations share that keep each table as files which never change: how files are written, found by their keys
//! and written anew, and a log of records beside them with loads and states.
//!
//! Which files are those of a table is for each destination to say: `filesystem` notes it in the log, `delta` in a log that
//! each table has of its own.

use super::DestinationError;
use super::objects::{Place, Store};

pub(super) mod bounds;
pub(super) mod catalog;
pub(super) mod draft;
pub(super) mod files;
pub(super) mod format;
pub(super) mod history;
pub(super) mod keys;
mod lease;
pub(super) mod ledger;
mod log;
pub(super) mod mark;
pub(super) mod names;
pub(super) mod read;
pub(super) mod rows;
mod run;
pub(super) mod schema;
#[cfg(feature = "delta")]
mod shared;
pub(super) mod site;
mod state;
mod tiers;
mod versions;
pub(super) mod write;

type Result<T> = std::result::Result<T, DestinationError>;

/// Folders tell tables apart whose names differ only by case, and columns never do.
pub(super) const NAMING: crate::schema::Naming =
    crate::schema::Naming { folds_case: false, ..crate::schema::Naming::DEFAULT };

/// Finds out whether a load could write.
pub(super) fn probe(store: &Store, place: &Place) -> Result<()> {
    let folder = store.folder().filter(|folder| !folder.exists()).map(std::path::Path::to_owned);
    make(store, place)?;
    let path = format!("{}-{:016x}", names::PROBE, fastrand::u64(..));
    store.create(&path, bytes::Bytes::new()).map_err(place.failed("write a file"))?;
    store.delete_all([path]).map_err(place.failed("remove a file"))?;
    // What a load has begun there in the meantime is not empty, and stays.
    if let Some(folder) = folder {
        let _ = [folder.join(names::OWN), folder].iter().try_for_each(std::fs::remove_dir);
    }
    Ok(())
}

/// Makes the folder, where it is one.
fn make(store: &Store, place: &Place) -> Result<()> {
    let io = |error: std::io::Error| object_store::Error::Generic { store: "folder", source: error.into() };
    store.make().map_err(|error| place.not_opened(&io(error)))
}
