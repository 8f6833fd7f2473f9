//! Resources of `projects/pipelines`, written by `gitlab-init` from the OpenAPI document.

pub mod bridges;
pub mod jobs;

use std::time::Duration;

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
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_PIPELINES: Resource = Resource {
    name: "project_pipelines",
    table: "project_pipelines",
    path: "/projects/{id}/pipelines",
    about: "Pipelines of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::one_of("scope", &["running", "pending", "finished", "branches", "tags"]),
        Filter::one_of(
            "status",
            &[
                "created",
                "waiting_for_resource",
                "preparing",
                "waiting_for_callback",
                "pending",
                "running",
                "success",
                "failed",
                "canceling",
                "canceled",
                "skipped",
                "manual",
                "scheduled",
            ],
        ),
        Filter::one_of(
            "source",
            &[
                "unknown",
                "push",
                "web",
                "trigger",
                "schedule",
                "api",
                "external",
                "pipeline",
                "chat",
                "webide",
                "merge_request_event",
                "external_pull_request_event",
                "parent_pipeline",
                "ondemand_dast_scan",
                "ondemand_dast_validation",
                "security_orchestration_policy",
                "container_registry_push",
                "duo_workflow",
                "pipeline_execution_policy_schedule",
            ],
        ),
        Filter::text("ref"),
        Filter::text("sha"),
        Filter::bool("yaml_errors"),
        Filter::text("username"),
        Filter::text("name"),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
        Filter::time("created_after"),
        Filter::time("created_before"),
        Filter::one_of("order_by", &["id", "status", "ref", "updated_at", "user_id"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
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
    unless: &[Sign::new("repository_access_level", &["disabled"])],
    quiet_refresh: Duration::from_hours(6),
    frozen: Some(Sign::new("archived", &["true"])),
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
