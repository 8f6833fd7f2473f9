//! JSON schemas of all dialects, read keyword by keyword: one that is at fault is as if it were not there.
//!
//! Each schema is read once, wherever it is referred to from, and the properties of objects are read one object after
//! the other, so neither long chains nor circles of references are a problem.

use std::collections::{BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;

use super::entity::{Entities, Entity, EntityId, Property, Scalar, Type};
use super::reference::References;
use crate::document::{Document, Node, scalar};
use crate::text::{one_line, printable};

/// As many levels of lists and combinations as are followed within one property.
const DEEPEST: usize = 64;

/// As many parts as one object may be combined of.
const MOST_PARTS: usize = 2_000;

/// What lists variants. A list of items is one as well: those of a tuple, or, without a type, what a converter made of
/// variants.
const VARIANTS: [&str; 3] = ["oneOf", "anyOf", "items"];

/// Reads schemas and remembers them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    references: References<'a>,
    entities: Vec<Entity>,
    /// By the address of the schema.
    known: HashMap<usize, Type>,
    /// Entities whose properties are still to be read.
    waiting: Vec<(EntityId, Node<'a>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let references = References::new(document);
        Self { references, entities: Vec::new(), known: HashMap::new(), waiting: Vec::new() }
    }

    /// All that was read, and the references that lead nowhere.
    pub(super) fn finish(self) -> (Entities, BTreeSet<String>) {
        (Entities(self.entities), self.references.dangling())
    }

    pub(super) fn follow(&mut self, node: Node<'a>) -> Option<Node<'a>> {
        self.references.follow(node)
    }

    /// The entries of the mapping below a key, which may itself be a reference.
    pub(super) fn entries(
        &mut self,
        node: Node<'a>,
        key: &str,
    ) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
        let mapping = node.get(key).and_then(|mapping| self.follow(mapping));
        mapping.into_iter().flat_map(Node::all)
    }

    pub(super) fn read(&mut self, schema: Node<'a>) -> Type {
        let read = self.kind(schema, 0);
        while let Some((id, schema)) = self.waiting.pop() {
            self.fill(id, schema);
        }
        read
    }

    fn fill(&mut self, id: EntityId, schema: Node<'a>) {
        let mut properties = IndexMap::new();
        for (name, schema) in self.properties(schema, 0, &mut HashSet::new(), &mut MOST_PARTS.clone()) {
            let description = schema.text("description").map(|text| one_line(&text)).unwrap_or_default();
            properties.insert(one_line(name), Property { kind: self.kind(schema, 0), description });
        }
        if let Some(entity) = self.entities.get_mut(id.0) {
            entity.properties = properties;
        }
    }

    fn kind(&mut self, schema: Node<'a>, depth: usize) -> Type {
        let Some((schema, reference)) = self.references.follow_named(schema) else { return Type::Unknown };
        if let Some(known) = self.known.get(&schema.address()) {
            return known.clone();
        }
        if depth > DEEPEST {
            return Type::Unknown;
        }
        // Until it is known: a schema that is nothing but itself stays unknown.
        self.known.insert(schema.address(), Type::Unknown);
        let read = self.read_schema(schema, reference.and_then(component_name), depth);
        self.known.insert(schema.address(), read.clone());
        read
    }

    fn read_schema(&mut self, schema: Node<'a>, name: Option<String>, depth: usize) -> Type {
        match declared(schema).as_slice() {
            [Declared::Object] => match self.read_keywords(schema, name.clone(), depth) {
                read @ (Type::Object(_) | Type::Map) => read,
                _ => self.entity(schema, name),
            },
            [Declared::Array] => self.read_array(schema, depth),
            [Declared::Scalar(scalar)] => Type::Scalar(*scalar),
            [] => self.read_keywords(schema, name, depth),
            several => match self.read_keywords(schema, name, depth) {
                Type::Unknown => several_scalars(several),
                read => read,
            },
        }
    }

    /// A schema without a `type` shows what it is by its other keywords.
    fn read_keywords(&mut self, schema: Node<'a>, name: Option<String>, depth: usize) -> Type {
        if self.entries(schema, "properties").next().is_some() {
            return self.entity(schema, name);
        }
        if schema.items("allOf").next().is_some() {
            return self.read_all_of(schema, name, depth);
        }
        if VARIANTS.into_iter().any(|key| schema.items(key).next().is_some()) {
            return self.read_variants(schema, name, depth);
        }
        if schema.get("items").is_some() || schema.get("prefixItems").is_some() {
            return self.read_array(schema, depth);
        }
        if is_map(schema) {
            return Type::Map;
        }
        values(schema).first().map_or(Type::Unknown, |value| match value.value {
            serde_json::Value::String(_) => Type::Scalar(Scalar::Text),
            serde_json::Value::Bool(_) => Type::Scalar(Scalar::Bool),
            _ => Type::Unknown,
        })
    }

    /// Makes an entity that can be referred to before its properties are read.
    fn entity(&mut self, schema: Node<'a>, name: Option<String>) -> Type {
        let id = EntityId(self.entities.len());
        self.entities.push(Entity { name, properties: IndexMap::new() });
        self.waiting.push((id, schema));
        Type::Object(id)
    }

    fn read_array(&mut self, schema: Node<'a>, depth: usize) -> Type {
        let items = schema.get("items").filter(|items| items.as_object().is_some());
        let items = match items {
            Some(items) => self.kind(items, depth + 1),
            None => self.read_variants(schema, None, depth),
        };
        Type::Array(Box::new(items))
    }

    /// One entity with the properties of all parts; a single part is itself.
    fn read_all_of(&mut self, schema: Node<'a>, name: Option<String>, depth: usize) -> Type {
        let parts: Vec<Type> = schema.items("allOf").map(|part| self.kind(part, depth + 1)).collect();
        match parts.as_slice() {
            [only] if name.is_none() => only.clone(),
            parts if parts.iter().any(|part| matches!(part, Type::Object(_))) => self.entity(schema, name),
            parts => parts.iter().find(|part| **part != Type::Unknown).cloned().unwrap_or_default(),
        }
    }

    /// Variants that agree have a type. A list stands above one object, which is what errors look like; several objects
    /// are what they have in common; text and number together are read as text.
    fn read_variants(&mut self, schema: Node<'a>, name: Option<String>, depth: usize) -> Type {
        let variants = VARIANTS.into_iter().flat_map(|key| schema.items(key));
        let variants: Vec<Node<'a>> = variants.filter(|variant| !is_null(*variant)).collect();
        let mut read: Vec<Type> = Vec::new();
        for variant in variants {
            let kind = self.kind(variant, depth + 1);
            if !read.contains(&kind) {
                read.push(kind);
            }
        }
        let is_list = |kind: &&Type| matches!(kind, Type::Array(_));
        let is_object = |kind: &&Type| matches!(kind, Type::Object(_));
        match read.as_slice() {
            [only] => only.clone(),
            [_, ..] if read.iter().all(|kind| matches!(kind, Type::Scalar(_))) => Type::Scalar(Scalar::Text),
            _ => match (read.iter().filter(is_list).count(), read.iter().filter(is_object).count()) {
                (0, 0) => Type::Unknown,
                (0, 1) => read.into_iter().find(|kind| is_object(&kind)).unwrap_or_default(),
                (0, _) => self.entity(schema, name),
                (1, _) => read.into_iter().find(|kind| is_list(&kind)).unwrap_or_default(),
                _ => Type::Array(Box::default()),
            },
        }
    }

    /// The properties of a schema and of all that it is combined of: its own stand above those of its parts. Of
    /// variants, those count that all described ones have.
    fn properties(
        &mut self,
        schema: Node<'a>,
        depth: usize,
        seen: &mut HashSet<usize>,
        budget: &mut usize,
    ) -> IndexMap<&'a str, Node<'a>> {
        let mut properties = IndexMap::new();
        let Some(schema) = self.references.follow(schema) else { return properties };
        if depth > DEEPEST || *budget == 0 || !seen.insert(schema.address()) {
            return properties;
        }
        *budget -= 1;
        for part in schema.items("allOf") {
            properties.extend(self.properties(part, depth + 1, seen, budget));
        }
        for key in VARIANTS {
            let mut common: Option<IndexMap<&str, Node<'_>>> = None;
            for variant in schema.items(key) {
                let own = self.properties(variant, depth + 1, &mut seen.clone(), budget);
                match &mut common {
                    _ if own.is_empty() => {}
                    Some(common) => common.retain(|name, _| own.contains_key(name)),
                    None => common = Some(own),
                }
            }
            properties.extend(common.unwrap_or_default());
        }
        properties.extend(self.entries(schema, "properties"));
        properties
    }

    /// The values that a schema lists, as text.
    pub(super) fn enumeration(&mut self, schema: Node<'a>) -> Vec<String> {
        let mut current = schema;
        for _ in 0..DEEPEST {
            let Some(schema) = self.references.follow(current) else { break };
            let values = values(schema);
            if !values.is_empty() {
                return values
                    .into_iter()
                    .filter_map(|node| scalar(node.value))
                    .map(|text| printable(&text))
                    .collect();
            }
            let part = || schema.items("allOf").next();
            let variants = || {
                VARIANTS.into_iter().flat_map(|key| schema.items(key)).filter(|variant| !is_null(*variant))
            };
            // Several variants may have any values together.
            let only = || variants().next().filter(|_| variants().count() == 1);
            match schema.get("items").or_else(part).or_else(only) {
                Some(next) => current = next,
                None => break,
            }
        }
        Vec::new()
    }
}

/// What a `type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Object,
    Array,
    Scalar(Scalar),
}

/// The types that a schema declares, but `null`.
fn declared(schema: Node<'_>) -> Vec<Declared> {
    let several = schema.items("type").filter_map(|item| item.value.as_str());
    several.chain(schema.str("type")).filter_map(|name| declared_type(name, schema)).collect()
}

fn declared_type(name: &str, schema: Node<'_>) -> Option<Declared> {
    Some(match name.to_ascii_lowercase().as_str() {
        "object" => Declared::Object,
        "array" => Declared::Array,
        "integer" => Declared::Scalar(Scalar::Int),
        "number" => Declared::Scalar(Scalar::Float),
        "boolean" => Declared::Scalar(Scalar::Bool),
        // Of Swagger 2.0.
        "file" => Declared::Scalar(Scalar::Binary),
        // Grape, which writes GitLab's documents, leaks names of Ruby types.
        "string" | "text" | "symbol" | "date" | "datetime" => Declared::Scalar(text_scalar(schema)),
        _ => return None,
    })
}

fn text_scalar(schema: Node<'_>) -> Scalar {
    match schema.str("format") {
        Some("date") => Scalar::Date,
        Some("date-time") => Scalar::Timestamp,
        Some("binary") => Scalar::Binary,
        _ => Scalar::Text,
    }
}

fn several_scalars(declared: &[Declared]) -> Type {
    let is_scalar = |declared: &Declared| matches!(declared, Declared::Scalar(_));
    if declared.iter().all(is_scalar) { Type::Scalar(Scalar::Text) } else { Type::Unknown }
}

/// Whether the keys of the object are data.
fn is_map(schema: Node<'_>) -> bool {
    let additional = schema.get("additionalProperties");
    additional.is_some_and(|node| node.as_object().is_some() || node.value == true)
        || schema.entries("patternProperties").next().is_some()
}

/// A schema that allows nothing but null.
fn is_null(schema: Node<'_>) -> bool {
    let Some(map) = schema.as_object() else { return schema.value.is_null() };
    let is_null_type = |value: &serde_json::Value| value.is_null() || value == "null";
    let only_null = |value: &serde_json::Value| match value {
        serde_json::Value::Array(items) => !items.is_empty() && items.iter().all(is_null_type),
        value => is_null_type(value),
    };
    ["type", "enum", "const"].into_iter().any(|key| map.get(key).is_some_and(only_null))
}

/// The values that a schema names, but null.
fn values(schema: Node<'_>) -> Vec<Node<'_>> {
    let values = schema.items("enum").chain(schema.get("const"));
    values.filter(|node| scalar(node.value).is_some() || node.value.is_boolean()).collect()
}

/// What a reference calls a schema: a component, or a file of its own.
fn component_name(reference: &str) -> Option<String> {
    let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let tokens: Vec<&str> = fragment.split('/').skip(1).collect();
    let name = match tokens.as_slice() {
        ["components", "schemas", name] | ["definitions" | "$defs", name] => name,
        [] => file.rsplit('/').next()?.split('.').next()?,
        _ => return None,
    };
    let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    Some(one_line(&decoded.replace("~1", "/").replace("~0", "~")))
}
