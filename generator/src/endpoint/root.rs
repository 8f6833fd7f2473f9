//! What all paths of a document have in common: the root of its API, and how they end.

use std::collections::HashSet;

use super::path::{Path, format_suffix};

/// The root of an API, and the paths that end in the format of their answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRoot {
    server_path: String,
    /// As many segments of the server's path and the document's paths together are the root.
    length: usize,
    /// What stands in front of all requests: `/rest/api/3`.
    pub(super) shared: String,
    formatted: HashSet<String>,
}

impl ApiRoot {
    /// The root by the server's path and the paths of all GETs. What they begin with is the root up to its last word
    /// that speaks of an API or a version, `/rest/api/3`; where none does, the server's path is.
    pub fn of<'a>(server_path: &str, paths: impl Iterator<Item = &'a str> + Clone) -> Self {
        let common = common_prefix(paths.clone());
        let server: Vec<&str> = segments(server_path).collect();
        let all = server.iter().copied().chain(common);
        let marked = all.enumerate().filter(|(_, segment)| is_marker(segment)).last();
        let length = marked.map_or(server.len(), |(at, _)| at + 1);
        let mut root = Self {
            server_path: server_path.to_owned(),
            length,
            shared: String::new(),
            formatted: formatted(paths.clone()),
        };
        root.shared = root.shared_by(paths);
        root
    }

    /// What the roots of all paths begin with: an API at `/api/v2` may have a path `/health` beside it.
    fn shared_by<'a>(&self, mut paths: impl Iterator<Item = &'a str>) -> String {
        let root = |path| self.path(path).root;
        let Some(mut shared) = paths.next().map(root) else { return self.server_path.clone() };
        for own in paths.map(root) {
            let same = segments(&shared).zip(segments(&own)).take_while(|(one, other)| one == other);
            shared = same.fold(String::new(), |shared, (segment, _)| shared + "/" + segment);
        }
        shared
    }

    /// Cuts up a path of the document.
    pub fn path(&self, raw: &str) -> Path {
        let full = format!("{}{}{raw}", self.server_path, if raw.starts_with('/') { "" } else { "/" });
        Path::cut(raw, &full, self.length, self.formatted.contains(raw))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// The literals that all paths begin with. Each path keeps at least one segment.
fn common_prefix<'a>(mut paths: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let literals = |path: &'a str| {
        let count = segments(path).count();
        segments(path).take(count.saturating_sub(1)).take_while(|segment| !segment.contains(['{', '*', '(']))
    };
    let mut common: Vec<&str> = paths.next().map(|path| literals(path).collect()).unwrap_or_default();
    for path in paths {
        let same = common.iter().zip(literals(path)).take_while(|(one, other)| **one == *other).count();
        common.truncate(same);
    }
    common
}

/// `api`, `rest`, `v4`, `2.0`, `v1beta2`, `2024-01`: never the name of a resource.
fn is_marker(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let version = lower.strip_prefix('v').unwrap_or(&lower);
    let digits = version.trim_end_matches(|last: char| last.is_ascii_digit());
    let number =
        ["alpha", "beta", "rc"].iter().find_map(|stage| digits.strip_suffix(stage)).unwrap_or(version);
    let is_version = number.starts_with(|first: char| first.is_ascii_digit())
        && number.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-' | '_'));
    matches!(lower.as_str(), "api" | "rest") || is_version
}

/// The paths whose `.json` or `.{format}` is a format and no name: those with a path below them or a list that holds
/// them, and all where most paths end so.
fn formatted<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> HashSet<String> {
    let stem = |path: &'a str| format_suffix(path).and_then(|suffix| path.strip_suffix(suffix));
    let candidates: Vec<(&str, &str)> = paths.clone().filter_map(|path| Some((path, stem(path)?))).collect();
    if candidates.is_empty() {
        return HashSet::new();
    }
    let is_habit = candidates.len() * 2 >= paths.clone().count();
    let known: HashSet<&str> = paths.clone().map(|path| stem(path).unwrap_or(path)).collect();
    let above: HashSet<&str> =
        paths.flat_map(|path| path.match_indices('/').filter_map(|(at, _)| path.get(..at))).collect();
    let is_format = |stem: &str| {
        let list = stem.rsplit_once('/').map_or("", |(list, _)| list);
        above.contains(stem) || (stem.ends_with('}') && known.contains(list))
    };
    let formatted = candidates.into_iter().filter(|(_, stem)| is_habit || is_format(stem));
    formatted.map(|(path, _)| path.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(server: &str, paths: &[&str]) -> Vec<String> {
        let root = ApiRoot::of(server, paths.iter().copied());
        paths.iter().map(|path| root.path(path).to_string()).collect()
    }

    #[test]
    fn what_all_paths_begin_with_is_the_root_when_it_speaks_of_an_api() {
        assert_eq!(requests("", &["/rest/api/3/issue", "/rest/api/3/users/{id}"]), ["/issue", "/users/{id}"]);
        assert_eq!(requests("/2.0", &["/books", "/shelves"]), ["/books", "/shelves"]);
        assert_eq!(requests("/library", &["/v1beta2/books", "/v1beta2/shelves"]), ["/books", "/shelves"]);
        assert_eq!(requests("/v1/houses", &["/{id}/rooms"]), ["/houses/{id}/rooms"]);
        assert_eq!(requests("", &["/admin/books", "/admin/shelves"]), ["/admin/books", "/admin/shelves"]);
        assert_eq!(requests("", &["/v1/books", "/health"]), ["/v1/books", "/health"]);
        assert_eq!(requests("", &["/v1", "/v1/books"]), ["/v1", "/v1/books"]);
    }

    #[test]
    fn what_stands_in_front_of_all_requests_is_shared_by_all_paths() {
        let shared = |server: &str, paths: &[&str]| ApiRoot::of(server, paths.iter().copied()).shared;
        assert_eq!(shared("", &["/rest/api/3/issue", "/rest/api/3/users/{id}"]), "/rest/api/3");
        assert_eq!(shared("/library", &["/v1beta2/books", "/v1beta2/shelves"]), "/library/v1beta2");
        assert_eq!(shared("/api/v4", &["/projects", "/groups"]), "/api/v4");
        assert_eq!(shared("", &["/api/v2/books", "/health"]), "");
        assert_eq!(shared("/store", &["/books", "/shelves"]), "/store");
        assert_eq!(shared("/store", &[]), "/store");
    }

    #[test]
    fn a_format_is_no_part_of_a_place() {
        let root =
            ApiRoot::of("", ["/books.json", "/books/{id}.json", "/books/{id}/loans.{format}"].into_iter());
        let path = |raw: &str| root.path(raw);
        assert_eq!(path("/books.json").place(), "/books");
        assert_eq!(path("/books.json").to_string(), "/books.json");
        assert_eq!(path("/books/{id}.json").place(), "/books/{}");
        assert_eq!(path("/books/{id}/loans.{format}").to_string(), "/books/{id}/loans.json");
        assert_eq!(path("/books/{id}/loans.{format}").optional, ["format"]);
        let feed =
            ApiRoot::of("", ["/feed/index.json", "/feed", "/a", "/b"].into_iter()).path("/feed/index.json");
        assert_eq!(feed.place(), "/feed/index.json");
    }

    #[test]
    fn versions_are_known_by_their_digits() {
        for marker in ["api", "REST", "v4", "2.0", "3", "v1beta2", "2024-01", "v1alpha"] {
            assert!(is_marker(marker), "{marker}");
        }
        for word in ["books", "v", "vendor", "beta", "v4x", "apis", ""] {
            assert!(!is_marker(word), "{word}");
        }
    }
}
