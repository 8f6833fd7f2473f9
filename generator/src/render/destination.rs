//! The destinations that the runtime has: each is a folder there that also holds what a crate says of it.

use std::path::Path;

use serde::Serialize;
use toml_edit::DocumentMut;

use super::skeleton::{self, RUNTIME};

const FOLDER: &str = "src/destination/";
const DEFAULT: &str = "sqlite";

/// Where a pipeline loads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Destination(&'static str);

impl Destination {
    /// All of them, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        let names = skeleton::folders(&format!("{RUNTIME}{FOLDER}"));
        names.into_iter().map(Self).filter(|destination| !destination.config().is_empty())
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|destination| destination.0 == name)
    }

    /// As the configuration and the features of the crate call it.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Its sections of `config.toml`.
    pub(super) fn config(self) -> &'static str {
        self.file("config.toml")
    }

    /// Its sections of `secrets.toml`; empty where it needs none.
    pub(super) fn secrets(self) -> &'static str {
        self.file("secrets.toml")
    }

    /// The environment variables that stand for the keys of its `secrets.toml`, most of which are commented out there.
    pub(super) fn secret_variables(self) -> Vec<String> {
        let keys = self.secrets().lines().filter_map(|line| {
            let key = line.trim_start_matches(['#', ' ']).split_once(" = \"")?.0;
            let is_key = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            key.chars().all(is_key).then(|| key.to_uppercase())
        });
        keys.map(|key| format!("PIPELINE__DESTINATION__{}__{key}", self.0.to_uppercase())).collect()
    }

    /// Set-up, layout, types, and what it promises.
    pub(super) fn guide(self) -> &'static str {
        self.file("README.md")
    }

    /// The file that holds all tables and the state, where it has one; what has an extension is a file.
    pub(super) fn tables_file(self) -> Option<String> {
        let config: DocumentMut = self.config().parse().ok()?;
        let path = config.get("destination")?.get(self.0)?.get("path")?.as_str()?;
        Path::new(path).extension().map(|_| path.to_owned())
    }

    /// Whether several shards of a run may load at once: so the engine says it, in one line.
    pub fn takes_shards(self) -> bool {
        let said = skeleton::text(&format!("{RUNTIME}{FOLDER}mod.rs"));
        let line = said.lines().find(|line| line.starts_with("pub const TAKE_SHARDS"));
        line.is_some_and(|line| line.contains(&format!("\"{}\"", self.0)))
    }

    fn file(self, name: &str) -> &'static str {
        skeleton::text(&format!("{RUNTIME}{FOLDER}{}/{name}", self.0))
    }
}

impl Default for Destination {
    fn default() -> Self {
        Self(DEFAULT)
    }
}
