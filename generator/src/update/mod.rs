//! What a newer document, other resources or a newer runtime mean for a crate that people have edited. Pure: in come the
//! crate as it is and what it remembers, out comes a plan of what to write, and what there is to tell.
//!
//! ```text
//! Memory + Wishes + document → Content (what would be written anew) → WritePlan
//! ```
//!
//! What the user has done is respected before anything is rendered: a resource that was renamed keeps its name, one that
//! was deleted is not rendered again, a file that was renamed is followed. So both sides of the merge agree on it.

mod comparison;
mod content;
mod definition;
mod departed;
mod edits;
mod outline;

use crate::Read;
use crate::diff::Diff;
use crate::document::{DocumentError, Text};
use crate::graph::{Pattern, SelectionError};
use crate::infer::RecordedNames;
use crate::memory::{Memory, Overlay};
use crate::render::{Answers, RenderError};
use crate::write::{Existing, Snapshot, WritePlan};

use comparison::compare;
use content::Content;
use edits::Edits;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The choices, as they are to be from now on.
    pub answers: Answers,
    pub overlays: Vec<Overlay>,
    /// Patterns of resources that come.
    pub add: Vec<Pattern>,
    /// Patterns of resources that go.
    pub remove: Vec<Pattern>,
    /// Files and folders that are taken as they are rendered, where nobody knows what was written.
    pub take: Vec<String>,
    /// Whether the patterns alone say what the crate is to have, and not what it has.
    pub anew: bool,
}

/// A crate as it will be.
#[derive(Debug)]
pub struct Update {
    /// What the crate is called.
    pub name: String,
    pub plan: WritePlan,
    /// What it means for resources and tables.
    pub diff: Diff,
    /// Resources that are not rendered, because the user has deleted them or their file.
    pub left_out: Vec<String>,
    /// The document that it is made from.
    pub read: Read,
}

/// Why an update cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Plans an update from a document.
///
/// # Errors
/// When the document cannot be read, a pattern matches nothing, or nothing is left.
pub fn plan_update(
    snapshot: &Snapshot,
    memory: &Memory,
    mut wishes: Wishes,
    document: &Text,
) -> Result<Update, UpdateError> {
    let edits = Edits::find(snapshot, memory);
    let overlays = Overlay::texts(&wishes.overlays);
    let mut read = crate::read(document, &overlays, &RecordedNames::new())?;
    let names = edits.names(memory, &read.graph);
    if names
        .resources
        .iter()
        .any(|(path, given)| read.graph.at(path).is_some_and(|own| own.name != given.name))
    {
        read = crate::read(document, &overlays, &names.recorded())?;
    }
    wishes.answers.spec_title.clone_from(&read.document.info.title);
    wishes.answers.spec_sha256.clone_from(&read.document.info.sha256);
    let content = Content::choose(&names, memory, &wishes, &read, &edits)?;
    let next = Memory::new(content.answers.clone(), wishes.overlays, content.names(), &content.files);
    let existing = Existing::new(snapshot, memory, &edits.moved, &wishes.take);
    let plan = WritePlan::update(&existing, &content.files, next);
    let diff = compare(snapshot, memory, &content, &edits, &plan);
    let is_known = |name: &&String| memory.answers.exclude.contains(name);
    let left_out = content.left_out.iter().filter(|name| !is_known(name)).cloned().collect();
    Ok(Update { name: content.answers.name, plan, diff, left_out, read })
}
