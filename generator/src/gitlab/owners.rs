//! Who owns a record: whether its parent, or something else that the parent only refers to.

use crate::endpoint::Entity;

use super::Place;

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
pub(crate) fn is_defined_per_environment(place: &Place) -> bool {
    const PER_ENVIRONMENT: [&str; 4] = [
        "/projects/{}/variables",
        "/projects/{}/variables/{}",
        "/groups/{}/variables",
        "/groups/{}/variables/{}",
    ];
    place.is_any(&PER_ENVIRONMENT)
}

/// How a record that a parent lists belongs to it, and why.
pub(crate) fn ownership(place: &Place, entity: &Entity) -> (Ownership, &'static str) {
    if !place.is_nowhere() && entity.has("short_id") && entity.has("parent_ids") {
        return (Ownership::Shared, "its `id` is the hash of a commit, which forks share");
    }
    if place.is_any(&SHARED) {
        let reason = "its records have an `id`, but the same one may stand under several parents";
        return (Ownership::Shared, reason);
    }
    (Ownership::Owned, "its records have an `id`, unique in the instance")
}

/// Whether a list is a group's. What a project lists as well is better read from the project, which owns it.
pub(crate) fn is_of_group(place: &Place) -> bool {
    place.literals().next() == Some("groups")
}

/// Fields that identify a record among its siblings in GitLab alone, after those that do so anywhere.
///
/// Source: the entities in GitLab's `lib/api/entities`.
pub(crate) fn natural_keys(place: &Place) -> &'static [&'static str] {
    const KEYS: [&str; 8] =
        ["tag_name", "codename", "domain", "extern_uid", "record_identifier", "table_name", "cn", "new_path"];
    if place.is_nowhere() { &[] } else { &KEYS }
}
