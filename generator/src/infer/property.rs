//! Properties of an entity, found by what they are called in whatever spelling: `perPage`, `per_page`, `PerPage`.

use crate::endpoint::{Entity, Scalar, Type};

use super::words::is_same;

/// The property of that name, in the spelling of the document; an exact match before one by words.
pub(super) fn find<'a>(entity: &'a Entity, name: &str) -> Option<&'a str> {
    if let Some((known, _)) = entity.properties.get_key_value(name) {
        return Some(known);
    }
    // `@id` and `$id` are words about the record, not of it.
    let is_plain =
        |property: &str| property.starts_with(|first: char| first.is_alphanumeric() || first == '_');
    let same = |property: &&String| is_plain(property) && is_same(property, name);
    entity.properties.keys().find(same).map(String::as_str)
}

/// The property of that name, as long as its values can identify something.
pub(super) fn find_key<'a>(entity: &'a Entity, name: &str) -> Option<&'a str> {
    let found = find(entity, name)?;
    entity.properties.get(found).is_some_and(|property| identifies(&property.kind)).then_some(found)
}

/// Whether values of this type can stand in a path or tell rows apart. What is not declared may.
pub(super) fn identifies(kind: &Type) -> bool {
    match kind {
        Type::Unknown => true,
        Type::Scalar(scalar) => !matches!(scalar, Scalar::Bool | Scalar::Float | Scalar::Binary),
        Type::Object(_) | Type::Map | Type::Array(_) => false,
    }
}
