//! How long jobs wait for a runner, week by week.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "job_queue_times",
    says: "How long jobs wait for a runner, week by week",
    needs: &[
        Need::of(
            "pipeline_jobs",
            &[
                Column::timestamp("created_at"),
                Column::int("pipeline_id"),
                Column::int("project_id"),
                Column::float("queued_duration"),
            ],
        ),
    ],
    sql: include_str!("job_queue_times.sql"),
    charts: &[
        Chart {
            title: "Queue time of jobs",
            by: "week",
            is_ranked: false,
            value: "queued_seconds",
            fold: Fold::Per("jobs"),
            unit: "seconds on average",
        },
    ],
};
