//! Questions that people ask of what GitLab keeps, each answered by a view over tables. Its SQL is a template in
//! `templates/views/`, which says what it means in full; here is what it is called, what it stands on, and what is drawn.
//!
//! Source: the measures of DORA (dora.dev/guides/dora-metrics) as GitLab counts them (its page on DORA metrics), and GitLab's
//! pages on value stream analytics, the Jobs API (`include_retried`), the Deployments API and the Issues API.

use crate::infer::ColumnKind::{self, Bool, Float, Int, Json, Text, Timestamp};

/// A question, and where its answer comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    /// What it tells, in a sentence without an end.
    pub(crate) says: &'static str,
    /// What it cannot do without comes first.
    pub(crate) needs: &'static [Need],
    pub(crate) charts: &'static [Chart],
}

/// Something that a view stands on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// What the template calls it.
    pub(crate) role: &'static str,
    pub(crate) source: Source,
    pub(crate) columns: &'static [(&'static str, ColumnKind)],
    /// Whether the view tells less without it, and not nothing.
    pub(crate) is_optional: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// The list at the first of these places that the crate reads.
    Lists(&'static [&'static str]),
    /// Another view, which has the name of the role.
    View,
}

/// What is drawn of a view: `value` by `by`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) by: &'static str,
    pub(crate) is_ranked: bool,
    pub(crate) value: &'static str,
    pub(crate) fold: Fold,
    pub(crate) unit: &'static str,
}

/// How the values of many rows become one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fold {
    Sum,
    Average,
    Count,
    /// The sum of a column for each of another.
    Per(&'static str),
}

impl Need {
    const fn lists(
        role: &'static str,
        places: &'static [&'static str],
        columns: &'static [(&'static str, ColumnKind)],
    ) -> Self {
        Self { role, source: Source::Lists(places), columns, is_optional: false }
    }

    const fn view(role: &'static str) -> Self {
        Self { role, source: Source::View, columns: &[], is_optional: false }
    }

    const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

impl Chart {
    const fn over_time(
        title: &'static str,
        by: &'static str,
        value: &'static str,
        fold: Fold,
        unit: &'static str,
    ) -> Self {
        Self { title, by, is_ranked: false, value, fold, unit }
    }

    const fn ranked(
        title: &'static str,
        by: &'static str,
        value: &'static str,
        fold: Fold,
        unit: &'static str,
    ) -> Self {
        Self { title, by, is_ranked: true, value, fold, unit }
    }
}

const MERGE_REQUESTS: &[&str] =
    &["/projects/{}/merge_requests", "/groups/{}/merge_requests", "/merge_requests"];
const ISSUES: &[&str] = &["/projects/{}/issues", "/groups/{}/issues", "/issues"];
const COMMITS: &[&str] = &["/projects/{}/merge_requests/{}/commits"];
const NOTES: &[&str] = &["/projects/{}/merge_requests/{}/notes"];
const PIPELINES: &[&str] = &["/projects/{}/pipelines"];
const JOBS: &[&str] = &["/projects/{}/pipelines/{}/jobs", "/projects/{}/jobs"];
const DEPLOYMENTS: &[&str] = &["/projects/{}/deployments"];
const ENVIRONMENTS: &[&str] = &["/projects/{}/environments"];
const STATE_EVENTS: &[&str] = &["/projects/{}/issues/{}/resource_state_events"];
const BRANCHES: &[&str] = &["/projects/{}/repository/branches"];
const RELEASES: &[&str] = &["/projects/{}/releases"];

/// In the order in which they are made: what others stand on comes before them.
pub(crate) const VIEWS: &[View] = &[
    View {
        name: "merge_request_cycle_time",
        says: "How long each merge request took, from its first commit over the first review to the merge",
        needs: &[
            Need::lists(
                "merge_requests",
                MERGE_REQUESTS,
                &[
                    ("project_id", Int),
                    ("iid", Int),
                    ("title", Text),
                    ("state", Text),
                    ("author__id", Int),
                    ("created_at", Timestamp),
                    ("merged_at", Timestamp),
                ],
            ),
            Need::lists("commits", COMMITS, &[("authored_date", Timestamp)]).optional(),
            Need::lists(
                "notes",
                NOTES,
                &[("author__id", Int), ("created_at", Timestamp), ("system", Bool), ("body", Text)],
            )
            .optional(),
        ],
        charts: &[Chart::over_time(
            "Merge request cycle time",
            "merged_week",
            "cycle_hours",
            Fold::Average,
            "hours on average, by the week of the merge",
        )],
    },
    View {
        name: "review_load",
        says: "Who reviews how many merge requests of others, week by week",
        needs: &[
            Need::lists(
                "notes",
                NOTES,
                &[
                    ("author__id", Int),
                    ("author__username", Text),
                    ("created_at", Timestamp),
                    ("system", Bool),
                    ("body", Text),
                ],
            ),
            Need::lists(
                "merge_requests",
                MERGE_REQUESTS,
                &[("id", Int), ("project_id", Int), ("iid", Int), ("author__id", Int)],
            ),
        ],
        charts: &[Chart::ranked(
            "Review load",
            "reviewer",
            "merge_requests",
            Fold::Sum,
            "merge requests that they took part in, summed over weeks",
        )],
    },
    View {
        name: "pipelines_by_week",
        says: "How many pipelines of each branch succeed, and how long they take, week by week",
        needs: &[
            Need::lists(
                "pipelines",
                PIPELINES,
                &[
                    ("id", Int),
                    ("project_id", Int),
                    ("ref", Text),
                    ("status", Text),
                    ("created_at", Timestamp),
                ],
            ),
            Need::lists(
                "jobs",
                JOBS,
                &[("pipeline__id", Int), ("started_at", Timestamp), ("finished_at", Timestamp)],
            )
            .optional(),
        ],
        charts: &[
            Chart::over_time(
                "Pipeline success",
                "week",
                "succeeded",
                Fold::Per("finished"),
                "the part that succeeded of those that did or failed, from 0 to 1",
            ),
            Chart::over_time(
                "Pipeline duration",
                "week",
                "total_minutes",
                Fold::Per("timed"),
                "minutes on average",
            ),
        ],
    },
    View {
        name: "flaky_jobs",
        says: "Which jobs failed and succeeded on the same code",
        needs: &[Need::lists("jobs", JOBS, &[("pipeline__id", Int), ("name", Text), ("status", Text)])],
        charts: &[Chart::ranked(
            "Flaky jobs",
            "job",
            "flaky_pipelines",
            Fold::Sum,
            "pipelines in which one run of the job failed and another succeeded",
        )],
    },
    View {
        name: "job_queue_times",
        says: "How long jobs wait for a runner, week by week",
        needs: &[Need::lists("jobs", JOBS, &[("created_at", Timestamp), ("queued_duration", Float)])],
        charts: &[Chart::over_time(
            "Queue time of jobs",
            "week",
            "queued_seconds",
            Fold::Per("jobs"),
            "seconds on average",
        )],
    },
    View {
        name: "production_deployments",
        says: "Deployments to production that succeeded or failed",
        needs: &[
            Need::lists(
                "deployments",
                DEPLOYMENTS,
                &[
                    ("id", Int),
                    ("project_id", Int),
                    ("environment__id", Int),
                    ("sha", Text),
                    ("status", Text),
                    ("created_at", Timestamp),
                    ("updated_at", Timestamp),
                ],
            ),
            Need::lists("environments", ENVIRONMENTS, &[("id", Int), ("name", Text), ("tier", Text)]),
        ],
        charts: &[],
    },
    View {
        name: "deployment_frequency",
        says: "How often code is deployed to production, week by week",
        needs: &[Need::view("production_deployments")],
        charts: &[Chart::over_time(
            "Deployment frequency",
            "week",
            "deployments",
            Fold::Sum,
            "deployments to production that succeeded",
        )],
    },
    View {
        name: "lead_time_for_changes",
        says: "How long it takes until what is merged is in production",
        needs: &[
            Need::lists(
                "merge_requests",
                MERGE_REQUESTS,
                &[("project_id", Int), ("iid", Int), ("merged_at", Timestamp)],
            ),
            Need::view("production_deployments"),
        ],
        charts: &[Chart::over_time(
            "Lead time for changes",
            "deployed_week",
            "lead_hours",
            Fold::Average,
            "hours from merge to deployment on average, by the week of the deployment",
        )],
    },
    View {
        name: "change_failure_rate",
        says: "How many incidents there are for each deployment to production, month by month",
        needs: &[
            Need::view("production_deployments"),
            Need::lists(
                "issues",
                ISSUES,
                &[("project_id", Int), ("issue_type", Text), ("created_at", Timestamp)],
            ),
        ],
        charts: &[Chart::over_time(
            "Change failure rate",
            "month",
            "incidents",
            Fold::Per("deployments"),
            "incidents for each deployment",
        )],
    },
    View {
        name: "time_to_restore",
        says: "How long incidents were open",
        needs: &[Need::lists(
            "issues",
            ISSUES,
            &[
                ("project_id", Int),
                ("iid", Int),
                ("title", Text),
                ("issue_type", Text),
                ("created_at", Timestamp),
                ("closed_at", Timestamp),
            ],
        )],
        charts: &[Chart::over_time(
            "Time to restore",
            "restored_month",
            "hours_to_restore",
            Fold::Average,
            "hours that incidents were open on average, by the month of their end",
        )],
    },
    View {
        name: "issue_throughput",
        says: "How many issues are opened, closed and reopened, week by week",
        needs: &[
            Need::lists(
                "issues",
                ISSUES,
                &[("project_id", Int), ("state", Text), ("created_at", Timestamp), ("closed_at", Timestamp)],
            ),
            Need::lists("events", STATE_EVENTS, &[("created_at", Timestamp), ("state", Text)]).optional(),
        ],
        charts: &[
            Chart::over_time("Issues opened", "week", "opened", Fold::Sum, "issues"),
            Chart::over_time(
                "Issues closed",
                "week",
                "closed",
                Fold::Sum,
                "issues, each when it was last closed",
            ),
        ],
    },
    View {
        name: "issue_ageing",
        says: "How old open issues are, and how long nothing happened to them",
        needs: &[Need::lists(
            "issues",
            ISSUES,
            &[
                ("project_id", Int),
                ("iid", Int),
                ("title", Text),
                ("state", Text),
                ("created_at", Timestamp),
                ("updated_at", Timestamp),
            ],
        )],
        charts: &[Chart::over_time(
            "Open issues by age",
            "opened_month",
            "issue_iid",
            Fold::Count,
            "issues that are open, by the month in which they were opened",
        )],
    },
    View {
        name: "project_issue_labels",
        says: "Which issue has which label, one row for each",
        needs: &[Need::lists(
            "issues",
            ISSUES,
            &[("project_id", Int), ("id", Int), ("iid", Int), ("labels", Json)],
        )],
        charts: &[],
    },
    View {
        name: "open_issues_by_label",
        says: "How many open issues have each label",
        needs: &[
            Need::lists(
                "issues",
                ISSUES,
                &[("project_id", Int), ("id", Int), ("state", Text), ("created_at", Timestamp)],
            ),
            Need::view("project_issue_labels"),
        ],
        charts: &[Chart::ranked("Open issues by label", "label", "open_issues", Fold::Sum, "open issues")],
    },
    View {
        name: "stale_branches",
        says: "Branches without a commit for 90 days",
        needs: &[Need::lists(
            "branches",
            BRANCHES,
            &[
                ("project_id", Int),
                ("name", Text),
                ("commit__committed_date", Timestamp),
                ("default", Bool),
                ("protected", Bool),
                ("merged", Bool),
            ],
        )],
        charts: &[Chart::over_time(
            "Stale branches",
            "last_commit_month",
            "branch",
            Fold::Count,
            "branches, by the month of their last commit",
        )],
    },
    View {
        name: "release_cadence",
        says: "Releases, and how many days passed since the one before",
        needs: &[Need::lists(
            "releases",
            RELEASES,
            &[("tag_name", Text), ("released_at", Timestamp), ("upcoming_release", Bool)],
        )],
        charts: &[Chart::over_time("Releases", "released_month", "tag_name", Fold::Count, "releases")],
    },
];
