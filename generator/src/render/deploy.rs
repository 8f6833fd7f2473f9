//! What can run a crate: each is a folder of `templates/deploy/`, with files as they lie in the crate.

use serde::Serialize;

use super::skeleton;

const FOLDER: &str = "deploy/";

/// An engine that runs pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Deploy(&'static str);

impl Deploy {
    /// All of them, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        skeleton::folders(FOLDER).into_iter().map(Self)
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|deploy| deploy.0 == name)
    }

    pub fn name(self) -> &'static str {
        self.0
    }

    /// Its files, by their paths in the crate, and their texts.
    pub(super) fn files(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        skeleton::files(FOLDER)
            .filter_map(move |(path, text)| Some((path.strip_prefix(self.0)?.strip_prefix('/')?, text)))
    }
}
