//! The only stage that touches the disk. Rendered files and a crate as it is become a [`WritePlan`], which is carried out
//! wholly or not at all.

mod disk;
mod first_release;
mod journal;
mod plan;
mod print;
mod runtime;
mod snapshot;
mod work_tree;
mod workspace;

use std::fs::{self, File as OpenFile};
use std::io;
use std::path::Path;

use crate::memory::MARK;
use crate::render::File;

use disk::{Disk, OwnDisk};
use journal::Journal;

pub use plan::{Action, Change, Existing, Reason, WritePlan};
pub use runtime::{is_runtime, path_from};
pub use snapshot::{Entry, Snapshot};
pub use work_tree::uncommitted;
pub use workspace::is_workspace_member;

/// Why a crate cannot be written. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{path}` exists and is not empty")]
    Exists { path: String },
    #[error("`{path}` holds something that is no pipeline of `gitlab-init`")]
    NotAPipeline { path: String },
    #[error("`{path}` is not a folder")]
    NotAFolder { path: String },
    #[error("`{path}` holds something that is no runtime of a pipeline")]
    NotARuntime { path: String },
    #[error("another `gitlab-init` is at work in `{path}`")]
    Busy { path: String },
    #[error("`{path}` was changed by something else while `gitlab-init` was at work")]
    ChangedSince { path: String },
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
}

impl WriteError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some(
                "name another folder; `gitlab-init update` brings a pipeline up to date, and `--force` gives it the choices of \
                 this command line; both keep your edits",
            ),
            Self::NotAPipeline { .. } => {
                Some("`--force` is for pipelines alone; name a folder that is empty, or not there yet")
            }
            Self::NotARuntime { .. } => {
                Some("name a folder that is empty, or not there yet: the runtime is written there")
            }
            Self::Busy { .. } => Some("wait until it has ended"),
            Self::ChangedSince { .. } => {
                Some("move your version of the file away, try again, and put into the file what is missing")
            }
            Self::NotAFolder { .. } | Self::Write { .. } => None,
        }
    }
}

/// What a folder is, for somebody who wants a crate in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Not there, or empty.
    Free,
    /// A pipeline of ours.
    Pipeline,
}

/// Looks at a folder, and first brings to its end what a command that was cut off has left there.
///
/// # Errors
/// When it is something else, or cannot be looked at.
pub fn look_at(target: &Path) -> Result<(Place, Option<Lock>), WriteError> {
    let path = || target.display().to_string();
    let is_empty = |target: &Path| fs::read_dir(target).map(|mut entries| entries.next().is_none());
    match is_empty(target) {
        Ok(true) => return Ok((Place::Free, None)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Place::Free, None)),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(WriteError::NotAFolder { path: path() });
        }
        Err(source) => return Err(WriteError::Write { path: path(), source }),
        Ok(false) => {}
    }
    let lock = Lock::take(target)?;
    let settled = Journal::new(target, &OwnDisk).settle()?;
    if target.join(MARK).exists() {
        return Ok((Place::Pipeline, lock));
    }
    // What was begun in an empty folder leaves the folder of the journal.
    if settled {
        let _ = OwnDisk.remove_empty(&target.join(crate::memory::FOLDER));
    }
    match is_empty(target) {
        Ok(true) => Ok((Place::Free, None)),
        _ => Err(WriteError::NotAPipeline { path: path() }),
    }
}

/// Keeps other commands out of a crate, as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: OpenFile,
}

impl Lock {
    /// None where there is nothing to lock.
    fn take(target: &Path) -> Result<Option<Self>, WriteError> {
        let Ok(file) = OpenFile::open(target.join(MARK)) else { return Ok(None) };
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => Err(WriteError::Busy { path: target.display().to_string() }),
            // Not every file system knows locks.
            Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(Some(Self { _file: file })),
        }
    }
}

impl WritePlan {
    /// Carries it out. A folder that is not there is made beside its place and moved there in one step.
    ///
    /// # Errors
    /// When a file cannot be written; everything is then as it was.
    pub fn apply(&self, target: &Path) -> Result<(), WriteError> {
        // A folder that is there already may be the one that somebody stands in, and stays itself.
        if target.exists() { Journal::new(target, &OwnDisk).apply(self) } else { self.apply_beside(target) }
    }

    /// Writes files to a folder that is not there, or empty.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write_all(target: &Path, files: Vec<File>) -> Result<(), WriteError> {
        Self::all(files).apply(target)
    }

    fn apply_beside(&self, target: &Path) -> Result<(), WriteError> {
        let fault = |source| WriteError::Write { path: target.display().to_string(), source };
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(fault)?;
        let staging = tempfile::Builder::new().prefix(".gitlab-init-").tempdir_in(parent).map_err(fault)?;
        let beside = staging.path().join("crate");
        for change in &self.changes {
            let path = beside.join(&change.path);
            let text = change.after().flatten().unwrap_or_default();
            let folder = path.parent().unwrap_or(&beside);
            fs::create_dir_all(folder).map_err(fault)?;
            disk::put(&path, text.as_bytes(), change.is_secret).map_err(fault)?;
        }
        fs::rename(&beside, target).map_err(fault)
    }
}
