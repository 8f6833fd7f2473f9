//! Resources of `projects/branches`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_BRANCHES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/repository/branches`
///
/// Branches of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `name`: its records have a `name` and no `id`
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day while its project is quiet: pushes and events are activity of the project, and nothing else changes it
pub const PROJECT_BRANCHES: Resource = Resource {
    name: "project_branches",
    table: "project_branches",
    path: "/projects/{id}/repository/branches",
    about: "Branches of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["name"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Keyset {
        order_by: "",
        sort: "name_asc",
    },
    filters: &[
        Filter::text("search"),
        Filter::text("regex"),
        Filter::one_of("sort", &["name_asc", "updated_asc", "updated_desc"]),
    ],
    unless: &[
        Sign::new("repository_access_level", &["disabled"]),
        Sign::new("empty_repo", &["true"]),
    ],
    quiet_refresh: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::text("name"),
        Column::timestamp("commit__created_at"),
        Column::json("commit__parent_ids"),
        Column::timestamp("commit__authored_date"),
        Column::timestamp("commit__committed_date"),
        Column::json("commit__trailers"),
        Column::json("commit__extended_trailers"),
        Column::bool("merged"),
        Column::bool("protected"),
        Column::bool("developers_can_push"),
        Column::bool("developers_can_merge"),
        Column::bool("can_push"),
        Column::bool("default"),
        Column::text("web_url"),
    ],
    ..Resource::DEFAULT
};
