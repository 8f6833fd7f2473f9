//! From a text to its resources: the stages up to the graph, in one go.

use std::collections::BTreeSet;

use crate::document::{Document, DocumentError, Text};
use crate::endpoint::Endpoints;
use crate::gitlab;
use crate::graph::ResourceGraph;
use crate::infer::{RecordedNames, infer};

/// A document and all that is in it.
#[derive(Debug)]
pub struct Read {
    pub document: Document,
    pub graph: ResourceGraph,
    /// The references that lead nowhere, and what would stand there is unknown.
    pub dangling: BTreeSet<String>,
}

/// Reads a document with the overlays given. The names that a crate was made with win over those that are inferred.
///
/// # Errors
/// When a text is neither YAML nor JSON, or not a document of a version that is understood.
pub fn read(text: &Text, overlays: &[Text], recorded: &RecordedNames) -> Result<Read, DocumentError> {
    let document = Document::parse(text, overlays)?;
    let is_gitlab = gitlab::is_gitlab(&document);
    let mut endpoints = Endpoints::parse(&document);
    if is_gitlab {
        endpoints.all.extend(gitlab::implied_lists(&endpoints));
        endpoints.api_root = gitlab::API_ROOT.to_owned();
    }
    let facts = infer(&endpoints, is_gitlab, recorded);
    let graph = ResourceGraph::build(&endpoints, &facts);
    Ok(Read { graph, dangling: endpoints.dangling, document })
}
