//! Resources of `groups/members`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&GROUP_MEMBERS],
    below: &[],
};

/// `GET /api/v4/groups/{id}/members`
///
/// Direct members of a group.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its `id` is that of a user, who may stand under several parents
/// - `id` is `groups.id`: `/api/v4/groups` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const GROUP_MEMBERS: Resource = Resource {
    name: "group_members",
    table: "group_members",
    path: "/groups/{id}/members",
    about: "Direct members of a group",
    params: &[Param::parent("id", "group_id", "groups", "id")],
    record_key: &["id"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::Offset,
    filters: &[
        Filter::text("query"),
        Filter::int("user_ids").list(),
        Filter::int("skip_users").list(),
        Filter::bool("show_seat_info"),
        Filter::bool("with_saml_identity"),
    ],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::text("username"),
        Column::text("public_email"),
        Column::text("name"),
        Column::text("state"),
        Column::bool("locked"),
        Column::text("avatar_url"),
        Column::text("avatar_path"),
        Column::text("web_url"),
        Column::text("email"),
        Column::int("access_level"),
        Column::timestamp("created_at"),
        Column::int("created_by__id"),
        Column::bool("created_by__locked"),
        Column::date("expires_at"),
        Column::int("group_saml_identity__saml_provider_id"),
        Column::int("group_scim_identity__group_id"),
        Column::bool("group_scim_identity__active"),
        Column::bool("is_using_seat"),
        Column::bool("override"),
        Column::text("membership_state"),
        Column::int("member_role__id"),
        Column::int("member_role__group_id"),
        Column::int("member_role__base_access_level"),
    ],
    ..Resource::DEFAULT
};
