//! Readable names that stay when a document grows: the collection, in front of it what it belongs to.
//!
//! What a path is called depends on the path alone, so a new endpoint renames no other. Where two paths still have the
//! same name, the one that a crate has recorded keeps it, then the plainer path; the other says more.

use std::collections::BTreeMap;

use heck::ToShoutySnakeCase;

use crate::endpoint::{Path, Segment};
use crate::gitlab;
use crate::text::snake_case;

use super::RecordedNames;
use super::draft::{Draft, Entry};
use super::plural::singular;
use super::shape::Shape;

/// Databases cut identifiers off at 63 bytes.
const LONGEST: usize = 63;

/// Names every endpoint: what the document states, then what a crate has recorded, then what the paths say.
pub(super) fn name_all(draft: &mut Draft<'_>, recorded: &RecordedNames) {
    let mut scope = Scope::default();
    let mut names: Vec<Option<String>> = vec![None; draft.facts.len()];
    let mut faults: Vec<(usize, String)> = Vec::new();
    for entry in draft.entries() {
        let Some(stated) = entry.stated.name() else { continue };
        match scope.claim_stated(stated) {
            Ok(()) => set(&mut names, entry.index, stated.to_owned()),
            Err(fault) => faults.push((entry.index, fault)),
        }
    }
    for entry in draft.entries() {
        let known = recorded.get(&entry.endpoint.path.raw);
        if let (Some(known), None) = (known, names.get(entry.index).and_then(Option::as_ref))
            && scope.claim(known)
        {
            set(&mut names, entry.index, known.clone());
        }
    }
    let mut unnamed: Vec<Entry<'_>> =
        draft.entries().filter(|entry| names.get(entry.index).is_some_and(Option::is_none)).collect();
    unnamed.sort_by_key(|entry| (entry.endpoint.path.raw.len(), entry.index));
    let is_twin = |entry: &Entry<'_>| draft.site.at(&entry.endpoint.path.place()).count() > 1;
    let naming = |entry: &Entry<'_>| {
        let naming = Naming::new(&entry.endpoint.path, &entry.own.shape.value, !entry.place.is_nowhere());
        (entry.index, Naming { is_twin: is_twin(entry), ..naming })
    };
    let naming: Vec<(usize, Naming)> = unnamed.iter().map(naming).collect();
    for (index, naming) in naming {
        let name = naming.candidates().find(|name| scope.claim(name)).unwrap_or_default();
        set(&mut names, index, name);
    }
    for (own, name) in draft.facts.iter_mut().zip(names) {
        own.name = name.unwrap_or_default();
    }
    for (index, fault) in faults {
        if let Some(own) = draft.facts.get_mut(index) {
            own.faults.push(fault);
        }
    }
}

fn set(names: &mut [Option<String>], index: usize, name: String) {
    if let Some(slot) = names.get_mut(index) {
        *slot = Some(name);
    }
}

/// The names that are taken. Two names that become one constant are the same name.
#[derive(Debug, Default)]
struct Scope(BTreeMap<String, String>);

impl Scope {
    fn claim(&mut self, name: &str) -> bool {
        let constant = name.to_shouty_snake_case();
        if !is_name(name) || self.0.contains_key(&constant) {
            return false;
        }
        self.0.insert(constant, name.to_owned());
        true
    }

    fn claim_stated(&mut self, name: &str) -> Result<(), String> {
        if !is_name(name) {
            return Err(format!(
                "`name` cannot be `{name}`; it takes small letters, digits and single underscores between them, starts with a letter and is neither `all` nor a word of Rust"
            ));
        }
        let constant = name.to_shouty_snake_case();
        if let Some(taken) = self.0.get(&constant) {
            return Err(format!(
                "`name` cannot be `{name}`: another endpoint is called `{taken}`, which is `{constant}` as well"
            ));
        }
        self.claim(name);
        Ok(())
    }
}

/// Whether a text can name a resource, a table, and a constant in Rust.
fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let words = name.split('_').all(|word| !word.is_empty());
    plain
        && words
        && name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !is_reserved(name)
}

/// `ALL` is what gathers the constants of a file.
fn is_reserved(name: &str) -> bool {
    name == "all" || syn::parse_str::<syn::Ident>(name).is_err()
}

/// What the path of one endpoint says of its name.
#[derive(Debug)]
struct Naming {
    raw: String,
    /// Whether another path leads to the same place.
    is_twin: bool,
    /// From the plainest to all ancestors.
    levels: Vec<String>,
}

impl Naming {
    fn new(path: &Path, shape: &Shape, is_gitlab: bool) -> Self {
        let (groups, ends_in_param) = groups(path, is_gitlab);
        let is_item = ends_in_param && !shape.is_many();
        let mut levels = Vec::new();
        if let Some((last, ancestors)) = groups.split_last() {
            let one = singular(last);
            let own = match path.segments.last() {
                // What is called the same as one and as many has to say that it is one.
                Some(Segment::Param(_)) if is_item && one == *last => format!("{last}_detail"),
                Some(Segment::Param(_)) if is_item => one,
                Some(Segment::Param(name)) => format!("{last}_by_{}", word(name)),
                _ => last.clone(),
            };
            let plainest = if is_gitlab { depth_in_gitlab(ancestors) } else { ancestors.len() };
            for depth in plainest..=ancestors.len() {
                let nearest = ancestors.iter().rev().take(depth).rev().map(|group| singular(group));
                levels.push(nearest.chain([own.clone()]).collect::<Vec<_>>().join("_"));
            }
        }
        Self { raw: path.raw.clone(), is_twin: false, levels }
    }

    /// The names that the endpoint may have, the best first; the last ones are nobody else's.
    fn candidates(&self) -> impl Iterator<Item = String> {
        let full = word(&self.raw);
        let full = without_root(&full).to_owned();
        let levels = self.levels.iter().map(|level| identifier(level));
        let alias =
            self.levels.first().filter(|_| self.is_twin).map(|plain| identifier(&format!("{plain}_alias")));
        let short = levels.clone().take(1).chain(alias).chain(levels.skip(1));
        let spelt = identifier(&full);
        let marked = (2..u32::MAX).map(move |round| {
            identifier(&format!("{full}_{:08x}", fingerprint(&format!("{round}{}", self.raw))))
        });
        short.chain([spelt]).chain(marked)
    }
}

/// How many ancestors a name in GitLab needs: the nearest, and further ones as long as a collection is at home in
/// several places.
fn depth_in_gitlab(ancestors: &[String]) -> usize {
    let several = ancestors.iter().rev().take_while(|ancestor| gitlab::has_several_homes(ancestor)).count();
    (several + 1).min(ancestors.len())
}

/// Without what stands in front of every path.
fn without_root(full: &str) -> &str {
    let rest = full.strip_prefix("api_").unwrap_or(full);
    let version = rest.strip_prefix('v').and_then(|rest| rest.split_once('_'));
    match version {
        Some((digits, rest)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => rest,
    }
}

/// The literals between placeholders, joined; and whether the path ends in a placeholder.
fn groups(path: &Path, is_gitlab: bool) -> (Vec<String>, bool) {
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    for segment in &path.segments {
        match segment {
            Segment::Literal(literal) if literal == "-" => {}
            Segment::Literal(text) | Segment::Mixed { text, .. } => {
                if let Some(group) = groups.last_mut() {
                    group.push(word(text));
                }
            }
            Segment::Param(_) => groups.push(Vec::new()),
        }
    }
    let is_item = groups.last().is_some_and(Vec::is_empty);
    if let Some(first) =
        groups.first_mut().and_then(|group| group.first_mut()).filter(|first| *first == "user")
    {
        first.insert_str(0, "current_");
    }
    let named = groups.into_iter().filter(|group| !group.is_empty()).map(|group| match group.as_slice() {
        [first, rest @ ..] if is_gitlab && gitlab::is_noise(first) && !rest.is_empty() => rest.join("_"),
        group => group.join("_"),
    });
    (named.collect(), is_item)
}

/// FNV-1a: stable across builds and platforms.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Words in lower case, of ASCII letters and digits, with single underscores between them.
fn word(text: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    snake_case(&text.chars().map(plain).collect::<String>())
}

/// Fit for Rust and SQL: starts with a letter, is no keyword, is not too long.
fn identifier(text: &str) -> String {
    let mut name = word(text);
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name.insert_str(0, if name.is_empty() { "resource" } else { "resource_" });
    }
    if is_reserved(&name) {
        name.push_str("_resource");
    }
    if name.len() > LONGEST {
        let hash = fingerprint(&name);
        name.truncate(LONGEST - 9);
        name.truncate(name.trim_end_matches('_').len());
        name = format!("{name}_{hash:08x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, shape: &Shape, is_gitlab: bool) -> String {
        Naming::new(&Path::parse(path, ""), shape, is_gitlab).candidates().next().expect("a name")
    }

    #[test]
    fn a_collection_is_named_after_what_it_belongs_to() {
        for (path, shape, expected) in [
            ("/projects", Shape::List, "projects"),
            ("/projects/{id}", Shape::Object, "project"),
            ("/projects/{id}/issues", Shape::List, "project_issues"),
            ("/projects/{id}/merge_requests/{noteable_id}/notes", Shape::List, "merge_request_notes"),
            ("/projects/{id}/repository/branches", Shape::List, "project_branches"),
            ("/projects/{id}/repository/commits/{sha}/comments", Shape::List, "commit_comments"),
            (
                "/projects/{id}/registry/repositories/{repository_id}/tags",
                Shape::List,
                "registry_repository_tags",
            ),
            ("/projects/{id}/templates/{type}", Shape::List, "project_templates_by_type"),
            ("/projects/{id}/boards/{board_id}/lists", Shape::List, "project_board_lists"),
            (
                "/projects/{id}/issues/{iid}/notes/{note_id}/award_emoji",
                Shape::List,
                "issue_note_award_emoji",
            ),
            ("/projects/{id}/metadata/{datum_id}", Shape::Object, "project_metadata_detail"),
        ] {
            assert_eq!(name(path, &shape, true), expected);
        }
        assert_eq!(
            name("/teams/{id}/boards/{id}/cards/{id}/notes", &Shape::List, false),
            "team_board_card_notes"
        );
    }

    #[test]
    fn names_are_identifiers_whatever_the_path() {
        for path in [
            "/",
            "/'; DROP TABLE x; --",
            "/1/2",
            "/fn",
            "/all",
            "/日本",
            &format!("/{}", "a_".repeat(10_000)),
        ] {
            let naming = Naming::new(&Path::parse(path, ""), &Shape::List, true);
            for name in naming.candidates().take(4) {
                assert!(is_name(&name), "{path} gives {name}");
            }
        }
    }

    #[test]
    fn two_names_of_one_constant_are_one() {
        let mut scope = Scope::default();
        assert!(scope.claim("release_v1"));
        assert!(!scope.claim("release_v1"));
        for odd in ["__", "_a", "a__b", "a_", "A", "fn", "all", "", "1a"] {
            assert!(scope.claim_stated(odd).is_err(), "{odd}");
        }
    }
}
