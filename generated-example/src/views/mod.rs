//! Answers to what people ask first, as views in the database: written by `gitlab-init`, and yours to change.
//!
//! A run makes them when `[load] views` says so. Their SQL stands in files beside this one; a table is in quotes there, and
//! a run puts in its place what it is called. A view of your own is one more file and one more constant.

use gitlab_pipeline::view::*;

/// In the order in which they are made.
pub const ALL: Views = Views {
    dialect: "sqlite",
    all: &[
        &MERGE_REQUEST_CYCLE_TIME,
        &REVIEW_LOAD,
        &PIPELINES_BY_WEEK,
        &FLAKY_JOBS,
        &JOB_QUEUE_TIMES,
        &PRODUCTION_DEPLOYMENTS,
        &DEPLOYMENT_FREQUENCY,
        &LEAD_TIME_FOR_CHANGES,
        &CHANGE_FAILURE_RATE,
        &TIME_TO_RESTORE,
        &ISSUE_THROUGHPUT,
        &ISSUE_AGEING,
        &PROJECT_ISSUE_LABELS,
        &OPEN_ISSUES_BY_LABEL,
        &STALE_BRANCHES,
        &RELEASE_CADENCE,
    ],
};

/// How long each merge request took, from its first commit over the first review to the merge.
pub const MERGE_REQUEST_CYCLE_TIME: View = View {
    name: "merge_request_cycle_time",
    says: "How long each merge request took, from its first commit over the first review to the merge",
    needs: &[
        Need::of(
            "project_merge_requests",
            &[
                Column::int("author__id"),
                Column::timestamp("created_at"),
                Column::int("iid"),
                Column::timestamp("merged_at"),
                Column::int("project_id"),
                Column::text("state"),
                Column::text("title"),
            ],
        ),
        Need::of(
                "merge_request_commits",
                &[
                    Column::timestamp("authored_date"),
                    Column::int("merge_request_iid"),
                    Column::int("project_id"),
                ],
            )
            .optional(),
        Need::of(
                "merge_request_notes",
                &[
                    Column::int("author__id"),
                    Column::text("body"),
                    Column::timestamp("created_at"),
                    Column::int("merge_request_iid"),
                    Column::int("project_id"),
                    Column::bool("system"),
                ],
            )
            .optional(),
    ],
    sql: include_str!("merge_request_cycle_time.sql"),
    charts: &[
        Chart {
            title: "Merge request cycle time",
            by: "merged_week",
            is_ranked: false,
            value: "cycle_hours",
            fold: Fold::Average,
            unit: "hours on average, by the week of the merge",
        },
    ],
};

/// Who reviews how many merge requests of others, week by week.
pub const REVIEW_LOAD: View = View {
    name: "review_load",
    says: "Who reviews how many merge requests of others, week by week",
    needs: &[
        Need::of(
            "merge_request_notes",
            &[
                Column::int("author__id"),
                Column::text("author__username"),
                Column::text("body"),
                Column::timestamp("created_at"),
                Column::int("merge_request_iid"),
                Column::int("project_id"),
                Column::bool("system"),
            ],
        ),
        Need::of(
            "project_merge_requests",
            &[
                Column::int("author__id"),
                Column::int("id"),
                Column::int("iid"),
                Column::int("project_id"),
            ],
        ),
    ],
    sql: include_str!("review_load.sql"),
    charts: &[
        Chart {
            title: "Review load",
            by: "reviewer",
            is_ranked: true,
            value: "merge_requests",
            fold: Fold::Sum,
            unit: "merge requests that they took part in, summed over weeks",
        },
    ],
};

/// How many pipelines of each branch succeed, and how long they take, week by week.
pub const PIPELINES_BY_WEEK: View = View {
    name: "pipelines_by_week",
    says: "How many pipelines of each branch succeed, and how long they take, week by week",
    needs: &[
        Need::of(
            "project_pipelines",
            &[
                Column::timestamp("created_at"),
                Column::int("id"),
                Column::int("project_id"),
                Column::text("ref"),
                Column::text("status"),
            ],
        ),
        Need::of(
                "pipeline_jobs",
                &[
                    Column::timestamp("finished_at"),
                    Column::int("pipeline__id"),
                    Column::int("pipeline_id"),
                    Column::int("project_id"),
                    Column::timestamp("started_at"),
                ],
            )
            .optional(),
    ],
    sql: include_str!("pipelines_by_week.sql"),
    charts: &[
        Chart {
            title: "Pipeline success",
            by: "week",
            is_ranked: false,
            value: "succeeded",
            fold: Fold::Per("finished"),
            unit: "the part that succeeded of those that did or failed, from 0 to 1",
        },
        Chart {
            title: "Pipeline duration",
            by: "week",
            is_ranked: false,
            value: "total_minutes",
            fold: Fold::Per("timed"),
            unit: "minutes on average",
        },
    ],
};

/// Which jobs failed and succeeded on the same code.
pub const FLAKY_JOBS: View = View {
    name: "flaky_jobs",
    says: "Which jobs failed and succeeded on the same code",
    needs: &[
        Need::of(
            "pipeline_jobs",
            &[
                Column::text("name"),
                Column::int("pipeline__id"),
                Column::int("pipeline_id"),
                Column::int("project_id"),
                Column::text("status"),
            ],
        ),
    ],
    sql: include_str!("flaky_jobs.sql"),
    charts: &[
        Chart {
            title: "Flaky jobs",
            by: "job",
            is_ranked: true,
            value: "flaky_pipelines",
            fold: Fold::Sum,
            unit: "pipelines in which one run of the job failed and another succeeded",
        },
    ],
};

/// How long jobs wait for a runner, week by week.
pub const JOB_QUEUE_TIMES: View = View {
    name: "job_queue_times",
    says: "How long jobs wait for a runner, week by week",
    needs: &[
        Need::of(
            "pipeline_jobs",
            &[
                Column::timestamp("created_at"),
                Column::int("pipeline_id"),
                Column::int("project_id"),
                Column::float("queued_duration"),
            ],
        ),
    ],
    sql: include_str!("job_queue_times.sql"),
    charts: &[
        Chart {
            title: "Queue time of jobs",
            by: "week",
            is_ranked: false,
            value: "queued_seconds",
            fold: Fold::Per("jobs"),
            unit: "seconds on average",
        },
    ],
};

/// Deployments to production that succeeded or failed.
pub const PRODUCTION_DEPLOYMENTS: View = View {
    name: "production_deployments",
    says: "Deployments to production that succeeded or failed",
    needs: &[
        Need::of(
            "project_deployments",
            &[
                Column::timestamp("created_at"),
                Column::int("environment__id"),
                Column::int("id"),
                Column::int("project_id"),
                Column::text("sha"),
                Column::text("status"),
                Column::timestamp("updated_at"),
            ],
        ),
        Need::of(
            "project_environments",
            &[
                Column::int("id"),
                Column::text("name"),
                Column::int("project_id"),
                Column::text("tier"),
            ],
        ),
    ],
    sql: include_str!("production_deployments.sql"),
    charts: &[],
};

/// How often code is deployed to production, week by week.
pub const DEPLOYMENT_FREQUENCY: View = View {
    name: "deployment_frequency",
    says: "How often code is deployed to production, week by week",
    needs: &[Need::of("production_deployments", &[])],
    sql: include_str!("deployment_frequency.sql"),
    charts: &[
        Chart {
            title: "Deployment frequency",
            by: "week",
            is_ranked: false,
            value: "deployments",
            fold: Fold::Sum,
            unit: "deployments to production that succeeded",
        },
    ],
};

/// How long it takes until what is merged is in production.
pub const LEAD_TIME_FOR_CHANGES: View = View {
    name: "lead_time_for_changes",
    says: "How long it takes until what is merged is in production",
    needs: &[
        Need::of(
            "project_merge_requests",
            &[
                Column::int("iid"),
                Column::timestamp("merged_at"),
                Column::int("project_id"),
            ],
        ),
        Need::of("production_deployments", &[]),
    ],
    sql: include_str!("lead_time_for_changes.sql"),
    charts: &[
        Chart {
            title: "Lead time for changes",
            by: "deployed_week",
            is_ranked: false,
            value: "lead_hours",
            fold: Fold::Average,
            unit: "hours from merge to deployment on average, by the week of the deployment",
        },
    ],
};

/// How many incidents there are for each deployment to production, month by month.
pub const CHANGE_FAILURE_RATE: View = View {
    name: "change_failure_rate",
    says: "How many incidents there are for each deployment to production, month by month",
    needs: &[
        Need::of("production_deployments", &[]),
        Need::of(
            "project_issues",
            &[
                Column::timestamp("created_at"),
                Column::text("issue_type"),
                Column::int("project_id"),
            ],
        ),
    ],
    sql: include_str!("change_failure_rate.sql"),
    charts: &[
        Chart {
            title: "Change failure rate",
            by: "month",
            is_ranked: false,
            value: "incidents",
            fold: Fold::Per("deployments"),
            unit: "incidents for each deployment",
        },
    ],
};

/// How long incidents were open.
pub const TIME_TO_RESTORE: View = View {
    name: "time_to_restore",
    says: "How long incidents were open",
    needs: &[
        Need::of(
            "project_issues",
            &[
                Column::timestamp("closed_at"),
                Column::timestamp("created_at"),
                Column::int("iid"),
                Column::text("issue_type"),
                Column::int("project_id"),
                Column::text("title"),
            ],
        ),
    ],
    sql: include_str!("time_to_restore.sql"),
    charts: &[
        Chart {
            title: "Time to restore",
            by: "restored_month",
            is_ranked: false,
            value: "hours_to_restore",
            fold: Fold::Average,
            unit: "hours that incidents were open on average, by the month of their end",
        },
    ],
};

/// How many issues are opened, closed and reopened, week by week.
pub const ISSUE_THROUGHPUT: View = View {
    name: "issue_throughput",
    says: "How many issues are opened, closed and reopened, week by week",
    needs: &[
        Need::of(
            "project_issues",
            &[
                Column::timestamp("closed_at"),
                Column::timestamp("created_at"),
                Column::int("project_id"),
                Column::text("state"),
            ],
        ),
        Need::of(
                "issue_resource_state_events",
                &[
                    Column::timestamp("created_at"),
                    Column::int("issue_iid"),
                    Column::int("project_id"),
                    Column::text("state"),
                ],
            )
            .optional(),
    ],
    sql: include_str!("issue_throughput.sql"),
    charts: &[
        Chart {
            title: "Issues opened",
            by: "week",
            is_ranked: false,
            value: "opened",
            fold: Fold::Sum,
            unit: "issues",
        },
        Chart {
            title: "Issues closed",
            by: "week",
            is_ranked: false,
            value: "closed",
            fold: Fold::Sum,
            unit: "issues, each when it was last closed",
        },
    ],
};

/// How old open issues are, and how long nothing happened to them.
pub const ISSUE_AGEING: View = View {
    name: "issue_ageing",
    says: "How old open issues are, and how long nothing happened to them",
    needs: &[
        Need::of(
            "project_issues",
            &[
                Column::timestamp("created_at"),
                Column::int("iid"),
                Column::int("project_id"),
                Column::text("state"),
                Column::text("title"),
                Column::timestamp("updated_at"),
            ],
        ),
    ],
    sql: include_str!("issue_ageing.sql"),
    charts: &[
        Chart {
            title: "Open issues by age",
            by: "opened_month",
            is_ranked: false,
            value: "issue_iid",
            fold: Fold::Count,
            unit: "issues that are open, by the month in which they were opened",
        },
    ],
};

/// Which issue has which label, one row for each.
pub const PROJECT_ISSUE_LABELS: View = View {
    name: "project_issue_labels",
    says: "Which issue has which label, one row for each",
    needs: &[
        Need::of(
            "project_issues",
            &[
                Column::int("id"),
                Column::int("iid"),
                Column::json("labels"),
                Column::int("project_id"),
            ],
        ),
    ],
    sql: include_str!("project_issue_labels.sql"),
    charts: &[],
};

/// How many open issues have each label.
pub const OPEN_ISSUES_BY_LABEL: View = View {
    name: "open_issues_by_label",
    says: "How many open issues have each label",
    needs: &[
        Need::of(
            "project_issues",
            &[
                Column::timestamp("created_at"),
                Column::int("id"),
                Column::int("project_id"),
                Column::text("state"),
            ],
        ),
        Need::of("project_issue_labels", &[]),
    ],
    sql: include_str!("open_issues_by_label.sql"),
    charts: &[
        Chart {
            title: "Open issues by label",
            by: "label",
            is_ranked: true,
            value: "open_issues",
            fold: Fold::Sum,
            unit: "open issues",
        },
    ],
};

/// Branches without a commit for 90 days.
pub const STALE_BRANCHES: View = View {
    name: "stale_branches",
    says: "Branches without a commit for 90 days",
    needs: &[
        Need::of(
            "project_branches",
            &[
                Column::timestamp("commit__committed_date"),
                Column::bool("default"),
                Column::bool("merged"),
                Column::text("name"),
                Column::int("project_id"),
                Column::bool("protected"),
            ],
        ),
    ],
    sql: include_str!("stale_branches.sql"),
    charts: &[
        Chart {
            title: "Stale branches",
            by: "last_commit_month",
            is_ranked: false,
            value: "branch",
            fold: Fold::Count,
            unit: "branches, by the month of their last commit",
        },
    ],
};

/// Releases, and how many days passed since the one before.
pub const RELEASE_CADENCE: View = View {
    name: "release_cadence",
    says: "Releases, and how many days passed since the one before",
    needs: &[
        Need::of(
            "project_releases",
            &[
                Column::int("project_id"),
                Column::timestamp("released_at"),
                Column::text("tag_name"),
                Column::bool("upcoming_release"),
            ],
        ),
    ],
    sql: include_str!("release_cadence.sql"),
    charts: &[
        Chart {
            title: "Releases",
            by: "released_month",
            is_ranked: false,
            value: "tag_name",
            fold: Fold::Count,
            unit: "releases",
        },
    ],
};
