//! Resources of `projects/merge_requests`, written by `gitlab-init` from the OpenAPI document.

pub mod approvals;
pub mod commits;
pub mod notes;
pub mod resource_label_events;
pub mod resource_state_events;

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_MERGE_REQUESTS],
    below: &[
        &approvals::ALL,
        &commits::ALL,
        &notes::ALL,
        &resource_label_events::ALL,
        &resource_state_events::ALL,
    ],
};

/// `GET /api/v4/projects/{id}/merge_requests`
///
/// Merge requests of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - incremental: `updated_after` bounds the time of the last change
/// - one list for many: `/api/v4/merge_requests` has the same records, and `project_id` says whose each is, without the filters `iids`, with `references.short` as `references.relative`; `/api/v4/groups/{id}/merge_requests` has the same records, and `project_id` says whose each is, without the filters `iids`, with `references.short` as `references.relative`
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_MERGE_REQUESTS: Resource = Resource {
    name: "project_merge_requests",
    table: "project_merge_requests",
    path: "/projects/{id}/merge_requests",
    about: "Merge requests of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::one_of(
            "scope",
            &["created_by_me", "assigned_to_me", "reviews_for_me", "all"],
        ),
        Filter::int("iids").list(),
        Filter::one_of("state", &["opened", "closed", "locked", "merged", "all"]),
        Filter::text("labels").list(),
        Filter::text("milestone"),
        Filter::int("author_id"),
        Filter::text("author_username"),
        Filter::any("assignee_id"),
        Filter::text("assignee_username").list(),
        Filter::any("reviewer_id"),
        Filter::text("reviewer_username"),
        Filter::int("approver_ids").list(),
        Filter::int("approved_by_ids").list(),
        Filter::text("approved_by_usernames").list(),
        Filter::int("merge_user_id"),
        Filter::text("merge_user_username"),
        Filter::text("my_reaction_emoji"),
        Filter::text("source_branch"),
        Filter::text("target_branch"),
        Filter::int("source_project_id"),
        Filter::bool("draft"),
        Filter::one_of("wip", &["yes", "no"]),
        Filter::text("environment"),
        Filter::time("deployed_after"),
        Filter::time("deployed_before"),
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
        Filter::one_of("view", &["simple"]),
        Filter::bool("with_labels_details"),
        Filter::bool("with_merge_status_recheck"),
        Filter::one_of(
            "order_by",
            &[
                "created_at",
                "label_priority",
                "milestone_due",
                "popularity",
                "priority",
                "title",
                "updated_at",
                "merged_at",
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
            path: "/merge_requests",
            over: Over::Instance,
            parent_field: "project_id",
            query: &[("scope", "all")],
            pagination: Pagination::Offset,
            incremental: Some(Incremental {
                param: "updated_after",
                cursor: Some("updated_at"),
                query: &[("order_by", "updated_at"), ("sort", "asc")],
                ..Incremental::DEFAULT
            }),
            lacks: &["iids"],
            relative: &[("references.relative", "references.short")],
            ..Wide::DEFAULT
        },
        Wide {
            path: "/groups/{id}/merge_requests",
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
            lacks: &["iids"],
            relative: &[("references.relative", "references.short")],
            ..Wide::DEFAULT
        },
    ],
    unless: &[
        Sign::new("merge_requests_access_level", &["disabled"]),
        Sign::new("repository_access_level", &["disabled"]),
    ],
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
        Column::int("merged_by__id"),
        Column::bool("merged_by__locked"),
        Column::int("merge_user__id"),
        Column::bool("merge_user__locked"),
        Column::timestamp("merged_at"),
        Column::int("closed_by__id"),
        Column::bool("closed_by__locked"),
        Column::timestamp("closed_at"),
        Column::text("title_html"),
        Column::text("description_html"),
        Column::text("target_branch"),
        Column::text("source_branch"),
        Column::int("user_notes_count"),
        Column::int("upvotes"),
        Column::int("downvotes"),
        Column::int("author__id"),
        Column::bool("author__locked"),
        Column::int("assignee__id"),
        Column::bool("assignee__locked"),
        Column::int("source_project_id"),
        Column::int("target_project_id"),
        Column::json("labels").about("Names"),
        Column::bool("draft"),
        Column::bool("imported"),
        Column::text("imported_from"),
        Column::bool("work_in_progress").about("Old name of `draft`"),
        Column::int("milestone__id"),
        Column::int("milestone__iid"),
        Column::int("milestone__project_id"),
        Column::int("milestone__group_id"),
        Column::timestamp("milestone__created_at"),
        Column::timestamp("milestone__updated_at"),
        Column::date("milestone__due_date"),
        Column::date("milestone__start_date"),
        Column::bool("milestone__expired"),
        Column::bool("merge_when_pipeline_succeeds"),
        Column::text("merge_status").about("Old name of `detailed_merge_status`"),
        Column::text("detailed_merge_status"),
        Column::timestamp("merge_after"),
        Column::text("sha"),
        Column::text("merge_commit_sha"),
        Column::text("squash_commit_sha"),
        Column::bool("discussion_locked"),
        Column::bool("should_remove_source_branch"),
        Column::bool("force_remove_source_branch"),
        Column::timestamp("prepared_at"),
        Column::bool("allow_collaboration"),
        Column::bool("allow_maintainer_to_push"),
        Column::text("reference"),
        Column::text("web_url"),
        Column::int("time_stats__time_estimate"),
        Column::int("time_stats__total_time_spent"),
        Column::bool("squash"),
        Column::bool("squash_on_merge"),
        Column::int("task_completion_status__count"),
        Column::int("task_completion_status__completed_count"),
        Column::bool("has_conflicts"),
        Column::bool("blocking_discussions_resolved"),
        Column::int("approvals_before_merge"),
    ],
    ..Resource::DEFAULT
};
