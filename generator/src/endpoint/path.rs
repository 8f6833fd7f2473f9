//! A path template, cut into segments.

use std::collections::HashSet;
use std::fmt;

use super::root::ApiRoot;

/// The path of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// As the document writes it; what cannot stand in a path is percent-encoded.
    pub raw: String,
    /// The root of the API, as far as this path is below it: `/api/v4`.
    pub root: String,
    /// Below the root of the API (`/api/v4`), without what the document marks as optional.
    pub segments: Vec<Segment>,
    /// Placeholders in optional parts, such as `hash` in `/sync(/{hash})/manifest`. Requests leave them out.
    pub optional: Vec<String>,
    /// What a request ends in, after the segments: `/`, `.json`.
    ending: String,
    place: String,
    /// Where each segment ends in `place`.
    ends: Vec<usize>,
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
        ApiRoot::of(server_path, [raw].into_iter()).path(raw)
    }

    /// Cuts `full` up, which is `raw` and what stands in front of it. `root` segments of it are the root of the API; with
    /// `is_formatted`, its last segment ends in the format of the answer, which is no part of its place.
    pub(super) fn cut(raw: &str, full: &str, root: usize, is_formatted: bool) -> Self {
        let (mut plain, mut optional) = take_optional_groups(&full.replace('\\', ""));
        let mut ending = String::new();
        if plain.ends_with('/') && plain.len() > 1 {
            plain.pop();
            ending.push('/');
        }
        if let Some(suffix) = format_suffix(&plain).filter(|_| is_formatted) {
            optional.extend(braced(suffix).map(str::to_owned));
            plain.truncate(plain.len() - suffix.len());
            ending.insert_str(0, ".json");
        }
        let segments: Vec<Segment> =
            plain.split('/').filter(|text| !text.is_empty()).map(Segment::parse).collect();
        let (root, segments) = split_off_root(segments, root);
        let (place, ends) = place(&segments);
        Self { raw: raw.to_owned(), root, segments, optional, ending, place, ends }
    }

    /// The same path, as a document writes it.
    pub fn written(self, raw: String) -> Self {
        Self { raw, ..self }
    }

    /// What a request is made of below `api`, with which the root of the path may begin.
    pub fn below(&self, api: &str) -> String {
        format!("{}{self}", self.root.strip_prefix(api).unwrap_or_default())
    }

    /// The names of all placeholders that a request needs, in the order of the path. One that stands there twice has
    /// one value.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        self.segments.iter().flat_map(Segment::params).filter(move |name| seen.insert(*name))
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
        self.place.clone()
    }

    /// The position that the first `length` segments describe: placeholders without names, no `-` separators. Two
    /// paths with the same slot lead to the same place.
    pub fn slot(&self, length: usize) -> String {
        let end = length.checked_sub(1).map(|last| self.ends.get(last).copied().unwrap_or(self.place.len()));
        self.place.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
    }
}

fn place(segments: &[Segment]) -> (String, Vec<usize>) {
    let mut place = String::new();
    let mut ends = Vec::with_capacity(segments.len());
    for segment in segments {
        match segment {
            Segment::Literal(literal) if literal == "-" => {}
            Segment::Param(_) => place.push_str("/{}"),
            Segment::Literal(text) | Segment::Mixed { text, .. } => place.extend(["/", text]),
        }
        ends.push(place.len());
    }
    (place, ends)
}

/// Below its root.
impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) | Segment::Mixed { text, .. } => write!(formatter, "/{text}")?,
                Segment::Param(name) => write!(formatter, "/{{{name}}}")?,
            }
        }
        formatter.write_str(&self.ending)
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
    group.starts_with(['/', '*', '.']) || group.ends_with('/')
}

/// The end of a path that says in which format the answer comes, as Rails has it: `.json`, `.{format}`.
pub(super) fn format_suffix(path: &str) -> Option<&str> {
    let last = path.rsplit('/').next()?;
    let suffix = last.get(last.rfind('.')?..)?;
    (last.len() > suffix.len() && matches!(suffix, ".json" | ".{format}")).then_some(suffix)
}

/// The root, which reaches up to the API's version, `/api/v4` or `/gitlab/api/v4`, or else over what all paths begin
/// with; and what follows it.
fn split_off_root(mut segments: Vec<Segment>, common: usize) -> (String, Vec<Segment>) {
    let version = segments.windows(2).position(|pair| {
        let [api, version] = pair else { return false };
        api.literal() == Some("api") && version.literal().is_some_and(is_version)
    });
    let is_literal = |at: &usize| segments.iter().take(*at).all(|segment| segment.literal().is_some());
    let length = version.filter(is_literal).map_or(common, |at| at + 2);
    let rest = segments.split_off(length.min(segments.len()));
    let root = segments.iter().filter_map(Segment::literal);
    (root.fold(String::new(), |root, segment| root + "/" + segment), rest)
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
    fn a_placeholder_that_stands_twice_is_one() {
        let path = Path::parse("/rooms/{id}/doors/{door}/rooms/{id}/", "");
        assert_eq!(path.params().collect::<Vec<_>>(), ["id", "door"]);
        assert_eq!(path.to_string(), "/rooms/{id}/doors/{door}/rooms/{id}/");
    }

    #[test]
    fn slots_forget_names_and_separators() {
        let path = Path::parse("/groups/{id}/-/epics/{epic_iid}/notes", "");
        assert_eq!(path.slot(5), "/groups/{}/epics/{}");
    }
}
