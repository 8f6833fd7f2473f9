//! Where documents and overlays are, as a crate remembers it: from the crate, and without anything secret.

use std::path::{Path, PathBuf};

use crate::document::{Source, without_credentials};
use crate::memory::Overlay;
use crate::write::path_from;

use super::Failure;

const STDIN: &str = "-";

/// What a crate remembers of `--spec`.
pub(super) fn remembered_spec(spec: Option<&str>, dir: &Path) -> Result<Option<String>, Failure> {
    let source = spec.map_or(Ok(Source::Bundled), str::parse);
    let Ok(source) = source;
    Ok(match source {
        Source::Bundled => None,
        Source::Stdin => Some(STDIN.into()),
        Source::Url(url) => Some(without_credentials(&url)),
        Source::File(path) => Some(path_from(dir, &path)?),
    })
}

/// Where the document is that a crate remembers.
pub(super) fn source_of(spec: Option<&str>, dir: &Path) -> Source {
    let source = spec.map_or(Ok(Source::Bundled), str::parse);
    let Ok(source) = source;
    match source {
        Source::File(path) => Source::File(dir.join(path)),
        source => source,
    }
}

/// Reads overlays.
pub(super) fn overlays(paths: &[PathBuf], dir: &Path) -> Result<Vec<Overlay>, Failure> {
    let read = |path: &PathBuf| {
        let text = Source::File(path.clone()).read()?.body;
        Ok(Overlay { path: path_from(dir, path)?, text })
    };
    paths.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_remembered() {
        let remembered = |spec| remembered_spec(Some(spec), Path::new("here/pipeline")).ok().flatten();
        let url = "https://user:secret@example.com/api.yaml?private_token=secret";
        assert_eq!(remembered(url).as_deref(), Some("https://example.com/api.yaml"));
        assert_eq!(remembered("here/specs/api.yaml").as_deref(), Some("../specs/api.yaml"));
        assert_eq!(remembered("-").as_deref(), Some("-"));
    }
}
