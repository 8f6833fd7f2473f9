//! Resources of `groups/labels`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&GROUP_LABELS],
    below: &[],
};

/// `GET /api/v4/groups/{id}/labels`
///
/// Labels usable in a group.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, but the same one may stand under several parents
/// - `id` is `groups.id`: `/api/v4/groups` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const GROUP_LABELS: Resource = Resource {
    name: "group_labels",
    table: "group_labels",
    path: "/groups/{id}/labels",
    about: "Labels usable in a group",
    params: &[Param::parent("id", "group_id", "groups", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[
        Filter::bool("with_counts"),
        Filter::bool("include_ancestor_groups"),
        Filter::bool("include_descendant_groups"),
        Filter::bool("only_group_labels"),
        Filter::text("search"),
        Filter::bool("archived"),
    ],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::text("description"),
        Column::text("text_color"),
        Column::text("description_html"),
        Column::text("color"),
        Column::bool("archived"),
        Column::int("open_issues_count"),
        Column::int("closed_issues_count"),
        Column::int("open_merge_requests_count"),
        Column::bool("subscribed"),
    ],
    ..Resource::DEFAULT
};
