//! Swagger 2.0 to OpenAPI 3.0, as far as GET operations go.

use serde_json::{Map, Value, json};

/// Rewrites the tree in place.
pub(super) fn upgrade(root: &mut Map<String, Value>) {
    let media_type = first_media_type(root.get("produces")).unwrap_or_else(|| "application/json".into());
    upgrade_servers(root);
    upgrade_components(root, &media_type);
    let paths = root.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        upgrade_item(item, &media_type);
    }
    root.values_mut().for_each(rewrite_references);
}

fn upgrade_servers(root: &mut Map<String, Value>) {
    let text = |root: &Map<String, Value>, key: &str| {
        root.get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
    };
    let (host, base) = (text(root, "host"), text(root, "basePath"));
    let scheme =
        root.get("schemes").and_then(|schemes| schemes.get(0)).and_then(Value::as_str).unwrap_or("https");
    let url = if host.is_empty() { base } else { format!("{scheme}://{host}{base}") };
    root.insert("servers".into(), json!([{ "url": url }]));
}

fn upgrade_components(root: &mut Map<String, Value>, media_type: &str) {
    let mut take = |key: &str| match root.remove(key) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let schemas = take("definitions");
    let mut parameters = take("parameters");
    let mut responses = take("responses");
    let mut schemes = take("securityDefinitions");
    parameters.values_mut().for_each(upgrade_parameter);
    responses.values_mut().for_each(|response| upgrade_response(response, media_type));
    schemes.values_mut().for_each(upgrade_security_scheme);
    let components = json!({
        "schemas": schemas, "parameters": parameters, "responses": responses, "securitySchemes": schemes,
    });
    root.insert("components".into(), components);
}

fn upgrade_item(item: &mut Map<String, Value>, media_type: &str) {
    if let Some(parameters) = item.get_mut("parameters") {
        upgrade_parameters(parameters);
    }
    let Some(get) = item.get_mut("get").and_then(Value::as_object_mut) else { return };
    let produces = first_media_type(get.get("produces")).unwrap_or_else(|| media_type.to_owned());
    if let Some(parameters) = get.get_mut("parameters") {
        upgrade_parameters(parameters);
    }
    let responses = get.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut) {
        upgrade_response(response, &produces);
    }
}

fn upgrade_parameters(parameters: &mut Value) {
    let Some(list) = parameters.as_array_mut() else { return };
    list.retain(|parameter| {
        !matches!(parameter.get("in").and_then(Value::as_str), Some("body" | "formData"))
    });
    list.iter_mut().for_each(upgrade_parameter);
}

/// Moves what describes the value into a `schema`, and `collectionFormat` into `explode`.
fn upgrade_parameter(parameter: &mut Value) {
    let Some(map) = parameter.as_object_mut() else { return };
    if map.contains_key("$ref") {
        return;
    }
    let mut schema = Map::new();
    for key in ["type", "format", "items", "enum", "default", "minimum", "maximum", "pattern"] {
        if let Some(value) = map.remove(key) {
            schema.insert(key.into(), value);
        }
    }
    match map.remove("collectionFormat").as_ref().and_then(Value::as_str) {
        Some("multi") => map.insert("explode".into(), json!(true)),
        Some(_) => map.insert("explode".into(), json!(false)),
        None => None,
    };
    map.insert("schema".into(), Value::Object(schema));
}

fn upgrade_response(response: &mut Value, media_type: &str) {
    let Some(map) = response.as_object_mut() else { return };
    if let Some(schema) = map.remove("schema") {
        let is_file = schema.get("type").and_then(Value::as_str) == Some("file");
        let media_type = if is_file { "application/octet-stream" } else { media_type };
        map.insert("content".into(), json!({ media_type: { "schema": schema } }));
    }
    map.remove("examples");
    map.remove("headers");
}

fn upgrade_security_scheme(scheme: &mut Value) {
    let Some(map) = scheme.as_object_mut() else { return };
    if map.get("type").and_then(Value::as_str) == Some("basic") {
        *map = Map::from_iter([("type".into(), json!("http")), ("scheme".into(), json!("basic"))]);
    }
}

fn rewrite_references(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(rewrite_references),
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref") {
                for (old, new) in [
                    ("#/definitions/", "#/components/schemas/"),
                    ("#/parameters/", "#/components/parameters/"),
                    ("#/responses/", "#/components/responses/"),
                ] {
                    if let Some(name) = target.strip_prefix(old) {
                        *target = format!("{new}{name}");
                        break;
                    }
                }
            }
            map.values_mut().for_each(rewrite_references);
        }
        _ => {}
    }
}

fn first_media_type(produces: Option<&Value>) -> Option<String> {
    produces?.get(0)?.as_str().map(str::to_owned)
}
