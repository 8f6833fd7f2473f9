//! Which field of a list's records fills a placeholder: by name where there is one, else the field that identifies.

use crate::endpoint::{Endpoint, Entity, EntityId, PathParam, Scalar, Segment, Type};
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::key::field_for;
use super::plural::singular;
use super::property;
use super::words::words;

/// A placeholder: what it is called, where it stands, and what the document says of its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placeholder<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) at: usize,
    pub(super) name: &'a str,
}

/// Names that people give to things, which identify where an id does not.
const NAMES: [&str; 9] = ["slug", "key", "login", "username", "name", "code", "path", "handle", "title"];

impl Placeholder<'_> {
    fn declared(&self) -> Option<&PathParam> {
        self.entry.endpoint.path_params.iter().find(|param| param.name == self.name)
    }

    fn kind(&self) -> &Type {
        static UNKNOWN: Type = Type::Unknown;
        self.declared().map_or(&UNKNOWN, |param| &param.kind)
    }

    /// Whether the document lists its values: then it hardly comes from a record that only happens to be near.
    pub(super) fn is_closed(&self) -> bool {
        self.declared().is_some_and(|param| param.is_closed)
    }

    /// Whether it is called an id of any sort.
    fn is_id(&self) -> bool {
        const IDS: [&str; 7] = ["id", "iid", "uid", "gid", "uuid", "guid", "ids"];
        words(self.name).last().is_some_and(|word| IDS.contains(&word.as_str()))
    }

    /// Whether values that are text are asked for by a name that says no id.
    fn asks_for_a_name(&self) -> bool {
        *self.kind() == Type::Scalar(Scalar::Text) && !self.is_id()
    }

    /// Whether a list lies behind it and not one record, and its name speaks of no id: then its values are no records of
    /// the list in front, such as a `{zone}` of types. In GitLab's documents, one record may be described as a list.
    fn chooses_among_many(&self) -> bool {
        let is_last = self.entry.endpoint.path.segments.len() == self.at + 1;
        is_last && self.entry.own.shape.value.is_many() && !self.is_id() && self.entry.place.is_nowhere()
    }

    /// Whether it is named after the records of a list: `{org}` of `/orgs`.
    fn is_named_after(&self, list: &Endpoint) -> bool {
        let collection = list.path.literals().next_back().unwrap_or_default();
        words(&singular(&words(collection).join("_"))) == words(self.name)
    }
}

/// The field of the records of `list` that a placeholder stands for.
pub(super) fn infer_field(
    draft: &Draft<'_>,
    list: Entry<'_>,
    placeholder: Placeholder<'_>,
) -> Option<Fact<String>> {
    if let Some((field, reason)) = gitlab::identifier(list.place, placeholder.entry.place) {
        return Some(Fact::sure(field.to_owned(), reason));
    }
    let entity = draft.record(list);
    by_vote(draft, entity, placeholder)
        .or_else(|| entity.and_then(|entity| by_name(draft, entity, list, placeholder)))
        .or_else(|| by_key(entity, list, placeholder))
        .or_else(|| guess_undescribed(entity.is_none(), placeholder.name))
}

/// The names that other paths give to the same position.
fn by_vote(draft: &Draft<'_>, entity: Option<&Entity>, placeholder: Placeholder<'_>) -> Option<Fact<String>> {
    let has_iid = entity.is_none_or(|entity| !entity.is_described() || entity.has("iid"));
    let slot = placeholder.entry.endpoint.path.slot(placeholder.at + 1);
    let names = draft.site.names(&slot);
    let iid = names.iter().find(|name| words(name).last().is_some_and(|word| word == "iid"))?;
    has_iid.then(|| Fact::sure("iid".into(), format!("the document calls the same position `{{{iid}}}`")))
}

/// The property that a placeholder names, or is short for. An object is no value: then a name or an id inside it.
fn by_name(
    draft: &Draft<'_>,
    entity: &Entity,
    list: Entry<'_>,
    placeholder: Placeholder<'_>,
) -> Option<Fact<String>> {
    let name = placeholder.name;
    if let Some(field) = field_for(name, entity) {
        let reason = format!("`{{{name}}}` names its field `{field}`");
        return Some(Fact::sure(field.to_owned(), reason));
    }
    if let Some(field) = suffixed(name, entity) {
        return Some(Fact::sure(field.to_owned(), format!("`{{{name}}}` is short for its field `{field}`")));
    }
    if let Some((outer, id)) = object_named(name, entity) {
        let inner = identifying(draft.site.entities.get(id), placeholder)?;
        let field = format!("{outer}.{inner}");
        let reason = format!("`{{{name}}}` names its field `{outer}`, an object with a `{inner}`");
        return Some(Fact::unsure(field, reason));
    }
    if let Some((outer, id)) = named_after(name).and_then(|outer| object_named(&outer, entity))
        && let Some(inner) = property::find_key(draft.site.entities.get(id), "id")
    {
        let reason = format!("`{{{name}}}` names the `{inner}` of its field `{outer}`");
        return Some(Fact::unsure(format!("{outer}.{inner}"), reason));
    }
    (placeholder.asks_for_a_name() && placeholder.is_named_after(list.endpoint)).then_some(())?;
    let field = name_of(entity)?;
    Some(Fact::sure(field.to_owned(), format!("`{{{name}}}` is a text, and its records have a `{field}`")))
}

/// What identifies a record of the list. A text that is no id is hardly a number, and an id hardly a name.
fn by_key(entity: Option<&Entity>, list: Entry<'_>, placeholder: Placeholder<'_>) -> Option<Fact<String>> {
    let [key] = list.own.key.value.fields.as_slice() else { return None };
    let kind =
        entity.and_then(|entity| entity.properties.get(key)).map_or(&Type::Unknown, |known| &known.kind);
    if !property::identifies(kind) || placeholder.chooses_among_many() {
        return None;
    }
    let is_name = NAMES.contains(&words(key).join("_").as_str());
    let doubt = if placeholder.is_id() && is_name {
        Some(format!("`{{{}}}` is called an id", placeholder.name))
    } else if placeholder.asks_for_a_name() && *kind == Type::Scalar(Scalar::Int) && list.place.is_nowhere() {
        Some(format!("`{{{}}}` is a text, and `{key}` is a number", placeholder.name))
    } else {
        None
    };
    let reason = format!("`{key}` identifies its records");
    Some(match doubt {
        Some(doubt) => Fact::unsure(key.clone(), format!("{reason}, though {doubt}")),
        None => Fact::sure(key.clone(), reason),
    })
}

/// The property that ends in a placeholder's name: `extern_uid` for `uid`.
fn suffixed<'a>(name: &str, entity: &'a Entity) -> Option<&'a str> {
    let wanted = words(name);
    let last = wanted.last()?;
    let may_end = |property: &str| property.to_ascii_lowercase().ends_with(last.as_str());
    let ends = |property: &&str| name.len() > 2 && may_end(property) && words(property).ends_with(&wanted);
    let found = entity.properties.keys().map(String::as_str).find(ends)?;
    property::find_key(entity, found)
}

/// Whether the records have a property like a placeholder.
pub(super) fn has_field_like(name: &str, entity: &Entity) -> bool {
    suffixed(name, entity).is_some()
}

fn object_named<'a>(name: &str, entity: &'a Entity) -> Option<(&'a str, EntityId)> {
    let found = property::find(entity, name)?;
    match entity.properties.get(found)?.kind {
        Type::Object(id) => Some((found, id)),
        _ => None,
    }
}

/// The field of an object that fits a placeholder: its id for a number, its name for a text.
fn identifying<'a>(entity: &'a Entity, placeholder: Placeholder<'_>) -> Option<&'a str> {
    let id = || property::find_key(entity, "id");
    if placeholder.asks_for_a_name() { name_of(entity).or_else(id) } else { id().or_else(|| name_of(entity)) }
}

/// The first of the usual names that is a text.
fn name_of(entity: &Entity) -> Option<&str> {
    let is_text = |field: &&str| {
        let kind = entity.properties.get(*field).map(|property| &property.kind);
        matches!(kind, Some(Type::Scalar(Scalar::Text) | Type::Unknown))
    };
    NAMES.iter().filter_map(|name| property::find_key(entity, name)).find(is_text)
}

/// Without a description of the records, the placeholder's own last word has to do.
fn guess_undescribed(undescribed: bool, name: &str) -> Option<Fact<String>> {
    let last = words(name).pop()?;
    (undescribed && matches!(last.as_str(), "id" | "iid" | "name" | "key"))
        .then(|| Fact::unsure(last, "the document does not describe its records"))
}

/// Whether a placeholder is named after the collection in front of it: `/runners/{runner_id}`.
pub(super) fn is_collection_of(literal: &str, placeholder: &str) -> bool {
    named_after(placeholder).is_some_and(|name| name == singular(&words(literal).join("_")))
}

/// `project` for `{project_id}` and `{projectId}`.
pub(super) fn named_after(placeholder: &str) -> Option<String> {
    let words = words(placeholder);
    let (last, before) = words.split_last()?;
    (last == "id" && !before.is_empty()).then(|| before.join("_"))
}

/// Whether a segment is a placeholder right behind another one: both come from the same record.
pub(super) fn follows_a_placeholder(endpoint: &Endpoint, at: usize) -> bool {
    at.checked_sub(1).and_then(|before| endpoint.path.segments.get(before)).is_some_and(Segment::is_param)
}
