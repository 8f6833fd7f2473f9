//! The entry point: what a crate hands to the engine.

use std::process::ExitCode;

use crate::cli;
use crate::config::GITLAB_API;
use crate::hooks::Hooks;
use crate::resource::Resource;
use crate::view::Views;

/// A pipeline: its name, the resources that it knows, and what happens to their records.
///
/// ```no_run
/// use gitlab_pipeline::Pipeline;
/// use gitlab_pipeline::resource::Resource;
///
/// const RESOURCES: &[&Resource] = &[];
///
/// fn main() -> std::process::ExitCode {
///     Pipeline::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), RESOURCES).main()
/// }
/// ```
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) resources: &'static [&'static Resource],
    pub(crate) api_root: &'static str,
    pub(crate) hooks: Hooks,
    pub(crate) views: Option<Views>,
}

impl Pipeline {
    /// `resources` in any order: a run reads parents before their children.
    pub fn new(name: &'static str, version: &'static str, resources: &'static [&'static Resource]) -> Self {
        Self { name, version, resources, api_root: GITLAB_API, hooks: Hooks::new(), views: None }
    }

    /// Where the API lies below its instance, with a slash in front and none at the end: GitLab's is at `/api/v4`.
    #[must_use]
    pub fn api_root(self, api_root: &'static str) -> Self {
        Self { api_root, ..self }
    }

    /// What happens to records before they are loaded.
    #[must_use]
    pub fn hooks(self, hooks: Hooks) -> Self {
        Self { hooks, ..self }
    }

    /// Queries that have names in the database, where the configuration asks for them.
    #[must_use]
    pub fn views(self, views: Views) -> Self {
        Self { views: Some(views), ..self }
    }

    /// The whole program: reads the command line, does what it says, and tells how it went.
    pub fn main(self) -> ExitCode {
        cli::main(self)
    }
}
