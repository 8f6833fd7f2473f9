//! The query parameters of an endpoint.

use indexmap::IndexMap;
use serde_json::Value;

use super::clean;
use super::entity::Type;
use super::schema::Reader;
use crate::document::Node;
use crate::text::{lines, one_line};

/// One query parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryParam {
    pub name: String,
    pub description: String,
    pub required: bool,
    pub kind: Type,
    /// The values that it may have, as text; empty when any may be.
    pub values: Vec<String>,
    pub default: Option<Value>,
}

impl QueryParam {
    /// Whether a request without it is refused.
    pub fn is_needed(&self) -> bool {
        self.required && self.default.is_none()
    }
}

/// What the document says of the values of a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathParam {
    pub name: String,
    pub kind: Type,
    /// Whether it lists all values that there are.
    pub is_closed: bool,
}

/// The query parameters in the order of the document, each name once: the first wins, as an operation's own parameters
/// come before those of its path.
pub(super) fn parse_query<'a>(
    parameters: impl Iterator<Item = Node<'a>>,
    reader: &mut Reader<'a>,
) -> Vec<QueryParam> {
    named(parameters, "query", reader)
        .into_iter()
        .map(|(name, node)| parse_param(name, node, reader))
        .collect()
}

/// The placeholders, each name once.
pub(super) fn parse_path<'a>(
    parameters: impl Iterator<Item = Node<'a>>,
    reader: &mut Reader<'a>,
) -> Vec<PathParam> {
    let placeholders = named(parameters, "path", reader).into_iter();
    let parse = |(name, node)| {
        let schema = schema(node);
        let is_closed = !reader.enumeration(schema).is_empty();
        PathParam { name, kind: reader.read(schema), is_closed }
    };
    placeholders.map(parse).collect()
}

fn named<'a>(
    parameters: impl Iterator<Item = Node<'a>>,
    place: &str,
    reader: &mut Reader<'a>,
) -> IndexMap<String, Node<'a>> {
    let mut found = IndexMap::new();
    for parameter in parameters.filter_map(|parameter| reader.follow(parameter)) {
        let name = one_line(&parameter.text("name").unwrap_or_default());
        let is_there = parameter.str("in").is_some_and(|own| own.eq_ignore_ascii_case(place));
        if is_there && !name.is_empty() {
            found.entry(name).or_insert(parameter);
        }
    }
    found
}

/// What describes the value: in Swagger 2.0, the parameter itself.
fn schema(parameter: Node<'_>) -> Node<'_> {
    let in_content = || parameter.entries("content").find_map(|(_, media)| media.get("schema"));
    parameter.get("schema").or_else(in_content).unwrap_or(parameter)
}

fn parse_param<'a>(name: String, parameter: Node<'a>, reader: &mut Reader<'a>) -> QueryParam {
    let schema = schema(parameter);
    let resolved = reader.follow(schema);
    QueryParam {
        name,
        description: lines(&parameter.text("description").unwrap_or_default()),
        required: parameter.is_true("required"),
        kind: reader.read(schema),
        values: reader.enumeration(schema),
        default: resolved.and_then(|schema| schema.get("default")).map(|node| clean(node.value.clone())),
    }
}
