//! What schemas amount to for tables: objects with typed properties.
//!
//! Objects live in an arena and refer to each other by number, so schemas that contain themselves are no problem.

use indexmap::IndexMap;

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
pub struct EntityId(pub(super) usize);

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
    /// What the document says of it, in one line; empty when it says nothing.
    pub description: String,
}

/// All entities that the answers of a document refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entities(pub(super) Vec<Entity>);

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
