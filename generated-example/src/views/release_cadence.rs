//! Releases, and how many days passed since the one before.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "release_cadence",
    says: "Releases, and how many days passed since the one before",
    needs: &[
        Need::of(
            "project_releases",
            &[
                Column::int("project_id"),
                Column::timestamp("released_at"),
                Column::text("tag_name"),
                Column::bool("upcoming_release"),
            ],
        ),
    ],
    sql: include_str!("release_cadence.sql"),
    charts: &[
        Chart {
            title: "Releases",
            by: "released_month",
            is_ranked: false,
            value: "tag_name",
            fold: Fold::Count,
            unit: "releases",
        },
    ],
};
