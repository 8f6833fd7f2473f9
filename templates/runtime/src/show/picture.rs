//! Where tables stand in the picture of the schema: those that feed others to the left of them. Everything is in pixels.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::Tie;

pub(super) const NODE_HEIGHT: usize = 46;
const GAP: usize = 14;
const BETWEEN: usize = 72;
const NEAR_THE_TOP: usize = 2 * (NODE_HEIGHT + GAP);
const MARGIN: usize = 16;
const LEAST_WIDTH: usize = 120;
/// Of a letter of a name, in the font of the picture; at most.
const LETTER: usize = 8;

/// A table in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) table: String,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) nodes: Vec<Node>,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Picture {
    pub(super) fn node(&self, table: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.table == table)
    }
}

/// Tables by the one that each hangs on.
struct Forest<'t> {
    children: BTreeMap<&'t str, Vec<&'t str>>,
    roots: Vec<&'t str>,
    widths: BTreeMap<&'t str, usize>,
}

/// What is placed already, and how far down that reaches.
struct Placing<'f, 't> {
    forest: &'f Forest<'t>,
    next: usize,
    seen: BTreeSet<&'t str>,
    nodes: Vec<Node>,
}

/// `tables` with the letters of the longest text that stands in each.
pub(super) fn picture(tables: &[(&str, usize)], ties: &[Tie]) -> Picture {
    let forest = Forest::of(tables, ties);
    let mut placing = Placing { forest: &forest, next: MARGIN, seen: BTreeSet::new(), nodes: Vec::new() };
    // What hangs on itself, over others, hangs on nothing: it comes after all roots.
    let all = tables.iter().map(|(table, _)| *table);
    for table in forest.roots.iter().copied().chain(all) {
        if !placing.seen.contains(table) {
            placing.place(table, MARGIN);
        }
    }
    let Placing { nodes, next, .. } = placing;
    let width = nodes.iter().map(|node| node.x + node.width).max().unwrap_or_default() + MARGIN;
    Picture { nodes, width, height: next - GAP + MARGIN }
}

impl<'t> Forest<'t> {
    fn of(tables: &[(&'t str, usize)], ties: &'t [Tie]) -> Self {
        let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut hanging = BTreeSet::new();
        for tie in ties.iter().filter(|tie| tie.is_nearest) {
            if hanging.insert(tie.from.as_str()) {
                children.entry(&tie.to).or_default().push(&tie.from);
            }
        }
        children.values_mut().for_each(|children| children.sort_unstable());
        let mut roots: Vec<&str> =
            tables.iter().map(|(table, _)| *table).filter(|table| !hanging.contains(table)).collect();
        // Those that feed most come first.
        roots.sort_by_key(|table| (Reverse(children.get(table).map_or(0, Vec::len)), *table));
        let width = |letters: usize| (letters * LETTER + 2 * MARGIN).max(LEAST_WIDTH);
        let widths = tables.iter().map(|(table, letters)| (*table, width(*letters))).collect();
        Self { children, roots, widths }
    }
}

impl<'t> Placing<'_, 't> {
    /// Places a table and all that hangs on it; gives back its height.
    fn place(&mut self, table: &'t str, x: usize) -> usize {
        self.seen.insert(table);
        let at = self.nodes.len();
        let width = self.forest.widths.get(table).copied().unwrap_or(LEAST_WIDTH);
        self.nodes.push(Node { table: table.to_owned(), x, y: 0, width });
        let mut below: Option<(usize, usize)> = None;
        for child in self.forest.children.get(table).into_iter().flatten() {
            if !self.seen.contains(child) {
                let y = self.place(child, x + width + BETWEEN);
                below = Some((below.map_or(y, |(first, _)| first), y));
            }
        }
        let y = match below {
            // In the middle, and not so far down that one has to look for it.
            Some((first, last)) => usize::midpoint(first, last).min(first + NEAR_THE_TOP),
            None => {
                let y = self.next;
                self.next += NODE_HEIGHT + GAP;
                y
            }
        };
        if let Some(node) = self.nodes.get_mut(at) {
            node.y = y;
        }
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tie(from: &str, to: &str) -> Tie {
        Tie { from: from.into(), to: to.into(), columns: vec![], is_nearest: true }
    }

    #[test]
    fn tables_stand_beside_what_feeds_them_and_never_on_each_other() {
        let tables =
            ["alone", "issues", "notes", "projects", "tags", "loop_a", "loop_b"].map(|name| (name, 5));
        let ties = [
            tie("issues", "projects"),
            tie("tags", "projects"),
            tie("notes", "issues"),
            tie("loop_a", "loop_b"),
            tie("loop_b", "loop_a"),
        ];
        let picture = picture(&tables, &ties);
        assert_eq!(picture.nodes.len(), tables.len());
        let x = |table: &str| picture.node(table).unwrap().x;
        assert!(x("projects") < x("issues") && x("issues") < x("notes") && x("issues") == x("tags"));
        for (at, one) in picture.nodes.iter().enumerate() {
            assert!(one.x + one.width <= picture.width && one.y + NODE_HEIGHT <= picture.height);
            for other in picture.nodes.iter().skip(at + 1).filter(|other| other.x == one.x) {
                assert!(one.y.abs_diff(other.y) >= NODE_HEIGHT, "{one:?} and {other:?}");
            }
        }
    }
}
