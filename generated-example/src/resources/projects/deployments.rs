//! Resources of `projects/deployments`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_DEPLOYMENTS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/deployments`
///
/// Deployments of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_DEPLOYMENTS: Resource = Resource {
    name: "project_deployments",
    table: "project_deployments",
    path: "/projects/{id}/deployments",
    about: "Deployments of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::text("environment"),
        Filter::one_of(
            "status",
            &[
                "created",
                "running",
                "success",
                "failed",
                "canceled",
                "skipped",
                "blocked",
            ],
        ),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
        Filter::time("finished_after"),
        Filter::time("finished_before"),
        Filter::one_of(
            "order_by",
            &["id", "iid", "created_at", "updated_at", "finished_at"],
        ),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    unless: &[
        Sign::new("environments_access_level", &["disabled"]),
        Sign::new("builds_access_level", &["disabled"]),
        Sign::new("repository_access_level", &["disabled"]),
    ],
    quiet_refresh: Duration::from_hours(6),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::text("ref"),
        Column::text("sha"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::int("user__id"),
        Column::bool("user__locked"),
        Column::int("environment__id"),
        Column::timestamp("environment__created_at"),
        Column::timestamp("environment__updated_at"),
        Column::int("deployable__id"),
        Column::bool("deployable__tag"),
        Column::float("deployable__coverage"),
        Column::bool("deployable__allow_failure"),
        Column::timestamp("deployable__created_at"),
        Column::timestamp("deployable__started_at"),
        Column::timestamp("deployable__finished_at"),
        Column::timestamp("deployable__erased_at"),
        Column::float("deployable__duration"),
        Column::float("deployable__queued_duration"),
        Column::timestamp("deployable__artifacts_expire_at"),
        Column::bool("deployable__archived"),
        Column::json("deployable__tag_list"),
        Column::text("status"),
    ],
    ..Resource::DEFAULT
};
