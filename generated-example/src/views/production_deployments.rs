//! Deployments to production that succeeded or failed.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "production_deployments",
    says: "Deployments to production that succeeded or failed",
    needs: &[
        Need::of(
            "project_deployments",
            &[
                Column::timestamp("created_at"),
                Column::int("environment__id"),
                Column::int("id"),
                Column::int("project_id"),
                Column::text("sha"),
                Column::text("status"),
                Column::timestamp("updated_at"),
            ],
        ),
        Need::of(
            "project_environments",
            &[
                Column::int("id"),
                Column::text("name"),
                Column::int("project_id"),
                Column::text("tier"),
            ],
        ),
    ],
    sql: include_str!("production_deployments.sql"),
    charts: &[],
};
