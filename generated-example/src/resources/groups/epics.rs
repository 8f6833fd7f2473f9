//! Resources of `groups/epics`, written by `gitlab-init` from the OpenAPI document.

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&GROUP_EPICS],
    below: &[],
};

/// `GET /api/v4/groups/{id}/epics`
///
/// Epics of a group.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `groups.id`: `/api/v4/groups` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
pub const GROUP_EPICS: Resource = Resource {
    name: "group_epics",
    table: "group_epics",
    path: "/groups/{id}/epics",
    about: "Epics of a group",
    params: &[Param::parent("id", "group_id", "groups", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    query: &[("include_descendant_groups", "false")],
    filters: &[
        Filter::one_of("state", &["opened", "closed", "all"]),
        Filter::bool("include_ancestor_groups"),
        Filter::bool("include_descendant_groups"),
        Filter::int("author_id"),
        Filter::text("author_username"),
        Filter::text("labels").list(),
        Filter::bool("with_labels_details"),
        Filter::text("search"),
        Filter::text("my_reaction_emoji"),
        Filter::bool("confidential"),
        Filter::text("not[labels]").list(),
        Filter::int("not[author_id]"),
        Filter::text("not[author_username]"),
        Filter::time("created_after"),
        Filter::time("created_before"),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
        Filter::one_of("order_by", &["created_at", "updated_at", "title"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    columns: &[
        Column::int("id"),
        Column::int("work_item_id"),
        Column::int("iid"),
        Column::text("color"),
        Column::text("text_color"),
        Column::int("group_id"),
        Column::int("parent_id"),
        Column::int("parent_iid"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::text("title"),
        Column::text("description"),
        Column::bool("confidential"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::date("start_date"),
        Column::bool("start_date_is_fixed"),
        Column::date("start_date_fixed"),
        Column::date("start_date_from_inherited_source"),
        Column::date("start_date_from_milestones"),
        Column::date("end_date"),
        Column::date("due_date"),
        Column::bool("due_date_is_fixed"),
        Column::date("due_date_fixed"),
        Column::date("due_date_from_inherited_source"),
        Column::date("due_date_from_milestones"),
        Column::text("state"),
        Column::text("web_edit_url"),
        Column::text("web_url"),
        Column::text("reference"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::timestamp("closed_at"),
        Column::json("labels").about("Names"),
        Column::int("upvotes"),
        Column::int("downvotes"),
        Column::bool("subscribed"),
    ],
    ..Resource::DEFAULT
};
