//! The destination that the configuration names, when it is compiled in: opened, or asked what it can do.

use super::CliError;
use super::run::load_options;
use crate::config::{self, Config};
use crate::destination::{Destination, KINDS, Kind};
use crate::extract::Tree;
use crate::load::{Refusal, refusals};
use crate::pipeline::Pipeline;

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Destination>, CliError> {
    Ok((kind(config)?.open)(config)?)
}

/// Everything that stands against loading these resources there. Nothing is opened.
pub(super) fn objections(
    config: &Config,
    tree: &Tree,
    pipeline: &Pipeline,
) -> Result<Vec<Refusal>, CliError> {
    let kind = kind(&config.destination)?;
    let abilities = (kind.abilities)(&config.destination);
    Ok(refusals(kind.name, &abilities, &load_options(config, tree, pipeline.name, pipeline.resources)))
}

fn kind(config: &config::Destination) -> Result<&'static Kind, CliError> {
    let known = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    let unknown = || CliError::NoSuchDestination { kind: config.kind.clone(), known: known() };
    KINDS.iter().find(|kind| kind.name == config.kind).ok_or_else(unknown)
}
