//! Who reviews how many merge requests of others, week by week.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "review_load",
    says: "Who reviews how many merge requests of others, week by week",
    needs: &[
        Need::of(
            "merge_request_notes",
            &[
                Column::int("author__id"),
                Column::text("author__username"),
                Column::text("body"),
                Column::timestamp("created_at"),
                Column::int("merge_request_iid"),
                Column::int("project_id"),
                Column::bool("system"),
            ],
        ),
        Need::of(
            "project_merge_requests",
            &[
                Column::int("author__id"),
                Column::int("id"),
                Column::int("iid"),
                Column::int("project_id"),
            ],
        ),
    ],
    sql: include_str!("review_load.sql"),
    charts: &[
        Chart {
            title: "Review load",
            by: "reviewer",
            is_ranked: true,
            value: "merge_requests",
            fold: Fold::Sum,
            unit: "merge requests that they took part in, summed over weeks",
        },
    ],
};
