//! `Cargo.toml`, patched from the skeleton's own, so that what is tested there is what users get; and the lock file.

use toml_edit::{DocumentMut, Item, Table, value};

use super::{Answers, File, FileKind, RenderError, skeleton};

/// The versions that this project is tested with.
const LOCK: &str = include_str!("../../../Cargo.lock");

pub(super) fn manifest(answers: &Answers) -> Result<File, RenderError> {
    let text = skeleton::text("Cargo.toml").ok_or(RenderError::Missing { path: "Cargo.toml" })?;
    let mut manifest: DocumentMut = text.parse().map_err(|source| RenderError::Manifest { source })?;
    manifest.insert("package", Item::Table(package(answers)));
    manifest.remove("lints");
    for own in ["bench", "example", "test"] {
        manifest.remove(own);
    }
    if let Some(default) = manifest.get_mut("features").and_then(|features| features.get_mut("default")) {
        *default = value(toml_edit::Array::from_iter([answers.destination.name()]));
    }
    let mut body = manifest.to_string();
    if !answers.workspace_member {
        body.push_str(STANDALONE);
    }
    Ok(File { path: "Cargo.toml".into(), body, kind: FileKind::Generated })
}

/// An own workspace, so that the crate builds wherever it lies.
const STANDALONE: &str = r#"
[profile.dev]
debug = "line-tables-only"

[profile.release]
strip = "symbols"

[workspace]
"#;

fn package(answers: &Answers) -> Table {
    let mut package = Table::new();
    package.insert("name", value(&answers.name));
    package.insert("version", value("0.1.0"));
    package.insert("edition", value("2024"));
    package.insert("rust-version", value("1.95"));
    package.insert("publish", value(false));
    package
}

/// The packages from registries; cargo drops those that the crate does not use. A member shares its workspace's file.
pub(super) fn lock_file(answers: &Answers) -> Result<Option<File>, RenderError> {
    if answers.workspace_member {
        return Ok(None);
    }
    let mut lock: DocumentMut = LOCK.parse().map_err(|source| RenderError::Manifest { source })?;
    if let Some(packages) = lock.get_mut("package").and_then(Item::as_array_of_tables_mut) {
        packages.retain(|package| package.contains_key("source"));
    }
    Ok(Some(File { path: "Cargo.lock".into(), body: lock.to_string(), kind: FileKind::Generated }))
}
