//! How GitLab hands out pages, where the document does not say.

use crate::endpoint::Path;
use crate::infer::Order;

/// Endpoints that offer keyset pagination, and the order that a signed-in reader may ask for.
///
/// Source: GitLab's page on REST API pagination, and `pagination_strategies.rb`.
const KEYSET: [(&str, &str, &str); 8] = [
    ("/projects", "id", "asc"),
    ("/projects/{}/issues", "updated_at", "asc"),
    ("/users", "id", "asc"),
    ("/projects/{}/jobs", "id", "desc"),
    ("**/audit_events", "id", "desc"),
    ("/projects/{}/packages/{}/pipelines", "id", "desc"),
    ("**/registry/repositories/{}/tags", "name", "asc"),
    ("/projects/{}/repository/tree", "", ""),
];

/// Lists that come in pages although the document declares no parameters for them.
///
/// Source: the calls of `paginate` in GitLab's `lib/api`.
const PAGED: [&str; 17] = [
    "/ai/duo_workflows/workflows/{}/checkpoints",
    "/ai/duo_workflows/workflows/{}/events",
    "/bulk_imports/{}/entities/{}/failures",
    "/projects/{}/attestations/{}",
    "/projects/{}/error_tracking/client_keys",
    "/projects/{}/issues/{}/closed_by",
    "/projects/{}/merge_requests/{}/status_checks",
    "/projects/{}/share_locations",
    "/projects/{}/issues/{}/participants",
    "/projects/{}/issues/{}/related_merge_requests",
    "/projects/{}/merge_requests/{}/participants",
    "/projects/{}/merge_requests/{}/reviewers",
    "/projects/{}/merge_requests/{}/pipelines",
    "/projects/{}/merge_requests/{}/context_commits",
    "/projects/{}/access_tokens",
    "/groups/{}/access_tokens",
    "/admin/clusters",
];

/// The order, and where that is written.
pub(crate) fn keyset(path: &Path) -> Option<(Order, &'static str)> {
    let place = path.place();
    let (_, by, sort) = KEYSET.iter().find(|(pattern, ..)| super::lies_at(&place, pattern))?;
    let order = Order { by: (*by).to_owned(), sort: (*sort).to_owned() };
    Some((order, "GitLab's documentation lists it among the endpoints with keyset pagination"))
}

pub(crate) fn is_paged(path: &Path) -> bool {
    super::lies_at_any(path, &PAGED)
}
