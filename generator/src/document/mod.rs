//! Text in, one normal form out: an OpenAPI 3.0 tree, whatever version and syntax the text had.
//!
//! What later stages read of it is its GET operations and the components that these refer to. Everything is kept as
//! JSON values until it is asked for: of a document of 1,700 operations, a pipeline needs less than half, and one
//! operation that cannot be read must not cost the others.

mod error;
mod normal;
mod overlay;
mod source;
mod swagger2;
mod yaml;

use openapiv3::{Operation, Parameter, ReferenceOr, Response, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use error::DocumentError;
pub use overlay::IdleAction;
pub use source::{Source, Text};

/// A document in normal form.
#[derive(Debug)]
pub struct Document {
    pub info: Info,
    /// Overlay actions that changed nothing.
    pub idle_actions: Vec<IdleAction>,
    root: Map<String, Value>,
}

/// What a document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub title: String,
    pub version: String,
    /// The version of the specification that the text was written in, such as `2.0` or `3.0.0`.
    pub openapi: String,
    /// Of the text as it was read, in hexadecimal.
    pub sha256: String,
    /// Where the text came from, as messages name it.
    pub origin: String,
}

/// One way to prove who is asking, as the document declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    Header { name: String },
    Bearer,
    OAuth2,
}

/// A GET operation, still as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Get<'a> {
    /// Exactly as the document writes it.
    pub path: &'a str,
    item: &'a Map<String, Value>,
    operation: &'a Value,
}

impl Document {
    /// Reads a text in YAML or JSON, brings it into normal form, and applies the project's own overlay and the given
    /// ones, in this order.
    ///
    /// # Errors
    /// When a text is neither YAML nor JSON, or not a document of a version that is understood.
    pub fn parse(text: &Text, overlays: &[Text]) -> Result<Self, DocumentError> {
        let value = yaml::parse(text)?;
        let (openapi, mut root) = normal::normalize(value, &text.origin)?;
        let mut idle_actions = Vec::new();
        for overlay in [Text::own_overlay()].iter().chain(overlays) {
            idle_actions.extend(overlay::apply(overlay, &mut root)?);
        }
        idle_actions.retain(|idle| !(text.is_bundled() && idle.is_bundled()));
        let info = Info {
            title: text_at(&root, "/info/title"),
            version: text_at(&root, "/info/version"),
            openapi,
            sha256: Sha256::digest(&text.body).iter().map(|byte| format!("{byte:02x}")).collect(),
            origin: text.origin.clone(),
        };
        Ok(Self { info, idle_actions, root })
    }

    /// The GET operations in the order of the document.
    pub fn gets(&self) -> impl Iterator<Item = Get<'_>> {
        let paths = self.root.get("paths").and_then(Value::as_object);
        paths.into_iter().flatten().filter_map(|(path, item)| {
            let item = item.as_object()?;
            Some(Get { path, item, operation: item.get("get")? })
        })
    }

    /// The path part of the first server's URL, such as `/api/v4`; empty when there is none.
    pub fn server_path(&self) -> &str {
        let url =
            self.root.get("servers").and_then(|servers| servers.pointer("/0/url")).and_then(Value::as_str);
        let Some(url) = url else { return "" };
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        after_scheme.find('/').and_then(|start| after_scheme.get(start..)).unwrap_or("").trim_end_matches('/')
    }

    /// The ways to authenticate that the document declares, in its order.
    pub fn auth(&self) -> Vec<Auth> {
        let schemes = self.root.get("components").and_then(|components| components.get("securitySchemes"));
        let schemes = schemes.and_then(Value::as_object).into_iter().flatten();
        schemes.filter_map(|(_, scheme)| parse_auth(scheme)).collect()
    }

    pub(crate) fn schema(&self, name: &str) -> Option<ReferenceOr<Schema>> {
        self.component("schemas", name)
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<ReferenceOr<Parameter>> {
        self.component("parameters", name)
    }

    pub(crate) fn response(&self, name: &str) -> Option<ReferenceOr<Response>> {
        self.component("responses", name)
    }

    fn component<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Option<T> {
        T::deserialize(self.root.get("components")?.get(kind)?.get(name)?).ok()
    }
}

impl Get<'_> {
    /// Where the operation stands, as a JSON Pointer in a URI fragment.
    pub fn pointer(&self) -> String {
        format!("#/paths/{}/get", self.path.replace('~', "~0").replace('/', "~1"))
    }

    /// The operation, or what is wrong with it.
    pub(crate) fn operation(&self) -> Result<Operation, String> {
        Operation::deserialize(self.operation).map_err(|error| error.to_string())
    }

    /// The parameters that all operations of the path share.
    pub(crate) fn shared_parameters(&self) -> Vec<ReferenceOr<Parameter>> {
        let shared = self.item.get("parameters").and_then(Value::as_array).into_iter().flatten();
        shared.filter_map(|parameter| Deserialize::deserialize(parameter).ok()).collect()
    }

    pub(crate) fn operation_id(&self) -> &str {
        self.operation.get("operationId").and_then(Value::as_str).unwrap_or("")
    }

    /// The facts that `x-gitlab-init` states: those of the operation over those of its path.
    pub(crate) fn stated(&self) -> Map<String, Value> {
        let of = |holder: Option<&Value>| holder.and_then(Value::as_object).cloned().unwrap_or_default();
        let mut stated = of(self.item.get("x-gitlab-init"));
        stated.extend(of(self.operation.get("x-gitlab-init")));
        stated
    }
}

fn parse_auth(scheme: &Value) -> Option<Auth> {
    let field = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or("");
    match field("type") {
        "apiKey" if field("in") == "header" => Some(Auth::Header { name: field("name").to_owned() }),
        "http" if field("scheme").eq_ignore_ascii_case("bearer") => Some(Auth::Bearer),
        "oauth2" => Some(Auth::OAuth2),
        _ => None,
    }
}

fn text_at(root: &Map<String, Value>, pointer: &str) -> String {
    let mut keys = pointer.split('/').skip(1);
    let first = keys.next().and_then(|key| root.get(key));
    let value = keys.fold(first, |value, key| value.and_then(|value| value.get(key)));
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
