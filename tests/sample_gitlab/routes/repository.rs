//! What git holds: branches, tags, commits, files; and releases.

use std::sync::Arc;

use super::filter::{COMMITTED, NAME_SEARCH, UPDATED};
use super::order::{Keyset, Order};
use super::{Call, Gate, Listing, Refusal, Route};
use crate::rows::of_project;
use crate::world::{CROWD, Kind, Project, Snapshot};

pub(super) const ROUTES: &[Route] = &[
    Route::list("/projects/{id}/repository/branches", |call| {
        let project = call.project()?;
        Call::boxed(
            (1..=project.holds.branches).map(|number| call.now.branch(project, number)).collect::<Vec<_>>(),
        )
    })
    .ordered(Order::ascending("name", &[]))
    .keyset(Keyset::by_token(&[("name", Some(false))]))
    .filters(&[NAME_SEARCH]),
    Route::one("/projects/{id}/repository/branches/{name}", |call| {
        let project = call.project()?;
        let mut numbers = 1..=project.holds.branches;
        let found = numbers.find(|number| Snapshot::branch_name(*number) == call.param(1));
        found.map(|number| call.now.branch(project, number)).ok_or_else(|| Refusal::not_found("Branch"))
    }),
    Route::list("/projects/{id}/repository/commits", commits)
        .gates(&[Gate::Commits])
        .ordered(Order::descending("committed_date", &[]))
        .filters(&[COMMITTED])
        .without_totals()
        .complete(&[("all", "true")]),
    Route::one("/projects/{id}/repository/commits/{sha}", |call| {
        let project = call.project()?;
        let found = commit_number(call, project).ok_or_else(|| Refusal::not_found("Commit"))?;
        Ok(call.now.commit_in_detail(project, found))
    })
    .gates(&[Gate::Commits]),
    Route::list("/projects/{id}/repository/tags", |call| {
        let project = call.project()?;
        Call::boxed((1..=project.holds.tags).map(|number| call.now.tag(project, number)).collect::<Vec<_>>())
    })
    .ordered(Order::descending("commit/committed_date", &["name", "updated", "version"]))
    .keyset(Keyset::by_token(&[("name", None), ("commit/committed_date", None)]))
    .filters(&[NAME_SEARCH]),
    Route::one("/projects/{id}/repository/tags/{name}", |call| {
        let project = call.project()?;
        tag_number(call, project.holds.tags)
            .map(|number| call.now.tag(project, number))
            .ok_or_else(|| Refusal::not_found("Tag"))
    }),
    Route::list("/projects/{id}/repository/contributors", |call| {
        let users = CROWD..call.now.plan.size.users.min(CROWD + 4);
        Call::boxed(users.map(|user| call.now.contributor(user)).collect::<Vec<_>>())
    })
    .gates(&[Gate::Commits]),
    Route::list("/projects/{id}/repository/tree", |call| {
        let project = call.project()?;
        Call::boxed((1..=25).map(|number| call.now.tree_entry(project, number)).collect::<Vec<_>>())
    })
    .gates(&[Gate::Tree])
    .keyset(Keyset { tie: "id", ..Keyset::by_token(&[("", None)]) }),
    Route::list("/projects/{id}/releases", |call| {
        let project = call.project()?;
        Call::boxed(
            (1..=project.holds.releases).map(|number| call.now.release(project, number)).collect::<Vec<_>>(),
        )
    })
    .ordered(Order::descending("released_at", &["released_at", "created_at"]))
    .filters(&[UPDATED])
    .job_token(),
    Route::one("/projects/{id}/releases/{tag_name}", |call| {
        let project = call.project()?;
        tag_number(call, project.holds.releases)
            .map(|number| call.now.release(project, number))
            .ok_or_else(Refusal::nothing_here)
    })
    .job_token(),
    Route::list("/projects/{id}/protected_branches", |call| {
        let project = call.project()?;
        let main = (project.holds.branches > 0).then(|| call.now.protected_branch(project));
        Call::boxed(main.into_iter().collect::<Vec<_>>())
    })
    .gates(&[Gate::Maintainer])
    .filters(&[NAME_SEARCH]),
    Route::list("/projects/{id}/protected_tags", |call| {
        call.project()?;
        Call::boxed(vec![call.now.protected_tag()])
    })
    .gates(&[Gate::Maintainer]),
];

fn commits(call: &Call) -> Listing {
    let project = call.project()?;
    let all = call.query.flag("all", false)? || call.query.get("ref_name").is_some_and(|name| name != "main");
    Call::boxed(of_project::commits(&call.now, project, all, call.query.flag("with_stats", false)?))
}

/// A commit is named by its sha, full or short, or as the head of the default branch.
fn commit_number(call: &Call, project: &Arc<Project>) -> Option<i64> {
    let name = call.param(1);
    if name == "main" {
        return Some(call.now.numbers(Kind::Commit, project).last());
    }
    let long_enough = name.len() >= 7;
    (1..=call.now.numbers(Kind::Commit, project).last())
        .find(|number| long_enough && call.now.commit_sha(project, *number).starts_with(name))
}

fn tag_number(call: &Call, count: i64) -> Option<i64> {
    (1..=count).find(|number| Snapshot::tag_name(*number) == call.param(1))
}
