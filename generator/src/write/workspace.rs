//! Whether a folder belongs to a workspace around it, by cargo's rules. The manifest of a workspace is read, never written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use toml_edit::{DocumentMut, Item};

/// Whether the nearest workspace above `target` that does not exclude it has it as a member. A crate that is none needs a
/// workspace of its own.
pub fn is_workspace_member(target: &Path) -> bool {
    let Ok(target) = resolved(target) else { return false };
    let around = target.ancestors().skip(1).filter_map(|folder| Some((folder, Workspace::read(folder)?)));
    let below = around.filter_map(|(folder, workspace)| Some((workspace, target.strip_prefix(folder).ok()?)));
    let mut taking = below.filter(|(workspace, path)| !workspace.excludes(path));
    taking.next().is_some_and(|(workspace, path)| workspace.has_member(path))
}

/// Absolute and without links, as far as it exists.
fn resolved(target: &Path) -> io::Result<PathBuf> {
    let target = std::path::absolute(target)?;
    let there = target.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    let Some((folder, resolved)) = there else { return Ok(target) };
    Ok(target.strip_prefix(folder).map_or_else(|_| resolved.clone(), |rest| resolved.join(rest)))
}

/// What a manifest says of members, with paths from its folder.
#[derive(Debug)]
struct Workspace {
    members: Vec<String>,
    exclude: Vec<String>,
}

impl Workspace {
    fn read(folder: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(folder.join("Cargo.toml")).ok()?)
    }

    /// None for a manifest that is no workspace.
    fn parse(manifest: &str) -> Option<Self> {
        let manifest: DocumentMut = manifest.parse().ok()?;
        let workspace = manifest.get("workspace")?;
        let listed = |key: &str| {
            let paths = workspace.get(key).and_then(Item::as_array).into_iter().flatten();
            let paths = paths.filter_map(|path| path.as_str());
            paths.map(|path| path.trim_start_matches("./").trim_end_matches('/').to_owned()).collect()
        };
        Some(Self { members: listed("members"), exclude: listed("exclude") })
    }

    /// What is below an excluded folder is excluded, unless it is below a member that is named in full.
    fn excludes(&self, path: &Path) -> bool {
        let below = |folders: &[String]| folders.iter().any(|folder| path.starts_with(folder));
        below(&self.exclude) && !below(&self.members)
    }

    fn has_member(&self, path: &Path) -> bool {
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        let is_member = |member: &String| {
            path == Path::new(member)
                || Pattern::new(member).is_ok_and(|pattern| pattern.matches_path_with(path, options))
        };
        self.members.iter().any(is_member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_or_matched() {
        let cases = [
            ("members = ['crates/*']", "crates/pipe", true),
            ("members = ['./crates/*/']", "crates/pipe", true),
            ("members = ['crates/*']", "crates/deep/pipe", false),
            ("members = ['crates/**']", "crates/deep/pipe", true),
            ("members = ['crates/p?pe', 'other']", "crates/pipe", true),
            ("members = ['crates/other']\ndefault-members = ['crates/other']", "crates/pipe", false),
            ("members = ['pipe']", "pipe", true),
            ("", "pipe", false),
        ];
        for (members, path, expected) in cases {
            let workspace = Workspace::parse(&format!("[workspace]\n{members}")).unwrap();
            assert_eq!(workspace.has_member(Path::new(path)), expected, "{members} and {path}");
        }
        assert!(Workspace::parse("[package]\nname = 'no-workspace'").is_none());
    }

    #[test]
    fn what_is_excluded_is_looked_for_further_up() {
        let workspace = Workspace::parse(
            "[workspace]\nmembers = ['crates/*', 'old/kept']\nexclude = ['crates/pipe', 'old']",
        );
        let workspace = workspace.unwrap();
        for (path, expected) in [
            ("crates/pipe", true),
            ("crates/pipe/below", true),
            ("crates/other", false),
            ("old/x", true),
            ("old/kept", false),
        ] {
            assert_eq!(workspace.excludes(Path::new(path)), expected, "{path}");
        }
    }
}
