//! Resources of `projects/issues/notes`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&ISSUE_NOTES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/issues/{noteable_id}/notes`
///
/// Notes of an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `noteable_id` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const ISSUE_NOTES: Resource = Resource {
    name: "issue_notes",
    table: "issue_notes",
    path: "/projects/{id}/issues/{noteable_id}/notes",
    about: "Notes of an issue",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("noteable_id", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::one_of(
            "activity_filter",
            &["all_notes", "only_comments", "only_activity"],
        ),
        Filter::one_of("order_by", &["created_at", "updated_at"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    newest_first: Some(NewestFirst {
        cursor: "updated_at",
        query: &[("order_by", "updated_at"), ("sort", "desc")],
    }),
    lookback: Duration::from_hours(168),
    quiet_refresh: Duration::from_hours(6),
    system_notes: Some(SystemNotes {
        without: ("activity_filter", "only_comments"),
        none: Some(Sign::new("user_notes_count", &["0"])),
    }),
    columns: &[
        Column::int("id"),
        Column::text("type"),
        Column::text("body"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::bool("system"),
        Column::int("noteable_id"),
        Column::text("noteable_type"),
        Column::int("project_id"),
        Column::json("position"),
        Column::bool("resolvable"),
        Column::bool("resolved"),
        Column::int("resolved_by__id"),
        Column::bool("resolved_by__locked"),
        Column::timestamp("resolved_at"),
        Column::bool("confidential"),
        Column::bool("internal"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::int("noteable_iid"),
        Column::json("commands_changes"),
    ],
    ..Resource::DEFAULT
};
