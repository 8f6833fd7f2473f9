//! Any version to OpenAPI 3.0, and the defects of real documents mended, on the JSON tree.

use serde_json::{Map, Value, json};

use super::{DocumentError, swagger2};

/// The version as the text had it, and the tree in the form of OpenAPI 3.0.
pub(super) fn normalize(value: Value, origin: &str) -> Result<(String, Map<String, Value>), DocumentError> {
    let Value::Object(mut root) = value else {
        return Err(DocumentError::NotOpenApi { origin: origin.into(), found: "it is not a mapping" });
    };
    let version = match root.get("openapi").or_else(|| root.get("swagger")) {
        Some(Value::String(version)) => version.clone(),
        Some(Value::Number(version)) => version.to_string(),
        _ => {
            let found = "it has neither an `openapi` nor a `swagger` key";
            return Err(DocumentError::NotOpenApi { origin: origin.into(), found });
        }
    };
    if !root.get("paths").is_some_and(Value::is_object) {
        return Err(DocumentError::NotOpenApi { origin: origin.into(), found: "it has no `paths`" });
    }
    match version.as_str() {
        "2" | "2.0" => swagger2::upgrade(&mut root),
        version if version.starts_with("3.") => {}
        _ => return Err(DocumentError::Version { origin: origin.into(), version }),
    }
    keep_gets(&mut root);
    for value in root.values_mut() {
        mend(value);
    }
    Ok((version, root))
}

/// Drops what no GET needs, so that nothing in it can be a fault.
fn keep_gets(root: &mut Map<String, Value>) {
    let paths = root.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        item.retain(|key, _| key == "get" || key == "parameters" || key.starts_with("x-"));
        if let Some(get) = item.get_mut("get").and_then(Value::as_object_mut) {
            get.remove("requestBody");
            get.remove("callbacks");
            mend_operation(get);
        }
    }
}

fn mend_operation(operation: &mut Map<String, Value>) {
    if operation.get("responses").is_none_or(|responses| !responses.is_object()) {
        operation.insert("responses".into(), json!({}));
    }
    if let Some(parameters) = operation.get_mut("parameters") {
        mend_parameters(parameters);
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        if !response.contains_key("$ref") {
            response.entry("description").or_insert_with(|| json!(""));
        }
    }
}

/// A parameter without a schema may be anything; one in a path is always required.
fn mend_parameters(parameters: &mut Value) {
    for parameter in parameters.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if parameter.contains_key("$ref") {
            continue;
        }
        if !parameter.contains_key("schema") && !parameter.contains_key("content") {
            parameter.insert("schema".into(), json!({}));
        }
        if parameter.get("in").and_then(Value::as_str) == Some("path") {
            parameter.insert("required".into(), json!(true));
        }
    }
}

/// Brings every schema below `value` into the dialect of OpenAPI 3.0.
fn mend(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mend),
        Value::Object(map) => {
            mend_schema(map);
            map.values_mut().for_each(mend);
        }
        _ => {}
    }
}

fn mend_schema(map: &mut Map<String, Value>) {
    match map.get("type") {
        Some(Value::Array(types)) => {
            let named = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            let named: Vec<String> = named.map(str::to_owned).collect();
            let nullable = types.len() > named.len();
            match named.as_slice() {
                [one] => map.insert("type".into(), json!(one)),
                _ => map.remove("type"),
            };
            if nullable {
                map.insert("nullable".into(), json!(true));
            }
        }
        Some(Value::String(name)) if is_schema_type(name) => {}
        // Grape, which writes GitLab's documents, leaks names of Ruby types.
        Some(Value::String(name)) if name == "file" => {
            map.insert("type".into(), json!("string"));
            map.insert("format".into(), json!("binary"));
        }
        Some(Value::String(name)) if matches!(name.as_str(), "text" | "symbol" | "date" | "datetime") => {
            map.insert("type".into(), json!("string"));
        }
        _ => {}
    }
    for bound in ["exclusiveMinimum", "exclusiveMaximum"] {
        if map.get(bound).is_some_and(Value::is_number) {
            map.remove(bound);
        }
    }
}

fn is_schema_type(name: &str) -> bool {
    matches!(name, "string" | "integer" | "number" | "boolean" | "object" | "array")
}
