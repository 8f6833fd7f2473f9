//! The runtime and the templates, embedded. A file `x.j2` is rendered to `x`; any other file is copied byte for byte;
//! where both exist, `x` is the stand-in that lets the skeleton compile.

use include_dir::{Dir, DirEntry, include_dir};

use super::{File, FileKind};

static SKELETON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../templates");

/// What serves the skeleton itself and is no part of a pipeline.
const OWN: [&str; 4] = ["tests/", "benches/", "examples/", "src/resources/"];

/// The text of one file.
pub(super) fn text(path: &str) -> Option<&'static str> {
    SKELETON.get_file(path)?.contents_utf8()
}

/// The templates: what they are called, where they render to, and their text.
pub(super) fn templates() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    all().into_iter().filter_map(|(path, text)| Some((path, path.strip_suffix(".j2")?, text)))
}

/// All files that are copied as they stand.
pub(super) fn copied_files() -> Vec<File> {
    let files = all();
    let is_stand_in = |path: &str| files.iter().any(|(other, _)| other.strip_suffix(".j2") == Some(path));
    let is_own = |path: &str| path == "Cargo.toml" || OWN.iter().any(|own| path.starts_with(own));
    let copied =
        files.iter().filter(|(path, _)| !path.ends_with(".j2") && !is_stand_in(path) && !is_own(path));
    copied
        .map(|(path, text)| File { path: (*path).to_owned(), body: (*text).to_owned(), kind: kind(path) })
        .collect()
}

/// The user's hooks are written once.
fn kind(path: &str) -> FileKind {
    if path == "src/hooks.rs" { FileKind::Owned } else { FileKind::Generated }
}

/// Every file of the skeleton with its text.
fn all() -> Vec<(&'static str, &'static str)> {
    let mut files = Vec::new();
    let mut folders = vec![&SKELETON];
    while let Some(folder) = folders.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => folders.push(folder),
                DirEntry::File(file) => {
                    files.extend(file.path().to_str().zip(file.contents_utf8()));
                }
            }
        }
    }
    files.sort_unstable();
    files
}
