//! What the user decided when the crate was made. Kept in the crate, so that it can be made again.

use serde::Serialize;

use super::{Deploy, Destination};
use crate::gitlab::Preset;

/// The choices behind a generated crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// The name of the crate.
    pub name: String,
    /// Where the document was, as a path from the crate or a URL; none for the bundled one.
    pub spec: Option<String>,
    pub spec_title: String,
    pub spec_sha256: String,
    pub preset: Option<Preset>,
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    pub destination: Destination,
    /// What runs it, beside `.gitlab-ci.yml` and a Dockerfile as they are for one run at a time.
    pub deploy: Vec<Deploy>,
    pub base_url: String,
    pub groups: Vec<String>,
    pub projects: Vec<String>,
    /// Where the engine is.
    #[serde(skip)]
    pub runtime: Runtime,
    /// A member of a workspace must not declare one of its own.
    #[serde(skip)]
    pub workspace_member: bool,
}

/// Where the crate finds the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Runtime {
    /// In a copy of its own, in `runtime/`.
    #[default]
    Vendored,
    /// At this path from the crate, which several pipelines may share.
    Shared(String),
}

impl Runtime {
    /// From the crate, with `/` between its parts.
    pub fn path(&self) -> &str {
        match self {
            Self::Vendored => "runtime",
            Self::Shared(path) => path,
        }
    }
}
