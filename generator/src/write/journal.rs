//! Many files, all or none of them.
//!
//! What is new is written beside the crate's files, and what it takes the place of is copied there; then the journal,
//! in one step, which names both: from then on the change is made. Each file is moved to its place in one step. Whatever
//! ends the program, the next command finds the journal and goes on with it, or finds none and clears away what was begun.
//! A file that cannot be moved turns the change back, which is gone on with in the same way.
//!
//! ```text
//! .gitlab-init/pending/new/…         files to come
//! .gitlab-init/pending/old/…         files that they take the place of
//! .gitlab-init/pending/journal.json  the steps
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::WriteError;
use super::disk::Disk;
use super::first_release::checksum;
use super::plan::{Change, WritePlan};

const PENDING: &str = ".gitlab-init/pending";
const JOURNAL: &str = "journal.json";
/// The journal of a change that is taken back.
const WAY_BACK: &str = "way_back.json";

/// What happens to one file. Checksums tell what is there.
#[derive(Debug, Serialize, Deserialize)]
struct Step {
    path: String,
    /// None where nothing is.
    before: Option<String>,
    /// None where nothing is to be.
    after: Option<String>,
}

/// The files of one crate, and the steps to change them.
#[derive(Debug)]
pub(super) struct Journal<'d, D> {
    root: PathBuf,
    disk: &'d D,
}

impl<'d, D: Disk> Journal<'d, D> {
    pub(super) fn new(root: &Path, disk: &'d D) -> Self {
        Self { root: root.to_owned(), disk }
    }

    /// Carries out a plan.
    ///
    /// # Errors
    /// When a file cannot be written, or is another than when the plan was made. All files are then as they were.
    pub(super) fn apply(&self, plan: &WritePlan) -> Result<(), WriteError> {
        let steps = match self.prepare(plan) {
            Ok(steps) => steps,
            Err(error) => {
                // The fault is told; what is left of it is cleared away now or by the next command.
                let _ = self.clear();
                return Err(error);
            }
        };
        if let Err(error) = steps.iter().try_for_each(|step| self.take(step)) {
            // The fault is told; a way back that is cut off is gone on with by the next command.
            let _ = self.turn_back(&steps);
            return Err(error);
        }
        self.finish(&steps)
    }

    /// Finishes or clears away what a command that was cut off has left; whether there was something.
    ///
    /// # Errors
    /// When a file was changed since, or cannot be written.
    pub(super) fn settle(&self) -> Result<bool, WriteError> {
        if !self.root.join(PENDING).exists() {
            return Ok(false);
        }
        let settled = match (self.read(WAY_BACK)?, self.read(JOURNAL)?) {
            (Some(steps), _) => self.go_back(&steps),
            (None, Some(steps)) => self.go_on(&steps),
            (None, None) => self.clear(),
        };
        settled.map(|()| true)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<Step>>, WriteError> {
        let path = self.pending(name);
        let fault = |source| WriteError::Write { path: shown(&path), source };
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|source| fault(source.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(fault(source)),
        }
    }

    fn go_on(&self, steps: &[Step]) -> Result<(), WriteError> {
        if let Some(step) = steps.iter().find(|step| self.was_changed_since(step)) {
            return Err(WriteError::ChangedSince { path: step.path.clone() });
        }
        steps.iter().try_for_each(|step| self.take(step))?;
        self.finish(steps)
    }

    /// From the renamed journal on, the change is not made.
    fn turn_back(&self, steps: &[Step]) -> Result<(), WriteError> {
        let (journal, way_back) = (self.pending(JOURNAL), self.pending(WAY_BACK));
        self.done(&way_back, self.disk.rename(&journal, &way_back))?;
        self.go_back(steps)
    }

    fn go_back(&self, steps: &[Step]) -> Result<(), WriteError> {
        steps.iter().try_for_each(|step| self.take_back(step))?;
        self.sweep(steps.iter().filter(|step| step.before.is_none()));
        let way_back = self.pending(WAY_BACK);
        self.done(&way_back, self.disk.remove(&way_back))?;
        self.clear()
    }

    /// Everything up to the journal, which is the last that is written.
    fn prepare(&self, plan: &WritePlan) -> Result<Vec<Step>, WriteError> {
        self.clear()?;
        let changes = plan.changes.iter().filter(|change| change.changes_something());
        let steps = changes.map(|change| self.stage(change)).collect::<Result<Vec<_>, _>>()?;
        let journal = self.pending(JOURNAL);
        let beside = self.pending("journal.new");
        let text = serde_json::to_vec(&steps)
            .map_err(|source| WriteError::Write { path: shown(&journal), source: source.into() })?;
        self.write(&beside, &text, false)?;
        self.done(&journal, self.disk.rename(&beside, &journal))?;
        Ok(steps)
    }

    fn stage(&self, change: &Change) -> Result<Step, WriteError> {
        let (target, old) = (self.root.join(&change.path), self.old(&change.path));
        let there = self.checksum_of(&target)?;
        if there != change.before.as_ref().map(|text| checksum(text.as_bytes())) {
            return Err(WriteError::ChangedSince { path: change.path.clone() });
        }
        if there.is_some() {
            self.make_room(&old)?;
            self.done(&old, self.disk.copy(&target, &old))?;
        }
        let after = change.after().flatten();
        if let Some(text) = after {
            let new = self.new_file(&change.path);
            self.write(&new, text.as_bytes(), change.is_secret)?;
            if there.is_some() {
                self.done(&new, self.disk.copy_mode(&target, &new))?;
            }
        }
        let after = after.map(|text| checksum(text.as_bytes()));
        Ok(Step { path: change.path.clone(), before: there, after })
    }

    /// One step; nothing where it was taken already.
    fn take(&self, step: &Step) -> Result<(), WriteError> {
        let target = self.root.join(&step.path);
        match &step.after {
            Some(_) => {
                let new = self.new_file(&step.path);
                if !new.exists() {
                    return Ok(());
                }
                self.make_room(&target)?;
                self.done(&target, self.disk.rename(&new, &target))
            }
            None if self.checksum_of(&target)? == step.before => {
                self.done(&target, self.disk.remove(&target))
            }
            None => Ok(()),
        }
    }

    /// The way back of a step; nothing where it was not taken.
    fn take_back(&self, step: &Step) -> Result<(), WriteError> {
        let target = self.root.join(&step.path);
        if self.checksum_of(&target)? == step.before {
            return Ok(());
        }
        match &step.before {
            Some(_) => self.done(&target, self.disk.rename(&self.old(&step.path), &target)),
            None => self.done(&target, self.disk.remove(&target)),
        }
    }

    /// Whether a file that is still to be moved would take the place of something that nobody planned for.
    fn was_changed_since(&self, step: &Step) -> bool {
        let is_open = step.after.is_some() && self.new_file(&step.path).exists();
        let there = self.checksum_of(&self.root.join(&step.path)).ok().flatten();
        is_open && there != step.before && there != step.after
    }

    /// Folders that are empty now go. Without the journal, the change is a thing of the past.
    fn finish(&self, steps: &[Step]) -> Result<(), WriteError> {
        self.sweep(steps.iter().filter(|step| step.after.is_none()));
        let journal = self.pending(JOURNAL);
        self.done(&journal, self.disk.remove(&journal))?;
        self.clear()
    }

    /// Removes the folders above files that are not there any more, as far as nothing else is in them.
    fn sweep<'s>(&self, steps: impl Iterator<Item = &'s Step>) {
        for step in steps {
            let target = self.root.join(&step.path);
            let above = target.ancestors().skip(1).take_while(|folder| *folder != self.root);
            for folder in above {
                let _ = self.disk.remove_empty(folder);
            }
        }
    }

    fn clear(&self) -> Result<(), WriteError> {
        let pending = self.root.join(PENDING);
        match self.disk.remove_all(&pending) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(WriteError::Write { path: shown(&pending), source: error })
            }
            _ => Ok(()),
        }
    }

    fn write(&self, path: &Path, text: &[u8], is_secret: bool) -> Result<(), WriteError> {
        self.make_room(path)?;
        self.done(path, self.disk.write(path, text, is_secret))
    }

    fn make_room(&self, path: &Path) -> Result<(), WriteError> {
        let folder = path.parent().unwrap_or(&self.root);
        self.done(folder, self.disk.make_folder(folder))
    }

    fn done(&self, path: &Path, result: io::Result<()>) -> Result<(), WriteError> {
        result.map_err(|source| WriteError::Write { path: shown(path), source })
    }

    fn checksum_of(&self, path: &Path) -> Result<Option<String>, WriteError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(checksum(&bytes))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(source) => Err(WriteError::Write { path: shown(path), source }),
        }
    }

    fn pending(&self, name: &str) -> PathBuf {
        self.root.join(PENDING).join(name)
    }

    fn new_file(&self, path: &str) -> PathBuf {
        self.pending("new").join(path)
    }

    fn old(&self, path: &str) -> PathBuf {
        self.pending("old").join(path)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
