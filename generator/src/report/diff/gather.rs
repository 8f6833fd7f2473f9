//! What is alike, said once.

use std::collections::BTreeMap;

use super::words::code;

/// Columns or filters in a line.
const SHOWN: usize = 6;

/// What is said, with all that it is said of, in the order of what is said.
pub(super) fn gather<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut gathered: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in entries {
        gathered.entry(key).or_default().push(value);
    }
    gathered
}

/// Names, as far as they are the matter itself.
pub(super) fn many(of: &[&str]) -> String {
    counted(of, 12)
}

/// Names of which something is said.
pub(super) fn few(of: &[&str]) -> String {
    counted(of, 4)
}

/// The first names of more than that, after their number.
fn counted(of: &[&str], shown: usize) -> String {
    // "1 more" is as long as a name.
    if of.len() <= shown + 1 {
        return listed(of.iter().copied());
    }
    format!("{} resources ({}, …)", of.len(), listed(of.iter().take(shown).copied()))
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(code).collect::<Vec<_>>().join(", ")
}

/// Columns or filters, where those of one object count as one: `statistics__*`.
pub(super) fn families(items: &[String]) -> String {
    let object = |item: &str| item.split_once("__").map(|(object, _)| object.to_owned());
    let objects = gather(items.iter().map(|item| (object(item), item.clone())));
    let mut names: Vec<String> = Vec::new();
    for (object, items) in objects {
        match object {
            Some(object) if object != "*" && items.len() > 2 => names.push(format!("{object}__*")),
            _ => names.extend(items),
        }
    }
    let shown = if names.len() == SHOWN + 1 { names.len() } else { SHOWN };
    let more = names.len().saturating_sub(shown);
    let text = listed(names.iter().take(shown).map(String::as_str));
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// The first lines of many.
pub(super) fn short(mut lines: Vec<String>, most: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    if more > 1 {
        lines.truncate(most);
        lines.push(format!("and {more} more lines of this kind, with `--format json`"));
    }
    lines
}
