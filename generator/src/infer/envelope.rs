//! A list inside an object, by the structure of the object: one array of records, no id beside it, and otherwise only
//! plain values and what is about pages.

use crate::endpoint::{Endpoint, Entities, Entity, Segment, Type};
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::paging::{asks_for_pages, is_paging_object, speaks_of_pages};
use super::plural::is_plural;
use super::property;
use super::shape::{Shape, is_called_a_list};
use super::words::{is_same, last_word, words};

/// Where the records are, and what stands beside them.
#[derive(Debug)]
struct Found {
    selector: String,
    /// Whether the document says what the records are.
    is_described: bool,
    beside: Beside,
}

/// What stands beside the records, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Beside {
    /// Nothing but what is about pages.
    Paging,
    /// Other values as well.
    Values,
    /// Other objects.
    Objects,
}

pub(super) fn infer_envelope(draft: &Draft<'_>, entry: Entry<'_>) -> Option<Fact<Shape>> {
    let entity = draft.site.entity(entry.endpoint)?;
    let entities = draft.site.entities;
    let called = called(entry.endpoint);
    let last = called.first().copied().unwrap_or_default();
    let found = find(entities, entity, &called).or_else(|| find_nested(entities, entity, &called))?;
    if is_record_of(entry, entity, last) {
        return None;
    }
    let reason = format!("its 200 answer is an object around the array `{}`", found.selector);
    let is_sure = is_surely_one(entry, &found, last)?;
    let fact = if is_sure { Fact::sure } else { Fact::unsure };
    Some(fact(Shape::Envelope { selector: found.selector }, reason))
}

/// What the path asks for, from its end up to a placeholder. An extension tells the format: `/groups.json`.
fn called(endpoint: &Endpoint) -> Vec<&str> {
    let literals = endpoint.path.segments.iter().rev().map_while(Segment::literal);
    literals.map(|literal| literal.split_once('.').map_or(literal, |(name, _)| name)).collect()
}

/// Whether the object is surely around a list; `None` when it is rather a record with several parts.
fn is_surely_one(entry: Entry<'_>, found: &Found, last: &str) -> Option<bool> {
    let name = found.selector.rsplit('.').next().unwrap_or(&found.selector);
    let endpoint = entry.endpoint;
    let only_paging = found.beside == Beside::Paging;
    if !gitlab::wraps_lists(entry.place) {
        return (only_paging && found.is_described && !entry.ends_in_param()).then_some(true);
    }
    let pages = asks_for_pages(endpoint);
    let many = !entry.ends_in_param() && (is_plural(last) || is_called_a_list(&endpoint.summary));
    let is_named = (!entry.ends_in_param() && is_same(name, last)) || is_generic(name) && (many || pages);
    let evident = is_named || (found.beside < Beside::Objects && (only_paging || many || pages));
    let is_one = match found.beside {
        _ if !found.is_described => is_named || many,
        Beside::Objects => is_named || many || pages,
        Beside::Values if entry.ends_in_param() => pages || is_generic(name),
        Beside::Paging | Beside::Values => true,
    };
    is_one.then_some(evident)
}

/// Whether the object is itself what the path leads to: it has the value of the placeholder that the path ends in, or an
/// id that is named after the last word, `field_set_id` for `/field_set`.
fn is_record_of(entry: Entry<'_>, entity: &Entity, last: &str) -> bool {
    let own = match entry.endpoint.path.segments.last() {
        Some(Segment::Param(name)) if !asks_for_pages(entry.endpoint) => name.clone(),
        _ if is_plural(last) => return false,
        _ => format!("{last}_id"),
    };
    words(&own).len() > 1 && property::find_key(entity, &own).is_some()
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
    const REMARKS: [&str; 15] = [
        "problem", "problems", "order", "sort", "error", "errors", "warning", "warnings", "message",
        "messages", "notices", "link", "links", "included", "facets",
    ];
    REMARKS.contains(&last_word(name).as_str()) || words(name).first().is_some_and(|word| word == "error")
}

/// The one array of records at the top of an object, or the one that is called as the path is, from its end.
fn find(entities: &Entities, entity: &Entity, called: &[&str]) -> Option<Found> {
    let last = called.first().copied().unwrap_or_default();
    let arrays: Vec<&str> = entity
        .properties
        .iter()
        .filter(|(_, property)| is_records(&property.kind))
        .map(|(name, _)| name.as_str())
        .collect();
    let selector = match arrays.as_slice() {
        [only] => only,
        arrays => {
            only_one(arrays.iter().filter(|name| !is_remark(name) || is_same(name, last))).or_else(|| {
                called.iter().filter(|word| is_plural(word)).find_map(|word| named_like(arrays, word))
            })?
        }
    };
    beside(entities, entity, selector)
}

fn only_one<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// The one array that is called like a word, or that ends in it: `envelopeTemplates` for what `/templates` lists.
fn named_like<'a, 'n>(arrays: &'a [&'n str], word: &str) -> Option<&'a &'n str> {
    let ends_in = |name: &&&str| words(name).ends_with(&words(word));
    only_one(arrays.iter().filter(|name| is_same(name, word)))
        .or_else(|| only_one(arrays.iter().filter(ends_in)))
}

/// What stands beside `selector`, unless it makes the object a record of its own.
fn beside(entities: &Entities, entity: &Entity, selector: &str) -> Option<Found> {
    let has_id = ["id", "uuid", "guid"].into_iter().any(|name| property::find(entity, name).is_some());
    let others = entity.properties.iter().filter(|(name, _)| *name != selector);
    let kinds = others.map(|(name, property)| match &property.kind {
        _ if is_remark(name) || speaks_of_pages(name) => Beside::Paging,
        Type::Scalar(_) | Type::Unknown => Beside::Values,
        Type::Array(items) if matches!(**items, Type::Scalar(_)) => Beside::Values,
        kind if is_paging_object(entities, name, kind) => Beside::Paging,
        _ => Beside::Objects,
    });
    let beside = kinds.max().unwrap_or(Beside::Paging);
    let kind = entity.properties.get(selector).map(|property| &property.kind);
    let is_described = !matches!(kind, Some(Type::Array(items)) if **items == Type::Unknown);
    (!has_id).then(|| Found { selector: selector.to_owned(), is_described, beside })
}

/// An object that is nothing but a wrapper around another one with the records.
fn find_nested(entities: &Entities, entity: &Entity, called: &[&str]) -> Option<Found> {
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
    let inner = find(entities, inner, called)?;
    let selector = format!("{name}.{}", inner.selector);
    Some(Found { selector, beside: outer.beside.max(inner.beside), ..inner })
}

fn is_records(kind: &Type) -> bool {
    matches!(kind, Type::Array(items) if matches!(**items, Type::Object(_) | Type::Map | Type::Unknown))
}
