//! An engine that several pipelines share is not one pipeline's to change: it is exchanged when somebody says so.

use std::path::{Path, PathBuf};

use inquire::Confirm;

use crate::memory::Memory;
use crate::render::{Runtime, runtime_files};
use crate::write::{Change, WritePlan, exchange_runtime, plan_runtime, uncommitted};

use super::prompt::{answered, is_wanted};
use super::{Failure, few};

/// A shared engine that is another than this release's.
#[derive(Debug)]
pub(super) struct Engine {
    /// From the crate.
    path: String,
    root: PathBuf,
    pub(super) plan: WritePlan,
}

impl Engine {
    /// None where the pipeline has its own, or the shared one is this release's.
    pub(super) fn find(dir: &Path, memory: &Memory) -> Result<Option<Self>, Failure> {
        let Runtime::Shared(path) = &memory.answers.runtime else { return Ok(None) };
        let root = dir.join(path);
        let plan = plan_runtime(&root, runtime_files()?)?;
        Ok((!plan.changes.is_empty()).then(|| Self { path: path.clone(), root, plan }))
    }

    /// Exchanges it, if that is wanted; asks on a terminal, and otherwise says how.
    pub(super) fn settle(&self, is_wished: bool, force: bool) -> Result<(), Failure> {
        if is_wished || self.ask()? {
            return self.exchange(force);
        }
        anstream::eprintln!(
            "note: the engine in `{}` is not this release's, and other pipelines may share it: `--engine` exchanges it",
            self.path
        );
        Ok(())
    }

    fn ask(&self) -> Result<bool, Failure> {
        if !is_wanted(false) {
            return Ok(false);
        }
        let question = format!("The engine in `{}` is not this release's. Exchange it?", self.path);
        let help = "other pipelines may share it, and edits in it would be lost";
        answered(Confirm::new(&question).with_default(false).with_help_message(help).prompt())
    }

    /// Nobody knows whether it was patched; what git has can be brought back.
    fn exchange(&self, force: bool) -> Result<(), Failure> {
        let open = if force { Vec::new() } else { uncommitted(&self.root, &self.plan) };
        if !open.is_empty() {
            return Err(Failure::Uncommitted { paths: open });
        }
        exchange_runtime(&self.root, &self.plan)?;
        let files: Vec<String> = self.plan.changes.iter().map(|change| change.path.clone()).collect();
        anstream::eprintln!("exchanged the engine in `{}`: {}", self.path, few(&files));
        Ok(())
    }

    pub(super) fn diff(&self) -> String {
        self.plan.changes.iter().map(Change::diff).collect()
    }
}
