//! Who owns a record: whether its parent, or something else that the parent only refers to.

use crate::endpoint::Path;

/// How a record belongs to the parent under which it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// It lives there: one record, one parent.
    Owned,
    /// It is only referred to: the same record may stand under several parents.
    Shared,
}

/// Collections whose records are listed under several parents, each listing being a fact of its own.
///
/// Source: GitLab's documentation of each endpoint. Labels, iterations, badges and protected branches come with those of
/// the ancestor groups; runners, deploy keys and shared projects or groups are attached to many; links connect two
/// records and are listed under both.
const SHARED: [&str; 36] = [
    "/admin/zoekt/shards/{}/indexed_namespaces",
    "/projects/{}/labels",
    "/groups/{}/labels",
    "/projects/{}/iterations",
    "/groups/{}/iterations",
    "/projects/{}/runners",
    "/groups/{}/runners",
    "/projects/{}/deploy_keys",
    "/projects/{}/groups",
    "/projects/{}/invited_groups",
    "/groups/{}/invited_groups",
    "/groups/{}/groups/shared",
    "/groups/{}/projects/shared",
    "**/transfer_locations",
    "**/share_locations",
    "**/closes_issues",
    "**/related_issues",
    "**/related_merge_requests",
    "**/closed_by",
    "**/repository/commits/{}/merge_requests",
    "**/deployments/{}/merge_requests",
    "**/merge_requests/{}/pipelines",
    "**/merge_requests/{}/status_checks",
    "**/packages/{}/pipelines",
    "**/packages/nuget/query",
    "/projects/{}/badges",
    "/projects/{}/protected_branches",
    "/users/{}/project_deploy_keys",
    "**/vulnerabilities/{}/issue_links",
    "**/epics/{}/related_epics",
    "**/contributed_projects",
    "**/starred_projects",
    "**/runners/{}/projects",
    "/projects/{}/issues/{}/links",
    "**/job_token_scope/allowlist",
    "**/job_token_scope/groups_allowlist",
];

/// Variables of a project or group may be defined once for each environment; others know no environments.
///
/// Source: GitLab's `lib/api/entities/ci/variable.rb`.
pub(crate) fn is_defined_per_environment(path: &Path) -> bool {
    const PER_ENVIRONMENT: [&str; 4] = [
        "/projects/{}/variables",
        "/projects/{}/variables/{}",
        "/groups/{}/variables",
        "/groups/{}/variables/{}",
    ];
    super::lies_at_any(path, &PER_ENVIRONMENT)
}

pub(crate) fn ownership(path: &Path) -> Ownership {
    if super::lies_at_any(path, &SHARED) { Ownership::Shared } else { Ownership::Owned }
}

/// Collections whose items go by `iid` in paths, whatever the placeholder is called.
///
/// Source: GitLab's page on the REST API, "id vs iid".
pub(crate) fn identifies_by_iid(collection: &Path) -> bool {
    const BY_IID: [&str; 3] = ["/projects/{}/issues", "/projects/{}/merge_requests", "/groups/{}/epics"];
    super::lies_at_any(collection, &BY_IID)
}
