//! References, followed to their end.

use std::collections::{BTreeSet, HashMap};

use crate::document::{Document, Node};
use crate::text::one_line;

/// Follows references and remembers where they lead: a chain that many refer to is walked once.
#[derive(Debug)]
pub(super) struct References<'a> {
    document: &'a Document,
    /// By the address of what holds a reference: its end, or none for a circle and for what leads nowhere.
    known: HashMap<usize, Option<Node<'a>>>,
    dangling: BTreeSet<String>,
}

impl<'a> References<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self { document, known: HashMap::new(), dangling: BTreeSet::new() }
    }

    /// The value itself, or what its chain of references ends in.
    pub(super) fn follow(&mut self, start: Node<'a>) -> Option<Node<'a>> {
        self.follow_named(start).map(|(node, _)| node)
    }

    /// The end of a chain, and the reference that leads there directly, when there is one.
    pub(super) fn follow_named(&mut self, start: Node<'a>) -> Option<(Node<'a>, Option<&'a str>)> {
        let mut current = start;
        let mut last = None;
        let mut passed = Vec::new();
        let end = loop {
            let Some(reference) = current.reference() else { break Some(current) };
            if let Some(end) = self.known.get(&current.address()) {
                break *end;
            }
            // Until the end is known, so that a circle ends.
            self.known.insert(current.address(), None);
            passed.push(current.address());
            last = Some(reference);
            match self.document.target(current, reference) {
                Some(next) => current = next,
                None => {
                    self.dangling.insert(one_line(reference));
                    break None;
                }
            }
        };
        for address in passed {
            self.known.insert(address, end);
        }
        end.map(|end| (end, last))
    }

    /// The references that lead nowhere.
    pub(super) fn dangling(self) -> BTreeSet<String> {
        self.dangling
    }
}
