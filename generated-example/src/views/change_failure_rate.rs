//! How many incidents there are for each deployment to production, month by month.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
