//! Resources of `projects/boards/lists`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_BOARD_LISTS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/boards/{board_id}/lists`
///
/// Columns of a project board.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - `board_id` is `project_boards.id`: `/api/v4/projects/{id}/boards` stands at its position; `{board_id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_BOARD_LISTS: Resource = Resource {
    name: "project_board_lists",
    table: "project_board_lists",
    path: "/projects/{id}/boards/{board_id}/lists",
    about: "Columns of a project board",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("board_id", "board_id", "project_boards", "id"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::int("label__id"),
        Column::bool("label__archived"),
        Column::int("position"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::int("iteration__id"),
        Column::int("iteration__iid"),
        Column::int("iteration__sequence"),
        Column::int("iteration__group_id"),
        Column::int("iteration__state").about("1 upcoming, 2 current, 3 closed"),
        Column::timestamp("iteration__created_at"),
        Column::timestamp("iteration__updated_at"),
        Column::date("iteration__start_date"),
        Column::date("iteration__due_date"),
        Column::int("assignee__id"),
        Column::int("max_issue_count"),
        Column::int("max_issue_weight"),
        Column::text("limit_metric"),
        Column::text("list_type"),
    ],
    ..Resource::DEFAULT
};
