//! Resources of `projects/issues/resource_label_events`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&ISSUE_RESOURCE_LABEL_EVENTS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/issues/{eventable_id}/resource_label_events`
///
/// Labels put on and taken off an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `eventable_id` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const ISSUE_RESOURCE_LABEL_EVENTS: Resource = Resource {
    name: "issue_resource_label_events",
    table: "issue_resource_label_events",
    path: "/projects/{id}/issues/{eventable_id}/resource_label_events",
    about: "Labels put on and taken off an issue",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("eventable_id", "issue_iid", "project_issues", "iid"),
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
        Column::int("label__id"),
        Column::bool("label__archived"),
        Column::text("action"),
    ],
    ..Resource::DEFAULT
};
