//! Resources of `projects/protected_tags`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_PROTECTED_TAGS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/protected_tags`
///
/// Protected tags of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `name`: the path of one item takes its `name`
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_PROTECTED_TAGS: Resource = Resource {
    name: "project_protected_tags",
    table: "project_protected_tags",
    path: "/projects/{id}/protected_tags",
    about: "Protected tags of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["name"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[],
    refresh_every: Duration::from_hours(24),
    columns: &[Column::text("name")],
    ..Resource::DEFAULT
};
