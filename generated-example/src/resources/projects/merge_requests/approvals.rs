//! Resources of `projects/merge_requests/approvals`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&MERGE_REQUEST_APPROVALS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/merge_requests/{merge_request_iid}/approvals`
///
/// Who has approved a merge request.
///
/// - object: its entity `MergeRequestApprovals` describes all of them at once
/// - no key: `x-gitlab-init` states it
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `merge_request_iid` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const MERGE_REQUEST_APPROVALS: Resource = Resource {
    name: "merge_request_approvals",
    table: "merge_request_approvals",
    path: "/projects/{id}/merge_requests/{merge_request_iid}/approvals",
    about: "Who has approved a merge request",
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
