//! A crate as it is on disk. Read when asked for; `secrets.toml` never is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::memory::FOLDER as MEMORY;

/// Not read, whatever asks for it.
const SECRETS: &str = "secrets.toml";

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Nothing,
    Text(String),
    /// A link, a folder, or bytes that are no text.
    Other,
}

/// The folder of a crate.
#[derive(Debug, Clone)]
pub struct Snapshot {
    root: PathBuf,
}

impl Snapshot {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What stands at a path of the crate, which has `/` between its parts. What lies behind a link is not of the crate.
    pub fn read(&self, path: &str) -> Entry {
        let full = self.root.join(path);
        let below = full.ancestors().take_while(|part| *part != self.root);
        if path == SECRETS || below.into_iter().any(Path::is_symlink) {
            return Entry::Other;
        }
        match fs::read(&full) {
            Ok(bytes) => String::from_utf8(bytes).map_or(Entry::Other, Entry::Text),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Entry::Nothing
            }
            Err(_) => Entry::Other,
        }
    }

    pub fn text(&self, path: &str) -> Option<String> {
        match self.read(path) {
            Entry::Text(text) => Some(text),
            Entry::Nothing | Entry::Other => None,
        }
    }

    pub fn has(&self, path: &str) -> bool {
        self.read(path) != Entry::Nothing
    }

    /// The texts below a folder, by their paths in the crate.
    pub fn below(&self, folder: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let mut folders = vec![folder.trim_end_matches('/').to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.root.join(&folder)).into_iter().flatten().flatten() {
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(kind) if kind.is_file() => texts.extend(self.text(&path).map(|text| (path, text))),
                    _ => {}
                }
            }
        }
        texts
    }

    /// What the crate remembers, as files.
    pub fn memory(&self) -> BTreeMap<String, String> {
        self.below(MEMORY)
    }
}
