//! Endpoints of a project other than its issues, merge requests, repository and pipelines.

use std::sync::Arc;

use serde_json::{Value, json};

use super::filter::{CREATED, DAYS, Filter, Filters, NAME_SEARCH, TITLE_SEARCH, UPDATED};
use super::order::{Keyset, Next, Offered, Order};
use super::{Call, Gate, Listing, Refusal, Route};
use crate::records::extend;
use crate::rows::{Series, of_project};
use crate::world::{Numbers, Project};

pub(super) const PROJECT_CHOICES: &[&str] =
    &["id", "name", "path", "created_at", "updated_at", "last_activity_at", "star_count", "similarity"];
pub(super) const MILESTONE_STATE: Filters = &[Filter::choice("state", "state", &["active", "closed"])];
pub(super) const MEMBER_SEARCH: Filters = &[Filter::contains("query", "name")];

const TAG_KEYSET: Keyset = Keyset {
    orders: &[("name", None)],
    tie: "name",
    next: Next::Cursor,
    offered: Offered::SignedIn,
    class: "ContainerRegistry::Tag",
    limits_offset: false,
};

pub(super) const ROUTES: &[Route] = &[
    Route::list("/projects/{id}/members", |call| {
        members(call, call.now.plan.project_members(call.project()?))
    })
    .filters(&[MEMBER_SEARCH]),
    Route::list("/projects/{id}/members/all", |call| {
        members(call, call.now.plan.all_project_members(call.project()?))
    })
    .filters(&[MEMBER_SEARCH]),
    Route::list("/projects/{id}/users", |call| {
        let members = call.now.plan.all_project_members(call.project()?);
        Call::boxed(members.into_iter().map(|(user, _)| call.now.user_basic(user)).collect::<Vec<_>>())
    }),
    Route::list("/projects/{id}/labels", |call| {
        let with_ancestors = call.query.flag("include_ancestor_groups", true)?;
        labels(call, call.now.project_labels(call.project()?, with_ancestors))
    })
    .ordered(Order::ascending("name", &[]))
    .filters(&[NAME_SEARCH]),
    Route::list("/projects/{id}/milestones", milestones).ordered(Order::descending("id", &[])).filters(&[
        MILESTONE_STATE,
        UPDATED,
        TITLE_SEARCH,
    ]),
    Route::list("/projects/{id}/boards", |call| {
        Call::boxed(vec![call.now.project_board(call.project()?, 1)])
    })
    .gates(&[Gate::Issues]),
    Route::whole("/projects/{id}/boards/{board_id}/lists", |call| {
        call.project()?;
        Call::boxed(call.now.board_lists(call.number(1)?))
    })
    .gates(&[Gate::Issues]),
    Route::list("/projects/{id}/events", |call| Call::boxed(of_project::events(&call.now, call.project()?)))
        .ordered(Order::descending("created_at", &["created_at"]))
        .filters(&[DAYS]),
    Route::list("/projects/{id}/snippets", |call| {
        handful(call, |call, project, number| call.now.snippet(Some(project), number))
    })
    .ordered(Order::descending("id", &[])),
    Route::one("/projects/{id}/languages", |call| {
        let empty = call.project()?.empty_repository;
        Ok(if empty { json!({}) } else { json!({"Rust": 66.69, "TypeScript": 30.01, "C++": 3.3}) })
    }),
    Route::list("/projects/{id}/hooks", |call| {
        handful(call, |call, project, number| call.now.hook(project, number))
    })
    .gates(&[Gate::Maintainer]),
    Route::list("/projects/{id}/variables", |call| {
        handful(call, |call, _, number| call.now.variable(number))
    })
    .gates(&[Gate::Maintainer]),
    Route::list("/projects/{id}/access_tokens", |call| {
        handful(call, |call, project, number| call.now.access_token(project, number))
    })
    .gates(&[Gate::Maintainer]),
    Route::list("/projects/{id}/deploy_keys", |call| {
        handful(call, |call, project, number| call.now.deploy_key(project, number))
    })
    .gates(&[Gate::Maintainer]),
    Route::list("/projects/{id}/feature_flags", |call| {
        handful(call, |call, _, number| call.now.feature_flag(number))
    })
    .gates(&[Gate::Reporter]),
    Route::whole("/projects/{id}/wikis", |call| handful(call, |call, _, number| call.now.wiki_page(number)))
        .gates(&[Gate::Wiki]),
    Route::list("/projects/{id}/registry/repositories", |call| {
        handful(call, |call, project, number| call.now.registry_repository(project, number))
    })
    .gates(&[Gate::Reporter]),
    Route::list("/projects/{id}/registry/repositories/{repository_id}/tags", |call| {
        let project = Arc::clone(call.project()?);
        let count = call.now.plan.size.tags;
        Call::boxed((1..=count).map(|number| call.now.registry_tag(&project, number)).collect::<Vec<_>>())
    })
    .gates(&[Gate::Reporter])
    .ordered(Order::ascending("name", &["name"]))
    .keyset(TAG_KEYSET),
    Route::list("/projects/{id}/packages", |call| {
        handful(call, |call, project, number| call.now.package(project, number))
    })
    .ordered(Order::ascending("created_at", &["created_at", "name", "version"]))
    .job_token(),
    Route::list("/projects/{id}/vulnerabilities", |call| {
        handful(call, |call, project, number| call.now.vulnerability(project, number))
    })
    .gates(&[Gate::Premium]),
    Route::list("/projects/{id}/vulnerability_findings", findings)
        .gates(&[Gate::Premium])
        .complete(&[("scope", "all")]),
    Route::list("/projects/{id}/audit_events", |call| {
        let project = call.project()?;
        Call::boxed(audit_events(call, "Project", project.id, &project.full_path))
    })
    .gates(&[Gate::PremiumMaintainer])
    .ordered(Order::descending("id", &["id", "created_at"]))
    .keyset(Keyset::newest_first("AuditEvent"))
    .filters(&[CREATED]),
];

/// A record per number up to the size's handful.
pub(super) fn handful(call: &Call, record: impl Fn(&Call, &Project, i64) -> Value) -> Listing {
    let project = call.project()?;
    let count = call.now.plan.size.handful;
    Call::boxed((1..=count).map(|number| record(call, project, number)).collect::<Vec<_>>())
}

pub(super) fn members(call: &Call, members: Vec<(i64, i64)>) -> Listing {
    let (with_seat, with_saml) =
        (call.query.flag("show_seat_info", false)?, call.query.flag("with_saml_identity", false)?);
    let member = |(user, level)| {
        let mut record = call.now.member(user, level);
        if with_seat {
            extend(&mut record, call.now.seat(user));
        }
        if with_saml {
            extend(&mut record, call.now.saml_identity(user));
        }
        record
    };
    Call::boxed(members.into_iter().map(member).collect::<Vec<_>>())
}

/// Labels, with counts when they are asked for.
pub(super) fn labels(call: &Call, mut labels: Vec<Value>) -> Listing {
    if call.query.flag("with_counts", false)? {
        let counts =
            json!({"open_issues_count": 1, "closed_issues_count": 0, "open_merge_requests_count": 2});
        labels.iter_mut().for_each(|label| extend(label, counts.clone()));
    }
    Call::boxed(labels)
}

pub(super) fn single(call: &Call) -> Result<Value, Refusal> {
    let project = call.project()?;
    Ok(match call.caller.user {
        Some(_) => call.now.project(project),
        None => call.now.project_basic(project),
    })
}

/// Projects as rows; archived ones count unless the query says which.
pub(super) fn listing(call: &Call, mut projects: Vec<Arc<Project>>) -> Listing {
    if call.query.get("archived").is_some() {
        let archived = call.query.flag("archived", false)?;
        projects.retain(|project| project.archived == archived);
    }
    let basic = call.query.flag("simple", false)? || call.caller.user.is_none();
    let count = i64::try_from(projects.len()).unwrap_or(0);
    let nth = |projects: &[Arc<Project>], number: i64| {
        usize::try_from(number - 1).ok().and_then(|index| projects.get(index).cloned())
    };
    let (made, keyed) = ((call.now.clone(), projects.clone()), (call.now.clone(), projects));
    let rows = Series::new(Numbers::up_to(count), move |number| match nth(&made.1, number) {
        Some(project) if basic => made.0.project_basic(&project),
        Some(project) => made.0.project(&project),
        None => Value::Null,
    });
    let rows = rows.keys(move |number, field| {
        let project = nth(&keyed.1, number)?;
        Some(match field {
            "id" => project.id.into(),
            "name" => project.name.as_str().into(),
            "path" => project.path.as_str().into(),
            "created_at" => keyed.0.project_created_at(&project).into(),
            "updated_at" | "last_activity_at" => keyed.0.last_activity_at(&project).into(),
            _ => return None,
        })
    });
    Call::boxed(rows.ascending(&["id", "created_at"]))
}

fn milestones(call: &Call) -> Listing {
    let project = call.project()?;
    let count = call.now.plan.size.milestones;
    let mut milestones: Vec<_> =
        (1..=count).map(|number| call.now.project_milestone(project, number)).collect();
    if call.query.flag("include_ancestors", false)? {
        for group in project.group.map(|group| call.now.plan.lineage(group)).unwrap_or_default() {
            milestones.extend((1..=count).map(|number| call.now.group_milestone(group, number)));
        }
    }
    Call::boxed(milestones)
}

/// The default scope hides what was dismissed.
fn findings(call: &Call) -> Listing {
    let project = call.project()?;
    let all = call.query.get("scope") == Some("all");
    let numbers = 1..=call.now.plan.size.handful.max(3);
    let findings = numbers.map(|number| call.now.vulnerability_finding(project, number));
    let shown =
        findings.filter(|finding| all || finding.get("state").is_none_or(|state| state != "dismissed"));
    Call::boxed(shown.collect::<Vec<_>>())
}

pub(super) fn audit_events(call: &Call, entity_type: &'static str, entity: i64, name: &str) -> Series {
    let (now, name) = (call.now.clone(), name.to_owned());
    let numbers = Numbers::up_to(call.now.plan.size.events);
    Series::new(numbers, move |number| now.audit_event(entity_type, entity, &name, number))
        .ascending(&["id", "created_at"])
}
