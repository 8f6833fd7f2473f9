//! Questions on a terminal about where to read from, for what was not said on the command line.

use std::io::IsTerminal;

use inquire::validator::{ErrorMessage, Validation};
use inquire::{CustomUserError, InquireError, Text};

use super::Failure;
use super::address::{AddressError, parse_base_url, parse_path};

/// Where a pipeline starts.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) base_url: String,
    pub(super) groups: Vec<String>,
    pub(super) projects: Vec<String>,
}

/// Whether somebody is there to be asked.
pub(super) fn is_wanted(yes: bool) -> bool {
    !yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for the instance and the scope, until the answers name some. What was given is the answer that Enter takes.
pub(super) fn ask(given: Scope) -> Result<Scope, Failure> {
    let url = Text::new("GitLab:").with_initial_value(&given.base_url);
    let url = url.with_validator(|text: &str| valid(parse_base_url(text).err()));
    let base_url = answered(url.prompt())?;
    let base_url = super::address::base_url(&base_url)?;
    let groups = list(
        "Groups:",
        "names or addresses, with commas; they bring their projects",
        &given.groups,
        &base_url,
    )?;
    let help = if groups.is_empty() {
        "names or addresses, with commas; without any, all that the token is a member of"
    } else {
        "names or addresses, with commas, besides those of the groups"
    };
    let projects = list("Projects:", help, &given.projects, &base_url)?;
    Ok(Scope { base_url, groups, projects })
}

fn list(question: &str, help: &str, given: &[String], base_url: &str) -> Result<Vec<String>, Failure> {
    let given = given.join(", ");
    let instance = base_url.to_owned();
    let text = Text::new(question).with_initial_value(&given).with_help_message(help);
    let text = text.with_validator(move |text: &str| {
        valid(parts(text).find_map(|part| parse_path(part, &instance).err()))
    });
    let answer = answered(text.prompt())?;
    let parsed = parts(&answer).filter_map(|part| parse_path(part, base_url).ok());
    Ok(parsed.collect())
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn valid(fault: Option<AddressError>) -> Result<Validation, CustomUserError> {
    Ok(match fault {
        Some(fault) => Validation::Invalid(ErrorMessage::Custom(fault.to_string())),
        None => Validation::Valid,
    })
}

/// An answer, unless it was refused to give one.
pub(super) fn answered<T>(answer: Result<T, InquireError>) -> Result<T, Failure> {
    answer.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Failure::GivenUp,
        other => other.into(),
    })
}
