//! Resources of `projects/boards`, written by `gitlab-init` from the OpenAPI document.

pub mod lists;

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_BOARDS],
    below: &[&lists::ALL],
};

/// `GET /api/v4/projects/{id}/boards`
///
/// Issue boards of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_BOARDS: Resource = Resource {
    name: "project_boards",
    table: "project_boards",
    path: "/projects/{id}/boards",
    about: "Issue boards of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[],
    unless: &[Sign::new("issues_access_level", &["disabled"])],
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
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
