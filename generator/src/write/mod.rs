//! The only stage that touches the disk. A crate appears whole or not at all.

mod runtime;
mod workspace;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::render::{File, FileKind};

pub use runtime::{is_runtime, path_from};
pub use workspace::is_workspace_member;

/// What every pipeline has, and nothing else.
const MARK: &str = ".gitlab-init/answers.toml";

/// What will be written, decided before anything is.
#[derive(Debug)]
pub struct WritePlan<'a> {
    target: PathBuf,
    /// Whether the target does not exist, or is empty.
    fresh: bool,
    files: Vec<&'a File>,
}

/// Why a crate cannot be written. Nothing has been changed, unless it says so.
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
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
}

impl WriteError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some(
                "name another folder, or write over its generated files with `--force`; `secrets.toml` and `src/hooks.rs` stay",
            ),
            Self::NotAPipeline { .. } => {
                Some("`--force` writes over pipelines alone; name a folder that is empty, or not there yet")
            }
            Self::NotARuntime { .. } => {
                Some("name a folder that is empty, or not there yet: the runtime is written there")
            }
            Self::NotAFolder { .. } | Self::Write { .. } => None,
        }
    }
}

impl<'a> WritePlan<'a> {
    /// Decides what happens to each file. With `force`, what is there is written over, except for what is the user's.
    ///
    /// # Errors
    /// When the target is there and `force` is not given, or it is not a folder.
    pub fn plan(target: &Path, files: &'a [File], force: bool) -> Result<Self, WriteError> {
        let path = || target.display().to_string();
        let fresh = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(WriteError::NotAFolder { path: path() });
            }
            Err(source) => return Err(WriteError::Write { path: path(), source }),
        };
        if !fresh && !force {
            return Err(WriteError::Exists { path: path() });
        }
        if !fresh && !target.join(MARK).exists() {
            return Err(WriteError::NotAPipeline { path: path() });
        }
        let keep = |file: &File| file.kind != FileKind::Generated && target.join(&file.path).exists();
        let files = files.iter().filter(|file| !keep(file)).collect();
        Ok(Self { target: target.to_owned(), fresh, files })
    }

    /// Writes the files. A fresh crate is made beside its place and moved there in one step; in an existing folder, all
    /// files are written beside their places first, and then each is exchanged in one step.
    ///
    /// # Errors
    /// When a file cannot be written; the target is then as it was, or, if exchanging files fails half-way, a mixture
    /// of whole files.
    pub fn apply(&self) -> Result<(), WriteError> {
        // A folder that is there already may be the one that somebody stands in, and stays itself.
        if self.fresh && !self.target.exists() { self.write_fresh() } else { self.write_over() }
    }

    fn write_fresh(&self) -> Result<(), WriteError> {
        let fault = |source| WriteError::Write { path: self.target.display().to_string(), source };
        let parent = match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(fault)?;
        let staging = tempfile::Builder::new().prefix(".gitlab-init-").tempdir_in(parent).map_err(fault)?;
        let crate_folder = staging.path().join("crate");
        fs::create_dir(&crate_folder).map_err(fault)?;
        for (path, staged) in stage(&crate_folder, &self.files)? {
            staged.persist(&path).map_err(|error| fault(error.error))?;
        }
        fs::rename(&crate_folder, &self.target).map_err(fault)
    }

    fn write_over(&self) -> Result<(), WriteError> {
        for (path, staged) in stage(&self.target, &self.files)? {
            let fault = |error: tempfile::PersistError| WriteError::Write {
                path: path.display().to_string(),
                source: error.error,
            };
            staged.persist(&path).map_err(fault)?;
        }
        Ok(())
    }
}

/// Every file written under a temporary name in the folder where it belongs.
fn stage(root: &Path, files: &[&File]) -> Result<BTreeMap<PathBuf, NamedTempFile>, WriteError> {
    let mut staged = BTreeMap::new();
    for file in files {
        let path = root.join(&file.path);
        let written = stage_file(&path, file)
            .map_err(|source| WriteError::Write { path: path.display().to_string(), source })?;
        staged.insert(path, written);
    }
    Ok(staged)
}

fn stage_file(path: &Path, file: &File) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut staged = NamedTempFile::new_in(folder)?;
    staged.write_all(file.body.as_bytes())?;
    set_mode(&staged, file.kind)?;
    Ok(staged)
}

/// Temporary files are private; only secrets stay so.
#[cfg(unix)]
fn set_mode(staged: &NamedTempFile, kind: FileKind) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if kind == FileKind::Secret { 0o600 } else { 0o644 };
    staged.as_file().set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &NamedTempFile, _: FileKind) -> io::Result<()> {
    Ok(())
}
