//! Resources around `pipeline_schedules`, written by `gitlab-init` from the OpenAPI document.
use crate::resource::*;

/// `GET /api/v4/projects/{id}/pipeline_schedules`
///
/// Pipeline schedules of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
pub const PROJECT_PIPELINE_SCHEDULES: Resource = Resource {
    name: "project_pipeline_schedules",
    table: "project_pipeline_schedules",
    path: "/projects/{id}/pipeline_schedules",
    params: &[
        Param {
            name: "id",
            column: "project_id",
            source: ParamSource::Parent {
                resource: "projects",
                field: "id",
            },
        },
    ],
    shape: Shape::List,
    record_key: &["id"],
    key_scope: KeyScope::Global,
    pagination: Pagination::Offset,
    query: &[],
    incremental: None,
    write_disposition: WriteDisposition::Merge,
    columns: &[
        Column::int("id"),
        Column::text("description"),
        Column::text("ref"),
        Column::text("cron"),
        Column::text("cron_timezone"),
        Column::timestamp("next_run_at"),
        Column::bool("active"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::int("owner__id"),
        Column::bool("owner__locked"),
    ],
    enabled: true,
};
