//! The endpoints as a tree of positions: who lists what an item path leads to, and what its placeholders are called.

use std::collections::HashMap;

use crate::endpoint::{Answer, Endpoint, Endpoints, Entities, Entity, Path, Segment, Type};
use crate::gitlab::Place;

use super::plural::singular;
use super::words::words;

/// The endpoints, findable by position.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) endpoints: &'a [Endpoint],
    pub(super) entities: &'a Entities,
    /// Where GitLab has each endpoint.
    pub(super) places: Vec<Place>,
    by_slot: HashMap<String, Vec<usize>>,
    /// What lies one literal below a position.
    below_slot: HashMap<String, Vec<usize>>,
    by_last: HashMap<&'a str, Vec<usize>>,
    /// Collections at the root, by what one of their records is called.
    roots: HashMap<String, Vec<usize>>,
    names: HashMap<String, Vec<&'a str>>,
}

impl<'a> Site<'a> {
    pub(super) fn new(endpoints: &'a Endpoints, is_gitlab: bool) -> Self {
        let place =
            |endpoint: &Endpoint| if is_gitlab { Place::of(&endpoint.path) } else { Place::nowhere() };
        let mut site = Self {
            endpoints: &endpoints.all,
            entities: &endpoints.entities,
            places: endpoints.all.iter().map(place).collect(),
            by_slot: HashMap::new(),
            below_slot: HashMap::new(),
            by_last: HashMap::new(),
            roots: HashMap::new(),
            names: HashMap::new(),
        };
        endpoints.all.iter().enumerate().for_each(|(index, endpoint)| site.add(index, &endpoint.path));
        site
    }

    fn add(&mut self, index: usize, path: &'a Path) {
        self.by_slot.entry(path.place()).or_default().push(index);
        if let Some(last) = path.last_literal() {
            self.by_last.entry(last).or_default().push(index);
            let above = path.slot(path.segments.len() - 1);
            if above.is_empty() {
                self.roots.entry(singular(&words(last).join("_"))).or_default().push(index);
            }
            self.below_slot.entry(above).or_default().push(index);
        }
        for (at, segment) in path.segments.iter().enumerate() {
            if let Segment::Param(name) = segment {
                let known = self.names.entry(path.slot(at + 1)).or_default();
                if !known.contains(&name.as_str()) {
                    known.push(name);
                }
            }
        }
    }

    /// The endpoints one literal below a position.
    pub(super) fn below(&self, slot: &str) -> &[usize] {
        self.below_slot.get(slot).map_or(&[], Vec::as_slice)
    }

    /// The endpoints whose path ends in a literal.
    pub(super) fn ending_in(&self, literal: &str) -> &[usize] {
        self.by_last.get(literal).map_or(&[], Vec::as_slice)
    }

    /// The collections at the root whose records are called so: `project` for `/projects`.
    pub(super) fn roots_of(&self, one: &str) -> &[usize] {
        self.roots.get(one).map_or(&[], Vec::as_slice)
    }

    /// The endpoints at a position. More than one when the document has twins, such as `/epics` and `/-/epics`.
    pub(super) fn at(&self, slot: &str) -> impl Iterator<Item = (usize, &'a Endpoint)> {
        let endpoints = self.endpoints;
        let indexes = self.by_slot.get(slot).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(move |index| Some((*index, endpoints.get(*index)?)))
    }

    /// All names that the document gives to the placeholder at the end of a slot.
    pub(super) fn names(&self, slot: &str) -> &[&'a str] {
        self.names.get(slot).map_or(&[][..], Vec::as_slice)
    }

    /// The endpoints that lead to one item of a collection: `…/branches/{branch}` for `…/branches`.
    pub(super) fn items(&self, collection: &Endpoint) -> impl Iterator<Item = &'a Endpoint> {
        let slot = format!("{}/{{}}", collection.path.place());
        self.at(&slot).map(|(_, endpoint)| endpoint).collect::<Vec<_>>().into_iter()
    }

    /// The entity that an endpoint is declared to answer with, itself or in an array.
    pub(super) fn entity(&self, endpoint: &Endpoint) -> Option<&'a Entity> {
        let Answer::Json(kind) = &endpoint.answer else { return None };
        self.entity_of(kind)
    }

    /// The entity that a type is, or that its items are.
    pub(super) fn entity_of(&self, kind: &Type) -> Option<&'a Entity> {
        match kind {
            Type::Object(id) => Some(self.entities.get(*id)),
            Type::Array(items) => match items.as_ref() {
                Type::Object(id) => Some(self.entities.get(*id)),
                _ => None,
            },
            _ => None,
        }
    }
}
