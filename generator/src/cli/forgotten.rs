//! What a crate of the first release did not write down: asked for where somebody is there to answer, and otherwise left
//! alone and named.

use std::collections::BTreeSet;

use inquire::{MultiSelect, Text};

use crate::document::{Document, Source};
use crate::memory::Memory;
use crate::report::printable;
use crate::update::Update;
use crate::write::{Action, Reason};

use super::Failure;
use super::prompt::{answered, is_wanted};

/// The engine is taken as a whole or not at all.
const ENGINE: &str = "runtime";

/// Where the document is that such a crate was made from; `None`: it is the bundled one, as far as its title tells.
pub(super) fn ask_for_document(memory: &Memory) -> Result<Option<String>, Failure> {
    let title = &memory.answers.spec_title;
    let bundled = Document::parse(&Source::Bundled.read()?, &[])?;
    if bundled.info.title == *title {
        return Ok(None);
    }
    let title = printable(title);
    if !is_wanted(false) {
        return Err(Failure::SpecForgotten { title });
    }
    let question = format!("Where is the document \"{title}\"?");
    let help = "a file or a URL: this pipeline is of the first release, which did not write it down";
    answered(Text::new(&question).with_help_message(help).prompt()).map(Some)
}

/// Of the files that may have been edited, those that may be replaced.
pub(super) fn ask_what_to_take(update: &Update) -> Result<Vec<String>, Failure> {
    let is_unknown = |action: &Action| *action == Action::Keep(Reason::Unknown);
    let unknown = update.plan.changes.iter().filter(|change| is_unknown(&change.action));
    let shown = |path: &str| if path.starts_with("runtime/") { ENGINE.to_owned() } else { path.to_owned() };
    let files: BTreeSet<String> = unknown.map(|change| shown(&change.path)).collect();
    if files.is_empty() || !is_wanted(false) {
        return Ok(Vec::new());
    }
    let help = "of the others nobody knows what was written there, and they stay as they are; space marks, enter goes on";
    let question = "Which of these may be replaced, with the edits that are in them?";
    answered(MultiSelect::new(question, files.into_iter().collect()).with_help_message(help).prompt())
}
