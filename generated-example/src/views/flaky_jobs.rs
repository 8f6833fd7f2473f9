//! Which jobs failed and succeeded on the same code.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "flaky_jobs",
    says: "Which jobs failed and succeeded on the same code",
    needs: &[
        Need::of(
            "pipeline_jobs",
            &[
                Column::text("name"),
                Column::int("pipeline__id"),
                Column::int("pipeline_id"),
                Column::int("project_id"),
                Column::text("status"),
            ],
        ),
    ],
    sql: include_str!("flaky_jobs.sql"),
    charts: &[
        Chart {
            title: "Flaky jobs",
            by: "job",
            is_ranked: true,
            value: "flaky_pipelines",
            fold: Fold::Sum,
            unit: "pipelines in which one run of the job failed and another succeeded",
        },
    ],
};
