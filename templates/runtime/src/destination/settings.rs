//! Which destination, and how it is set up.

use crate::destination::{Destination, DestinationError};

/// Which destination, and how it is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    #[cfg(feature = "sqlite")]
    Sqlite(super::sqlite::Settings),
}

impl Settings {
    /// Opens it; makes what is not there yet.
    pub fn open(&self) -> Result<Box<dyn Destination>, DestinationError> {
        match *self {
            #[cfg(feature = "sqlite")]
            Settings::Sqlite(ref settings) => Ok(Box::new(super::sqlite::Sqlite::open(settings)?)),
        }
    }
}
