//! Resources of `projects/contributors`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_CONTRIBUTORS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/repository/contributors`
///
/// Authors of commits with their counts.
///
/// - list: its 200 answer is declared as an array
/// - key `email`: `x-gitlab-init` states it
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: a summary of all commits, which GitLab counts anew for each request
pub const PROJECT_CONTRIBUTORS: Resource = Resource {
    name: "project_contributors",
    table: "project_contributors",
    path: "/projects/{id}/repository/contributors",
    about: "Authors of commits with their counts",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["email"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[
        Filter::text("ref"),
        Filter::one_of("order_by", &["email", "name", "commits"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    unless: &[
        Sign::new("repository_access_level", &["disabled"]),
        Sign::new("empty_repo", &["true"]),
    ],
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::text("name"),
        Column::text("email"),
        Column::int("commits"),
        Column::int("additions"),
        Column::int("deletions"),
    ],
    ..Resource::DEFAULT
};
