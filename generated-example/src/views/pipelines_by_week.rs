//! How many pipelines of each branch succeed, and how long they take, week by week.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "pipelines_by_week",
    says: "How many pipelines of each branch succeed, and how long they take, week by week",
    needs: &[
        Need::of(
            "project_pipelines",
            &[
                Column::timestamp("created_at"),
                Column::int("id"),
                Column::int("project_id"),
                Column::text("ref"),
                Column::text("status"),
            ],
        ),
        Need::of(
                "pipeline_jobs",
                &[
                    Column::timestamp("finished_at"),
                    Column::int("pipeline__id"),
                    Column::int("pipeline_id"),
                    Column::int("project_id"),
                    Column::timestamp("started_at"),
                ],
            )
            .optional(),
    ],
    sql: include_str!("pipelines_by_week.sql"),
    charts: &[
        Chart {
            title: "Pipeline success",
            by: "week",
            is_ranked: false,
            value: "succeeded",
            fold: Fold::Per("finished"),
            unit: "the part that succeeded of those that did or failed, from 0 to 1",
        },
        Chart {
            title: "Pipeline duration",
            by: "week",
            is_ranked: false,
            value: "total_minutes",
            fold: Fold::Per("timed"),
            unit: "minutes on average",
        },
    ],
};
