//! How old open issues are, and how long nothing happened to them.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
