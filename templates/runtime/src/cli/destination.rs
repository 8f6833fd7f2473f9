//! Opens the destination that the configuration names, when it is compiled in.

use super::CliError;
use crate::config;
use crate::destination::{Destination, Settings};

/// One feature of the crate each.
const COMPILED_IN: &[&str] = &[
    #[cfg(feature = "sqlite")]
    "sqlite",
];

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Destination>, CliError> {
    let unknown = || CliError::NoSuchDestination { kind: config.kind.clone(), known: COMPILED_IN.join(", ") };
    Ok(settings(config).ok_or_else(unknown)?.open()?)
}

fn settings(config: &config::Destination) -> Option<Settings> {
    match config.kind.as_str() {
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            Some(Settings::Sqlite(crate::destination::sqlite::Settings { path: config.sqlite.path.clone() }))
        }
        _ => None,
    }
}
