//! What somebody may have meant by a name that is none.

use crate::gitlab;

use super::{Resource, ResourceGraph};

/// Suggestions beyond these help nobody.
const MOST: usize = 3;

impl ResourceGraph {
    /// The resources that a name may mean, the likeliest first: what another loader calls so, what has it as a part of its
    /// name, what is spelt like it; or a tag of that name.
    pub fn suggestions(&self, name: &str) -> Vec<String> {
        let wanted = name.trim_matches('*').to_lowercase().replace('-', "_");
        let alias = gitlab::alias(&wanted);
        let known_as = |resource: &&Resource| alias == Some(&*position(&resource.request_path));
        let mut found: Vec<String> =
            self.resources.iter().filter(known_as).map(|known| known.name.clone()).collect();
        let mut parts: Vec<&Resource> =
            self.resources.iter().filter(|resource| has_part(&resource.name, &wanted)).collect();
        parts.sort_by_key(|resource| (!resource.name.ends_with(&wanted), resource.name.len()));
        found.extend(parts.into_iter().map(|resource| resource.name.clone()));
        found.extend(self.alike(&wanted));
        if self.resources.iter().any(|resource| resource.tags.iter().any(|tag| tag.to_lowercase() == wanted))
        {
            found.push(format!("tag:{wanted}"));
        }
        let mut once = Vec::new();
        for suggestion in found {
            if !once.contains(&suggestion) && once.len() < MOST {
                once.push(suggestion);
            }
        }
        once
    }

    fn alike(&self, name: &str) -> Option<String> {
        let scored =
            self.resources.iter().map(|resource| (strsim::jaro_winkler(name, &resource.name), resource));
        let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (best.0 > 0.8).then(|| best.1.name.clone())
    }
}

/// Whether a name ends or begins with whole words.
fn has_part(name: &str, wanted: &str) -> bool {
    !wanted.is_empty()
        && (name.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('_'))
            || name.strip_prefix(wanted).is_some_and(|after| after.starts_with('_')))
}

/// A path with placeholders that have no names.
fn position(path: &str) -> String {
    let parts = path.split('/').filter(|part| *part != "-");
    let parts = parts.map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
