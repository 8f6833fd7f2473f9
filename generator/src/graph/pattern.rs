//! Patterns over names, paths and tags, as people type them: `project_*`, `/projects/*/issues`, `tag:issues`.

use std::str::FromStr;

use super::Resource;

/// A glob in which `*` stands for any text. With a `/` it is matched against paths, behind `tag:` against tags, otherwise
/// against names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern is empty")]
pub struct PatternError;

impl Pattern {
    /// What stands in front of a tag.
    pub(super) const TAG: &str = "tag:";

    pub fn matches(&self, resource: &Resource) -> bool {
        if let Some(tag) = self.0.strip_prefix(Self::TAG) {
            return resource.tags.iter().any(|known| glob(&tag.to_lowercase(), &known.to_lowercase()));
        }
        if self.0.contains('/') {
            return glob(&self.0, &resource.path) || glob(&self.0, &resource.request_path);
        }
        glob(&self.0, &resource.name)
    }

    /// Whether it means a resource of this name by its name.
    pub fn matches_name(&self, name: &str) -> bool {
        !self.0.starts_with(Self::TAG) && !self.0.contains('/') && glob(&self.0, name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if matches!(text, "" | Self::TAG) { Err(PatternError) } else { Ok(Self(text.to_owned())) }
    }
}

/// Whether `text` is of the form of `pattern`.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("issues", "issues", true),
            ("issues", "issues_", false),
            ("project_*", "project_issues", true),
            ("*_notes", "issue_notes", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab", true),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
