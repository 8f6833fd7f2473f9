//! Endpoints below no project and no group.

use std::sync::Arc;

use serde_json::{Value, json};

use super::filter::{
    CREATED, DAYS, Filter, Filters, ID_BOUNDS, ISSUABLE, NAME_SEARCH, TITLE_SEARCH, UPDATED,
};
use super::issues::{ISSUE_CHOICES, STATE};
use super::merge_requests::{MERGE_REQUEST_CHOICES, MERGE_REQUEST_STATE};
use super::order::{Keyset, Next, Offered, Order};
use super::projects::PROJECT_CHOICES;
use super::{Call, Gate, Listing, Refusal, Route, issues, merge_requests, projects};
use crate::rows::{Chain, Key, Series, of_project};
use crate::world::{DAY, Group, MEMBER, Moment, Numbers, Project, cast};

const ACTIVITY: Filters = &[
    Filter::from("last_activity_after", "last_activity_at"),
    Filter::up_to("last_activity_before", "last_activity_at"),
    Filter::is("visibility", "visibility"),
];
const USER_FILTERS: Filters = &[Filter::is("username", "username"), Filter::contains("search", "name")];

const PROJECT_KEYSET: Keyset = Keyset {
    orders: &[("id", None)],
    tie: "id",
    next: Next::IdBound,
    offered: Offered::Everyone,
    class: "Project",
    limits_offset: true,
};
const USER_KEYSET: Keyset = Keyset {
    orders: &[("id", None), ("name", None), ("username", None), ("created_at", None), ("updated_at", None)],
    tie: "id",
    next: Next::Cursor,
    offered: Offered::Everyone,
    class: "User",
    limits_offset: true,
};
const GROUP_KEYSET: Keyset = Keyset {
    orders: &[("name", Some(false))],
    tie: "id",
    next: Next::Cursor,
    offered: Offered::Anonymous,
    class: "Group",
    limits_offset: true,
};

pub(super) const ROUTES: &[Route] = &[
    Route::one("/version", |_| Ok(json!({"version": "18.5.0-ee", "revision": "5a1b2c3d4e"})))
        .gates(&[Gate::SignedIn]),
    Route::one("/metadata", metadata).gates(&[Gate::SignedIn]),
    Route::one("/user", user).gates(&[Gate::SignedIn]).any_scope(),
    Route::one("/personal_access_tokens/self", own_token).gates(&[Gate::SignedIn]).any_scope(),
    Route::list("/projects", all_projects)
        .ordered(Order::descending("created_at", PROJECT_CHOICES))
        .keyset(PROJECT_KEYSET)
        .filters(&[NAME_SEARCH, ID_BOUNDS, UPDATED, ACTIVITY])
        .paired()
        .complete(&[("membership", "true")]),
    Route::one("/projects/{id}", projects::single),
    Route::list("/groups", groups)
        .ordered(Order::ascending("name", &["name", "path", "id", "similarity"]))
        .keyset(GROUP_KEYSET)
        .filters(&[NAME_SEARCH])
        .complete(&[("min_access_level", "10")]),
    Route::list("/users", users)
        .gates(&[Gate::SignedIn])
        .ordered(Order::descending("id", &["id", "name", "username", "created_at", "updated_at"]))
        .keyset(USER_KEYSET)
        .filters(&[USER_FILTERS, CREATED]),
    Route::one("/users/{id}", single_user),
    Route::list("/issues", |call| {
        issues::across(call, &projects_in_sight(call, Some(true))?, "created_by_me")
    })
    .gates(&[Gate::SignedIn])
    .ordered(Order::descending("created_at", ISSUE_CHOICES))
    .filters(&[STATE, CREATED, UPDATED, TITLE_SEARCH, ISSUABLE])
    .complete(&[("scope", "all"), ("non_archived", "false")]),
    Route::one("/issues_statistics", |call| {
        issues::statistics(issues::across(call, &projects_in_sight(call, None)?, "created_by_me")?.as_ref())
    })
    .gates(&[Gate::SignedIn]),
    Route::list("/merge_requests", |call| {
        merge_requests::across(call, &projects_in_sight(call, Some(false))?, "created_by_me")
    })
    .gates(&[Gate::SignedIn])
    .ordered(Order::descending("created_at", MERGE_REQUEST_CHOICES))
    .filters(&[MERGE_REQUEST_STATE, CREATED, UPDATED, TITLE_SEARCH, ISSUABLE])
    .complete(&[("scope", "all"), ("non_archived", "false")]),
    Route::list("/todos", todos).gates(&[Gate::SignedIn]),
    Route::list("/events", own_events)
        .gates(&[Gate::SignedIn])
        .ordered(Order::descending("created_at", &["created_at"]))
        .filters(&[DAYS]),
    Route::list("/topics", |call| {
        Call::boxed((1..=2).map(|number| call.now.topic(number)).collect::<Vec<_>>())
    }),
    Route::list("/snippets", |call| {
        Call::boxed(
            (1..=call.now.plan.size.handful).map(|number| call.now.snippet(None, number)).collect::<Vec<_>>(),
        )
    })
    .gates(&[Gate::SignedIn])
    .ordered(Order::descending("id", &[]))
    .filters(&[CREATED]),
    Route::list("/namespaces", namespaces).gates(&[Gate::SignedIn]).filters(&[NAME_SEARCH]),
    Route::list("/audit_events", |call| Call::boxed(projects::audit_events(call, "Instance", 1, "instance")))
        .gates(&[Gate::Admin])
        .ordered(Order::descending("id", &["id", "created_at"]))
        .keyset(Keyset::newest_first("AuditEvent"))
        .filters(&[CREATED]),
];

fn metadata(_: &Call) -> Result<Value, Refusal> {
    Ok(json!({
        "version": "18.5.0-ee",
        "revision": "5a1b2c3d4e",
        "kas": {"enabled": false, "externalUrl": Value::Null, "externalK8sProxyUrl": Value::Null, "version": Value::Null},
        "enterprise": true,
    }))
}

fn user(call: &Call) -> Result<Value, Refusal> {
    let user = call.caller.user.ok_or_else(Refusal::unauthorized)?;
    Ok(call.now.user_in_full(user))
}

fn own_token(call: &Call) -> Result<Value, Refusal> {
    let user = call.caller.user.ok_or_else(Refusal::unauthorized)?;
    Ok(json!({
        "id": 4_000 + user,
        "name": "sample",
        "revoked": false,
        "created_at": Moment::START,
        "description": Value::Null,
        "scopes": ["read_api"],
        "user_id": call.now.plan.user_id(user),
        "last_used_at": Moment::NOW,
        "active": true,
        "expires_at": Moment::NOW.plus(300 * DAY).date(),
    }))
}

fn all_projects(call: &Call) -> Listing {
    let membership = call.query.flag("membership", false)? || call.query.flag("owned", false)?;
    let least = call.query.number("min_access_level")?.unwrap_or(if membership { 1 } else { 0 });
    let plan = &call.now.plan;
    let chosen = plan.projects.iter().filter(|project| call.now.sees_project(call.caller, project));
    let chosen = chosen.filter(|project| plan.project_access(call.caller, project).unwrap_or(0) >= least);
    projects::listing(call, chosen.cloned().collect())
}

/// Projects of the caller's memberships; archived ones only when asked for.
/// `non_archived` is what that parameter is unless it is said, if there is one.
fn projects_in_sight(call: &Call, non_archived: Option<bool>) -> Result<Vec<Arc<Project>>, Refusal> {
    let said = non_archived.map(|usual| call.query.flag("non_archived", usual)).transpose()?;
    let without_archived = said.unwrap_or(false);
    let plan = &call.now.plan;
    let chosen = plan.projects.iter().filter(|project| {
        call.now.sees_project(call.caller, project)
            && plan.project_access(call.caller, project).is_some()
            && !(without_archived && project.archived)
    });
    Ok(chosen.cloned().collect())
}

fn groups(call: &Call) -> Listing {
    let least = call.query.number("min_access_level")?.unwrap_or(0);
    let members_only = call.query.flag("owned", false)? || !call.query.flag("all_available", true)?;
    let top_level_only = call.query.flag("top_level_only", false)?;
    let least = if members_only { least.max(1) } else { least };
    let chosen = call.now.plan.groups.iter().filter(|group| {
        call.now.sees_group(call.caller, group)
            && call.now.plan.group_access(call.caller, group).unwrap_or(0) >= least
            && (!top_level_only || group.parent.is_none())
    });
    group_listing(call, chosen)
}

pub(super) fn group_listing<'a>(call: &Call, groups: impl Iterator<Item = &'a Arc<Group>>) -> Listing {
    Call::boxed(groups.map(|group| call.now.group(group)).collect::<Vec<_>>())
}

fn users(call: &Call) -> Listing {
    let (made, keyed) = (call.now.clone(), call.now.clone());
    let in_full = call.caller.is_admin();
    let numbers = Numbers::up_to(call.now.plan.size.users);
    let rows =
        Series::new(
            numbers,
            move |number| {
                if in_full { made.user_in_full(number - 1) } else { made.user(number - 1) }
            },
        );
    Call::boxed(
        rows.keys(move |number, field| {
            let user = number - 1;
            Some(match field {
                "id" => keyed.plan.user_id(user).into(),
                "created_at" | "updated_at" => keyed.user_created_at(user).into(),
                "username" => keyed.plan.username(user).into(),
                "name" => keyed.plan.user_name(user).into(),
                "state" => Key::from(keyed.user_state(user)),
                _ => return None,
            })
        })
        .ascending(&["id", "created_at", "updated_at"]),
    )
}

fn single_user(call: &Call) -> Result<Value, Refusal> {
    let user = call.now.plan.user_of_id(call.number(0)?).ok_or_else(|| Refusal::not_found("User"))?;
    Ok(if call.caller.is_admin() { call.now.user_in_full(user) } else { call.now.user(user) })
}

fn todos(call: &Call) -> Listing {
    let home = call.now.plan.find_project(cast::ORDINARY);
    let mine = home.filter(|_| call.caller.user == Some(MEMBER));
    let todos: Option<Vec<_>> = mine.map(|project| {
        (1..=project.holds.issues.min(3)).map(|number| call.now.todo(project, number)).collect()
    });
    Call::boxed(todos.unwrap_or_default())
}

fn own_events(call: &Call) -> Listing {
    let mut events = Chain::default();
    if call.caller.user == Some(MEMBER)
        && let Some(project) = call.now.plan.find_project(cast::ORDINARY)
    {
        events.push(Box::new(of_project::events(&call.now, project)));
    }
    Call::boxed(events)
}

fn namespaces(call: &Call) -> Listing {
    let user = call.caller.user.ok_or_else(Refusal::unauthorized)?;
    let mut namespaces = vec![call.now.namespace_of_user(user)];
    let plan = &call.now.plan;
    let groups = plan.groups.iter().filter(|group| plan.group_access(call.caller, group).is_some());
    namespaces.extend(groups.map(|group| call.now.namespace_of_group(group)));
    Call::boxed(namespaces)
}
