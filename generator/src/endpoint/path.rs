//! A path template, cut into segments.

use std::fmt;

/// The path of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Exactly as the document writes it.
    pub raw: String,
    /// Below the root of the API (`/api/v4`), without what the document marks as optional.
    pub segments: Vec<Segment>,
    /// Placeholders in optional parts, such as `hash` in `/sync(/{hash})/manifest`. Requests leave them out.
    pub optional: Vec<String>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    /// A placeholder by its name: `{id}`, or `*path`, which may span several levels.
    Param(String),
    /// Text around placeholders, such as `binary-{architecture}`.
    Mixed {
        text: String,
        params: Vec<String>,
    },
}

impl Path {
    /// Cuts `raw` up. `server_path` is what the server's URL puts in front of it.
    pub fn parse(raw: &str, server_path: &str) -> Self {
        let full = format!("{server_path}{raw}");
        let (plain, optional) = take_optional_groups(&full.replace('\\', ""));
        let segments: Vec<Segment> =
            plain.split('/').filter(|text| !text.is_empty()).map(Segment::parse).collect();
        Self { raw: raw.to_owned(), segments: without_api_root(segments), optional }
    }

    /// The names of all placeholders that a request needs, in the order of the path.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(Segment::params)
    }

    /// The last segment, if it is a literal.
    pub fn last_literal(&self) -> Option<&str> {
        self.segments.last().and_then(Segment::literal)
    }

    /// The literals, without the separator `-`.
    pub fn literals(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.segments.iter().filter_map(Segment::literal).filter(|literal| *literal != "-")
    }

    /// The position of the whole path.
    pub fn place(&self) -> String {
        self.slot(self.segments.len())
    }

    /// The position that the first `length` segments describe: placeholders without names, no `-` separators. Two
    /// paths with the same slot lead to the same place.
    pub fn slot(&self, length: usize) -> String {
        let segments = self.segments.iter().take(length).filter(|segment| segment.literal() != Some("-"));
        segments.fold(String::new(), |mut slot, segment| {
            slot.push('/');
            match segment {
                Segment::Literal(literal) => slot.push_str(literal),
                Segment::Param(_) => slot.push_str("{}"),
                Segment::Mixed { text, .. } => slot.push_str(text),
            }
            slot
        })
    }
}

/// Below the API root: what a request is made of.
impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) | Segment::Mixed { text, .. } => write!(formatter, "/{text}")?,
                Segment::Param(name) => write!(formatter, "/{{{name}}}")?,
            }
        }
        Ok(())
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix('*') {
            return Self::Param(name.to_owned());
        }
        let params: Vec<String> = braced(text).map(str::to_owned).collect();
        match params.as_slice() {
            [] => Self::Literal(text.to_owned()),
            [name] if text.len() == name.len() + 2 => Self::Param(name.clone()),
            _ => Self::Mixed { text: text.to_owned(), params },
        }
    }

    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_param(&self) -> bool {
        matches!(self, Self::Param(_))
    }

    fn params(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::Literal(_) => &[],
            Self::Param(name) => std::slice::from_ref(name),
            Self::Mixed { params, .. } => params.as_slice(),
        };
        names.iter().map(String::as_str)
    }
}

/// The names in braces, from left to right.
fn braced(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Takes out `(…)` groups, which Grape writes for what may be left out; also returns the placeholders in them. `()` in
/// the name of a function is no group.
fn take_optional_groups(path: &str) -> (String, Vec<String>) {
    let mut plain = String::with_capacity(path.len());
    let mut optional = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('(') {
        let Some((group, after)) = after.split_once(')') else { break };
        plain.push_str(before);
        if is_optional_group(group) {
            optional.extend(braced(group).map(str::to_owned));
        } else {
            plain.extend(["(", group, ")"]);
        }
        rest = after;
    }
    plain.push_str(rest);
    (plain, optional)
}

fn is_optional_group(group: &str) -> bool {
    group.starts_with('/') || group.ends_with('/') || group.starts_with('*')
}

/// Drops everything up to the API's version: `/api/v4`, `/gitlab/api/v4`.
fn without_api_root(mut segments: Vec<Segment>) -> Vec<Segment> {
    let root = segments.windows(2).position(|pair| {
        let [api, version] = pair else { return false };
        api.literal() == Some("api") && version.literal().is_some_and(is_version)
    });
    match root {
        Some(at) if segments.iter().take(at).all(|segment| segment.literal().is_some()) => {
            segments.split_off(at + 2)
        }
        _ => segments,
    }
}

fn is_version(literal: &str) -> bool {
    literal
        .strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_endpoint_comes_out_the_same_whoever_carries_the_prefix() {
        let in_path = Path::parse("/api/v4/projects/{id}/issues", "");
        let in_server = Path::parse("/projects/{id}/issues", "/api/v4");
        assert_eq!(in_path.segments, in_server.segments);
        assert_eq!(in_path.to_string(), "/projects/{id}/issues");
    }

    #[test]
    fn an_api_below_a_placeholder_is_no_root() {
        let path = Path::parse("/api/v4/projects/{id}/mlflow/api/v2/runs", "");
        assert_eq!(path.to_string(), "/projects/{id}/mlflow/api/v2/runs");
    }

    #[test]
    fn optional_parts_are_left_out() {
        let path = Path::parse("/groups/{id}/(-/)search", "");
        assert_eq!(path.to_string(), "/groups/{id}/search");
        let path = Path::parse("/sync(/{hash})/v1/manifest", "");
        assert_eq!(path.to_string(), "/sync/v1/manifest");
        assert_eq!(path.optional, ["hash"]);
        let path = Path::parse("/releases/permalink/latest(/)(*suffix_path)", "");
        assert_eq!(path.to_string(), "/releases/permalink/latest");
    }

    #[test]
    fn odd_segments_keep_their_placeholders() {
        let path = Path::parse(r"/nuget/*name/Find\(\)/binary-{arch}/{version}.info", "");
        assert_eq!(path.params().collect::<Vec<_>>(), ["name", "arch", "version"]);
        assert_eq!(path.to_string(), "/nuget/{name}/Find()/binary-{arch}/{version}.info");
    }

    #[test]
    fn slots_forget_names_and_separators() {
        let path = Path::parse("/groups/{id}/-/epics/{epic_iid}/notes", "");
        assert_eq!(path.slot(5), "/groups/{}/epics/{}");
    }
}
