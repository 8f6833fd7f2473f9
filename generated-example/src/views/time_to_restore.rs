//! How long incidents were open.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
