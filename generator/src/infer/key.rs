//! What identifies a record, and among which records it does.

use crate::endpoint::{Endpoint, Entity};
use crate::gitlab::{self, Ownership};

use super::fact::Fact;
use super::shape::{Shape, record_type};
use super::site::Site;
use super::words::words;

/// What identifies a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Fields at the top of a record. Empty when nothing tells it from its siblings.
    pub fields: Vec<String>,
    pub scope: KeyScope,
}

/// Among which records a key is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    Global,
    Parent,
}

impl KeyScope {
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Parent => "parent",
        }
    }
}

/// Fields that identify a record among its siblings where there is no `id`, the most telling first.
const NATURAL: [&str; 16] = [
    "uuid",
    "iid",
    "key",
    "slug",
    "sha",
    "tag_name",
    "name",
    "username",
    "codename",
    "domain",
    "digest",
    "extern_uid",
    "record_identifier",
    "table_name",
    "cn",
    "new_path",
];

pub(super) fn infer_key(site: &Site<'_>, endpoint: &Endpoint, shape: &Shape) -> Fact<Key> {
    // What leads to one item has a placeholder for the record itself, which is no parent.
    let nested = endpoint.path.params().count() > usize::from(is_item(endpoint) && *shape == Shape::Object);
    let within = if nested { KeyScope::Parent } else { KeyScope::Global };
    match shape {
        Shape::Map => {
            return Fact::sure(
                Key { fields: vec!["key".into()], scope: within },
                "each key of the map is a record",
            );
        }
        Shape::File | Shape::None => {
            return Fact::sure(Key { fields: vec![], scope: KeyScope::Global }, "it returns no records");
        }
        _ => {}
    }
    let described = |entity: &&Entity| entity.is_described();
    let of_item = || site.items(endpoint).find_map(|item| site.entity(item)).filter(described);
    let Some(entity) = record_type(site, endpoint, shape).filter(described).or_else(of_item) else {
        return undescribed(endpoint, shape, within);
    };
    if *shape == Shape::Object && !is_item(endpoint) && !entity.has("id") {
        let reason = if nested { "there is one for each parent" } else { "there is one in the instance" };
        return Fact::sure(Key { fields: vec![], scope: within }, reason);
    }
    if entity.has("id") {
        return by_id(endpoint, entity, nested);
    }
    by_natural_field(site, endpoint, entity, within).unwrap_or_else(|| {
        let fact = format!(
            "none of its fields identifies a record; looked for `id`, {}",
            NATURAL.map(|name| format!("`{name}`")).join(", ")
        );
        Fact::unsure(Key { fields: vec![], scope: within }, fact)
    })
}

fn is_item(endpoint: &Endpoint) -> bool {
    endpoint.path.segments.last().is_some_and(crate::endpoint::Segment::is_param)
}

fn by_id(endpoint: &Endpoint, entity: &Entity, nested: bool) -> Fact<Key> {
    let key = |scope| Key { fields: vec!["id".into()], scope };
    if !nested {
        return Fact::sure(key(KeyScope::Global), "its records have an `id`, and no parent");
    }
    if is_user(entity) && !is_root_item(endpoint) {
        return Fact::sure(
            key(KeyScope::Parent),
            "its `id` is that of a user, who may stand under several parents",
        );
    }
    if entity.has("short_id") && entity.has("parent_ids") {
        return Fact::sure(key(KeyScope::Parent), "its `id` is the hash of a commit, which forks share");
    }
    match gitlab::ownership(&endpoint.path) {
        Ownership::Shared => Fact::sure(
            key(KeyScope::Parent),
            "its records have an `id`, but the same one may stand under several parents",
        ),
        Ownership::Owned => {
            Fact::sure(key(KeyScope::Global), "its records have an `id`, unique in the instance")
        }
    }
}

/// Tokens have a `username` as well, but scopes.
fn is_user(entity: &Entity) -> bool {
    entity.has("username") && !entity.has("scopes")
}

/// `/users/{id}`: a user as such, not as something to a parent.
fn is_root_item(endpoint: &Endpoint) -> bool {
    endpoint.path.segments.len() == 2 && is_item(endpoint)
}

/// The field that an item's path takes, else a field that usually identifies.
fn by_natural_field(
    site: &Site<'_>,
    endpoint: &Endpoint,
    entity: &Entity,
    within: KeyScope,
) -> Option<Fact<Key>> {
    let field = NATURAL.iter().find(|name| entity.has(name)).copied();
    let placeholder = item_placeholder(site, endpoint).and_then(|name| field_for(name, entity));
    let (field, reason) = match (placeholder, field) {
        (Some(field), _) => (field.to_owned(), format!("the path of one item takes its `{field}`")),
        (None, Some(field)) => (field.to_owned(), format!("its records have a `{field}` and no `id`")),
        (None, None) => return None,
    };
    let scope = if field == "uuid" { KeyScope::Global } else { within };
    let mut fields = vec![field];
    if entity.has("environment_scope") && gitlab::is_defined_per_environment(&endpoint.path) {
        fields.push("environment_scope".into());
    }
    Some(Fact::sure(Key { fields, scope }, reason))
}

/// What leads to one item has the key of the list that holds it, unless its record is known to lack it.
pub(super) fn inherit_keys(site: &Site<'_>, shapes: &[Fact<Shape>], keys: &mut [Fact<Key>]) {
    let is = |index: usize, shape: &Shape| shapes.get(index).is_some_and(|fact| fact.value == *shape);
    for (index, endpoint) in site.endpoints.iter().enumerate() {
        if !is_item(endpoint) || !is(index, &Shape::Object) || endpoint.stated.contains_key("record_key") {
            continue;
        }
        let slot = endpoint.path.slot(endpoint.path.segments.len() - 1);
        let list = site.at(&slot).find(|(list, _)| is(*list, &Shape::List));
        let Some(inherited) = list.and_then(|(list, _)| keys.get(list)).cloned() else { continue };
        let fits = !inherited.value.fields.is_empty() && may_have(site, endpoint, &inherited.value.fields);
        if let (true, Some(key)) = (fits, keys.get_mut(index)) {
            *key = Fact { reason: "its list has the same key".into(), ..inherited };
        }
    }
}

/// Whether the record has all fields, or nothing is said of it.
fn may_have(site: &Site<'_>, endpoint: &Endpoint, fields: &[String]) -> bool {
    let described = site.entity(endpoint).filter(|entity| entity.is_described());
    described.is_none_or(|entity| fields.iter().all(|field| entity.has(field)))
}

/// The placeholder that stands for one item: in the item's own path, or in a path below it.
fn item_placeholder<'a>(site: &'a Site<'_>, endpoint: &'a Endpoint) -> Option<&'a str> {
    let path = &endpoint.path;
    match path.segments.last() {
        Some(crate::endpoint::Segment::Param(name)) => Some(name),
        _ => site.names(&format!("{}/{{}}", path.place())).first().copied(),
    }
}

/// The property that a placeholder names: itself, or what is left when leading words are dropped (`tag_name` → `name`).
pub(super) fn field_for<'a>(placeholder: &str, entity: &'a Entity) -> Option<&'a str> {
    let words = words(placeholder);
    (0..words.len()).find_map(|start| {
        let name = words.get(start..)?.join("_");
        entity.properties.get_key_value(&name).map(|(property, _)| property.as_str())
    })
}

/// A list whose records the document does not describe.
fn undescribed(endpoint: &Endpoint, shape: &Shape, within: KeyScope) -> Fact<Key> {
    let none = Key { fields: vec![], scope: within };
    if *shape == Shape::Object {
        return Fact::sure(none, "the document does not describe its record");
    }
    Fact::unsure(none, format!("the document does not describe the records of `{}`", endpoint.path.raw))
}
