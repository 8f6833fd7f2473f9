//! Endpoints of a group.

use std::sync::Arc;

use serde_json::Value;

use super::filter::{CREATED, Filter, Filters, ID_BOUNDS, ISSUABLE, NAME_SEARCH, TITLE_SEARCH, UPDATED};
use super::instance::group_listing;
use super::issues::{self, ISSUE_CHOICES, NOTE_CHOICES, STATE};
use super::merge_requests::{self, MERGE_REQUEST_CHOICES, MERGE_REQUEST_STATE};
use super::order::{Keyset, Order};
use super::projects::{self, MEMBER_SEARCH, MILESTONE_STATE, PROJECT_CHOICES, audit_events, members};
use super::{Call, Gate, Listing, Refusal, Route};
use crate::rows::Related;
use crate::world::{Group, Project, REPORTER, Snapshot};

const GROUP_ORDER: Order = Order::ascending("name", &["name", "path", "id", "similarity"]);
const EPIC_ORDER: Order = Order::descending("created_at", &["created_at", "updated_at", "title"]);
const PREMIUM: &[Gate] = &[Gate::Premium];
const VISIBILITY: Filters = &[Filter::is("visibility", "visibility")];

pub(super) const ROUTES: &[Route] = &[
    Route::one("/groups/{id}", single),
    Route::list("/groups/{id}/projects", |call| {
        let recursive = call.query.flag("include_subgroups", false)?;
        let with_shared = call.query.flag("with_shared", true)?;
        let group = call.group()?;
        projects::listing(call, projects_of(call, group, recursive, with_shared))
    })
    .ordered(Order::descending("created_at", PROJECT_CHOICES))
    .filters(&[NAME_SEARCH, ID_BOUNDS, VISIBILITY])
    .complete(&[("with_shared", "false")]),
    Route::list("/groups/{id}/subgroups", |call| {
        let parent = call.group()?.index;
        group_listing(call, call.now.plan.groups.iter().filter(|group| group.parent == Some(parent)))
    })
    .ordered(GROUP_ORDER)
    .filters(&[NAME_SEARCH]),
    Route::list("/groups/{id}/descendant_groups", |call| {
        let plan = &call.now.plan;
        let top = call.group()?.index;
        group_listing(
            call,
            plan.groups.iter().filter(|group| group.index != top && plan.is_within(group.index, top)),
        )
    })
    .ordered(GROUP_ORDER)
    .filters(&[NAME_SEARCH]),
    Route::list("/groups/{id}/members", |call| members(call, call.now.plan.group_members(call.group()?)))
        .filters(&[MEMBER_SEARCH]),
    Route::list("/groups/{id}/members/all", |call| {
        members(call, call.now.plan.all_group_members(call.group()?))
    })
    .filters(&[MEMBER_SEARCH]),
    Route::list("/groups/{id}/labels", |call| {
        let with_ancestors = call.query.flag("include_ancestor_groups", true)?;
        projects::labels(call, call.now.group_labels(call.group()?, with_ancestors))
    })
    .ordered(Order::ascending("name", &[]))
    .filters(&[NAME_SEARCH]),
    Route::list("/groups/{id}/milestones", |call| {
        per_milestone(call, |call, group, number| call.now.group_milestone(group, number))
    })
    .ordered(Order::descending("id", &[]))
    .filters(&[MILESTONE_STATE, UPDATED, TITLE_SEARCH]),
    Route::list("/groups/{id}/iterations", iterations)
        .gates(PREMIUM)
        .ordered(Order::descending("id", &[]))
        .filters(&[UPDATED]),
    Route::list("/groups/{id}/boards", |call| Call::boxed(vec![call.now.group_board(call.group()?, 1)])),
    Route::whole("/groups/{id}/boards/{board_id}/lists", |call| {
        call.group()?;
        Call::boxed(call.now.board_lists(call.number(1)?))
    }),
    Route::list("/groups/{id}/issues", |call| {
        told_by(call, issues::across(call, &projects_below(call)?, "all"))
    })
    .ordered(Order::descending("created_at", ISSUE_CHOICES))
    .filters(&[STATE, CREATED, UPDATED, TITLE_SEARCH, ISSUABLE])
    .complete(&[("non_archived", "false")]),
    Route::one("/groups/{id}/issues_statistics", |call| {
        issues::statistics(issues::across(call, &projects_below(call)?, "all")?.as_ref())
    }),
    Route::list("/groups/{id}/merge_requests", |call| {
        told_by(call, merge_requests::across(call, &projects_below(call)?, "all"))
    })
    .ordered(Order::descending("created_at", MERGE_REQUEST_CHOICES))
    .filters(&[MERGE_REQUEST_STATE, CREATED, UPDATED, TITLE_SEARCH, ISSUABLE])
    .complete(&[("non_archived", "false")]),
    Route::list("/groups/{id}/epics", epics)
        .gates(PREMIUM)
        .ordered(EPIC_ORDER)
        .filters(&[STATE, CREATED, UPDATED, TITLE_SEARCH])
        .complete(&[("include_descendant_groups", "false")]),
    Route::one("/groups/{id}/epics/{epic_iid}", |call| {
        let (group, iid) = epic(call)?;
        Ok(call.now.epic(group, iid))
    })
    .gates(PREMIUM),
    Route::list("/groups/{id}/epics/{epic_iid}/issues", epic_issues).gates(PREMIUM),
    // What is written about an epic is found by the epic's id, and the awards of that by its iid.
    Route::list("/groups/{id}/epics/{noteable_id}/notes", |call| {
        let (group, iid) = epic_by_id(call)?;
        Call::boxed(call.now.notes(&call.now.epic_noteable(group, iid)))
    })
    .gates(PREMIUM)
    .ordered(Order::descending("created_at", NOTE_CHOICES)),
    Route::list("/groups/{id}/epics/{epic_iid}/notes/{note_id}/award_emoji", |call| {
        let (group, iid) = epic(call)?;
        let awards = call.now.note_award_emoji(&call.now.epic_noteable(group, iid), call.number(2)?);
        awards.map_or_else(|| Err(Refusal::nothing_here()), Call::boxed)
    })
    .gates(PREMIUM),
    Route::list("/groups/{id}/variables", |call| {
        call.group()?;
        Call::boxed(
            (1..=call.now.plan.size.handful).map(|number| call.now.variable(number)).collect::<Vec<_>>(),
        )
    })
    .gates(&[Gate::Maintainer]),
    Route::list("/groups/{id}/audit_events", |call| {
        let group = call.group()?;
        Call::boxed(audit_events(call, "Group", group.id, &group.full_path))
    })
    .gates(&[Gate::PremiumMaintainer])
    .ordered(Order::descending("id", &["id", "created_at"]))
    .keyset(Keyset::newest_first("AuditEvent"))
    .filters(&[CREATED]),
    Route::list("/groups/{id}/registry/repositories", registry_repositories).gates(&[Gate::Reporter]),
    Route::list("/groups/{id}/releases", releases).ordered(Order::descending("released_at", &[])),
];

fn single(call: &Call) -> Result<Value, Refusal> {
    let group = call.group()?;
    let projects = call.query.flag("with_projects", true)?.then(|| {
        let mut projects = projects_of(call, group, false, false);
        projects.truncate(100);
        projects.iter().map(|project| call.now.project(project)).collect()
    });
    Ok(call.now.group_in_detail(group, projects))
}

fn projects_of(call: &Call, group: &Group, recursive: bool, with_shared: bool) -> Vec<Arc<Project>> {
    let plan = &call.now.plan;
    let inside = |project: &Project| match project.group {
        Some(home) if recursive => plan.is_within(home, group.index),
        home => home == Some(group.index),
    };
    let chosen = plan.projects.iter().filter(|project| {
        let shared = with_shared && project.shared_into == Some(group.index);
        (inside(project) || shared) && call.now.sees_project(call.caller, project)
    });
    chosen.cloned().collect()
}

/// For lists that reach through all subgroups; they hide archived projects unless told otherwise.
fn projects_below(call: &Call) -> Result<Vec<Arc<Project>>, Refusal> {
    let mut projects = projects_of(call, call.group()?, true, false);
    if call.query.flag("non_archived", true)? {
        projects.retain(|project| !project.archived);
    }
    Ok(projects)
}

/// Whatever a group lists of its projects is told from the group.
fn told_by(call: &Call, rows: Listing) -> Listing {
    Ok(Box::new(Related::new(rows?, call.group()?.full_path.clone())))
}

fn per_milestone(call: &Call, record: impl Fn(&Call, &Group, i64) -> Value) -> Listing {
    let group = call.group()?;
    let count = call.now.plan.size.milestones;
    Call::boxed((1..=count).map(|number| record(call, group, number)).collect::<Vec<_>>())
}

fn iterations(call: &Call) -> Listing {
    let line = call.now.plan.lineage(call.group()?.index);
    let shown = if call.query.flag("include_ancestors", true)? { line.len() } else { 1 };
    let count = call.now.plan.size.milestones;
    let each =
        |group: &Arc<Group>| (1..=count).map(|number| call.now.iteration(group, number)).collect::<Vec<_>>();
    Call::boxed(line.into_iter().take(shown).flat_map(each).collect::<Vec<_>>())
}

fn epics(call: &Call) -> Listing {
    let plan = &call.now.plan;
    let top = call.group()?.index;
    let recursive = call.query.flag("include_descendant_groups", true)?;
    let groups = plan
        .groups
        .iter()
        .filter(|group| if recursive { plan.is_within(group.index, top) } else { group.index == top });
    let epics = groups.flat_map(|group| (1..=plan.size.epics).map(|iid| call.now.epic(group, iid)));
    Call::boxed(epics.collect::<Vec<_>>())
}

fn epic(call: &Call) -> Result<(&Arc<Group>, i64), Refusal> {
    let (group, iid) = (call.group()?, call.number(1)?);
    let known = (1..=call.now.plan.size.epics).contains(&iid);
    if known { Ok((group, iid)) } else { Err(Refusal::nothing_here()) }
}

fn epic_by_id(call: &Call) -> Result<(&Arc<Group>, i64), Refusal> {
    let (group, id) = (call.group()?, call.number(1)?);
    let found = (1..=call.now.plan.size.epics).find(|iid| Snapshot::epic_id(group, *iid) == id);
    found.map(|iid| (group, iid)).ok_or_else(Refusal::nothing_here)
}

fn epic_issues(call: &Call) -> Listing {
    let (group, epic) = epic(call)?;
    let projects = projects_of(call, group, false, false);
    let home = projects.iter().find(|project| project.issues_on);
    let count = home.map_or(0, |project| project.holds.issues.min(epic % 3));
    let issues: Option<Vec<_>> =
        home.map(|project| (1..=count).map(|iid| call.now.epic_issue(group, epic, project, iid)).collect());
    Call::boxed(issues.unwrap_or_default())
}

fn registry_repositories(call: &Call) -> Listing {
    let mut projects = projects_of(call, call.group()?, true, false);
    let access = |project: &Project| call.now.plan.project_access(call.caller, project);
    projects.retain(|project| access(project).is_some_and(|level| level >= REPORTER));
    let each = |project: &Arc<Project>| {
        let numbers = 1..=call.now.plan.size.handful;
        numbers.map(|number| call.now.registry_repository(project, number)).collect::<Vec<_>>()
    };
    Call::boxed(projects.iter().flat_map(each).collect::<Vec<_>>())
}

fn releases(call: &Call) -> Listing {
    let projects = projects_of(call, call.group()?, true, false);
    let each = |project: &Arc<Project>| {
        let numbers = 1..=project.holds.releases;
        numbers.map(|number| call.now.release(project, number)).collect::<Vec<_>>()
    };
    Call::boxed(projects.iter().flat_map(each).collect::<Vec<_>>())
}
