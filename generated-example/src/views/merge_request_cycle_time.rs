//! How long each merge request took, from its first commit over the first review to the merge.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
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
