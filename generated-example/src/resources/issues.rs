//! Resources around `issues`, written by `gitlab-init` from the OpenAPI document.
use std::time::Duration;
use gitlab_pipeline::resource::*;

/// `GET /api/v4/projects/{id}/issues`
///
/// Issues of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
pub const PROJECT_ISSUES: Resource = Resource {
    name: "project_issues",
    table: "project_issues",
    path: "/projects/{id}/issues",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Keyset {
        order_by: "updated_at",
        sort: "asc",
    },
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::int("project_id"),
        Column::text("title"),
        Column::text("description"),
        Column::text("state"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::timestamp("closed_at"),
        Column::int("closed_by__id"),
        Column::bool("closed_by__locked"),
        Column::json("labels"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::text("type"),
        Column::int("assignee__id"),
        Column::bool("assignee__locked"),
        Column::int("user_notes_count"),
        Column::int("merge_requests_count"),
        Column::int("upvotes"),
        Column::int("downvotes"),
        Column::date("start_date"),
        Column::date("due_date"),
        Column::bool("confidential"),
        Column::bool("discussion_locked"),
        Column::text("issue_type"),
        Column::text("web_url"),
        Column::int("time_stats__time_estimate"),
        Column::int("time_stats__total_time_spent"),
        Column::int("task_completion_status__count"),
        Column::int("task_completion_status__completed_count"),
        Column::int("weight"),
        Column::int("blocking_issues_count"),
        Column::bool("has_tasks"),
        Column::text("task_status"),
        Column::text("severity"),
        Column::bool("subscribed"),
        Column::int("moved_to_id"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::text("service_desk_reply_to"),
        Column::int("epic_iid"),
        Column::int("epic__id"),
        Column::int("epic__iid"),
        Column::int("epic__group_id"),
        Column::date("epic__human_readable_end_date"),
        Column::int("iteration__id"),
        Column::int("iteration__iid"),
        Column::int("iteration__sequence"),
        Column::int("iteration__group_id"),
        Column::int("iteration__state"),
        Column::timestamp("iteration__created_at"),
        Column::timestamp("iteration__updated_at"),
        Column::date("iteration__start_date"),
        Column::date("iteration__due_date"),
        Column::text("health_status"),
    ],
    ..Resource::DEFAULT
};

/// `GET /api/v4/projects/{id}/issues/{noteable_id}/notes`
///
/// Notes of an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `noteable_id` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
pub const ISSUE_NOTES: Resource = Resource {
    name: "issue_notes",
    table: "issue_notes",
    path: "/projects/{id}/issues/{noteable_id}/notes",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("noteable_id", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
    newest_first: Some(NewestFirst {
        cursor: "updated_at",
        query: &[("order_by", "updated_at"), ("sort", "desc")],
    }),
    lookback: Duration::from_hours(168),
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

/// `GET /api/v4/projects/{id}/issues/{issue_iid}/links`
///
/// Issues linked to an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, but the same one may stand under several parents
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `issue_iid` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
pub const ISSUE_LINKS: Resource = Resource {
    name: "issue_links",
    table: "issue_links",
    path: "/projects/{id}/issues/{issue_iid}/links",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("issue_iid", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::int("project_id"),
        Column::text("title"),
        Column::text("description"),
        Column::text("state"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::timestamp("closed_at"),
        Column::int("closed_by__id"),
        Column::bool("closed_by__locked"),
        Column::json("labels"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::text("type"),
        Column::int("assignee__id"),
        Column::bool("assignee__locked"),
        Column::int("user_notes_count"),
        Column::int("merge_requests_count"),
        Column::int("upvotes"),
        Column::int("downvotes"),
        Column::date("start_date"),
        Column::date("due_date"),
        Column::bool("confidential"),
        Column::bool("discussion_locked"),
        Column::text("issue_type"),
        Column::text("web_url"),
        Column::int("time_stats__time_estimate"),
        Column::int("time_stats__total_time_spent"),
        Column::int("task_completion_status__count"),
        Column::int("task_completion_status__completed_count"),
        Column::int("weight"),
        Column::int("blocking_issues_count"),
        Column::bool("has_tasks"),
        Column::text("task_status"),
        Column::text("severity"),
        Column::bool("subscribed"),
        Column::int("moved_to_id"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::text("service_desk_reply_to"),
        Column::int("epic_iid"),
        Column::int("epic__id"),
        Column::int("epic__iid"),
        Column::int("epic__group_id"),
        Column::date("epic__human_readable_end_date"),
        Column::int("iteration__id"),
        Column::int("iteration__iid"),
        Column::int("iteration__sequence"),
        Column::int("iteration__group_id"),
        Column::int("iteration__state"),
        Column::timestamp("iteration__created_at"),
        Column::timestamp("iteration__updated_at"),
        Column::date("iteration__start_date"),
        Column::date("iteration__due_date"),
        Column::text("health_status"),
        Column::int("issue_link_id"),
        Column::text("link_type"),
        Column::timestamp("link_created_at"),
        Column::timestamp("link_updated_at"),
    ],
    ..Resource::DEFAULT
};

/// `GET /api/v4/projects/{id}/issues/{eventable_id}/resource_state_events`
///
/// Changes of state of an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `eventable_id` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
pub const ISSUE_RESOURCE_STATE_EVENTS: Resource = Resource {
    name: "issue_resource_state_events",
    table: "issue_resource_state_events",
    path: "/projects/{id}/issues/{eventable_id}/resource_state_events",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("eventable_id", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
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

/// `GET /api/v4/projects/{id}/issues/{eventable_id}/resource_label_events`
///
/// Labels put on and taken off an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `eventable_id` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
pub const ISSUE_RESOURCE_LABEL_EVENTS: Resource = Resource {
    name: "issue_resource_label_events",
    table: "issue_resource_label_events",
    path: "/projects/{id}/issues/{eventable_id}/resource_label_events",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("eventable_id", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
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
