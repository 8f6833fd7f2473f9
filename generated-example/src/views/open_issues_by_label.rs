//! How many open issues have each label.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
