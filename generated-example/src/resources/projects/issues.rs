//! Resources of `projects/issues`, written by `gitlab-init` from the OpenAPI document.

pub mod links;
pub mod notes;
pub mod resource_label_events;
pub mod resource_state_events;

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_ISSUES],
    below: &[
        &links::ALL,
        &notes::ALL,
        &resource_label_events::ALL,
        &resource_state_events::ALL,
    ],
};

/// `GET /api/v4/projects/{id}/issues`
///
/// Issues of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
/// - one list for many: `/api/v4/issues` has the same records, and `project_id` says whose each is, with `references.short` as `references.relative`; `/api/v4/groups/{id}/issues` has the same records, and `project_id` says whose each is, with `references.short` as `references.relative`
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_ISSUES: Resource = Resource {
    name: "project_issues",
    table: "project_issues",
    path: "/projects/{id}/issues",
    about: "Issues of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Keyset {
        order_by: "updated_at",
        sort: "asc",
    },
    filters: &[
        Filter::one_of("scope", &["created_by_me", "assigned_to_me", "all"]),
        Filter::one_of("state", &["opened", "closed", "all"]),
        Filter::int("iids").list(),
        Filter::text("labels").list(),
        Filter::text("milestone"),
        Filter::one_of("milestone_id", &["None", "Any", "Upcoming", "Started"]),
        Filter::one_of(
            "issue_type",
            &["issue", "incident", "test_case", "requirement", "task", "ticket"],
        ),
        Filter::int("author_id"),
        Filter::text("author_username"),
        Filter::any("assignee_id"),
        Filter::text("assignee_username").list(),
        Filter::int("closed_by_id"),
        Filter::text("my_reaction_emoji"),
        Filter::bool("confidential"),
        Filter::one_of(
            "due_date",
            &[
                "0",
                "any",
                "today",
                "tomorrow",
                "overdue",
                "week",
                "month",
                "next_month_and_previous_two_weeks",
            ],
        ),
        Filter::any("weight"),
        Filter::any("epic_id"),
        Filter::any("iteration_id"),
        Filter::text("iteration_title"),
        Filter::one_of(
            "health_status",
            &["on_track", "needs_attention", "at_risk", "none", "any"],
        ),
        Filter::text("search"),
        Filter::text("in"),
        Filter::text("not[labels]").list(),
        Filter::text("not[milestone]"),
        Filter::int("not[author_id]"),
        Filter::text("not[author_username]"),
        Filter::text("not[assignee_username]").list(),
        Filter::time("created_after"),
        Filter::time("created_before"),
        Filter::time("updated_after"),
        Filter::time("updated_before"),
        Filter::bool("with_labels_details"),
        Filter::one_of(
            "order_by",
            &[
                "created_at",
                "due_date",
                "id",
                "label_priority",
                "milestone_due",
                "popularity",
                "priority",
                "relative_position",
                "title",
                "updated_at",
                "weight",
            ],
        ),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    wide: &[
        Wide {
            path: "/issues",
            over: Over::Instance,
            parent_field: "project_id",
            query: &[("scope", "all"), ("non_archived", "false")],
            pagination: Pagination::Offset,
            incremental: Some(Incremental {
                param: "updated_after",
                cursor: Some("updated_at"),
                query: &[("order_by", "updated_at"), ("sort", "asc")],
                ..Incremental::DEFAULT
            }),
            relative: &[("references.relative", "references.short")],
            ..Wide::DEFAULT
        },
        Wide {
            path: "/groups/{id}/issues",
            over: Over::Group,
            parent_field: "project_id",
            query: &[("non_archived", "false")],
            pagination: Pagination::Offset,
            incremental: Some(Incremental {
                param: "updated_after",
                cursor: Some("updated_at"),
                query: &[("order_by", "updated_at"), ("sort", "asc")],
                ..Incremental::DEFAULT
            }),
            relative: &[("references.relative", "references.short")],
            ..Wide::DEFAULT
        },
    ],
    unless: &[Sign::new("issues_access_level", &["disabled"])],
    quiet_refresh: Duration::from_hours(6),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::int("iid"),
        Column::int("project_id"),
        Column::text("title"),
        Column::text("description"),
        Column::text("state"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::timestamp("closed_at"),
        Column::int("closed_by__id"),
        Column::bool("closed_by__locked"),
        Column::json("labels").about("Names"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::text("type"),
        Column::int("assignee__id"),
        Column::bool("assignee__locked"),
        Column::int("user_notes_count"),
        Column::int("merge_requests_count"),
        Column::int("upvotes"),
        Column::int("downvotes"),
        Column::date("start_date"),
        Column::date("due_date"),
        Column::bool("confidential"),
        Column::bool("discussion_locked"),
        Column::text("issue_type"),
        Column::text("web_url"),
        Column::int("time_stats__time_estimate"),
        Column::int("time_stats__total_time_spent"),
        Column::int("task_completion_status__count"),
        Column::int("task_completion_status__completed_count"),
        Column::int("weight"),
        Column::int("blocking_issues_count"),
        Column::bool("has_tasks"),
        Column::text("task_status"),
        Column::text("severity"),
        Column::bool("subscribed"),
        Column::int("moved_to_id"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::text("service_desk_reply_to"),
        Column::int("epic_iid"),
        Column::int("epic__id"),
        Column::int("epic__iid"),
        Column::int("epic__group_id"),
        Column::date("epic__human_readable_end_date"),
        Column::int("iteration__id"),
        Column::int("iteration__iid"),
        Column::int("iteration__sequence"),
        Column::int("iteration__group_id"),
        Column::int("iteration__state").about("1 upcoming, 2 current, 3 closed"),
        Column::timestamp("iteration__created_at"),
        Column::timestamp("iteration__updated_at"),
        Column::date("iteration__start_date"),
        Column::date("iteration__due_date"),
        Column::text("health_status"),
    ],
    ..Resource::DEFAULT
};
