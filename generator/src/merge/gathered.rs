//! Files of resource definitions, which declare modules and gather constants in lists: both sides add and take away,
//! often in the same place. So entries of these lists are what is merged, as in a set; all else by lines.

use super::lines::merge_lines;
use super::{Merged, Sides};

/// The lists of `pub const ALL: Resources`.
const LISTS: [&str; 2] = ["own: &[", "below: &["];

/// A line, and what it is in the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    role: Role,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// Declares a module.
    Module(String),
    /// An entry of the list of this number.
    Entry(usize, String),
    /// Opens a list.
    Opening(usize),
    Other,
}

pub(super) fn merge_gathered(sides: Sides<'_>) -> Merged {
    let (mut pristine, mut yours, new) = (lines(sides.pristine), lines(sides.yours), lines(sides.new));
    let added = missing(&new, &pristine);
    let removed = missing(&pristine, &new);
    // What was added and removed is brought to both sides before the lines are compared: then there is nothing about it
    // that could clash. Where a side has no place for it, comparing lines shows that.
    for side in [&mut pristine, &mut yours] {
        side.retain(|line| !removed.contains(&line.role));
        added.iter().for_each(|role| insert(side, &new, role));
    }
    let pristine = in_order_of(&pristine, &new);
    let [pristine, yours, new] = [&pristine, &yours, &new].map(|side| text(side));
    merge_lines(Sides { pristine: &pristine, yours: &yours, new: &new })
}

/// The lists with an entry on each line, and what each line is.
fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut open = None;
    for line in text.split_inclusive('\n').flat_map(spread) {
        let code = line.split("//").next().unwrap_or_default().trim();
        let role = match LISTS.iter().position(|list| code == *list) {
            Some(list) => Role::Opening(list),
            None => role(code, open),
        };
        match role {
            Role::Opening(list) => open = Some(list),
            _ if code.starts_with(']') => open = None,
            _ => {}
        }
        lines.push(Line { role, text: line });
    }
    lines
}

fn role(code: &str, open: Option<usize>) -> Role {
    let module = code.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'));
    let entry = code.strip_prefix('&').and_then(|rest| rest.strip_suffix(','));
    match (module, open, entry) {
        (Some(module), ..) => Role::Module(module.trim().to_owned()),
        (_, Some(list), Some(entry)) => Role::Entry(list, entry.trim().to_owned()),
        _ => Role::Other,
    }
}

/// A list that stands on one line, as several.
fn spread(line: &str) -> Vec<String> {
    let (code, comment) = line.find("//").map_or((line, ""), |at| line.split_at(at));
    let plain = code.trim();
    let list = LISTS.iter().find(|list| plain.starts_with(**list));
    let entries = list.and_then(|list| plain.strip_prefix(list)?.strip_suffix("],"));
    let (Some(list), Some(entries)) = (list, entries) else { return vec![line.to_owned()] };
    let indent = code.len() - code.trim_start().len();
    let indent = code.get(..indent).unwrap_or_default();
    let end = if comment.is_empty() { "\n".to_owned() } else { format!(" {comment}") };
    let entries = entries.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let entries = entries.map(|entry| format!("{indent}    {entry},\n"));
    let last = format!("{indent}],{end}");
    [format!("{indent}{list}\n")].into_iter().chain(entries).chain([last]).collect()
}

/// Modules and entries that the first has and the second has not, in their order.
fn missing(of: &[Line], from: &[Line]) -> Vec<Role> {
    let is_listed = |role: &Role| matches!(role, Role::Module(_) | Role::Entry(..));
    let has = |role: &Role| from.iter().any(|line| line.role == *role);
    of.iter().map(|line| &line.role).filter(|role| is_listed(role) && !has(role)).cloned().collect()
}

/// Puts a line of the new text behind the one that it follows there, if there is a place for it.
fn insert(side: &mut Vec<Line>, new: &[Line], role: &Role) {
    if side.iter().any(|line| line.role == *role) {
        return;
    }
    let Some(at) = new.iter().position(|line| line.role == *role) else { return };
    let earlier = new.get(..at).unwrap_or_default().iter().rev();
    let mut alike = earlier.filter(|line| is_alike(&line.role, role)).map(|line| &line.role);
    let behind = alike.find_map(|earlier| side.iter().position(|line| line.role == *earlier));
    let before = || side.iter().position(|line| is_alike(&line.role, role));
    let place = behind.map(|place| place + 1).or_else(before);
    if let (Some(place), Some(line)) = (place, new.get(at)) {
        side.insert(place, line.clone());
    }
}

/// Whether both are in the same list; a list is opened by what stands before its first entry.
fn is_alike(one: &Role, other: &Role) -> bool {
    match (one, other) {
        (Role::Module(_), Role::Module(_)) => true,
        (Role::Entry(one, _) | Role::Opening(one), Role::Entry(other, _)) => one == other,
        _ => false,
    }
}

/// With listed lines in the order in which another side has them.
fn in_order_of(side: &[Line], other: &[Line]) -> Vec<Line> {
    let rank = |line: &Line| other.iter().position(|known| known.role == line.role);
    let mut ordered = side.to_vec();
    for list in [Role::Module(String::new()), Role::Entry(0, String::new()), Role::Entry(1, String::new())] {
        let is_in = |line: &Line| is_alike(&line.role, &list) && !matches!(line.role, Role::Opening(_));
        let places: Vec<usize> =
            side.iter().enumerate().filter(|(_, line)| is_in(line)).map(|(at, _)| at).collect();
        let mut entries: Vec<&Line> = side.iter().filter(|line| is_in(line)).collect();
        entries.sort_by_key(|line| rank(line).unwrap_or(usize::MAX));
        for (place, line) in places.into_iter().zip(entries) {
            if let Some(slot) = ordered.get_mut(place) {
                slot.clone_from(line);
            }
        }
    }
    ordered
}

fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(modules: &[&str], own: &[&str], below: &[&str], rest: &str) -> String {
        let modules: String = modules.iter().map(|module| format!("pub mod {module};\n")).collect();
        let own = own.iter().map(|entry| format!("&{entry}")).collect::<Vec<_>>().join(", ");
        let below: String = below.iter().map(|entry| format!("        &{entry}::ALL,\n")).collect();
        format!(
            "//! Resources.\n\n{modules}\npub const ALL: Resources = Resources {{\n    own: &[{own}],\n    below: &[\n{below}    ],\n}};\n\n{rest}"
        )
    }

    #[test]
    fn both_sides_add_and_take_away_in_the_same_place() {
        let pristine = file(&["a", "b"], &["A"], &["a", "b"], "const A: u8 = 1;\n");
        let yours = file(&["b", "mine"], &["A", "MINE"], &["b", "mine"], "const A: u8 = 7;\n");
        let new =
            file(&["a", "b", "c"], &["A", "C"], &["a", "b", "c"], "const A: u8 = 1;\nconst C: u8 = 1;\n");
        let merged = merge_gathered(Sides { pristine: &pristine, yours: &yours, new: &new });
        assert_eq!(merged.conflicts, 1, "the constants clash, and nothing else does: {}", merged.text);
        let lists = merged.text.split("<<<<<<<").next().unwrap_or_default();
        assert!(lists.contains("pub mod b;\npub mod c;\npub mod mine;\n"), "{lists}");
        assert!(lists.contains("        &A,\n        &C,\n        &MINE,\n"), "{lists}");
        assert!(lists.contains("        &b::ALL,\n        &c::ALL,\n        &mine::ALL,\n"), "{lists}");
    }

    #[test]
    fn comments_in_lists_stay() {
        let pristine = file(&["a"], &["A"], &["a"], "");
        let yours =
            pristine.replace("own: &[&A],", "own: &[&A], // mine").replace("&a::ALL,", "&a::ALL, // as well");
        let new = file(&["a", "b"], &["A", "B"], &["a", "b"], "");
        let merged = merge_gathered(Sides { pristine: &pristine, yours: &yours, new: &new });
        assert_eq!(merged.conflicts, 0, "{}", merged.text);
        assert!(
            merged.text.contains("], // mine") && merged.text.contains("&a::ALL, // as well"),
            "{}",
            merged.text
        );
    }
}
