//! A list inside an object, by the structure of the object: one array of records, no id beside it, and otherwise only
//! plain values and what is about pages.

use crate::endpoint::{Entities, Entity, Type};
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::paging::{asks_for_pages, is_paging_object, speaks_of_pages};
use super::plural::is_plural;
use super::property;
use super::shape::{Shape, is_called_a_list};
use super::words::{is_same, last_word};

/// Where the records are, and what stands beside them.
struct Found {
    selector: String,
    /// Whether all that stands beside is about pages.
    only_paging: bool,
    /// Whether nothing stands beside.
    alone: bool,
}

pub(super) fn infer_envelope(draft: &Draft<'_>, entry: Entry<'_>) -> Option<Fact<Shape>> {
    let entity = draft.site.entity(entry.endpoint)?;
    let last = entry.endpoint.path.last_literal().unwrap_or_default();
    let entities = draft.site.entities;
    let found = find(entities, entity, last).or_else(|| find_nested(entities, entity, last))?;
    let reason = format!("its 200 answer is an object around the array `{}`", found.selector);
    let bare = found.only_paging || found.alone;
    if !gitlab::wraps_lists(entry.place) {
        let is_envelope = bare && !entry.ends_in_param();
        return is_envelope.then(|| Fact::sure(Shape::Envelope { selector: found.selector }, reason));
    }
    if entry.ends_in_param() && !bare && !asks_for_pages(entry.endpoint) {
        return None;
    }
    let sure = bare || speaks_of_many(entry, &found.selector, last);
    let fact = if sure { Fact::sure } else { Fact::unsure };
    Some(fact(Shape::Envelope { selector: found.selector }, reason))
}

/// Whether anything else says that there are several.
fn speaks_of_many(entry: Entry<'_>, selector: &str, last: &str) -> bool {
    let name = selector.rsplit('.').next().unwrap_or(selector);
    is_plural(last)
        || is_same(name, last)
        || is_generic(name)
        || is_called_a_list(&entry.endpoint.summary)
        || asks_for_pages(entry.endpoint)
}

/// Names that say no more than that records are there.
fn is_generic(name: &str) -> bool {
    const GENERIC: [&str; 19] = [
        "items",
        "data",
        "results",
        "result",
        "values",
        "value",
        "records",
        "entries",
        "list",
        "content",
        "rows",
        "objects",
        "collection",
        "elements",
        "nodes",
        "docs",
        "hits",
        "resources",
        "response",
    ];
    GENERIC.contains(&last_word(name).as_str())
}

/// Arrays that tell about an answer and are not what was asked for.
fn is_remark(name: &str) -> bool {
    const REMARKS: [&str; 11] = [
        "error", "errors", "warning", "warnings", "message", "messages", "notices", "link", "links",
        "included", "facets",
    ];
    REMARKS.contains(&last_word(name).as_str())
}

/// The one array of records at the top of an object. `last` is what the path ends in.
fn find(entities: &Entities, entity: &Entity, last: &str) -> Option<Found> {
    let arrays: Vec<&str> = entity
        .properties
        .iter()
        .filter(|(_, property)| is_records(&property.kind))
        .map(|(name, _)| name.as_str())
        .collect();
    let selector = match arrays.as_slice() {
        [only] => only,
        arrays => {
            let mut named = arrays.iter().filter(|name| !is_remark(name) || is_same(name, last));
            let first = named.next()?;
            if named.next().is_some() {
                return None;
            }
            first
        }
    };
    beside(entities, entity, selector)
}

/// What stands beside `selector`, unless it makes the object a record of its own.
fn beside(entities: &Entities, entity: &Entity, selector: &str) -> Option<Found> {
    let has_id = ["id", "uuid", "guid"].into_iter().any(|name| property::find(entity, name).is_some());
    let mut found = Found { selector: selector.to_owned(), only_paging: true, alone: true };
    for (name, property) in entity.properties.iter().filter(|(name, _)| *name != selector) {
        found.alone = false;
        match &property.kind {
            Type::Scalar(_) | Type::Unknown => found.only_paging &= speaks_of_pages(name),
            Type::Array(_) if is_remark(name) => {}
            Type::Array(items) if matches!(**items, Type::Scalar(_)) => found.only_paging = false,
            kind if is_remark(name) || is_paging_object(entities, name, kind) => {}
            _ => return None,
        }
    }
    (!has_id).then_some(found)
}

/// An object that is nothing but a wrapper around another one with the records.
fn find_nested(entities: &Entities, entity: &Entity, last: &str) -> Option<Found> {
    let is_wrapper = |name: &str| {
        const WRAPPERS: [&str; 9] =
            ["data", "result", "results", "response", "embedded", "payload", "body", "content", "output"];
        WRAPPERS.contains(&last_word(name).as_str())
    };
    let mut wrappers = entity.properties.iter().filter_map(|(name, property)| match property.kind {
        Type::Object(id) if is_wrapper(name) => Some((name, entities.get(id))),
        _ => None,
    });
    let (Some((name, inner)), None) = (wrappers.next(), wrappers.next()) else { return None };
    let outer = beside(entities, entity, name)?;
    let inner = find(entities, inner, last)?;
    Some(Found {
        selector: format!("{name}.{}", inner.selector),
        only_paging: outer.only_paging && inner.only_paging,
        alone: outer.alone && inner.alone,
    })
}

fn is_records(kind: &Type) -> bool {
    matches!(kind, Type::Array(items) if matches!(**items, Type::Object(_) | Type::Map))
}
