//! Issues of a project, of a group, of the instance, and what hangs on one issue.

use std::sync::Arc;

use serde_json::{Value, json};

use super::filter::{CREATED, Filter, Filters, ISSUABLE, TITLE_SEARCH, UPDATED};
use super::order::{Keyset, Next, Offered, Order};
use super::{Call, Gate, Listing, Refusal, Route};
use crate::records::Noteable;
use crate::rows::{Chain, Key, Rows, Sieve, of_project};
use crate::world::{Kind, Project};

pub(super) const ISSUE_CHOICES: &[&str] =
    &["created_at", "updated_at", "title", "id", "weight", "due_date", "relative_position", "priority"];
pub(super) const STATE: Filters = &[Filter::choice("state", "state", &["opened", "closed"])];
pub(super) const NOTE_CHOICES: &[&str] = &["created_at", "updated_at"];

const ISSUE_KEYSET: Keyset = Keyset {
    orders: &[
        ("created_at", None),
        ("updated_at", None),
        ("title", None),
        ("id", None),
        ("weight", None),
        ("due_date", None),
    ],
    tie: "id",
    next: Next::Cursor,
    offered: Offered::Everyone,
    class: "Issue",
    limits_offset: true,
};

const ISSUES: &[Gate] = &[Gate::Issues];

pub(super) const ROUTES: &[Route] = &[
    Route::list("/projects/{id}/issues", |call| {
        let issues = of_project::issues(&call.now, call.project()?);
        in_scope(call, Box::new(issues), "all")
    })
    .gates(ISSUES)
    .ordered(Order::descending("created_at", ISSUE_CHOICES))
    .keyset(ISSUE_KEYSET)
    .filters(&[STATE, CREATED, UPDATED, TITLE_SEARCH, ISSUABLE]),
    Route::one("/projects/{id}/issues_statistics", |call| {
        statistics(&of_project::issues(&call.now, call.project()?))
    })
    .gates(ISSUES),
    Route::one("/projects/{id}/issues/{issue_iid}", |call| {
        let (project, iid) = issue(call)?;
        Ok(call.now.issue(project, iid))
    })
    .gates(ISSUES),
    Route::list("/projects/{id}/issues/{issue_iid}/notes", |call| notes(call, &noteable(call)?))
        .gates(ISSUES)
        .ordered(Order::descending("created_at", NOTE_CHOICES)),
    Route::list("/projects/{id}/issues/{issue_iid}/discussions", |call| {
        Call::boxed(call.now.discussions(&noteable(call)?))
    })
    .gates(ISSUES),
    Route::whole("/projects/{id}/issues/{issue_iid}/links", |call| {
        let (project, iid) = issue(call)?;
        Call::boxed(call.now.issue_relations(project, iid))
    })
    .gates(ISSUES),
    Route::list("/projects/{id}/issues/{issue_iid}/resource_state_events", |call| {
        Call::boxed(call.now.state_events(&noteable(call)?))
    })
    .gates(ISSUES),
    Route::list("/projects/{id}/issues/{issue_iid}/resource_label_events", |call| {
        Call::boxed(call.now.label_events(&noteable(call)?))
    })
    .gates(ISSUES),
    Route::list("/projects/{id}/issues/{issue_iid}/award_emoji", |call| {
        Call::boxed(call.now.award_emoji(&noteable(call)?))
    })
    .gates(ISSUES),
    Route::one("/projects/{id}/issues/{issue_iid}/time_stats", |call| {
        let (project, iid) = issue(call)?;
        Ok(call.now.issue(project, iid).get("time_stats").cloned().unwrap_or_default())
    })
    .gates(ISSUES),
    Route::list("/projects/{id}/issues/{issue_iid}/participants", |call| {
        let (project, iid) = issue(call)?;
        Call::boxed(call.now.participants(call.now.issue_author(project, iid)))
    })
    .gates(ISSUES),
];

fn issue(call: &Call) -> Result<(&Arc<Project>, i64), Refusal> {
    let (project, iid) = (call.project()?, call.number(1)?);
    let known = call.now.numbers(Kind::Issue, project).contains(iid);
    if known { Ok((project, iid)) } else { Err(Refusal::nothing_here()) }
}

/// Those of the system are left out where only comments are asked for.
pub(super) fn notes(call: &Call, on: &Noteable) -> Listing {
    let mut notes = call.now.notes(on);
    if call.query.get("activity_filter") == Some("only_comments") {
        notes.retain(|note| note.get("system").and_then(Value::as_bool) != Some(true));
    }
    Call::boxed(notes)
}

fn noteable(call: &Call) -> Result<Noteable, Refusal> {
    let (project, iid) = issue(call)?;
    Ok(call.now.noteable(Kind::Issue, project, iid))
}

/// The issues of several projects; those with issues switched off have none to show.
pub(super) fn across(call: &Call, projects: &[Arc<Project>], default_scope: &str) -> Listing {
    let mut issues = Chain::default();
    for project in projects.iter().filter(|project| project.issues_on) {
        issues.push(Box::new(of_project::issues(&call.now, project)));
    }
    in_scope(call, Box::new(issues), default_scope)
}

/// `scope` leaves only the caller's own rows, unless it is `all`.
pub(super) fn in_scope(call: &Call, rows: Box<dyn Rows>, default: &str) -> Listing {
    let field = match call.query.get("scope").unwrap_or(default) {
        "all" => return Ok(rows),
        "created_by_me" | "created-by-me" => "author/id",
        "assigned_to_me" | "assigned-to-me" => "assignee/id",
        _ => return Err(Refusal::not_a_choice("scope")),
    };
    let me: Key =
        call.caller.user.map(|user| call.now.plan.user_id(user)).ok_or_else(Refusal::unauthorized)?.into();
    Call::boxed(Sieve::new(rows, |rows, place| rows.key(place, field) == me))
}

pub(super) fn statistics(issues: &dyn Rows) -> Result<Value, Refusal> {
    let opened = (0..issues.len()).filter(|place| issues.key(*place, "state") == Key::from("opened")).count();
    let counts = json!({"all": issues.len(), "closed": issues.len() - opened, "opened": opened});
    Ok(json!({"statistics": {"counts": counts}}))
}
