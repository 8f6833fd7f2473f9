//! How long it takes until what is merged is in production.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
