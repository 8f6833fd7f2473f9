//! Resources of `projects/merge_requests/resource_state_events`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&MERGE_REQUEST_RESOURCE_STATE_EVENTS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/merge_requests/{eventable_id}/resource_state_events`
///
/// Changes of state of a merge request.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `eventable_id` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const MERGE_REQUEST_RESOURCE_STATE_EVENTS: Resource = Resource {
    name: "merge_request_resource_state_events",
    table: "merge_request_resource_state_events",
    path: "/projects/{id}/merge_requests/{eventable_id}/resource_state_events",
    about: "Changes of state of a merge request",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent(
            "eventable_id",
            "merge_request_iid",
            "project_merge_requests",
            "iid",
        ),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[],
    quiet_refresh: Duration::from_hours(6),
    columns: &[
        Column::int("id"),
        Column::int("user__id"),
        Column::bool("user__locked"),
        Column::timestamp("created_at"),
        Column::text("resource_type"),
        Column::int("resource_id"),
        Column::text("source_commit"),
        Column::int("source_merge_request_id"),
        Column::text("state"),
    ],
    ..Resource::DEFAULT
};
