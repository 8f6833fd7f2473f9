//! Whether a folder belongs to a workspace around it.

use std::path::Path;
use std::{env, fs};

use toml_edit::DocumentMut;

/// Whether the nearest workspace above `target` names it as a member. A crate that is none needs a workspace of its own.
pub fn is_workspace_member(target: &Path) -> bool {
    let Ok(current) = env::current_dir() else { return false };
    let target = current.join(target);
    for folder in target.ancestors().skip(1) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok();
        let manifest = manifest.and_then(|text| text.parse::<DocumentMut>().ok());
        let Some(workspace) = manifest.as_ref().and_then(|manifest| manifest.get("workspace")) else {
            continue;
        };
        let members = workspace.get("members").and_then(|members| members.as_array());
        let mut members = members.into_iter().flatten().filter_map(|member| member.as_str());
        return members.any(|member| target.strip_prefix(folder).is_ok_and(|path| path == Path::new(member)));
    }
    false
}
