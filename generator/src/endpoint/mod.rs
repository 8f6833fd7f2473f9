//! The GET operations of a document, with references resolved and nothing of OpenAPI left.
//!
//! In: a [`Document`]. Out: [`Endpoints`], in the order of the document. An operation that cannot be read is kept,
//! with what is wrong with it, so that every GET is accounted for. Nothing is guessed here.

mod answer;
mod parameter;
mod path;
mod reference;
mod schema;

use serde_json::{Map, Value};

use crate::document::{Document, Get};

pub use answer::Answer;
pub use parameter::QueryParam;
pub use path::{Path, Segment};
pub use schema::{Entities, Entity, EntityId, Property, Scalar, Type};

/// All endpoints of a document and the entities that they answer with.
#[derive(Debug, Default)]
pub struct Endpoints {
    pub all: Vec<Endpoint>,
    pub entities: Entities,
    /// The operations that could not be read.
    pub unreadable: Vec<Unreadable>,
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
    /// The declared types of placeholders, by name.
    pub path_params: Vec<(String, Type)>,
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
        let mut reader = schema::Reader::new(document);
        let mut endpoints = Self::default();
        for get in document.gets() {
            match parse_endpoint(document, &get, &mut reader) {
                Ok(endpoint) => endpoints.all.push(endpoint),
                Err(fault) => endpoints.unreadable.push(Unreadable {
                    path: get.path.to_owned(),
                    pointer: get.pointer(),
                    operation_id: get.operation_id().to_owned(),
                    fault,
                }),
            }
        }
        endpoints.entities = reader.finish();
        endpoints
    }
}

fn parse_endpoint(
    document: &Document,
    get: &Get<'_>,
    reader: &mut schema::Reader<'_>,
) -> Result<Endpoint, String> {
    let operation = get.operation()?;
    let answer = answer::parse_answer(document, &operation.responses, reader);
    let parameters: Vec<_> = operation.parameters.into_iter().chain(get.shared_parameters()).collect();
    Ok(Endpoint {
        path: Path::parse(get.path, document.server_path()),
        pointer: get.pointer(),
        operation_id: operation.operation_id.unwrap_or_default(),
        summary: operation.summary.unwrap_or_default(),
        description: operation.description.unwrap_or_default(),
        tags: operation.tags,
        deprecated: operation.deprecated,
        path_params: parameter::parse_path_types(document, &parameters, reader),
        query: parameter::parse_query(document, parameters.into_iter(), reader),
        answer,
        stated: get.stated(),
    })
}
