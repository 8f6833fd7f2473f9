//! Where the values of path parameters come from: bound by position, through all ancestors.

use crate::endpoint::{Endpoint, Entity, QueryParam, Segment};
use crate::gitlab;

use super::fact::Fact;
use super::key::{Key, field_for};
use super::shape::{Shape, record_type};
use super::site::Site;
use super::words::{singular, words};

/// A list that provides the values of a path parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The index of the list among the endpoints.
    pub list: usize,
    /// The field of its records that fills the placeholder.
    pub field: String,
}

/// What is known of all endpoints by the time that parents are looked for.
#[derive(Debug)]
pub(super) struct Lists<'a> {
    pub(super) site: &'a Site<'a>,
    pub(super) shapes: &'a [Fact<Shape>],
    pub(super) keys: &'a [Fact<Key>],
}

/// One entry per placeholder that a request needs, in the order of the path.
pub(super) fn infer_params(lists: &Lists<'_>, endpoint: &Endpoint) -> Vec<(String, Fact<Option<Provider>>)> {
    let segments = endpoint.path.segments.iter().enumerate();
    let mut params: Vec<(String, Fact<Option<Provider>>)> = Vec::new();
    for (at, segment) in segments {
        match segment {
            Segment::Literal(_) => {}
            Segment::Param(name) => {
                // The same name further on stands for the same value.
                if params.iter().all(|(known, _)| known != name) {
                    params.push((name.clone(), lists.infer_provider(endpoint, at, name)));
                }
            }
            Segment::Mixed { params: names, .. } => params.extend(
                names
                    .iter()
                    .map(|name| (name.clone(), Fact::sure(None, "it is only part of a segment of the path"))),
            ),
        }
    }
    params
}

impl Lists<'_> {
    fn infer_provider(&self, endpoint: &Endpoint, at: usize, name: &str) -> Fact<Option<Provider>> {
        let slot = endpoint.path.slot(at);
        let at_slot = self.best(self.site.at(&slot).map(|(index, _)| index));
        let same_parent = || self.in_same_parent(endpoint, at, name);
        let found = at_slot.or_else(same_parent).or_else(|| self.nearby(endpoint, at, name));
        let (list, how) = match found {
            Some(list) => {
                (list, if at_slot.is_some() { "stands at its position" } else { "lists what it leads to" })
            }
            None => {
                let looked = if slot.is_empty() { "/".to_owned() } else { slot };
                return Fact::unsure(None, format!("looked for a list at `{looked}`: there is none"));
            }
        };
        let path = self.site.endpoints.get(list).map(|list| list.path.raw.as_str()).unwrap_or_default();
        match self.infer_field(list, &endpoint.path.slot(at + 1), name) {
            Some(field) => {
                let reason = format!("`{path}` {how}; {}", field.reason);
                Fact { value: Some(Provider { list, field: field.value }), reason, sure: field.sure }
            }
            None => Fact::unsure(
                None,
                format!("`{path}` {how}, but none of its fields is known to fill `{{{name}}}`"),
            ),
        }
    }

    /// The list among twins that is not a variant: neither deprecated nor behind a `-`.
    fn best(&self, candidates: impl Iterator<Item = usize>) -> Option<usize> {
        let lists = candidates.filter(|index| self.is_list(*index));
        lists.min_by_key(|index| {
            let endpoint = self.site.endpoints.get(*index);
            endpoint.map(|endpoint| (endpoint.deprecated, endpoint.path.raw.contains("/-/"), *index))
        })
    }

    fn is_list(&self, index: usize) -> bool {
        self.shapes
            .get(index)
            .is_some_and(|shape| matches!(shape.value, Shape::List | Shape::Envelope { .. }))
    }

    /// A list in the same parent: of the same collection (`/merge_requests` for `/merge_trains/merge_requests/{iid}`), or
    /// one below whose records have a field like the placeholder (`/saml/identities` for `/saml/{uid}`).
    fn in_same_parent(&self, endpoint: &Endpoint, at: usize, name: &str) -> Option<usize> {
        let before = endpoint.path.segments.get(..at)?;
        let parent = before.iter().rposition(Segment::is_param)?;
        let collection = before.last()?.literal()?;
        let slot = format!("{}/{collection}", endpoint.path.slot(parent + 1));
        let same_collection = || self.best(self.site.at(&slot).map(|(index, _)| index));
        let below = format!("{}/", endpoint.path.slot(at));
        let has_field = |index: usize| {
            let list = self.site.endpoints.get(index)?;
            let path = list.path.place();
            let literal = path.strip_prefix(&below).filter(|rest| !rest.contains(['/', '{']))?;
            let entity = record_type(self.site, list, &self.shapes.get(index)?.value)?;
            (!literal.is_empty() && suffixed(name, entity).is_some()).then_some(index)
        };
        let one_below = || self.best((0..self.site.endpoints.len()).filter_map(has_field));
        same_collection().or_else(one_below)
    }

    /// A list elsewhere of the same collection, when its key is unique in the instance: `/jobs/{id}` from
    /// `/projects/{id}/jobs`; or of the collection that the placeholder is named after: `{project_id}` from `/projects`.
    fn nearby(&self, endpoint: &Endpoint, at: usize, name: &str) -> Option<usize> {
        let before = endpoint.path.segments.get(..at)?;
        let literals: Vec<&str> = before.iter().rev().map_while(Segment::literal).collect();
        let starts_path = literals.len() == at;
        let named_after = name.strip_suffix("_id");
        let candidates = self.site.endpoints.iter().enumerate().filter(|(index, list)| {
            let Some(last) = list.path.last_literal() else { return false };
            let same_collection =
                starts_path && !literals.is_empty() && ends_in(&list.path.segments, &literals);
            let singular_root = literals == [singular(last)] && list.path.segments.len() == 1 && starts_path;
            let named = literals.first().is_none_or(|literal| !is_collection_of(literal, name))
                && list.path.segments.len() == 1
                && named_after == Some(singular(last).as_str());
            self.is_list(*index) && self.has_global_id(*index) && (same_collection || singular_root || named)
        });
        let by_rank = candidates.min_by_key(|(index, list)| {
            let group = list.path.segments.first().and_then(Segment::literal) == Some("groups");
            let needy = list.query.iter().any(QueryParam::is_needed);
            (needy, list.path.params().count(), group, *index)
        });
        by_rank.map(|(index, _)| index)
    }

    fn has_global_id(&self, index: usize) -> bool {
        self.keys.get(index).is_some_and(|key| key.value.fields == ["id"])
    }

    /// The field of a list's records that a placeholder at `slot` stands for.
    fn infer_field(&self, list: usize, slot: &str, name: &str) -> Option<Fact<String>> {
        let endpoint = self.site.endpoints.get(list)?;
        let shape = &self.shapes.get(list)?.value;
        let entity = record_type(self.site, endpoint, shape);
        let has_iid = entity.is_none_or(|entity| !entity.is_described() || entity.has("iid"));
        let by_name =
            self.site.names(slot).iter().find(|name| words(name).last().is_some_and(|word| word == "iid"));
        if has_iid && let Some(iid) = by_name {
            return Some(Fact::sure(
                "iid".into(),
                format!("the document calls the same position `{{{iid}}}`"),
            ));
        }
        if gitlab::identifies_by_iid(&endpoint.path) {
            return Some(Fact::sure("iid".into(), "GitLab takes the `iid` there"));
        }
        if let Some(field) = entity.and_then(|entity| field_for(name, entity)) {
            return Some(Fact::sure(field.to_owned(), format!("`{{{name}}}` names its field `{field}`")));
        }
        if let Some(field) = entity.and_then(|entity| suffixed(name, entity)) {
            return Some(Fact::sure(
                field.to_owned(),
                format!("`{{{name}}}` is short for its field `{field}`"),
            ));
        }
        match self.keys.get(list)?.value.fields.as_slice() {
            [key] => Some(Fact::sure(key.clone(), format!("`{key}` identifies its records"))),
            _ => guess_undescribed(entity.is_none(), name),
        }
    }
}

/// The property that ends in a placeholder's name: `extern_uid` for `uid`.
fn suffixed<'a>(name: &str, entity: &'a Entity) -> Option<&'a str> {
    let tail = format!("_{name}");
    entity.properties.keys().find(|property| property.ends_with(&tail) && name.len() > 2).map(String::as_str)
}

/// Without a description of the records, the placeholder's own last word has to do.
fn guess_undescribed(undescribed: bool, name: &str) -> Option<Fact<String>> {
    let last = words(name).pop()?;
    (undescribed && matches!(last.as_str(), "id" | "iid" | "name" | "key"))
        .then(|| Fact::unsure(last, "the document does not describe its records"))
}

/// Whether the literals at the end of a path are these, given from the last to the first.
fn ends_in(segments: &[Segment], reversed: &[&str]) -> bool {
    let mut tail = segments.iter().rev().map(Segment::literal);
    reversed.iter().all(|literal| tail.next() == Some(Some(literal)))
}

/// Whether a placeholder is named after the collection in front of it: `/runners/{runner_id}`.
fn is_collection_of(literal: &str, placeholder: &str) -> bool {
    placeholder.strip_suffix("_id") == Some(singular(literal).as_str())
}
