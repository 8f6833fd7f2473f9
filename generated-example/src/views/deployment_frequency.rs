//! How often code is deployed to production, week by week.

use gitlab_pipeline::view::*;

pub const VIEW: View = View {
    name: "deployment_frequency",
    says: "How often code is deployed to production, week by week",
    needs: &[Need::of("production_deployments", &[])],
    sql: include_str!("deployment_frequency.sql"),
    charts: &[
        Chart {
            title: "Deployment frequency",
            by: "week",
            is_ranked: false,
            value: "deployments",
            fold: Fold::Sum,
            unit: "deployments to production that succeeded",
        },
    ],
};
