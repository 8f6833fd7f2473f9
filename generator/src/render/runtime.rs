//! The engine, vendored into the crate as `runtime/`, and the versions that it is tested with.

use toml_edit::{DocumentMut, Item, value};

use super::skeleton::{self, RUNTIME};
use super::{Answers, File, RenderError};

/// The versions that this project is tested with.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// What serves the runtime's own tests and is no part of a pipeline.
const OWN: [&str; 3] = ["tests/", "benches/", "Cargo.toml"];

/// Sections of its manifest that speak of those.
const OWN_SECTIONS: [&str; 5] = ["bin", "bench", "test", "dev-dependencies", "lints"];

/// Every file of the runtime, with paths from its own root.
///
/// # Errors
/// When its manifest cannot be read, which is a fault of this program.
pub fn runtime_files() -> Result<Vec<File>, RenderError> {
    let own = |path: &str| OWN.iter().any(|own| path.starts_with(own));
    let files = skeleton::files(RUNTIME).filter(|(path, _)| !own(path));
    let files = files.map(|(path, text)| File::generated(path, text.to_owned()));
    Ok(files.chain([File::generated("Cargo.toml", manifest()?.to_string())]).collect())
}

/// As the runtime has it, but for what it inherits from this workspace.
fn manifest() -> Result<DocumentMut, RenderError> {
    let parse = |text: &str| text.parse::<DocumentMut>().map_err(|source| RenderError::Manifest { source });
    let mut manifest = parse(skeleton::text("runtime/Cargo.toml"))?;
    for section in OWN_SECTIONS {
        manifest.remove(section);
    }
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_mut) {
        for (key, text) in
            [("version", env!("CARGO_PKG_VERSION")), ("edition", "2024"), ("rust-version", "1.95")]
        {
            package.insert(key, value(text));
        }
        package.insert("license", value("MIT OR Apache-2.0"));
        package.insert("publish", value(false));
    }
    Ok(manifest)
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
    Ok(Some(File::generated("Cargo.lock", lock.to_string())))
}
