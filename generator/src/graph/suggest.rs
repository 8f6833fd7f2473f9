//! What somebody may have meant by a name that is none.

use std::collections::BTreeSet;

use crate::gitlab;

use super::{Pattern, Resource, ResourceGraph};

/// Suggestions beyond these help nobody.
const MOST: usize = 3;

impl ResourceGraph {
    /// The resources that a name may mean, the likeliest first: what another loader calls so, what has it as a part of its
    /// name, what is spelt like it; or a tag of that name. Of a tag, the tags that are spelt like it.
    pub fn suggestions(&self, name: &str) -> Vec<String> {
        let wanted = name.trim_matches('*').trim().to_lowercase().replace(['-', ' '], "_");
        if let Some(tag) = wanted.strip_prefix(Pattern::TAG) {
            return self.tags_like(tag);
        }
        let mut found = self.known_elsewhere_as(&wanted);
        found.extend(self.with_part(&wanted));
        if found.is_empty() {
            let names = self.resources.iter().map(|resource| resource.name.as_str());
            found = nearest(&wanted, names).into_iter().map(str::to_owned).collect();
        }
        if self.tags().any(|tag| tag.to_lowercase() == wanted) {
            found.truncate(MOST - 1);
            found.push(format!("{}{wanted}", Pattern::TAG));
        }
        found.truncate(MOST);
        found
    }

    fn known_elsewhere_as(&self, name: &str) -> Vec<String> {
        let Some(place) = gitlab::alias(name) else { return Vec::new() };
        let known = self.resources.iter().filter(|resource| position(&resource.request_path) == place);
        known.map(|resource| resource.name.clone()).collect()
    }

    fn with_part(&self, name: &str) -> Vec<String> {
        let known = self.known_elsewhere_as(name);
        let mut parts: Vec<&Resource> =
            self.resources.iter().filter(|one| has_part(&one.name, name)).collect();
        parts.sort_by_key(|resource| (!resource.name.ends_with(name), resource.name.len()));
        let names = parts.into_iter().map(|resource| resource.name.clone());
        names.filter(|name| !known.contains(name)).collect()
    }

    fn tags_like(&self, wanted: &str) -> Vec<String> {
        let tags: BTreeSet<String> = self.tags().map(str::to_lowercase).collect();
        let near = nearest(wanted, tags.iter().map(String::as_str));
        let near = if near.is_empty() { tags.iter().map(String::as_str).take(MOST).collect() } else { near };
        near.into_iter().map(|tag| format!("{}{tag}", Pattern::TAG)).collect()
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().flat_map(|resource| &resource.tags).map(String::as_str)
    }
}

/// What is spelt like a word, the likest first.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    /// Of 1 for the same.
    const LIKE: f64 = 0.7;
    let scored = names.map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), name));
    let mut near: Vec<(f64, &str)> = scored.filter(|(score, _)| *score > LIKE).collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, name)| name).take(MOST - 1).collect()
}

/// Whether a name ends or begins with whole words.
fn has_part(name: &str, wanted: &str) -> bool {
    !wanted.is_empty()
        && (name.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('_'))
            || name.strip_prefix(wanted).is_some_and(|after| after.starts_with('_')))
}

/// A path with placeholders that have no names, whether they are written `{id}` or `:id`.
pub(super) fn position(path: &str) -> String {
    let parts = path.split('/').filter(|part| *part != "-");
    let parts = parts.map(|part| if part.starts_with(['{', ':']) { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
