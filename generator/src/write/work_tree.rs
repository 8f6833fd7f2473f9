//! What git knows of a crate: an update should be the only change, so that it can be looked at and taken back.

use std::path::Path;
use std::process::Command;

use super::plan::WritePlan;

/// Files of a crate with changes that are not committed, when it is in a work tree of git: all that are tracked, and of
/// others those that the plan changes.
pub fn uncommitted(root: &Path, plan: &WritePlan) -> Vec<String> {
    let Some(prefix) = git(root, &["rev-parse", "--show-prefix"]) else { return Vec::new() };
    let prefix = prefix.trim_end_matches('\n');
    let status =
        git(root, &["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", "."]);
    let status = status.unwrap_or_default();
    let entries = status.split('\0').filter_map(|entry| Some((entry.get(..2)?, entry.get(3..)?)));
    let own = entries.filter_map(|(state, path)| Some((state, path.strip_prefix(prefix)?)));
    let is_meant = |(state, path): &(&str, &str)| {
        *state != "??" || plan.changes.iter().any(|change| change.path == *path && change.changes_something())
    };
    own.filter(is_meant).map(|(_, path)| path.to_owned()).collect()
}

/// What git prints; none where there is no git, or no work tree.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(arguments).env("GIT_OPTIONAL_LOCKS", "0");
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}
