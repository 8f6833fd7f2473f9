//! Resources of `projects/issues/links`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&ISSUE_LINKS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/issues/{issue_iid}/links`
///
/// Issues linked to an issue.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, but the same one may stand under several parents
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `issue_iid` is `project_issues.iid`: `/api/v4/projects/{id}/issues` stands at its position; GitLab takes the `iid` there
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const ISSUE_LINKS: Resource = Resource {
    name: "issue_links",
    table: "issue_links",
    path: "/projects/{id}/issues/{issue_iid}/links",
    about: "Issues linked to an issue",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("issue_iid", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    filters: &[],
    quiet_refresh: Duration::from_hours(6),
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
        Column::json("labels").about("Names"),
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
        Column::int("iteration__state").about("1 upcoming, 2 current, 3 closed"),
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
