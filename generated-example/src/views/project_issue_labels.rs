//! Which issue has which label, one row for each.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
