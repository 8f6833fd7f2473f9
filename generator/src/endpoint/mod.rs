//! The GET operations of a document, with references resolved and nothing of OpenAPI left.
//!
//! In: a [`Document`]. Out: [`Endpoints`], in the order of the document. An operation that cannot be read is kept,
//! with what is wrong with it, so that every GET is accounted for. Nothing is guessed here, and all names and texts
//! leave here without what steers a terminal.

mod answer;
mod entity;
mod parameter;
mod path;
mod reference;
mod root;
mod schema;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{Document, Get, Node};
use crate::text::{self, lines, one_line};

pub use answer::Answer;
pub use entity::{Entities, Entity, EntityId, Property, Scalar, Type};
pub use parameter::{PathParam, QueryParam};
pub use path::{Path, Segment};
pub use root::ApiRoot;

/// All endpoints of a document and the entities that they answer with.
#[derive(Debug, Default)]
pub struct Endpoints {
    pub all: Vec<Endpoint>,
    pub entities: Entities,
    /// The path below which all requests go: `/rest/api/3`.
    pub api_root: String,
    /// The operations that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The references that lead nowhere.
    pub dangling: BTreeSet<String>,
}

/// One GET operation.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub path: Path,
    /// Where it stands in the document, as a JSON Pointer.
    pub pointer: String,
    pub operation_id: String,
    pub summary: String,
    pub description: String,
    pub tags: Vec<String>,
    pub deprecated: bool,
    pub query: Vec<QueryParam>,
    /// The placeholders that are declared.
    pub path_params: Vec<PathParam>,
    pub answer: Answer,
    /// The facts that `x-gitlab-init` states, which inference takes as given.
    pub stated: Map<String, Value>,
}

/// A GET operation that does not follow the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub path: String,
    pub pointer: String,
    pub operation_id: String,
    pub fault: String,
}

impl Endpoint {
    /// Whether it stands in the document; GitLab has lists that a document may leave out.
    pub fn is_declared(&self) -> bool {
        !self.pointer.is_empty()
    }

    /// The query parameter of that name.
    pub fn query_param(&self, name: &str) -> Option<&QueryParam> {
        self.query.iter().find(|param| param.name == name)
    }
}

impl Endpoints {
    /// Reads every GET of the document.
    pub fn parse(document: &Document) -> Self {
        let paths: Vec<String> = document.gets().map(|get| text::path(get.path)).collect();
        let root = ApiRoot::of(&text::path(&document.server_path()), paths.iter().map(String::as_str));
        let mut reader = schema::Reader::new(document);
        let mut endpoints = Self { api_root: root.shared.clone(), ..Self::default() };
        for get in document.gets() {
            match get.operation() {
                Ok(operation) => {
                    endpoints.all.push(parse_endpoint(document, &root, &get, operation, &mut reader));
                }
                Err(fault) => endpoints.unreadable.push(Unreadable {
                    path: text::path(get.path),
                    pointer: text::path(&get.pointer()),
                    operation_id: one_line(&get.operation_id()),
                    fault: one_line(&fault),
                }),
            }
        }
        (endpoints.entities, endpoints.dangling) = reader.finish();
        endpoints
    }
}

fn parse_endpoint<'a>(
    document: &'a Document,
    root: &ApiRoot,
    get: &Get<'a>,
    operation: Node<'a>,
    reader: &mut schema::Reader<'a>,
) -> Endpoint {
    let text = |key| operation.text(key).unwrap_or_default();
    let answer = answer::parse_answer(operation, document.producer(operation), reader);
    Endpoint {
        path: root.path(&text::path(get.path)),
        pointer: text::path(&get.pointer()),
        operation_id: one_line(&text("operationId")),
        summary: one_line(&text("summary")),
        description: lines(&text("description")),
        tags: tags(operation),
        deprecated: operation.is_true("deprecated"),
        query: parameter::parse_query(get.parameters(), reader),
        path_params: parameter::parse_path(get.parameters(), reader),
        answer,
        stated: get.stated().into_iter().map(|(name, value)| (one_line(&name), clean(value))).collect(),
    }
}

fn tags(operation: Node<'_>) -> Vec<String> {
    let texts = operation.items("tags").filter_map(|tag| tag.value.as_str());
    let only = operation.str("tags");
    texts.chain(only).map(one_line).collect()
}

/// A stated value, with all its texts on one line each.
fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(one_line(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(clean).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (one_line(&key), clean(value))).collect())
        }
        other => other,
    }
}
