//! Resources of `projects/snippets`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_SNIPPETS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/snippets`
///
/// Snippets of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_SNIPPETS: Resource = Resource {
    name: "project_snippets",
    table: "project_snippets",
    path: "/projects/{id}/snippets",
    about: "Snippets of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[],
    unless: &[Sign::new("snippets_access_level", &["disabled"])],
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::text("title"),
        Column::text("description"),
        Column::text("visibility"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::int("project_id"),
        Column::text("web_url"),
        Column::text("raw_url"),
        Column::text("ssh_url_to_repo"),
        Column::text("http_url_to_repo"),
        Column::text("file_name"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::text("repository_storage"),
    ],
    ..Resource::DEFAULT
};
