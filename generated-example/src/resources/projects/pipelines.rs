//! Resources of `projects/pipelines`, written by `gitlab-init` from the OpenAPI document.

pub mod bridges;
pub mod jobs;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_PIPELINES],
    below: &[&bridges::ALL, &jobs::ALL],
};

/// `GET /api/v4/projects/{id}/pipelines`
///
/// Pipelines of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
pub const PROJECT_PIPELINES: Resource = Resource {
    name: "project_pipelines",
    table: "project_pipelines",
    path: "/projects/{id}/pipelines",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    finality: Some(Finality {
        field: "status",
        values: &["success", "failed", "canceled", "skipped"],
        ended_at: &["updated_at", "finished_at"],
    }),
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::int("project_id"),
        Column::text("sha"),
        Column::text("ref"),
        Column::text("status"),
        Column::text("source"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::text("web_url"),
        Column::text("name"),
    ],
    ..Resource::DEFAULT
};
