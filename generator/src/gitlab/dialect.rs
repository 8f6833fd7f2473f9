//! Whether a document is about GitLab, and what GitLab has although a document lacks it.

use serde_json::json;

use crate::document::Document;
use crate::endpoint::{Answer, Endpoint, Endpoints, Path, Type};

use super::Place;

/// Where GitLab has its API, below the path of the instance, whatever a document says.
pub(crate) const API_ROOT: &str = "/api/v4";

/// Whether a document is about GitLab: by its title, or by the root of GitLab's API.
pub(crate) fn is_gitlab(document: &Document) -> bool {
    let names_it = |text: &str| text.to_lowercase().contains("gitlab");
    let root = document.server_path();
    let has_root = |path: &str| format!("{root}{path}/").contains(&format!("{API_ROOT}/"));
    names_it(&document.info.title) || document.gets().any(|get| has_root(get.path))
}

/// The lists where a run starts, as far as endpoints lie below them and the document does not describe them: documents
/// that are about a part of GitLab leave them out. GitLab has them, and the scope of a pipeline is theirs.
pub(crate) fn implied_lists(endpoints: &Endpoints) -> Vec<Endpoint> {
    ["groups", "projects"].into_iter().filter_map(|root| implied_list(endpoints, root)).collect()
}

fn implied_list(endpoints: &Endpoints, root: &str) -> Option<Endpoint> {
    let list = format!("/{root}");
    let below = format!("/{root}/{{}}");
    let mut places = endpoints.all.iter().map(|endpoint| (endpoint, endpoint.path.place()));
    let (first, _) = places.clone().find(|(_, place)| place.starts_with(&below))?;
    if places.any(|(_, place)| place == list) {
        return None;
    }
    let (before, _) = first.path.raw.split_once(&format!("/{root}/{{"))?;
    let raw = format!("{before}{list}");
    // It stands there, and cannot be read.
    if endpoints.unreadable.iter().any(|unreadable| unreadable.path == raw) {
        return None;
    }
    let stated =
        json!({ "shape": "list", "record_key": ["id"], "key_scope": "global", "pagination": "offset" });
    Some(Endpoint {
        path: Path::parse(&list, "").written(raw),
        pointer: String::new(),
        operation_id: String::new(),
        summary: String::new(),
        description: String::new(),
        tags: Vec::new(),
        deprecated: false,
        query: Vec::new(),
        path_params: Vec::new(),
        answer: Answer::Json(Type::Array(Box::default())),
        stated: stated.as_object().cloned().unwrap_or_default(),
    })
}

/// Whether an answer may be a list inside an object. GitLab's own answers are bare arrays that are paged by headers;
/// an object around an array is a record with several parts.
///
/// Source: GitLab's page on REST API pagination.
pub(crate) fn wraps_lists(place: &Place) -> bool {
    place.is_nowhere()
}
