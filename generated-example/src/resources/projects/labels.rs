//! Resources of `projects/labels`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_LABELS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/labels`
///
/// Labels usable in a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, but the same one may stand under several parents
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_LABELS: Resource = Resource {
    name: "project_labels",
    table: "project_labels",
    path: "/projects/{id}/labels",
    about: "Labels usable in a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[
        Filter::bool("with_counts"),
        Filter::bool("include_ancestor_groups"),
        Filter::text("search"),
        Filter::bool("archived"),
    ],
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::text("description"),
        Column::text("text_color"),
        Column::text("description_html"),
        Column::text("color"),
        Column::bool("archived"),
        Column::int("open_issues_count"),
        Column::int("closed_issues_count"),
        Column::int("open_merge_requests_count"),
        Column::bool("subscribed"),
        Column::int("priority"),
        Column::bool("is_project_label"),
    ],
    ..Resource::DEFAULT
};
