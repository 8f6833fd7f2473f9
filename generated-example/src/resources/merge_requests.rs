//! Resources around `merge_requests`, written by `gitlab-init` from the OpenAPI document.
use std::time::Duration;
use gitlab_pipeline::resource::*;

/// `GET /api/v4/projects/{id}/merge_requests`
///
/// Merge requests of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
pub const PROJECT_MERGE_REQUESTS: Resource = Resource {
    name: "project_merge_requests",
    table: "project_merge_requests",
    path: "/projects/{id}/merge_requests",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
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
        Column::int("merged_by__id"),
        Column::bool("merged_by__locked"),
        Column::int("merge_user__id"),
        Column::bool("merge_user__locked"),
        Column::timestamp("merged_at"),
        Column::int("closed_by__id"),
        Column::bool("closed_by__locked"),
        Column::timestamp("closed_at"),
        Column::text("title_html"),
        Column::text("description_html"),
        Column::text("target_branch"),
        Column::text("source_branch"),
        Column::int("user_notes_count"),
        Column::int("upvotes"),
        Column::int("downvotes"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::int("assignee__id"),
        Column::bool("assignee__locked"),
        Column::int("source_project_id"),
        Column::int("target_project_id"),
        Column::json("labels"),
        Column::bool("draft"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::bool("work_in_progress"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::bool("merge_when_pipeline_succeeds"),
        Column::text("merge_status"),
        Column::text("detailed_merge_status"),
        Column::timestamp("merge_after"),
        Column::text("sha"),
        Column::text("merge_commit_sha"),
        Column::text("squash_commit_sha"),
        Column::bool("discussion_locked"),
        Column::bool("should_remove_source_branch"),
        Column::bool("force_remove_source_branch"),
        Column::timestamp("prepared_at"),
        Column::bool("allow_collaboration"),
        Column::bool("allow_maintainer_to_push"),
        Column::text("reference"),
        Column::text("web_url"),
        Column::int("time_stats__time_estimate"),
        Column::int("time_stats__total_time_spent"),
        Column::bool("squash"),
        Column::bool("squash_on_merge"),
        Column::int("task_completion_status__count"),
        Column::int("task_completion_status__completed_count"),
        Column::bool("has_conflicts"),
        Column::bool("blocking_discussions_resolved"),
        Column::int("approvals_before_merge"),
    ],
    ..Resource::DEFAULT
};

/// `GET /api/v4/projects/{id}/merge_requests/{merge_request_iid}/commits`
///
/// Commits of a merge request.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its `id` is the hash of a commit, which forks share
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `merge_request_iid` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
pub const MERGE_REQUEST_COMMITS: Resource = Resource {
    name: "merge_request_commits",
    table: "merge_request_commits",
    path: "/projects/{id}/merge_requests/{merge_request_iid}/commits",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent(
            "merge_request_iid",
            "merge_request_iid",
            "project_merge_requests",
            "iid",
        ),
    ],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    columns: &[
        Column::timestamp("created_at"),
        Column::json("parent_ids"),
        Column::text("title"),
        Column::text("message"),
        Column::text("author_name"),
        Column::text("author_email"),
        Column::timestamp("authored_date"),
        Column::text("committer_name"),
        Column::text("committer_email"),
        Column::timestamp("committed_date"),
        Column::json("trailers"),
        Column::json("extended_trailers"),
        Column::text("web_url"),
        Column::int("stats__additions"),
        Column::int("stats__deletions"),
        Column::int("stats__total"),
    ],
    ..Resource::DEFAULT
};

/// `GET /api/v4/projects/{id}/merge_requests/{merge_request_iid}/approvals`
///
/// Who has approved a merge request.
///
/// - object: its entity `MergeRequestApprovals` describes all of them at once
/// - no key: `x-gitlab-init` states it
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `merge_request_iid` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
pub const MERGE_REQUEST_APPROVALS: Resource = Resource {
    name: "merge_request_approvals",
    table: "merge_request_approvals",
    path: "/projects/{id}/merge_requests/{merge_request_iid}/approvals",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent(
            "merge_request_iid",
            "merge_request_iid",
            "project_merge_requests",
            "iid",
        ),
    ],
    shape: Shape::Object,
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
        Column::text("merge_status"),
        Column::bool("approved"),
        Column::int("approvals_required"),
        Column::int("approvals_left"),
        Column::bool("require_password_to_approve"),
        Column::bool("user_has_approved"),
        Column::bool("user_can_approve"),
        Column::bool("has_approval_rules"),
        Column::bool("merge_request_approvers_available"),
        Column::bool("multiple_approval_rules_available"),
    ],
    ..Resource::DEFAULT
};

/// `GET /api/v4/projects/{id}/merge_requests/{noteable_id}/notes`
///
/// Notes of a merge request.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `noteable_id` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
pub const MERGE_REQUEST_NOTES: Resource = Resource {
    name: "merge_request_notes",
    table: "merge_request_notes",
    path: "/projects/{id}/merge_requests/{noteable_id}/notes",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent(
            "noteable_id",
            "merge_request_iid",
            "project_merge_requests",
            "iid",
        ),
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

/// `GET /api/v4/projects/{id}/merge_requests/{eventable_id}/resource_state_events`
///
/// Changes of state of a merge request.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `eventable_id` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
pub const MERGE_REQUEST_RESOURCE_STATE_EVENTS: Resource = Resource {
    name: "merge_request_resource_state_events",
    table: "merge_request_resource_state_events",
    path: "/projects/{id}/merge_requests/{eventable_id}/resource_state_events",
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

/// `GET /api/v4/projects/{id}/merge_requests/{eventable_id}/resource_label_events`
///
/// Labels put on and taken off a merge request.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `eventable_id` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
pub const MERGE_REQUEST_RESOURCE_LABEL_EVENTS: Resource = Resource {
    name: "merge_request_resource_label_events",
    table: "merge_request_resource_label_events",
    path: "/projects/{id}/merge_requests/{eventable_id}/resource_label_events",
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
