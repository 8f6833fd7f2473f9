//! Pipelines, jobs, deployments and what runs them.

use std::sync::Arc;

use serde_json::Value;

use super::filter::{CREATED, FINISHED, Filter, Filters, UPDATED};
use super::order::{Keyset, Order};
use super::projects::handful;
use super::{Call, Gate, Listing, Refusal, Route};
use crate::rows::of_project;
use crate::world::{Kind, Project, ids};

const PIPELINE_FILTERS: Filters = &[
    Filter::is("status", "status"),
    Filter::is("ref", "ref"),
    Filter::is("sha", "sha"),
    Filter::is("source", "source"),
];
const JOB_SCOPE: Filters = &[Filter::any_of("scope", "status")];
const DEPLOYMENT_FILTERS: Filters =
    &[Filter::is("status", "status"), Filter::is("environment", "environment/name")];

const CI: &[Gate] = &[Gate::Ci];

pub(super) const ROUTES: &[Route] = &[
    Route::list("/projects/{id}/pipelines", |call| {
        Call::boxed(of_project::pipelines(&call.now, call.project()?))
    })
    .gates(CI)
    .ordered(Order::descending("id", &["id", "status", "ref", "updated_at", "user_id"]))
    .filters(&[CREATED, UPDATED, PIPELINE_FILTERS]),
    Route::one("/projects/{id}/pipelines/{pipeline_id}", |call| {
        let (project, number) = pipeline(call)?;
        Ok(call.now.pipeline_in_detail(project, number))
    })
    .gates(CI),
    Route::list("/projects/{id}/pipelines/{pipeline_id}/jobs", |call| {
        let (project, number) = pipeline(call)?;
        let with_retried = call.query.flag("include_retried", false)?;
        Call::boxed(of_project::jobs(&call.now, project, Some((number, with_retried))))
    })
    .gates(CI)
    .ordered(Order::descending("id", &[]))
    .filters(&[JOB_SCOPE])
    .complete(&[("include_retried", "true")])
    .job_token(),
    Route::list("/projects/{id}/pipelines/{pipeline_id}/bridges", |call| {
        let (project, number) = pipeline(call)?;
        Call::boxed(call.now.bridges(project, number))
    })
    .gates(CI),
    Route::list("/projects/{id}/pipelines/{pipeline_id}/variables", |call| {
        let (_, number) = pipeline(call)?;
        Call::boxed(call.now.pipeline_variables(number))
    })
    .gates(CI),
    Route::list("/projects/{id}/jobs", |call| {
        Call::boxed(of_project::jobs(&call.now, call.project()?, None))
    })
    .gates(CI)
    .ordered(Order::descending("id", &[]))
    .keyset(Keyset::newest_first("Ci::Build"))
    .filters(&[JOB_SCOPE]),
    Route::list("/projects/{id}/deployments", deployments)
        .gates(&[Gate::Environments])
        .ordered(Order::ascending("id", &["id", "iid", "created_at", "updated_at", "finished_at", "ref"]))
        .filters(&[UPDATED, FINISHED, DEPLOYMENT_FILTERS])
        .paired()
        .job_token(),
    Route::list("/projects/{id}/environments", |call| {
        handful(call, |call, project, number| call.now.environment(project, number))
    })
    .gates(&[Gate::Environments])
    .job_token(),
    Route::list("/projects/{id}/pipeline_schedules", |call| {
        handful(call, |call, project, number| call.now.pipeline_schedule(project, number))
    })
    .gates(CI),
    Route::list("/projects/{id}/runners", |call| {
        call.project()?;
        Call::boxed(call.now.runners())
    })
    .gates(&[Gate::Ci, Gate::Maintainer]),
];

fn pipeline(call: &Call) -> Result<(&Arc<Project>, i64), Refusal> {
    let project = call.project()?;
    let number = ids::pipeline_number(project.ordinal(), call.number(1)?);
    let known = call.now.numbers(Kind::Pipeline, project).contains(number);
    if known { Ok((project, number)) } else { Err(Refusal::nothing_here()) }
}

/// Filters on the time of finishing want successful deployments only.
fn deployments(call: &Call) -> Listing {
    let finished = call.query.get("finished_after").is_some() || call.query.get("finished_before").is_some();
    if finished && call.query.get("status") != Some("success") {
        return Err(Refusal::bad_request(
            "`finished_at` filter must be combined with `success` status filter.",
        ));
    }
    let project = call.project()?;
    let deployments: Vec<Value> =
        (1..=project.holds.deployments).map(|number| call.now.deployment(project, number)).collect();
    Call::boxed(deployments)
}
