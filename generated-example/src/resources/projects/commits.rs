//! Resources of `projects/commits`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_COMMITS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/repository/commits`
///
/// Commits of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its `id` is the hash of a commit, which forks share
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `since` bounds the time of creation, and its records never change
/// - left alone for a day while its project is quiet: pushes and events are activity of the project, and nothing else changes it
pub const PROJECT_COMMITS: Resource = Resource {
    name: "project_commits",
    table: "project_commits",
    path: "/projects/{id}/repository/commits",
    about: "Commits of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    query: &[("all", "true"), ("with_stats", "true")],
    filters: &[
        Filter::text("ref_name"),
        Filter::bool("all"),
        Filter::time("since"),
        Filter::time("until"),
        Filter::text("path"),
        Filter::bool("follow"),
        Filter::text("author"),
        Filter::bool("with_stats"),
        Filter::bool("first_parent"),
        Filter::bool("trailers"),
        Filter::one_of("order", &["default", "topo"]),
    ],
    incremental: Some(Incremental {
        param: "since",
        cursor: Some("committed_date"),
        ..Incremental::DEFAULT
    }),
    lookback: Duration::from_hours(168),
    unless: &[
        Sign::new("repository_access_level", &["disabled"]),
        Sign::new("empty_repo", &["true"]),
    ],
    quiet_refresh: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
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
