//! Resources of `projects/pipelines/bridges`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PIPELINE_BRIDGES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/pipelines/{pipeline_id}/bridges`
///
/// Jobs of a pipeline that start other pipelines.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `pipeline_id` is `project_pipelines.id`: `/api/v4/projects/{id}/pipelines` stands at its position; `{pipeline_id}` names its field `id`
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PIPELINE_BRIDGES: Resource = Resource {
    name: "pipeline_bridges",
    table: "pipeline_bridges",
    path: "/projects/{id}/pipelines/{pipeline_id}/bridges",
    about: "Jobs of a pipeline that start other pipelines",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("pipeline_id", "pipeline_id", "project_pipelines", "id"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::one_of(
                "scope",
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
            )
            .list(),
    ],
    quiet_refresh: Duration::from_hours(6),
    columns: &[
        Column::int("id"),
        Column::text("status"),
        Column::text("stage"),
        Column::text("name"),
        Column::text("ref"),
        Column::bool("tag"),
        Column::float("coverage"),
        Column::bool("allow_failure"),
        Column::timestamp("created_at"),
        Column::timestamp("started_at"),
        Column::timestamp("finished_at"),
        Column::timestamp("erased_at"),
        Column::float("duration"),
        Column::float("queued_duration"),
        Column::int("user__id"),
        Column::bool("user__locked"),
        Column::timestamp("user__created_at"),
        Column::bool("user__bot"),
        Column::int("user__followers"),
        Column::int("user__following"),
        Column::bool("user__is_followed"),
        Column::timestamp("user__last_sign_in_at"),
        Column::timestamp("user__confirmed_at"),
        Column::date("user__last_activity_on"),
        Column::int("user__theme_id"),
        Column::int("user__color_scheme_id"),
        Column::int("user__projects_limit"),
        Column::timestamp("user__current_sign_in_at"),
        Column::bool("user__can_create_group"),
        Column::bool("user__can_create_project"),
        Column::bool("user__two_factor_enabled"),
        Column::bool("user__external"),
        Column::bool("user__private_profile"),
        Column::int("user__shared_runners_minutes_limit"),
        Column::int("user__extra_shared_runners_minutes_limit"),
        Column::bool("user__is_admin"),
        Column::bool("user__is_auditor"),
        Column::int("user__namespace_id"),
        Column::bool("user__using_license_seat"),
        Column::int("user__provisioned_by_group_id"),
        Column::int("user__enterprise_group_id"),
        Column::timestamp("user__enterprise_group_associated_at"),
        Column::timestamp("user__email_reset_offered_at"),
        Column::timestamp("commit__created_at"),
        Column::json("commit__parent_ids"),
        Column::timestamp("commit__authored_date"),
        Column::timestamp("commit__committed_date"),
        Column::json("commit__trailers"),
        Column::json("commit__extended_trailers"),
        Column::int("pipeline__id"),
        Column::int("pipeline__iid"),
        Column::int("pipeline__project_id"),
        Column::timestamp("pipeline__created_at"),
        Column::timestamp("pipeline__updated_at"),
        Column::text("failure_reason"),
        Column::text("web_url"),
        Column::bool("project__ci_job_token_scope_enabled"),
        Column::text("source"),
        Column::int("downstream_pipeline__id"),
        Column::int("downstream_pipeline__iid"),
        Column::int("downstream_pipeline__project_id"),
        Column::timestamp("downstream_pipeline__created_at"),
        Column::timestamp("downstream_pipeline__updated_at"),
    ],
    ..Resource::DEFAULT
};
