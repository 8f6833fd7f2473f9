//! What is believed so far, filled pass by pass: a later pass reads what the earlier ones found of all endpoints.

use crate::endpoint::{Endpoint, Entity, Segment};
use crate::gitlab::Place;

use super::Facts;
use super::shape::{Shape, record_type};
use super::site::Site;
use super::stated::Stated;

#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) site: Site<'a>,
    pub(super) facts: Vec<Facts>,
}

/// One endpoint, with what is believed of it so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) index: usize,
    pub(super) endpoint: &'a Endpoint,
    pub(super) place: &'a Place,
    pub(super) stated: Stated<'a>,
    pub(super) own: &'a Facts,
}

impl<'a> Draft<'a> {
    pub(super) fn new(site: Site<'a>) -> Self {
        let facts = vec![Facts::default(); site.endpoints.len()];
        Self { site, facts }
    }

    /// Finds something of every endpoint, then puts all that was found.
    pub(super) fn pass<T>(
        &mut self,
        find: impl Fn(&Self, Entry<'_>) -> T,
        put: impl Fn(&mut Facts, T),
    ) -> &mut Self {
        let found: Vec<T> = self.entries().map(|entry| find(self, entry)).collect();
        self.facts.iter_mut().zip(found).for_each(|(own, found)| put(own, found));
        self
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let rows = self.site.endpoints.iter().zip(&self.site.places).zip(&self.facts).enumerate();
        rows.map(|(index, ((endpoint, place), own))| Entry {
            index,
            endpoint,
            place,
            stated: Stated::of(endpoint),
            own,
        })
    }

    pub(super) fn entry(&self, index: usize) -> Option<Entry<'_>> {
        let endpoint = self.site.endpoints.get(index)?;
        let (place, own) = (self.site.places.get(index)?, self.facts.get(index)?);
        Some(Entry { index, endpoint, place, stated: Stated::of(endpoint), own })
    }

    /// The entity that the records of an endpoint are.
    pub(super) fn record(&self, entry: Entry<'_>) -> Option<&'a Entity> {
        record_type(&self.site, entry.endpoint, &entry.own.shape.value)
    }

    /// The list that holds what an item path leads to.
    pub(super) fn list_of_item(&self, entry: Entry<'_>) -> Option<Entry<'_>> {
        if !entry.is_item() {
            return None;
        }
        let slot = entry.endpoint.path.slot(entry.endpoint.path.segments.len() - 1);
        let lists = self.site.at(&slot).filter_map(|(index, _)| self.entry(index));
        lists.into_iter().find(|list| matches!(list.own.shape.value, Shape::List | Shape::Envelope { .. }))
    }
}

impl Entry<'_> {
    /// Whether its path ends in a placeholder.
    pub(super) fn ends_in_param(&self) -> bool {
        self.endpoint.path.segments.last().is_some_and(Segment::is_param)
    }

    /// Whether it leads to one item of a collection.
    pub(super) fn is_item(&self) -> bool {
        self.ends_in_param() && self.own.shape.value == Shape::Object
    }
}
