//! Resources of `projects/merge_requests/commits`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&MERGE_REQUEST_COMMITS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/merge_requests/{merge_request_iid}/commits`
///
/// Commits of a merge request.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its `id` is the hash of a commit, which forks share
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `merge_request_iid` is `project_merge_requests.iid`: `/api/v4/projects/{id}/merge_requests` stands at its position; GitLab takes the `iid` there
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const MERGE_REQUEST_COMMITS: Resource = Resource {
    name: "merge_request_commits",
    table: "merge_request_commits",
    path: "/projects/{id}/merge_requests/{merge_request_iid}/commits",
    about: "Commits of a merge request",
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
    filters: &[],
    quiet_refresh: Duration::from_hours(6),
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
