//! The endpoints as a tree of positions: who lists what an item path leads to, and what its placeholders are called.

use std::collections::HashMap;

use crate::endpoint::{Answer, Endpoint, Endpoints, Entities, Entity, Type};

/// The endpoints, findable by position.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) endpoints: &'a [Endpoint],
    pub(super) entities: &'a Entities,
    by_slot: HashMap<String, Vec<usize>>,
    names: HashMap<String, Vec<&'a str>>,
}

impl<'a> Site<'a> {
    pub(super) fn new(endpoints: &'a Endpoints) -> Self {
        let mut by_slot: HashMap<String, Vec<usize>> = HashMap::new();
        let mut names: HashMap<String, Vec<&'a str>> = HashMap::new();
        for (index, endpoint) in endpoints.all.iter().enumerate() {
            let path = &endpoint.path;
            by_slot.entry(path.place()).or_default().push(index);
            for (at, segment) in path.segments.iter().enumerate() {
                if let crate::endpoint::Segment::Param(name) = segment {
                    let known = names.entry(path.slot(at + 1)).or_default();
                    if !known.contains(&name.as_str()) {
                        known.push(name);
                    }
                }
            }
        }
        Self { endpoints: &endpoints.all, entities: &endpoints.entities, by_slot, names }
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
        let slot = collection.path.place();
        self.at(&format!("{slot}/{{}}")).map(|(_, endpoint)| endpoint).collect::<Vec<_>>().into_iter()
    }

    /// The entity that an endpoint is declared to answer with, itself or in an array.
    pub(super) fn entity(&self, endpoint: &Endpoint) -> Option<&'a Entity> {
        let Answer::Json(kind) = &endpoint.answer else { return None };
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
