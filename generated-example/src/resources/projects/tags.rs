//! Resources of `projects/tags`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_TAGS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/repository/tags`
///
/// Git tags of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `name`: the path of one item takes its `name`
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day while its project is quiet: pushes and events are activity of the project, and nothing else changes it
pub const PROJECT_TAGS: Resource = Resource {
    name: "project_tags",
    table: "project_tags",
    path: "/projects/{id}/repository/tags",
    about: "Git tags of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["name"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Keyset {
        order_by: "name",
        sort: "asc",
    },
    filters: &[
        Filter::text("search"),
        Filter::one_of("order_by", &["name", "updated", "version"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    unless: &[Sign::new("repository_access_level", &["disabled"])],
    quiet_refresh: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::text("name"),
        Column::text("message"),
        Column::text("target"),
        Column::timestamp("commit__created_at"),
        Column::json("commit__parent_ids"),
        Column::timestamp("commit__authored_date"),
        Column::timestamp("commit__committed_date"),
        Column::json("commit__trailers"),
        Column::json("commit__extended_trailers"),
        Column::bool("protected"),
        Column::timestamp("created_at"),
    ],
    ..Resource::DEFAULT
};
