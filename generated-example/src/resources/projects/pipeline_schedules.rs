//! Resources of `projects/pipeline_schedules`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_PIPELINE_SCHEDULES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/pipeline_schedules`
///
/// Pipeline schedules of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_PIPELINE_SCHEDULES: Resource = Resource {
    name: "project_pipeline_schedules",
    table: "project_pipeline_schedules",
    path: "/projects/{id}/pipeline_schedules",
    about: "Pipeline schedules of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[Filter::one_of("scope", &["active", "inactive"])],
    unless: &[
        Sign::new("builds_access_level", &["disabled"]),
        Sign::new("repository_access_level", &["disabled"]),
    ],
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
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
    ..Resource::DEFAULT
};
