//! How GitLab hands out pages, where the document does not say.

use crate::infer::Order;

use super::Place;

/// Endpoints that offer keyset pagination, and the order that a signed-in reader may ask for. Groups offer it to the
/// anonymous alone. Branches are ordered by one parameter, `sort`; a tree has one order.
///
/// Source: GitLab's page on REST API pagination; `pagination_strategies.rb` and who calls it (`present_projects` in
/// `lib/api/projects.rb`); `gitaly_keyset_pager.rb` for what a repository holds.
const KEYSET: [(&str, &str, &str); 13] = [
    ("/projects", "id", "asc"),
    ("/projects/{}/forks", "id", "asc"),
    ("/users/{}/projects", "id", "asc"),
    ("/users/{}/starred_projects", "id", "asc"),
    ("/projects/{}/repository/branches", "", "name_asc"),
    ("/projects/{}/repository/tags", "name", "asc"),
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
pub(crate) fn keyset(place: &Place) -> Option<(Order, &'static str)> {
    let (_, by, sort) = KEYSET.iter().find(|(pattern, ..)| place.is(pattern))?;
    let order = Order { by: (*by).to_owned(), sort: (*sort).to_owned() };
    Some((order, "GitLab offers keyset pagination there to whoever is signed in"))
}

pub(crate) fn is_paged(place: &Place) -> bool {
    place.is_any(&PAGED)
}

/// Query parameters that carry a credential: nothing to filter by, and nothing to put into a URL.
///
/// Source: GitLab's page on REST API authentication.
pub(crate) fn is_credential(param: &str) -> bool {
    matches!(param, "private_token" | "access_token" | "job_token")
}
