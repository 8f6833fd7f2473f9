//! Resources of `groups/iterations`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&GROUP_ITERATIONS],
    below: &[],
};

/// `GET /api/v4/groups/{id}/iterations`
///
/// Iterations of a group.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, but the same one may stand under several parents
/// - `id` is `groups.id`: `/api/v4/groups` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
/// - left alone for a day: it is set up and seldom changed
pub const GROUP_ITERATIONS: Resource = Resource {
    name: "group_iterations",
    table: "group_iterations",
    path: "/groups/{id}/iterations",
    about: "Iterations of a group",
    params: &[Param::parent("id", "group_id", "groups", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[
        Filter::one_of(
            "state",
            &["opened", "upcoming", "started", "current", "closed", "all"],
        ),
        Filter::text("search"),
        Filter::text("in").list(),
        Filter::bool("include_ancestors"),
        Filter::bool("include_descendants"),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
    ],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        ..Incremental::DEFAULT
    }),
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::int("sequence"),
        Column::int("group_id"),
        Column::text("title"),
        Column::text("description"),
        Column::int("state").about("1 upcoming, 2 current, 3 closed"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::date("start_date"),
        Column::date("due_date"),
        Column::text("web_url"),
    ],
    ..Resource::DEFAULT
};
