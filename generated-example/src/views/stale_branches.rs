//! Branches without a commit for 90 days.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
