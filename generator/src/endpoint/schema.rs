//! JSON schemas, reduced to what tables need: objects with typed properties.
//!
//! Objects live in an arena and refer to each other by number, so schemas that contain themselves are no problem.

use std::collections::HashMap;

use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, AnySchema, ArrayType, ObjectType, ReferenceOr, Schema, SchemaKind, StringFormat,
    StringType, Type as Declared, VariantOrUnknownOrEmpty,
};

use crate::document::Document;

/// The type of a value, as declared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Type {
    #[default]
    Unknown,
    Scalar(Scalar),
    Object(EntityId),
    /// An object whose keys are data.
    Map,
    Array(Box<Type>),
}

/// A value that is neither object nor array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    Bool,
    Int,
    Float,
    Date,
    Timestamp,
    Text,
    Binary,
}

/// The number of an entity in [`Entities`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntityId(usize);

/// An object with named properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entity {
    /// The name of the component; none for an object that is declared in place.
    pub name: Option<String>,
    pub properties: IndexMap<String, Property>,
}

/// One property of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    pub kind: Type,
}

/// All entities that the answers of a document refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entities(Vec<Entity>);

impl Entities {
    pub fn get(&self, id: EntityId) -> &Entity {
        static NONE: std::sync::LazyLock<Entity> = std::sync::LazyLock::new(Entity::default);
        self.0.get(id.0).unwrap_or(&NONE)
    }
}

impl Entity {
    /// Whether the document says anything of its properties.
    pub fn is_described(&self) -> bool {
        !self.properties.is_empty()
    }

    pub fn has(&self, property: &str) -> bool {
        self.properties.contains_key(property)
    }
}

/// Reads schemas and remembers the named ones.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    document: &'a Document,
    entities: Vec<Entity>,
    components: HashMap<String, Type>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self { document, entities: Vec::new(), components: HashMap::new() }
    }

    pub(super) fn finish(self) -> Entities {
        Entities(self.entities)
    }

    pub(super) fn read(&mut self, schema: &ReferenceOr<Schema>) -> Type {
        match schema {
            ReferenceOr::Reference { reference } => self.read_component(reference),
            ReferenceOr::Item(schema) => self.read_schema(schema, None),
        }
    }

    fn read_component(&mut self, reference: &str) -> Type {
        let Some(name) = reference.strip_prefix("#/components/schemas/") else { return Type::Unknown };
        if let Some(known) = self.components.get(name) {
            return known.clone();
        }
        // Until it is known: a component that is nothing but itself stays unknown.
        self.components.insert(name.to_owned(), Type::Unknown);
        let read = match self.document.schema(name) {
            Some(ReferenceOr::Item(schema)) => self.read_schema(&schema, Some(name)),
            Some(ReferenceOr::Reference { reference }) => self.read_component(&reference),
            None => Type::Unknown,
        };
        self.components.insert(name.to_owned(), read.clone());
        read
    }

    fn read_schema(&mut self, schema: &Schema, name: Option<&str>) -> Type {
        match &schema.schema_kind {
            SchemaKind::Type(Declared::Object(object)) => self.read_object(object, name),
            SchemaKind::Type(Declared::Array(array)) => self.read_array(array),
            SchemaKind::Type(Declared::String(string)) => Type::Scalar(text_scalar(string)),
            SchemaKind::Type(Declared::Integer(_)) => Type::Scalar(Scalar::Int),
            SchemaKind::Type(Declared::Number(_)) => Type::Scalar(Scalar::Float),
            SchemaKind::Type(Declared::Boolean(_)) => Type::Scalar(Scalar::Bool),
            SchemaKind::AllOf { all_of } => self.read_all_of(all_of, name),
            SchemaKind::OneOf { one_of: variants } | SchemaKind::AnyOf { any_of: variants } => {
                self.read_variants(variants)
            }
            SchemaKind::Any(any) => self.read_any(any, name),
            SchemaKind::Not { .. } => Type::Unknown,
        }
    }

    fn read_object(&mut self, object: &ObjectType, name: Option<&str>) -> Type {
        if object.properties.is_empty() {
            return match &object.additional_properties {
                Some(AdditionalProperties::Schema(_) | AdditionalProperties::Any(true)) => Type::Map,
                _ => self.entity(name, |_, _| {}),
            };
        }
        self.entity(name, |reader, id| reader.read_properties(&object.properties, id))
    }

    /// Makes an entity that can be referred to while its properties are read.
    fn entity(&mut self, name: Option<&str>, fill: impl FnOnce(&mut Self, EntityId)) -> Type {
        let id = EntityId(self.entities.len());
        self.entities.push(Entity { name: name.map(str::to_owned), properties: IndexMap::new() });
        if let Some(name) = name {
            self.components.insert(name.to_owned(), Type::Object(id));
        }
        fill(self, id);
        Type::Object(id)
    }

    fn read_properties(&mut self, properties: &IndexMap<String, ReferenceOr<Box<Schema>>>, id: EntityId) {
        for (name, schema) in properties {
            let kind = match schema {
                ReferenceOr::Reference { reference } => self.read_component(reference),
                ReferenceOr::Item(schema) => self.read_schema(schema, None),
            };
            self.add_property(id, name, kind);
        }
    }

    fn add_property(&mut self, id: EntityId, name: &str, kind: Type) {
        if let Some(entity) = self.entities.get_mut(id.0) {
            entity.properties.insert(name.to_owned(), Property { kind });
        }
    }

    fn read_array(&mut self, array: &ArrayType) -> Type {
        let items = match &array.items {
            Some(ReferenceOr::Reference { reference }) => self.read_component(reference),
            Some(ReferenceOr::Item(schema)) => self.read_schema(schema, None),
            None => Type::Unknown,
        };
        Type::Array(Box::new(items))
    }

    /// One entity with the properties of all parts; a single part is itself.
    fn read_all_of(&mut self, parts: &[ReferenceOr<Schema>], name: Option<&str>) -> Type {
        if let ([only], None) = (parts, name) {
            return self.read(only);
        }
        self.entity(name, |reader, id| {
            for part in parts {
                let Type::Object(part) = reader.read(part) else { continue };
                let properties = reader.entities.get(part.0).map(|entity| entity.properties.clone());
                for (name, property) in properties.unwrap_or_default() {
                    reader.add_property(id, &name, property.kind);
                }
            }
        })
    }

    /// Variants that agree have a type; text and number together are read as text. Of a list and an object, the list is
    /// what was asked for: the object tells of an error, or is one of the records.
    fn read_variants(&mut self, variants: &[ReferenceOr<Schema>]) -> Type {
        let mut read: Vec<Type> = variants.iter().map(|variant| self.read(variant)).collect();
        read.dedup();
        match read.as_slice() {
            [only] => only.clone(),
            [_, ..] if read.iter().all(|kind| matches!(kind, Type::Scalar(_))) => Type::Scalar(Scalar::Text),
            _ => {
                let list = read.iter().find(|kind| matches!(kind, Type::Array(_)));
                list.or_else(|| read.iter().find(|kind| matches!(kind, Type::Object(_))))
                    .cloned()
                    .unwrap_or_default()
            }
        }
    }

    /// A schema without a `type` shows what it is by its keywords.
    fn read_any(&mut self, any: &AnySchema, name: Option<&str>) -> Type {
        if !any.properties.is_empty() {
            return self.entity(name, |reader, id| reader.read_properties(&any.properties, id));
        }
        if !any.all_of.is_empty() {
            return self.read_all_of(&any.all_of, name);
        }
        match &any.items {
            Some(ReferenceOr::Reference { reference }) => {
                Type::Array(Box::new(self.read_component(reference)))
            }
            Some(ReferenceOr::Item(items)) => Type::Array(Box::new(self.read_schema(items, None))),
            None => Type::Unknown,
        }
    }
}

/// The values that a schema lists, as text.
pub(super) fn enumeration(schema: &Schema) -> Vec<String> {
    match &schema.schema_kind {
        SchemaKind::Type(Declared::String(string)) => string.enumeration.iter().flatten().cloned().collect(),
        SchemaKind::Type(Declared::Integer(integer)) => {
            integer.enumeration.iter().flatten().map(ToString::to_string).collect()
        }
        SchemaKind::Type(Declared::Array(ArrayType { items: Some(ReferenceOr::Item(items)), .. })) => {
            enumeration(items)
        }
        _ => Vec::new(),
    }
}

fn text_scalar(string: &StringType) -> Scalar {
    match &string.format {
        VariantOrUnknownOrEmpty::Item(StringFormat::Date) => Scalar::Date,
        VariantOrUnknownOrEmpty::Item(StringFormat::DateTime) => Scalar::Timestamp,
        VariantOrUnknownOrEmpty::Item(StringFormat::Binary) => Scalar::Binary,
        _ => Scalar::Text,
    }
}
