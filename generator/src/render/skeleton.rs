//! The runtime and what is rendered around it, embedded. Of `crate/`, a file `x.j2` is rendered to `x`; any other file
//! is copied byte for byte.

use include_dir::{Dir, DirEntry, include_dir};

use super::{Deploy, File, FileKind};

static SKELETON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../templates");

/// The folder of the engine.
pub(super) const RUNTIME: &str = "runtime/";
/// The folder of what is rendered around it.
const CRATE: &str = "crate/";

/// The text of one file; empty when it is not there.
pub(super) fn text(path: &str) -> &'static str {
    SKELETON.get_file(path).and_then(|file| file.contents_utf8()).unwrap_or_default()
}

/// The templates of a crate and of what runs it: where they render to, and their text.
pub(super) fn templates(deploy: &[Deploy]) -> impl Iterator<Item = (&'static str, &'static str)> {
    around(deploy).filter_map(|(path, text)| Some((path.strip_suffix(".j2")?, text)))
}

/// All files that are copied as they stand.
pub(super) fn copied_files(deploy: &[Deploy]) -> impl Iterator<Item = File> {
    let copied = around(deploy).filter(|(path, _)| !path.ends_with(".j2"));
    copied.map(|(path, text)| File { path: path.to_owned(), body: text.to_owned(), kind: kind(path) })
}

fn around(deploy: &[Deploy]) -> impl Iterator<Item = (&'static str, &'static str)> {
    files(CRATE).chain(deploy.iter().flat_map(|deploy| deploy.files()))
}

/// The user's hooks are written once.
fn kind(path: &str) -> FileKind {
    if path == "src/hooks.rs" { FileKind::Owned } else { FileKind::Generated }
}

/// The names of the folders in a folder, in their order.
pub(super) fn folders(folder: &str) -> Vec<&'static str> {
    let inside = SKELETON.get_dir(folder.trim_end_matches('/')).into_iter().flat_map(Dir::dirs);
    let mut names: Vec<&str> = inside.filter_map(|inner| inner.path().file_name()?.to_str()).collect();
    names.sort_unstable();
    names
}

/// Every file below a folder with its text, in the order of paths; the paths without the folder.
pub(super) fn files(folder: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut files = Vec::new();
    let mut folders = vec![&SKELETON];
    while let Some(next) = folders.pop() {
        for entry in next.entries() {
            match entry {
                DirEntry::Dir(below) => folders.push(below),
                DirEntry::File(file) => files.extend(file.path().to_str().zip(file.contents_utf8())),
            }
        }
    }
    files.sort_unstable();
    files.into_iter().filter_map(move |(path, text)| Some((path.strip_prefix(folder)?, text)))
}
