//! A runtime that several pipelines share: where it is from each of them, and whether it has to be made.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use toml_edit::DocumentMut;

use crate::memory::FOLDER;
use crate::render::File;

use super::disk::OwnDisk;
use super::journal::Journal;
use super::plan::{Change, WritePlan};
use super::snapshot::Snapshot;
use super::{Disk, WriteError};

/// The name of the package that a runtime is.
const PACKAGE: &str = "gitlab-pipeline";

/// The path from the crate at `target` to `runtime`, with `/` between its parts.
///
/// # Errors
/// When the current folder is gone.
pub fn path_from(target: &Path, runtime: &Path) -> io::Result<String> {
    let (target, runtime) = (plain(target)?, plain(runtime)?);
    let shared =
        target.components().zip(runtime.components()).take_while(|(one, other)| one == other).count();
    let up = target.components().skip(shared).map(|_| Component::ParentDir);
    let parts = up.chain(runtime.components().skip(shared));
    Ok(parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// Absolute, and without `.` and `..`.
fn plain(path: &Path) -> io::Result<PathBuf> {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Ok(plain)
}

/// Whether there is a runtime at the path. A folder with something else is an error.
///
/// # Errors
/// When the folder holds something that is no runtime.
pub fn is_runtime(path: &Path) -> Result<bool, WriteError> {
    if fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none()) {
        return Ok(false);
    }
    let manifest = fs::read_to_string(path.join("Cargo.toml")).ok();
    let manifest = manifest.and_then(|text| text.parse::<DocumentMut>().ok());
    let name = manifest.as_ref().and_then(|manifest| manifest.get("package")?.get("name")?.as_str());
    match name {
        Some(PACKAGE) => Ok(true),
        _ => Err(WriteError::NotARuntime { path: path.display().to_string() }),
    }
}

/// What it takes to make a shared runtime that of these files. What stands beside them stays: it may be anybody's.
///
/// # Errors
/// When the folder holds something else, or what an exchange that was cut off has left there cannot be brought to its
/// end.
pub fn plan_runtime(path: &Path, files: Vec<File>) -> Result<WritePlan, WriteError> {
    if is_runtime(path)? {
        Journal::new(path, &OwnDisk).settle()?;
    }
    let there = Snapshot::new(path);
    let change = |file: File| {
        let before = there.text(&file.path);
        (before.as_ref() != Some(&file.body)).then(|| Change::written(file, before))
    };
    Ok(WritePlan { changes: files.into_iter().filter_map(change).collect() })
}

/// Carries such a plan out, and leaves nothing but the runtime.
///
/// # Errors
/// When a file cannot be written; everything is then as it was.
pub fn exchange_runtime(path: &Path, plan: &WritePlan) -> Result<(), WriteError> {
    plan.apply(path)?;
    // The folder of the journal, which is in nobody's way if it stays.
    let _ = OwnDisk.remove_empty(&path.join(FOLDER));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_shared_runtime_goes_up_and_down() {
        let cases = [
            ("a/pipeline", "a/runtime", "../runtime"),
            ("pipeline", "crates/../engine", "../engine"),
            ("./x/y/z", "engine", "../../../engine"),
            ("x", "x/runtime", "runtime"),
        ];
        for (target, runtime, expected) in cases {
            assert_eq!(path_from(Path::new(target), Path::new(runtime)).ok().as_deref(), Some(expected));
        }
    }
}
