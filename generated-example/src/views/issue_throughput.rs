//! How many issues are opened, closed and reopened, week by week.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
