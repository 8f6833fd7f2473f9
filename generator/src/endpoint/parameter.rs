//! The query parameters of an endpoint.

use openapiv3::{Parameter, ParameterSchemaOrContent, ReferenceOr};
use serde_json::Value;

use super::reference::follow;
use super::schema::{Reader, Type};
use crate::document::Document;

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

/// The query parameters in the order of the document, each name once: the first wins, as an operation's own parameters
/// come before those of its path.
pub(super) fn parse_query(
    document: &Document,
    parameters: impl Iterator<Item = ReferenceOr<Parameter>>,
    reader: &mut Reader<'_>,
) -> Vec<QueryParam> {
    let mut query: Vec<QueryParam> = Vec::new();
    for parameter in parameters {
        let Some(Parameter::Query { parameter_data, .. }) = resolve(document, parameter) else { continue };
        if query.iter().any(|known| known.name == parameter_data.name) {
            continue;
        }
        let mut param = QueryParam {
            name: parameter_data.name,
            description: parameter_data.description.unwrap_or_default(),
            required: parameter_data.required,
            kind: Type::Unknown,
            values: Vec::new(),
            default: None,
        };
        if let ParameterSchemaOrContent::Schema(schema) = &parameter_data.format {
            param.kind = reader.read(schema);
            if let ReferenceOr::Item(schema) = schema {
                param.values = super::schema::enumeration(schema);
                param.default.clone_from(&schema.schema_data.default);
            }
        }
        query.push(param);
    }
    query
}

/// The types of placeholders, each name once.
pub(super) fn parse_path_types(
    document: &Document,
    parameters: &[ReferenceOr<Parameter>],
    reader: &mut Reader<'_>,
) -> Vec<(String, Type)> {
    let mut types: Vec<(String, Type)> = Vec::new();
    for parameter in parameters {
        let Some(Parameter::Path { parameter_data, .. }) = resolve(document, parameter.clone()) else {
            continue;
        };
        let is_known = types.iter().any(|(name, _)| *name == parameter_data.name);
        if let (ParameterSchemaOrContent::Schema(schema), false) = (&parameter_data.format, is_known) {
            let kind = reader.read(schema);
            types.push((parameter_data.name, kind));
        }
    }
    types
}

fn resolve(document: &Document, parameter: ReferenceOr<Parameter>) -> Option<Parameter> {
    follow(parameter, "#/components/parameters/", |name| document.parameter(name))
}
