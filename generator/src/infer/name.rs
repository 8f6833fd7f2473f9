//! Readable, stable names: the collection, in front of it what it belongs to.

use std::collections::BTreeMap;

use crate::endpoint::{Endpoint, Path, Segment};

use super::shape::Shape;
use super::words::singular;

/// Databases cut identifiers off at 63 bytes.
const LONGEST: usize = 63;

/// One name per endpoint, all different. Where several would have the same, what leads to one item says so, then all take
/// more of their ancestors in front, then all but the plainest take the names of their placeholders.
pub(super) fn infer_names(endpoints: &[Endpoint], shapes: &[&Shape]) -> Vec<String> {
    let mut naming: Vec<Naming> =
        endpoints.iter().zip(shapes).map(|(endpoint, shape)| Naming::new(&endpoint.path, shape)).collect();
    loop {
        let mut holders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, naming) in naming.iter().enumerate() {
            holders.entry(naming.name()).or_default().push(index);
        }
        let mut settled = true;
        for (_, clash) in holders.into_iter().filter(|(_, clash)| clash.len() > 1) {
            settled = false;
            tell_apart(&mut naming, &clash);
        }
        if settled {
            return naming.iter().map(Naming::name).collect();
        }
    }
}

/// Changes at least one of several endpoints that have the same name; each can change only so often.
fn tell_apart(naming: &mut [Naming], clash: &[usize]) {
    let twin = |index: &usize| {
        let own = naming.get(*index)?;
        let others = clash.iter().filter_map(|other| naming.get(*other));
        (own.spelt_out == 0 && others.into_iter().any(|other| own.is_second_path_of(other))).then_some(*index)
    };
    let twins: Vec<usize> = clash.iter().filter_map(twin).collect();
    if !twins.is_empty() {
        twins.into_iter().for_each(|index| change(naming, index, |naming| naming.spelt_out = 1));
        return;
    }
    let is_plain_item =
        |index: &usize| naming.get(*index).is_some_and(|naming| naming.is_item && !naming.detail);
    let items: Vec<usize> = clash.iter().copied().filter(is_plain_item).collect();
    let can_rise =
        |index: &usize| naming.get(*index).is_some_and(|naming| naming.level + 1 < naming.levels.len());
    let rising: Vec<usize> = clash.iter().copied().filter(can_rise).collect();
    if !items.is_empty() && items.len() < clash.len() {
        items.into_iter().for_each(|index| change(naming, index, |naming| naming.detail = true));
    } else if !rising.is_empty() {
        rising.into_iter().for_each(|index| change(naming, index, |naming| naming.level += 1));
    } else {
        let plainest =
            clash.iter().min_by_key(|index| naming.get(**index).map(|naming| (naming.raw.len(), **index)));
        let others = clash.iter().filter(|index| Some(*index) != plainest);
        others.for_each(|index| {
            change(naming, *index, |naming| naming.spelt_out = naming.spelt_out.saturating_add(1))
        });
    }
}

fn change(naming: &mut [Naming], index: usize, change: impl FnOnce(&mut Naming)) {
    if let Some(naming) = naming.get_mut(index) {
        change(naming);
    }
}

/// The name of one endpoint, as far as it is settled.
struct Naming {
    raw: String,
    place: String,
    /// From the nearest ancestor only to all of them.
    levels: Vec<String>,
    level: usize,
    is_item: bool,
    /// Whether the name says that it is one item.
    detail: bool,
    /// With placeholders; then with a fingerprint.
    spelt_out: u8,
}

impl Naming {
    fn new(path: &Path, shape: &Shape) -> Self {
        let (groups, ends_in_param) = groups(path);
        let is_item = ends_in_param && !shape.is_many();
        let mut levels = Vec::new();
        if let Some((own, ancestors)) = groups.split_last() {
            let own = match path.segments.last() {
                Some(Segment::Param(_)) if is_item => singular(own),
                Some(Segment::Param(name)) => format!("{own}_by_{}", word(name)),
                _ => own.clone(),
            };
            for depth in 1..=ancestors.len().max(1) {
                let nearest = ancestors.iter().rev().take(depth).rev().map(|group| singular(group));
                levels.push(nearest.chain([own.clone()]).collect::<Vec<_>>().join("_"));
            }
        }
        Self {
            raw: path.raw.clone(),
            place: path.place(),
            levels,
            level: 0,
            is_item,
            detail: false,
            spelt_out: 0,
        }
    }

    /// Whether both lead to the same place, and the other one more plainly.
    fn is_second_path_of(&self, other: &Self) -> bool {
        self.place == other.place && self.raw.len() > other.raw.len()
    }

    fn name(&self) -> String {
        let level = self.levels.get(self.level).map_or("", String::as_str);
        let full = word(&self.raw);
        let full = full.strip_prefix("api_v4_").unwrap_or(&full);
        match (self.spelt_out, self.detail) {
            (1, _) if self.raw.contains("/-/") => identifier(&format!("{level}_alias")),
            (0, false) => identifier(level),
            (0, true) => identifier(&format!("{level}_detail")),
            (1, _) => identifier(full),
            (round, _) => identifier(&format!("{full}_{:08x}", fingerprint(&format!("{round}{}", self.raw)))),
        }
    }
}

/// The literals between placeholders, joined; and whether the path ends in a placeholder.
fn groups(path: &Path) -> (Vec<String>, bool) {
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
    let named =
        groups.into_iter().filter(|group| !group.is_empty()).map(|group| without_noise(&group).join("_"));
    (named.collect(), is_item)
}

/// `repository/branches` are branches; a `repository` on its own stays.
fn without_noise(group: &[String]) -> &[String] {
    match group {
        [first, rest @ ..] if first == "repository" && !rest.is_empty() => rest,
        group => group,
    }
}

/// FNV-1a: stable across builds and platforms.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Lower case, ASCII letters and digits, single underscores.
fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    word.truncate(word.trim_end_matches('_').len());
    word
}

/// Fit for Rust and SQL: starts with a letter, is no keyword, is not too long.
fn identifier(text: &str) -> String {
    let mut name = word(text);
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name.insert_str(0, "resource_");
    }
    if syn::parse_str::<syn::Ident>(&name).is_err() {
        name.push_str("_resource");
    }
    if name.len() > LONGEST {
        let hash = fingerprint(&name);
        name.truncate(LONGEST - 9);
        name = format!("{name}_{hash:08x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[(&str, Shape)]) -> Vec<String> {
        let namings = paths.iter().map(|(path, shape)| Naming::new(&Path::parse(path, ""), shape));
        namings.map(|naming| naming.name()).collect()
    }

    #[test]
    fn a_collection_is_named_after_what_it_belongs_to() {
        let names = names(&[
            ("/projects", Shape::List),
            ("/projects/{id}", Shape::Object),
            ("/projects/{id}/issues", Shape::List),
            ("/projects/{id}/merge_requests/{noteable_id}/notes", Shape::List),
            ("/projects/{id}/repository/branches", Shape::List),
            ("/projects/{id}/repository/commits/{sha}/comments", Shape::List),
            ("/projects/{id}/registry/repositories/{repository_id}/tags", Shape::List),
            ("/projects/{id}/templates/{type}", Shape::List),
        ]);
        let expected = [
            "projects",
            "project",
            "project_issues",
            "merge_request_notes",
            "project_branches",
            "commit_comments",
            "registry_repository_tags",
            "project_templates_by_type",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn names_are_identifiers_whatever_the_path() {
        for path in ["/", "/'; DROP TABLE x; --", "/1/2", "/fn", "/日本", &format!("/{}", "a".repeat(10_000))]
        {
            for spelt_out in 0..3 {
                let name = Naming { spelt_out, ..Naming::new(&Path::parse(path, ""), &Shape::List) }.name();
                assert!(syn::parse_str::<syn::Ident>(&name).is_ok(), "{path} gives {name}");
                assert!(name.len() <= LONGEST, "{path} gives {name}");
            }
        }
    }
}
