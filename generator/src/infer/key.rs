//! What identifies a record, and among which records it does.

use crate::endpoint::{Entity, Segment};
use crate::gitlab::{self, Ownership};

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::plural::singular;
use super::property;
use super::shape::Shape;
use super::words::words;

/// What identifies a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key {
    /// Fields at the top of a record. Empty when nothing tells it from its siblings.
    pub fields: Vec<String>,
    pub scope: KeyScope,
}

/// Among which records a key is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyScope {
    #[default]
    Global,
    Parent,
}

impl Key {
    /// The columns of its fields: one inside of an object is a dotted path.
    pub fn columns(&self) -> impl Iterator<Item = String> {
        self.fields.iter().map(|field| field.replace('.', "__"))
    }
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
const NATURAL: [&str; 14] = [
    "uuid", "guid", "uid", "iid", "sid", "key", "slug", "sha", "name", "username", "login", "handle",
    "email", "digest",
];

/// Whether an object has a field that usually tells one record from others.
pub(super) fn may_be_a_record(entity: &Entity) -> bool {
    let is_id = |name: &String| matches!(words(name).last().map(String::as_str), Some("id" | "sid" | "uid"));
    ["id"].iter().chain(&NATURAL).any(|name| property::find_key(entity, name).is_some())
        || entity.properties.keys().any(is_id)
}

pub(super) fn infer_key(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Key> {
    entry.stated.key(unstated_key(draft, entry))
}

fn unstated_key(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Key> {
    let shape = &entry.own.shape.value;
    // What leads to one item has a placeholder for the record itself, which is no parent.
    let nested = entry.endpoint.path.params().count() > usize::from(entry.is_item());
    let within = if nested { KeyScope::Parent } else { KeyScope::Global };
    match shape {
        Shape::Map => {
            let key = Key { fields: vec!["key".into()], scope: within };
            return Fact::sure(key, "each key of the map is a record");
        }
        Shape::File | Shape::None => return Fact::sure(Key::default(), "it returns no records"),
        _ => {}
    }
    let described = |entity: &&Entity| entity.is_described();
    let of_item =
        || draft.site.items(entry.endpoint).find_map(|item| draft.site.entity(item)).filter(described);
    let Some(entity) = draft.record(entry).filter(described).or_else(of_item) else {
        return undescribed(entry, within);
    };
    let id = property::find_key(entity, "id");
    match id {
        None if *shape == Shape::Object && !entry.ends_in_param() => {
            let reason = if nested { "there is one for each parent" } else { "there is one in the instance" };
            Fact::sure(Key { fields: vec![], scope: within }, reason)
        }
        Some(id) => by_id(entry, entity, id, nested),
        None => by_natural_field(draft, entry, entity, within).unwrap_or_else(|| {
            let looked = NATURAL.map(|name| format!("`{name}`")).join(", ");
            let reason = format!("none of its fields identifies a record; looked for `id`, {looked}");
            Fact::unsure(Key { fields: vec![], scope: within }, reason)
        }),
    }
}

fn by_id(entry: Entry<'_>, entity: &Entity, id: &str, nested: bool) -> Fact<Key> {
    let key = |scope| Key { fields: vec![id.to_owned()], scope };
    if !nested {
        return Fact::sure(key(KeyScope::Global), format!("its records have an `{id}`, and no parent"));
    }
    if is_person(entity) && !is_root_item(entry) {
        let reason = format!("its `{id}` is that of a user, who may stand under several parents");
        return Fact::sure(key(KeyScope::Parent), reason);
    }
    match gitlab::ownership(entry.place, entity) {
        (Ownership::Shared, reason) => Fact::sure(key(KeyScope::Parent), reason),
        (Ownership::Owned, reason) => Fact::sure(key(KeyScope::Global), reason),
    }
}

/// Tokens have a `username` as well, but scopes.
fn is_person(entity: &Entity) -> bool {
    property::find(entity, "username").is_some() && property::find(entity, "scopes").is_none()
}

/// `/users/{id}`: a user as such, not as something to a parent.
fn is_root_item(entry: Entry<'_>) -> bool {
    entry.endpoint.path.segments.len() == 2 && entry.ends_in_param()
}

/// The field that an item's path takes, the one named after the collection, else a field that usually identifies.
fn by_natural_field(
    draft: &Draft<'_>,
    entry: Entry<'_>,
    entity: &Entity,
    within: KeyScope,
) -> Option<Fact<Key>> {
    let placeholder = item_placeholder(draft, entry).and_then(|name| field_for(name, entity));
    let own = || own_id(entry, entity);
    let natural = || {
        let names = NATURAL.iter().chain(gitlab::natural_keys(entry.place));
        names.into_iter().find_map(|name| property::find_key(entity, name))
    };
    let (field, reason) = match placeholder {
        Some(field) => (field, format!("the path of one item takes its `{field}`")),
        None => match own() {
            Some(field) => (field, format!("its `{field}` is named after what it lists")),
            None => natural().map(|field| (field, format!("its records have a `{field}` and no `id`")))?,
        },
    };
    let scope = if words(field) == ["uuid"] { KeyScope::Global } else { within };
    let mut fields = vec![field.to_owned()];
    if entity.has("environment_scope") && gitlab::is_defined_per_environment(entry.place) {
        fields.push("environment_scope".into());
    }
    Some(Fact::sure(Key { fields, scope }, reason))
}

/// `book_id` or `bookKey` in the records of `/books`.
fn own_id<'a>(entry: Entry<'_>, entity: &'a Entity) -> Option<&'a str> {
    let collection = entry.endpoint.path.literals().next_back()?;
    let one = singular(&words(collection).join("_"));
    ["id", "uuid", "key", "number", "code"]
        .into_iter()
        .find_map(|kind| property::find_key(entity, &format!("{one}_{kind}")))
}

/// What leads to one item has the key of the list that holds it, unless its record is known to lack it.
pub(super) fn inherit_key(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Key> {
    let own = || entry.own.key.clone();
    if entry.endpoint.stated.contains_key("record_key") {
        return own();
    }
    let Some(list) = draft.list_of_item(entry) else { return own() };
    let inherited = &list.own.key;
    let described = draft.site.entity(entry.endpoint).filter(|entity| entity.is_described());
    let may_have =
        described.is_none_or(|entity| inherited.value.fields.iter().all(|field| entity.has(field)));
    if inherited.value.fields.is_empty() || !may_have {
        return own();
    }
    Fact { reason: "its list has the same key".into(), ..inherited.clone() }
}

/// The placeholder that stands for one item: in the item's own path, or in a path below it.
fn item_placeholder<'a>(draft: &'a Draft<'_>, entry: Entry<'a>) -> Option<&'a str> {
    let path = &entry.endpoint.path;
    match path.segments.last() {
        Some(Segment::Param(name)) => Some(name),
        _ => draft.site.names(&format!("{}/{{}}", path.place())).first().copied(),
    }
}

/// The property that a placeholder names: itself, or what is left when leading words are dropped (`tag_name` → `name`).
pub(super) fn field_for<'a>(placeholder: &str, entity: &'a Entity) -> Option<&'a str> {
    let words = words(placeholder);
    (0..words.len()).find_map(|start| property::find_key(entity, &words.get(start..)?.join("_")))
}

/// A list whose records the document does not describe.
fn undescribed(entry: Entry<'_>, within: KeyScope) -> Fact<Key> {
    let none = Key { fields: vec![], scope: within };
    if entry.own.shape.value == Shape::Object {
        return Fact::sure(none, "the document does not describe its record");
    }
    Fact::unsure(none, format!("the document does not describe the records of `{}`", entry.endpoint.path.raw))
}
