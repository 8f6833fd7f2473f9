//! Resources of `projects/events`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_EVENTS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/events`
///
/// Activity in a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `after` bounds the time of creation, and its records never change
/// - left alone for a day while its project is quiet: pushes and events are activity of the project, and nothing else changes it
pub const PROJECT_EVENTS: Resource = Resource {
    name: "project_events",
    table: "project_events",
    path: "/projects/{id}/events",
    about: "Activity in a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::text("action"),
        Filter::one_of(
            "target_type",
            &[
                "issue",
                "milestone",
                "merge_request",
                "note",
                "project",
                "snippet",
                "user",
                "wiki",
                "design",
            ],
        ),
        Filter::time("after"),
        Filter::time("before"),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    incremental: Some(Incremental {
        param: "after",
        cursor: Some("created_at"),
        bound: Bound::DateExclusive,
        ..Incremental::DEFAULT
    }),
    quiet_refresh: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::int("project_id"),
        Column::text("action_name"),
        Column::int("target_id"),
        Column::int("target_iid"),
        Column::text("target_type"),
        Column::int("author_id"),
        Column::text("target_title"),
        Column::timestamp("created_at"),
        Column::int("note__id"),
        Column::timestamp("note__created_at"),
        Column::timestamp("note__updated_at"),
        Column::bool("note__system"),
        Column::int("note__noteable_id"),
        Column::int("note__project_id"),
        Column::json("note__position"),
        Column::bool("note__resolvable"),
        Column::bool("note__resolved"),
        Column::timestamp("note__resolved_at"),
        Column::bool("note__confidential"),
        Column::bool("note__internal"),
        Column::bool("note__imported"),
        Column::int("note__noteable_iid"),
        Column::json("note__commands_changes"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::int("wiki_page__wiki_page_meta_id"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::int("push_data__commit_count"),
        Column::int("push_data__ref_count"),
        Column::text("author_username"),
    ],
    ..Resource::DEFAULT
};
