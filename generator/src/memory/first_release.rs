//! Choices that the first release did not write down, as far as the crate itself tells them.

use toml_edit::{DocumentMut, Item};

use crate::render::{Answers, Runtime};

/// Takes from the configuration where a run starts, and from the manifest where the engine is.
pub(super) fn complete(answers: &mut Answers, config: &str, manifest: &str) {
    let config: DocumentMut = config.parse().unwrap_or_default();
    let manifest: DocumentMut = manifest.parse().unwrap_or_default();
    let texts = |key: &str| {
        let list = config.get("scope").and_then(|scope| scope.get(key)).and_then(Item::as_array);
        list.into_iter().flatten().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
    };
    answers.groups = texts("groups");
    answers.projects = texts("projects");
    let url = config.get("gitlab").and_then(|gitlab| gitlab.get("url")).and_then(Item::as_str);
    answers.base_url = url.unwrap_or_default().to_owned();
    let engine =
        manifest.get("dependencies").and_then(|all| all.get("gitlab-pipeline")?.get("path")?.as_str());
    if let Some(path) = engine.filter(|path| *path != Runtime::Vendored.path()) {
        answers.runtime = Runtime::Shared(path.to_owned());
    }
}
