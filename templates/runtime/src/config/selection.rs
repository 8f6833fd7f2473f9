//! Which resources a run takes: patterns and the configuration come in, resources go out.

use wildmatch::WildMatch;

use super::{Config, ConfigError, suggest};
use crate::resource::Resource;

impl Config {
    /// Whether a run takes the resource when no pattern is given.
    pub fn is_enabled(&self, resource: &Resource) -> bool {
        self.resource(resource.name).enabled.unwrap_or(resource.enabled)
    }

    /// The resources that the patterns name, in the order of `all`; without patterns, those that are enabled.
    ///
    /// A pattern is a name, or one with `*` and `?`; several may stand in one text, with commas. A name takes a resource
    /// that is off as well; a pattern with a wildcard does not, so that nothing secret comes along unasked.
    pub fn select(
        &self,
        all: &[&'static Resource],
        patterns: &[String],
    ) -> Result<Vec<&'static Resource>, ConfigError> {
        let patterns: Vec<&str> = patterns.iter().flat_map(|text| text.split(',')).map(str::trim).collect();
        let patterns: Vec<&str> = patterns.into_iter().filter(|pattern| !pattern.is_empty()).collect();
        for pattern in &patterns {
            if !all.iter().any(|resource| self.takes(pattern, resource)) {
                let suggestion = suggest(pattern, all.iter().map(|resource| resource.name));
                return Err(ConfigError::NoMatch { pattern: (*pattern).to_owned(), suggestion });
            }
        }
        let is_taken = |resource: &Resource| match patterns.as_slice() {
            [] => self.is_enabled(resource),
            patterns => patterns.iter().any(|pattern| self.takes(pattern, resource)),
        };
        Ok(all.iter().copied().filter(|resource| is_taken(resource)).collect())
    }

    fn takes(&self, pattern: &str, resource: &Resource) -> bool {
        let is_wild = pattern.contains(['*', '?']);
        if is_wild {
            self.is_enabled(resource) && WildMatch::new(pattern).matches(resource.name)
        } else {
            pattern == resource.name
        }
    }
}
