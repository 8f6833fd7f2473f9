//! Answers to what people ask first, as views in the database: written by `gitlab-init`, and yours to change.
//!
//! A run makes them when `[load] views` says so. Their SQL stands in files beside this one; a table is in quotes there, and
//! a run puts in its place what it is called. A view of your own is two more files and one more line here.

mod merge_request_cycle_time;
mod review_load;
mod pipelines_by_week;
mod flaky_jobs;
mod job_queue_times;
mod production_deployments;
mod deployment_frequency;
mod lead_time_for_changes;
mod change_failure_rate;
mod time_to_restore;
mod issue_throughput;
mod issue_ageing;
mod project_issue_labels;
mod open_issues_by_label;
mod stale_branches;
mod release_cadence;

use gitlab_pipeline::view::Views;

/// In the order in which they are made.
pub const ALL: Views = Views {
    dialect: "sqlite",
    all: &[
        &merge_request_cycle_time::VIEW,
        &review_load::VIEW,
        &pipelines_by_week::VIEW,
        &flaky_jobs::VIEW,
        &job_queue_times::VIEW,
        &production_deployments::VIEW,
        &deployment_frequency::VIEW,
        &lead_time_for_changes::VIEW,
        &change_failure_rate::VIEW,
        &time_to_restore::VIEW,
        &issue_throughput::VIEW,
        &issue_ageing::VIEW,
        &project_issue_labels::VIEW,
        &open_issues_by_label::VIEW,
        &stale_branches::VIEW,
        &release_cadence::VIEW,
    ],
};
