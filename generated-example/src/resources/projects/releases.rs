//! Resources of `projects/releases`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_RELEASES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/releases`
///
/// Releases of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `tag_name`: the path of one item takes its `tag_name`
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_RELEASES: Resource = Resource {
    name: "project_releases",
    table: "project_releases",
    path: "/projects/{id}/releases",
    about: "Releases of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["tag_name"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[
        Filter::bool("include_html_description"),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
        Filter::one_of("order_by", &["released_at", "created_at"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    incremental: Some(Incremental {
        param: "updated_after",
        ..Incremental::DEFAULT
    }),
    unless: &[Sign::new("releases_access_level", &["disabled"])],
    quiet_refresh: Duration::from_hours(6),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::text("tag_name"),
        Column::text("name"),
        Column::text("description"),
        Column::timestamp("created_at"),
        Column::timestamp("released_at"),
        Column::bool("upcoming_release"),
        Column::text("description_html"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::timestamp("commit__created_at"),
        Column::json("commit__parent_ids"),
        Column::timestamp("commit__authored_date"),
        Column::timestamp("commit__committed_date"),
        Column::json("commit__trailers"),
        Column::json("commit__extended_trailers"),
        Column::text("commit_path"),
        Column::text("tag_path"),
    ],
    ..Resource::DEFAULT
};
