//! Opens the destination that the configuration names, when it is compiled in.

use super::CliError;
use crate::config;
use crate::destination::{Destination, KINDS};

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Destination>, CliError> {
    let found = KINDS.iter().find(|(kind, _)| *kind == config.kind);
    let known = || KINDS.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ");
    let unknown = || CliError::NoSuchDestination { kind: config.kind.clone(), known: known() };
    let (_, open) = found.ok_or_else(unknown)?;
    Ok(open(config)?)
}
