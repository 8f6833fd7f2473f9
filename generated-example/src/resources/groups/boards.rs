//! Resources of `groups/boards`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&GROUP_BOARDS],
    below: &[],
};

/// `GET /api/v4/groups/{id}/boards`
///
/// Issue boards of a group.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `groups.id`: `/api/v4/groups` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const GROUP_BOARDS: Resource = Resource {
    name: "group_boards",
    table: "group_boards",
    path: "/groups/{id}/boards",
    about: "Issue boards of a group",
    params: &[Param::parent("id", "group_id", "groups", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::bool("hide_backlog_list"),
        Column::bool("hide_closed_list"),
        Column::int("project__id"),
        Column::timestamp("project__created_at"),
        Column::json("project__tag_list").about("Old name of `topics`"),
        Column::json("project__topics"),
        Column::int("project__forks_count"),
        Column::int("project__star_count"),
        Column::timestamp("project__last_activity_at")
            .about("Moves at most once an hour"),
        Column::int("group__id"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::int("assignee__id"),
        Column::bool("assignee__locked"),
        Column::int("weight"),
    ],
    ..Resource::DEFAULT
};
