use std::collections::{BTreeMap, BTreeSet};

use sample_gitlab::{Settings, Size, World, cast};
use serde_json::Value;

use super::client::{Client, started};

fn tiny() -> Size {
    Size { issues: 9, merge_requests: 5, pipelines: 4, commits: 25, events: 8, epics: 3, ..Size::small() }
}

fn path(template: &str, params: &[(String, String)]) -> String {
    let mut path = template.to_owned();
    for (name, value) in params {
        path = path.replacen(&format!("{{{name}}}"), &value.replace('/', "%2F"), 1);
    }
    path
}

/// Every list, page by page over HTTP, under every parent: what `rows_with` says is what a client gets.
#[test]
fn every_list_serves_the_rows_that_the_world_promises() {
    let server = started(tiny(), Settings::default());
    let client = Client::of(&server);
    for template in World::lists() {
        let mut parents: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (params, row) in server.world().rows_with(template, &[]).unwrap() {
            parents.entry(path(template, &params)).or_default().push(row);
        }
        if !template.starts_with("/audit_events") && !template.contains("links") {
            assert!(!parents.is_empty(), "{template} has rows somewhere");
        }
        for (path, expected) in parents {
            assert_eq!(client.all_rows(&format!("{path}?per_page=7")), expected, "{path}");
        }
    }
}

#[test]
fn counts_agree_with_rows() {
    let world = World::new(tiny());
    for template in World::lists() {
        assert_eq!(world.count(template), Ok(world.rows(template).unwrap().count()), "{template}");
    }
    assert_eq!(world.count("/projects/{id}"), Ok(7), "a single record per project");
}

#[test]
fn refused_parents_have_no_rows() {
    let world = World::new(tiny());
    let parents = |template: &str| -> Vec<String> {
        let rows = world.rows(template).unwrap();
        let mut ids: Vec<_> = rows.map(|(params, _)| params[0].1.clone()).collect();
        ids.dedup();
        ids
    };
    let id = |path: &str| world.project_id(path).unwrap().to_string();
    let issues = parents("/projects/{id}/issues");
    assert_eq!(issues.len(), 6);
    assert!(!issues.contains(&id(cast::ISSUES_OFF)) && !issues.contains(&id(cast::HIDDEN)));
    assert!(issues.contains(&id(cast::ARCHIVED)) && issues.contains(&id(cast::PERSONAL)));
    assert!(!parents("/projects/{id}/pipelines").contains(&id(cast::CI_OFF)));
    assert!(!parents("/projects/{id}/repository/commits").contains(&id(cast::EMPTY_REPOSITORY)));
}

#[test]
fn placeholders_may_be_called_anything() {
    let world = World::new(tiny());
    let (params, _) = world.rows("/api/v4/projects/{id}/issues/{noteable_id}/notes").unwrap().next().unwrap();
    let names: Vec<_> = params.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "noteable_id"]);
    assert!(world.rows("/projects/{id}/nonsense").is_err());
}

/// Records that several parents show by design: inherited, shared or embedded ones.
const SEEN_UNDER_SEVERAL_PARENTS: [&str; 19] = [
    "/members",
    "/members/all",
    "/users",
    "/labels",
    "/iterations",
    "/descendant_groups",
    "/projects/{id}/runners",
    "/deploy_keys",
    "/groups/{id}/issues",
    "/groups/{id}/merge_requests",
    "/groups/{id}/registry/repositories",
    "/merge_requests/{merge_request_iid}/commits",
    "/participants",
    "/links",
    "/merge_requests/{merge_request_iid}/pipelines",
    "/tree",
    "/epics/{epic_iid}/issues",
    "/projects/{id}/repository/contributors",
    "/groups/{id}/projects",
];

#[test]
fn an_id_stands_for_one_record_of_its_kind() {
    let world = World::new(tiny());
    for template in World::lists() {
        let shared = SEEN_UNDER_SEVERAL_PARENTS.iter().any(|ending| template.ends_with(ending));
        let mut seen = BTreeSet::new();
        for (params, row) in world.rows(template).unwrap() {
            let Some(id) = row.get("id").filter(|id| !id.is_null()) else { continue };
            let parent = if shared { format!("{params:?}") } else { String::new() };
            assert!(seen.insert((parent, id.to_string())), "{template} has {id} twice, at {params:?}");
        }
    }
}
