//! The destination that the configuration names, when it is compiled in: opened, or asked what it can do.

use super::CliError;
use crate::config::{self, Config, suggest};
use crate::destination::{Definitions, Destination, KINDS, Kind, NAMES, OpenReader};
use crate::load::{LoadOptions, Refusal, refusals};

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Destination>, CliError> {
    Ok((kind(config)?.open)(config)?)
}

/// How it is looked at.
pub(super) fn reading(config: &config::Destination) -> Result<OpenReader, CliError> {
    let kind = kind(config)?;
    kind.read.ok_or_else(|| CliError::NotReadable { kind: kind.name })
}

/// How it makes tables.
pub(super) fn definitions(config: &config::Destination) -> Result<Box<dyn Definitions>, CliError> {
    let kind = kind(config)?;
    let open = kind.definitions.ok_or_else(|| CliError::NoSql { kind: kind.name })?;
    Ok(open(config)?)
}

/// Opens it and sees whether it can be written to; what it is called.
pub(super) fn probe(config: &config::Destination) -> Result<String, CliError> {
    let destination = open(config)?;
    let place = destination.place();
    destination.probe()?;
    Ok(place)
}

/// Everything that stands against loading these resources there. Nothing is opened.
pub(super) fn objections(config: &Config, load: &LoadOptions) -> Result<Vec<Refusal>, CliError> {
    let kind = kind(&config.destination)?;
    let abilities = (kind.abilities)(&config.destination)?;
    Ok(refusals(kind.name, &abilities, load))
}

pub(super) fn kind(config: &config::Destination) -> Result<&'static Kind, CliError> {
    if let Some(stranger) = config.stranger(NAMES) {
        return Err(stranger.into());
    }
    let named = |kind: &&Kind| kind.name == config.kind;
    KINDS.iter().find(named).ok_or_else(|| {
        let kind = config.kind.clone();
        if NAMES.contains(&kind.as_str()) {
            return CliError::DestinationLeftOut { kind };
        }
        let suggestion = suggest(&kind, NAMES.iter().copied());
        CliError::NoSuchDestination { kind, suggestion }
    })
}
