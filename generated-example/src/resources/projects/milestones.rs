//! Resources of `projects/milestones`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_MILESTONES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/milestones`
///
/// Milestones of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_MILESTONES: Resource = Resource {
    name: "project_milestones",
    table: "project_milestones",
    path: "/projects/{id}/milestones",
    about: "Milestones of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::int("iids").list(),
        Filter::one_of("state", &["active", "closed", "all"]),
        Filter::text("title"),
        Filter::text("search"),
        Filter::bool("include_parent_milestones"),
        Filter::bool("include_ancestors"),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
    ],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        ..Incremental::DEFAULT
    }),
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::int("project_id"),
        Column::int("group_id"),
        Column::text("title"),
        Column::text("description"),
        Column::text("state"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::date("due_date"),
        Column::date("start_date"),
        Column::bool("expired"),
        Column::text("web_url"),
    ],
    ..Resource::DEFAULT
};
