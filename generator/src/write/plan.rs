//! What is to happen to each file, decided before anything does.

use std::collections::{BTreeMap, BTreeSet};

use crate::memory::{FOLDER, Memory};
use crate::merge::{Merged, Note, Sides, adopt, merge};
use crate::render::{File, FileKind};

use super::first_release::{self, RUNTIME};
use super::snapshot::{Entry, Snapshot};

const PROGRAM: &str = "src/main.rs";
const DEFINITIONS: &str = "src/resources/";
/// Where they are gathered.
const INDEX: &str = "src/resources/mod.rs";

/// What will be written, merged, kept and deleted, in the order of paths.
#[derive(Debug, Clone, Default)]
pub struct WritePlan {
    pub changes: Vec<Change>,
}

/// What happens to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// From the root of the crate, with `/` between its parts.
    pub path: String,
    /// What is there now.
    pub before: Option<String>,
    pub action: Action,
    /// What there is to tell of single keys.
    pub notes: Vec<Note>,
    /// Whether nobody else may read it.
    pub is_secret: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing of the user's is in it.
    Write(String),
    /// Edits and what is new stand in different places.
    Merge(String),
    /// They stand in the same places, which are marked.
    Conflict {
        text: String,
        places: usize,
    },
    /// Nobody edited it, and nothing is rendered to it any more.
    Delete,
    Keep(Reason),
}

/// Why a file stays as it is, although something else would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The user has deleted it.
    Deleted,
    /// Nothing is rendered to it any more, and the user has edited it.
    Edited,
    /// Nobody knows what was written there, so edits cannot be told.
    Unknown,
    /// It is a link, a folder, or no text.
    NoText,
}

/// A crate that is there.
#[derive(Debug)]
pub struct Existing<'a> {
    snapshot: &'a Snapshot,
    memory: &'a Memory,
    /// What files are called now, by what they were called when they were written.
    moved: &'a BTreeMap<String, String>,
    /// Files and folders to take as they are rendered, where nobody knows what was written.
    take: &'a [String],
    /// What of it is as the first release wrote it, where that is of interest.
    untouched: BTreeSet<String>,
}

impl WritePlan {
    /// All files of a crate that is not there yet.
    pub fn fresh(files: &[File], memory: &Memory) -> Self {
        Self::all(files.iter().cloned().chain(memory.files()))
    }

    /// All of these, as they are.
    pub(super) fn all(files: impl IntoIterator<Item = File>) -> Self {
        let write = |file| Change::written(file, None);
        let mut plan = Self { changes: files.into_iter().map(write).collect() };
        plan.sort();
        plan
    }

    /// Brings rendered files into a crate that is there, and what it is to remember. What is the user's from the first day
    /// is not looked at.
    pub fn update(existing: &Existing<'_>, files: &[File], mut next: Memory) -> Self {
        let mut plan = Self::default();
        let generated: Vec<&File> = files.iter().filter(|file| file.kind == FileKind::Generated).collect();
        let sources = existing.sources();
        for file in &generated {
            let written = sources.get(file.path.as_str());
            plan.changes.extend(existing.change(file, written.copied()));
        }
        plan.keep_engine_together();
        for change in plan.changes.iter().filter(|change| change.is_unknown()) {
            next.forget(&change.path);
        }
        if plan.changes.iter().any(|change| change.is_unknown() && change.path.starts_with(RUNTIME)) {
            let engine = generated.iter().filter(|file| file.path.starts_with(RUNTIME));
            engine.for_each(|file| next.forget(&file.path));
        }
        let rendered: BTreeSet<&str> = generated.iter().map(|file| file.path.as_str()).collect();
        let orphans = sources.iter().filter(|(path, _)| !rendered.contains(*path));
        plan.changes.extend(orphans.filter_map(|(path, written)| existing.orphan(path, written)));
        plan.changes.extend(existing.leftovers(&rendered));
        plan.changes.extend(existing.remembered(&next));
        plan.sort();
        plan
    }

    /// The engine is one thing: where a part of it has to stay, all of it does.
    fn keep_engine_together(&mut self) {
        let is_engine = |change: &Change| change.path.starts_with(RUNTIME);
        if self.changes.iter().any(|change| is_engine(change) && change.is_unknown()) {
            let engine = self.changes.iter_mut().filter(|change| is_engine(change));
            engine.for_each(|change| change.action = Action::Keep(Reason::Unknown));
        }
    }

    fn sort(&mut self) {
        self.changes.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// Whether anything on disk will be another than it is.
    pub fn changes_something(&self) -> bool {
        self.changes.iter().any(Change::changes_something)
    }

    pub fn conflicts(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_conflict())
    }

    /// The text of a file once the plan is carried out, if the plan touches it.
    pub fn text_after(&self, path: &str) -> Option<Option<&str>> {
        self.changes.iter().find(|change| change.path == path).and_then(Change::after)
    }
}

impl Change {
    /// What will be there; `Some(None)` for nothing, `None` when the file is left as it is.
    pub fn after(&self) -> Option<Option<&str>> {
        match &self.action {
            Action::Write(text) | Action::Merge(text) | Action::Conflict { text, .. } => Some(Some(text)),
            Action::Delete => Some(None),
            Action::Keep(_) => None,
        }
    }

    fn is_unknown(&self) -> bool {
        self.action == Action::Keep(Reason::Unknown)
    }

    pub fn is_conflict(&self) -> bool {
        matches!(self.action, Action::Conflict { .. })
    }

    pub fn changes_something(&self) -> bool {
        self.after().is_some_and(|after| after != self.before.as_deref())
    }

    /// Whether it is about what the crate remembers, which people need not look at.
    pub fn is_memory(&self) -> bool {
        self.path.starts_with(FOLDER)
    }

    /// A file as it is, over what is there.
    pub(super) fn written(file: File, before: Option<String>) -> Self {
        let is_secret = file.kind == FileKind::Secret;
        Self { is_secret, ..Self::new(&file.path, before, Action::Write(file.body)) }
    }

    fn new(path: &str, before: Option<String>, action: Action) -> Self {
        Self { path: path.to_owned(), before, action, notes: Vec::new(), is_secret: false }
    }
}

impl<'a> Existing<'a> {
    pub fn new(
        snapshot: &'a Snapshot,
        memory: &'a Memory,
        moved: &'a BTreeMap<String, String>,
        take: &'a [String],
    ) -> Self {
        let is_known = memory.unknown.as_ref().is_some_and(BTreeSet::is_empty);
        let untouched = if is_known { BTreeSet::new() } else { first_release::untouched(snapshot) };
        Self { snapshot, memory, moved, take, untouched }
    }

    /// What was written, by where it is now.
    fn sources(&self) -> BTreeMap<&'a str, &'a str> {
        let pristine = self.memory.pristine.iter();
        let now = |path: &'a String| self.moved.get(path).unwrap_or(path).as_str();
        pristine.map(|(path, text)| (now(path), text.as_str())).collect()
    }

    fn change(&self, file: &File, written: Option<&str>) -> Option<Change> {
        let path = &file.path;
        match (self.snapshot.read(path), written) {
            (Entry::Nothing, None) if self.is_unknown(path) && !self.is_taken(path) => {
                Some(Change::new(path, None, Action::Keep(Reason::Unknown)))
            }
            (Entry::Nothing, None) => Some(Change::new(path, None, Action::Write(file.body.clone()))),
            (Entry::Nothing, Some(written)) if written == file.body => None,
            (Entry::Nothing, Some(_)) => Some(Change::new(path, None, Action::Keep(Reason::Deleted))),
            (Entry::Other, _) => Some(Change::new(path, None, Action::Keep(Reason::NoText))),
            (Entry::Text(yours), _) if yours == file.body => None,
            (Entry::Text(yours), Some(written)) => {
                let sides = Sides { pristine: written, yours: &yours, new: &file.body };
                merged(path, merge(path, sides), &yours, yours == written)
            }
            (Entry::Text(yours), None) => self.without_copy(file, &yours),
        }
    }

    /// A file that is there, and nobody knows what was written to it.
    fn without_copy(&self, file: &File, yours: &str) -> Option<Change> {
        let path = &file.path;
        if !self.is_unknown(path) {
            let sides = Sides { pristine: "", yours, new: &file.body };
            return merged(path, merge(path, sides), yours, false);
        }
        if self.is_taken(path) {
            return Some(Change::new(path, Some(yours.to_owned()), Action::Write(file.body.clone())));
        }
        match adopt(path, yours, &file.body) {
            Some(adopted) => merged(path, adopted, yours, false),
            None => Some(Change::new(path, Some(yours.to_owned()), Action::Keep(Reason::Unknown))),
        }
    }

    /// A file that was written and is not rendered any more.
    fn orphan(&self, path: &str, written: &str) -> Option<Change> {
        // Git may have given lines other ends on the way.
        let is_same = |yours: &str| yours.replace("\r\n", "\n") == written.replace("\r\n", "\n");
        match self.snapshot.read(path) {
            Entry::Nothing => None,
            Entry::Text(yours) if is_same(&yours) => Some(Change::new(path, Some(yours), Action::Delete)),
            Entry::Text(yours) => Some(Change::new(path, Some(yours), Action::Keep(Reason::Edited))),
            Entry::Other => Some(Change::new(path, None, Action::Keep(Reason::NoText))),
        }
    }

    fn is_unknown(&self, path: &str) -> bool {
        self.memory.unknown.as_ref().is_none_or(|unknown| unknown.contains(path))
    }

    /// Whether the new text is wanted: the user said so, or what is there is known from the first release.
    fn is_taken(&self, path: &str) -> bool {
        let known = match path {
            // The program names the resources as their index does: one goes with the other.
            PROGRAM if !self.is_named(INDEX) => return self.is_named(path),
            path if path.starts_with(RUNTIME) => RUNTIME,
            path => path,
        };
        self.is_named(path) || self.untouched.contains(known)
    }

    fn is_named(&self, path: &str) -> bool {
        self.take.iter().map(|taken| taken.trim_start_matches("./").trim_end_matches('/')).any(|taken| {
            let rest = path.strip_prefix(taken);
            taken == "." || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Files that the first release wrote and that nothing is rendered to any more, where the new ones are taken.
    /// Definitions say in their first line who wrote them.
    fn leftovers(&self, rendered: &BTreeSet<&str>) -> Vec<Change> {
        if self.memory.unknown.as_ref().is_some_and(BTreeSet::is_empty) {
            return Vec::new();
        }
        let is_left = |(path, text): &(String, String)| {
            let is_written =
                text.lines().next().is_some_and(|first| first.contains("written by `gitlab-init`"));
            let is_known = self.untouched.contains(path) || (is_written && self.is_named(path));
            is_known && self.is_taken(path) && !rendered.contains(path.as_str())
        };
        let below = self.snapshot.below(DEFINITIONS).into_iter().chain(self.snapshot.below(RUNTIME));
        let left = below.filter(is_left);
        left.map(|(path, text)| Change::new(&path, Some(text), Action::Delete)).collect()
    }

    /// The files of `.gitlab-init/` that will be others.
    fn remembered(&self, next: &Memory) -> Vec<Change> {
        let mut before = self.snapshot.memory();
        let mut changes = Vec::new();
        for file in next.files() {
            let old = before.remove(&file.path);
            if old.as_ref() != Some(&file.body) {
                changes.push(Change::new(&file.path, old, Action::Write(file.body)));
            }
        }
        changes.extend(before.into_iter().map(|(path, old)| Change::new(&path, Some(old), Action::Delete)));
        changes
    }
}

/// A change, if it is one.
fn merged(path: &str, merged: Merged, yours: &str, is_untouched: bool) -> Option<Change> {
    let Merged { text, conflicts, notes } = merged;
    let action = match conflicts {
        0 if text == yours && notes.is_empty() => return None,
        0 if is_untouched => Action::Write(text),
        0 => Action::Merge(text),
        places => Action::Conflict { text, places },
    };
    Some(Change { notes, ..Change::new(path, Some(yours.to_owned()), action) })
}
