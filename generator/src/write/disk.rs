//! The few things that are done to a disk. Each is one step that happens or does not, but for writing, which may happen
//! in part, and clearing away.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Where files are.
pub(super) trait Disk {
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Writes a whole file, down to the disk. A secret is its owner's alone.
    fn write(&self, path: &Path, text: &[u8], is_secret: bool) -> io::Result<()>;
    fn copy(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file the rights of another.
    fn copy_mode(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn remove_empty(&self, folder: &Path) -> io::Result<()>;
    fn remove_all(&self, folder: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug)]
pub(super) struct OwnDisk;

impl Disk for OwnDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    fn write(&self, path: &Path, text: &[u8], is_secret: bool) -> io::Result<()> {
        let mut file = create(path, is_secret)?;
        file.write_all(text)?;
        file.sync_data()
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::copy(from, to).map(drop)
    }

    fn copy_mode(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::set_permissions(to, fs::metadata(from)?.permissions())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_empty(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir(folder)
    }

    fn remove_all(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir_all(folder)
    }
}

/// Writes a whole file that a loss of power may undo: a crate that was not there can be made again, and a thousand waits
/// for the disk are most of the time that making it takes.
pub(super) fn put(path: &Path, text: &[u8], is_secret: bool) -> io::Result<()> {
    create(path, is_secret)?.write_all(text)
}

#[cfg(unix)]
fn create(path: &Path, is_secret: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = if is_secret { 0o600 } else { 0o666 };
    File::options().write(true).create(true).truncate(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: bool) -> io::Result<File> {
    File::create(path)
}
