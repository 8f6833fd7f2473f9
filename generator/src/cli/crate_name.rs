//! The name of a crate, by the folder that it is made in.

use std::path::Path;

use crate::report;

use super::Failure;

/// Names that cargo refuses, or that would hide a crate which the pipeline uses, in lower case.
const RESERVED: [&str; 13] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "gen",
    "gitlab_pipeline",
    "incremental",
    "proc_macro",
    "runtime",
    "std",
    "test",
    "tokio",
];

/// The name of the folder, if it can name a crate.
pub(super) fn crate_name(dir: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(dir)?;
    // `..` is the folder above, and `.` the current one.
    let absolute = if dir.exists() { absolute.canonicalize()? } else { absolute };
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if is_crate_name(&name) { Ok(name) } else { Err(Failure::CrateName { name: report::printable(&name) }) }
}

fn is_crate_name(name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let word = name.to_ascii_lowercase().replace('-', "_");
    is_plain
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_ok()
        && !is_device(&word)
        && !RESERVED.contains(&word.as_str())
}

/// Names of devices on Windows.
fn is_device(word: &str) -> bool {
    let numbered = word.strip_suffix(|last: char| matches!(last, '1'..='9'));
    matches!(word, "aux" | "con" | "nul" | "prn") || matches!(numbered, Some("com" | "lpt"))
}

#[cfg(test)]
mod tests {
    use super::is_crate_name;

    #[test]
    fn what_cargo_refuses_names_no_crate() {
        for name in [
            "",
            "1st",
            "-x",
            "a b",
            "a.b",
            "fn",
            "Self",
            "gen",
            "test",
            "core",
            "proc-macro",
            "build",
            "deps",
            "con",
            "COM1",
            "lpt9",
            "gitlab-pipeline",
            "é",
        ] {
            assert!(!is_crate_name(name), "{name}");
        }
        for name in ["my-pipeline", "gitlab_2", "com", "com10", "latest", "Pipeline"] {
            assert!(is_crate_name(name), "{name}");
        }
    }
}
