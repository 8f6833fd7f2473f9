//! Text in; out comes a tree whose GETs stand in their place, whatever version and syntax the text had.
//!
//! What later stages read of it is its GET operations and what these refer to, in the document or in files beside it.
//! All is kept as JSON values and read leniently, key by key: what is at fault where nothing is read costs nothing, and
//! a keyword that is at fault costs that keyword. So nothing has to be mended, wherever it stands. The dialects of
//! OpenAPI 3.0, 3.1 and Swagger 2.0 are told apart where they are read, in [`crate::endpoint`].

mod auth;
mod error;
mod files;
mod inline;
mod node;
mod overlay;
mod pointer;
mod server;
mod source;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::text::one_line;
use files::Files;

pub use auth::Auth;
pub use error::DocumentError;
pub(crate) use node::{Node, scalar};
pub use overlay::IdleAction;
pub use source::{Source, Text, without_credentials};

/// A document and the files that it refers to.
#[derive(Debug)]
pub struct Document {
    pub info: Info,
    /// Overlay actions that changed nothing.
    pub idle_actions: Vec<IdleAction>,
    files: Files,
    /// What is wrong with path items that lead nowhere, by path.
    faults: BTreeMap<String, String>,
}

/// What a document says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// A GET operation, still as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Get<'a> {
    /// Exactly as the document writes it.
    pub path: &'a str,
    item: Node<'a>,
    operation: Node<'a>,
    /// Why the path item could not be read.
    fault: Option<&'a str>,
}

impl Document {
    /// Reads a text in YAML or JSON and what it refers to, and applies the project's own overlay and the given ones, in
    /// this order.
    ///
    /// # Errors
    /// When a text is neither YAML nor JSON, or not a document of a version that is understood.
    pub fn parse(text: &Text, overlays: &[Text]) -> Result<Self, DocumentError> {
        let root = yaml::parse(text)?;
        let openapi = version(&root, &text.origin)?;
        let mut files = Files::new(root, text.url.clone());
        files.read_neighbours();
        let faults = inline::inline_paths(&mut files);
        if files.root().get("paths").is_none_or(|paths| paths.as_object().is_none()) {
            return Err(DocumentError::NotOpenApi {
                origin: text.origin.clone(),
                found: "it has no `paths`",
            });
        }
        // Our own is for several documents, so that some of it matches nothing in each.
        overlay::apply(&Text::own_overlay(), files.root_mut())?;
        let mut idle_actions = Vec::new();
        for overlay in overlays {
            idle_actions.extend(overlay::apply(overlay, files.root_mut())?);
        }
        let own = |key: &str| files.root().get("info").and_then(|info| info.text(key)).unwrap_or_default();
        let info = Info {
            title: one_line(&own("title")),
            version: one_line(&own("version")),
            openapi,
            sha256: Sha256::digest(&text.body).iter().map(|byte| format!("{byte:02x}")).collect(),
            origin: text.origin.clone(),
        };
        Ok(Self { info, idle_actions, files, faults })
    }

    /// The GET operations in the order of the document. A path item that cannot be read may hold one.
    pub fn gets(&self) -> impl Iterator<Item = Get<'_>> {
        let paths = self.files.root().entries("paths").filter(|(path, _)| !path.starts_with("x-"));
        paths.filter_map(|(path, item)| {
            let fault = self.faults.get(path).map(String::as_str);
            let operation = item.as_object()?.get("get").map(|value| Node { value, ..item });
            let operation = operation.or_else(|| fault.map(|_| item))?;
            Some(Get { path, item, operation, fault })
        })
    }

    /// The path part of the first server's URL, such as `/api/v4`; empty when there is none.
    pub fn server_path(&self) -> String {
        server::server_path(self.files.root())
    }

    /// The ways to authenticate that the document declares, in its order.
    pub fn auth(&self) -> Vec<Auth> {
        let root = self.files.root();
        let old = root.entries("securityDefinitions");
        let new =
            root.get("components").into_iter().flat_map(|components| components.entries("securitySchemes"));
        let schemes = new.chain(old).map(|(_, scheme)| match scheme.reference() {
            Some(reference) => self.target(scheme, reference).unwrap_or(scheme),
            None => scheme,
        });
        schemes.filter_map(auth::parse_auth).collect()
    }

    /// Who names the media types of an operation's answers in Swagger 2.0: the operation itself, or the document.
    pub(crate) fn producer<'a>(&'a self, operation: Node<'a>) -> Node<'a> {
        if operation.get("produces").is_some() { operation } else { self.files.root() }
    }

    /// What a reference that stands in a node's file points at: one step, whose end may be a reference again.
    pub(crate) fn target<'a>(&'a self, from: Node<'a>, reference: &str) -> Option<Node<'a>> {
        self.files.target(from.file, reference).ok()
    }
}

impl<'a> Get<'a> {
    /// Where the operation stands, as a JSON Pointer in a URI fragment.
    pub fn pointer(&self) -> String {
        format!("#/paths/{}/get", pointer::escape(self.path))
    }

    /// The operation, or what is wrong with it.
    pub(crate) fn operation(&self) -> Result<Node<'a>, String> {
        match self.fault {
            Some(fault) => Err(fault.to_owned()),
            None if self.operation.as_object().is_none() => Err("it is not a mapping".into()),
            None => Ok(self.operation),
        }
    }

    /// The parameters of the operation, and then those that all operations of the path share.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = Node<'a>> {
        self.operation.items("parameters").chain(self.item.items("parameters"))
    }

    pub(crate) fn operation_id(&self) -> String {
        self.operation.text("operationId").unwrap_or_default()
    }

    /// The facts that `x-gitlab-init` states: those of the operation over those of its path.
    pub(crate) fn stated(&self) -> Map<String, Value> {
        let of = |holder: Node<'_>| {
            holder.get("x-gitlab-init").and_then(|stated| stated.as_object().cloned()).unwrap_or_default()
        };
        let mut stated = of(self.item);
        stated.extend(of(self.operation));
        stated
    }
}

/// The version that the document is written in, if it is one that is understood.
fn version(root: &Value, origin: &str) -> Result<String, DocumentError> {
    let not_openapi = |found| DocumentError::NotOpenApi { origin: origin.into(), found };
    if !root.is_object() {
        return Err(not_openapi("it is not a mapping"));
    }
    let version = root.get("openapi").or_else(|| root.get("swagger")).and_then(scalar);
    let version = version.ok_or_else(|| not_openapi("it has neither an `openapi` nor a `swagger` key"))?;
    match version.split('.').next() {
        Some("2" | "3") => Ok(version),
        _ => Err(DocumentError::Version { origin: origin.into(), version: one_line(&version) }),
    }
}
