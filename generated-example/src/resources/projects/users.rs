//! Resources of `projects/users`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_USERS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/users`
///
/// Users who may work in a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its `id` is that of a user, who may stand under several parents
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_USERS: Resource = Resource {
    name: "project_users",
    table: "project_users",
    path: "/projects/{id}/users",
    about: "Users who may work in a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[Filter::text("search"), Filter::int("skip_users").list()],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::text("username"),
        Column::text("public_email"),
        Column::text("name"),
        Column::text("state"),
        Column::bool("locked"),
        Column::text("avatar_url"),
        Column::text("avatar_path"),
        Column::text("web_url"),
        Column::text("email"),
    ],
    ..Resource::DEFAULT
};
