//! What the document says of columns: hints that survive reality, for the data decides.

use crate::endpoint::{Entities, Entity, Scalar, Type};

use super::draft::{Draft, Entry};
use super::plural::is_plural;
use super::words::last_word;

/// One column, as the document describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As in the table: `author__username`.
    pub name: String,
    /// `None` where nothing is known, or nothing is worth saying: text within an object.
    pub kind: Option<ColumnKind>,
    /// What the document says of it; empty when it says nothing.
    pub description: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Bool,
    Int,
    Float,
    Date,
    Timestamp,
    Text,
    Json,
}

impl ColumnKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// The columns of an entity, and those of nested objects one level deep, where text is what a column is anyway when
/// nothing is said. Where the declared type is known to be a fallback, nothing is said either.
pub(super) fn infer_columns(draft: &Draft<'_>, entry: Entry<'_>) -> Vec<Column> {
    let entity = draft.record(entry);
    entity.map(|entity| columns_of(draft.site.entities, entity)).unwrap_or_default()
}

fn columns_of(entities: &Entities, entity: &Entity) -> Vec<Column> {
    let mut columns = Vec::new();
    for (name, property) in &entity.properties {
        match &property.kind {
            Type::Object(id) if !is_plural(name) => {
                let nested = entities.get(*id).properties.iter();
                columns.extend(nested.map(|(inner, property)| Column {
                    name: format!("{name}__{inner}"),
                    kind: infer_kind(inner, &property.kind).filter(|kind| *kind != ColumnKind::Text),
                    description: property.description.clone(),
                }));
            }
            kind => columns.push(Column {
                name: name.clone(),
                kind: infer_kind(name, kind),
                description: property.description.clone(),
            }),
        }
    }
    columns
}

fn infer_kind(name: &str, declared: &Type) -> Option<ColumnKind> {
    match declared {
        Type::Scalar(Scalar::Text) => text_kind(name),
        Type::Scalar(Scalar::Bool) => Some(ColumnKind::Bool),
        Type::Scalar(Scalar::Int) => Some(ColumnKind::Int),
        Type::Scalar(Scalar::Float) => Some(ColumnKind::Float),
        Type::Scalar(Scalar::Date) => Some(ColumnKind::Date),
        Type::Scalar(Scalar::Timestamp) => Some(ColumnKind::Timestamp),
        Type::Array(items) if matches!(**items, Type::Scalar(_)) => Some(ColumnKind::Json),
        Type::Map => Some(ColumnKind::Json),
        _ => None,
    }
}

/// GitLab's documents declare as a string whatever nobody annotated: names that speak of times are times, names that
/// speak of numbers, flags or several things may be anything.
fn text_kind(name: &str) -> Option<ColumnKind> {
    match last_word(name).as_str() {
        "at" => Some(ColumnKind::Timestamp),
        "on" | "date" => Some(ColumnKind::Date),
        "id" | "iid" | "count" | "enabled" | "limit" | "level" | "size" => None,
        _ if name.starts_with("is_") || name.starts_with("has_") || name.starts_with("can_") => None,
        _ if is_plural(name) => None,
        _ => Some(ColumnKind::Text),
    }
}
