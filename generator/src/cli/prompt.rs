//! Questions on a terminal, for what was not said on the command line.

use std::io::IsTerminal;

use dialoguer::Input;

use crate::render::Answers;

use super::Failure;

/// Whether somebody is there to be asked.
pub(super) fn is_wanted(yes: bool) -> bool {
    !yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for the instance and the scope. What was given is the answer that Enter takes.
pub(super) fn ask(answers: &mut Answers) -> Result<(), Failure> {
    answers.base_url = text("GitLab", &answers.base_url)?;
    answers.groups = list("groups to load, with commas (empty: see next)", &answers.groups)?;
    answers.projects =
        list("projects to load, with commas (both empty: all you are a member of)", &answers.projects)?;
    Ok(())
}

fn text(question: &str, given: &str) -> Result<String, Failure> {
    let input = Input::<String>::new().with_prompt(question).with_initial_text(given).allow_empty(true);
    Ok(input.interact_text()?.trim().to_owned())
}

fn list(question: &str, given: &[String]) -> Result<Vec<String>, Failure> {
    let answer = text(question, &given.join(", "))?;
    Ok(answer.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
}
