//! Merge requests of a project, of a group, of the instance, and what hangs on one of them.

use std::sync::Arc;

use super::filter::{CREATED, Filter, Filters, ISSUABLE, TITLE_SEARCH, UPDATED};
use super::issues::{self, NOTE_CHOICES, in_scope};
use super::order::Order;
use super::{Call, Listing, Refusal, Route};
use crate::records::Noteable;
use crate::rows::{Chain, of_project};
use crate::world::{Kind, Project};

pub(super) const MERGE_REQUEST_CHOICES: &[&str] = &[
    "created_at",
    "updated_at",
    "merged_at",
    "title",
    "label_priority",
    "milestone_due",
    "popularity",
    "priority",
];
pub(super) const MERGE_REQUEST_STATE: Filters =
    &[Filter::choice("state", "state", &["opened", "closed", "locked", "merged"])];

pub(super) const ROUTES: &[Route] = &[
    Route::list("/projects/{id}/merge_requests", |call| {
        let rows = of_project::merge_requests(&call.now, call.project()?);
        in_scope(call, Box::new(rows), "all")
    })
    .ordered(Order::descending("created_at", MERGE_REQUEST_CHOICES))
    .filters(&[MERGE_REQUEST_STATE, CREATED, UPDATED, TITLE_SEARCH, ISSUABLE]),
    Route::one("/projects/{id}/merge_requests/{merge_request_iid}", |call| {
        let (project, iid) = merge_request(call)?;
        Ok(call.now.merge_request_in_detail(project, iid))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/notes", |call| {
        issues::notes(call, &noteable(call)?)
    })
    .ordered(Order::descending("created_at", NOTE_CHOICES)),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/discussions", |call| {
        Call::boxed(call.now.discussions(&noteable(call)?))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/commits", |call| {
        let (project, iid) = merge_request(call)?;
        Call::boxed(call.now.merge_request_commits(project, iid))
    })
    .without_totals(),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/diffs", |call| {
        let (_, iid) = merge_request(call)?;
        Call::boxed(call.now.merge_request_diffs(iid))
    }),
    Route::one("/projects/{id}/merge_requests/{merge_request_iid}/approvals", |call| {
        let (project, iid) = merge_request(call)?;
        Ok(call.now.approvals(project, iid))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/resource_state_events", |call| {
        Call::boxed(call.now.state_events(&noteable(call)?))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/resource_label_events", |call| {
        Call::boxed(call.now.label_events(&noteable(call)?))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/award_emoji", |call| {
        Call::boxed(call.now.award_emoji(&noteable(call)?))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/participants", |call| {
        let (project, iid) = merge_request(call)?;
        Call::boxed(call.now.participants(call.now.merge_request_author(project, iid)))
    }),
    Route::list("/projects/{id}/merge_requests/{merge_request_iid}/pipelines", |call| {
        let (project, iid) = merge_request(call)?;
        let one = (project.ci_on && project.holds.pipelines > 0).then(|| 1 + iid % project.holds.pipelines);
        Call::boxed(one.map(|number| call.now.pipeline(project, number)).into_iter().collect::<Vec<_>>())
    }),
];

fn merge_request(call: &Call) -> Result<(&Arc<Project>, i64), Refusal> {
    let (project, iid) = (call.project()?, call.number(1)?);
    let known = call.now.numbers(Kind::MergeRequest, project).contains(iid);
    if known { Ok((project, iid)) } else { Err(Refusal::nothing_here()) }
}

fn noteable(call: &Call) -> Result<Noteable, Refusal> {
    let (project, iid) = merge_request(call)?;
    Ok(call.now.noteable(Kind::MergeRequest, project, iid))
}

pub(super) fn across(call: &Call, projects: &[Arc<Project>], default_scope: &str) -> Listing {
    let mut rows = Chain::default();
    for project in projects {
        rows.push(Box::new(of_project::merge_requests(&call.now, project)));
    }
    in_scope(call, Box::new(rows), default_scope)
}
