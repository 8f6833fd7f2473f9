//! Resources of `projects/protected_branches`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_PROTECTED_BRANCHES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/protected_branches`
///
/// Protected branches of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, but the same one may stand under several parents
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_PROTECTED_BRANCHES: Resource = Resource {
    name: "project_protected_branches",
    table: "project_protected_branches",
    path: "/projects/{id}/protected_branches",
    about: "Protected branches of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[Filter::text("search")],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::bool("allow_force_push"),
        Column::bool("code_owner_approval_required"),
        Column::bool("inherited"),
    ],
    ..Resource::DEFAULT
};
