//! Each kind of change, made in a small document.

use serde_json::{Value, json};

use super::*;
use crate::document::Text;
use crate::graph::ResourceGraph;
use crate::infer::RecordedNames;

fn list(properties: Value, parameters: &[Value]) -> Value {
    let schema = json!({"type": "array", "items": {"type": "object", "properties": properties}});
    let answer = json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}});
    json!({"get": {"parameters": parameters, "responses": answer}})
}

fn query(name: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "schema": schema})
}

/// Projects with issues, groups, and notes of issues.
fn document() -> Value {
    let id = || json!({"id": {"type": "integer"}, "name": {"type": "string"}});
    let issue = json!({
        "id": {"type": "integer"}, "iid": {"type": "integer"}, "title": {"type": "string"},
        "updated_at": {"type": "string", "format": "date-time"},
        "author": {"type": "object", "properties": {"id": {"type": "integer"}}},
    });
    let text = || json!({"type": "string"});
    let parameters = [
        query("page", json!({"type": "integer"})),
        query("per_page", json!({"type": "integer"})),
        query("state", json!({"type": "string", "enum": ["opened", "closed"]})),
        query("updated_after", json!({"type": "string", "format": "date-time"})),
        query("search", text()),
    ];
    json!({"openapi": "3.0.0", "info": {"title": "Case", "version": "1"}, "paths": {
        "/api/v4/projects": list(id(), &parameters[..2]),
        "/api/v4/groups": list(id(), &parameters[..2]),
        "/api/v4/projects/{id}/issues": list(issue, &parameters),
        "/api/v4/projects/{id}/issues/{issue_iid}/notes": list(id(), &parameters[..2]),
    }})
}

fn graph(document: &Value) -> ResourceGraph {
    let text = Text::new("case.json", document.to_string());
    crate::read(&text, &[], &RecordedNames::new()).unwrap().graph
}

/// What a change of the document means.
fn after(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Diff {
    let mut newer = document();
    change(newer["paths"].as_object_mut().unwrap());
    diff_graphs(&graph(&document()), &graph(&newer))
}

const ISSUES: &str = "/api/v4/projects/{id}/issues";

/// What another fact of the issues means: for their rows, and in changes.
fn stated(facts: Value) -> (Option<Fate>, Vec<Change>) {
    let diff = after(|paths| paths[ISSUES]["get"]["x-gitlab-init"] = facts);
    let issues = diff.changed.iter().find(|own| own.resource == "project_issues").expect("a change");
    (issues.fate, issues.changes.clone())
}

fn change(aspect: Aspect, item: &str, from: Option<&str>, to: Option<&str>) -> Change {
    Change { aspect, item: item.into(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

#[test]
fn a_document_is_as_itself() {
    assert!(after(|_| {}).is_empty());
    let summary = after(|paths| paths[ISSUES]["get"]["summary"] = "Other words".into());
    assert!(summary.is_empty(), "{summary:?}");
}

#[test]
fn resources_come_and_go() {
    let grown = after(|paths| {
        drop(paths.insert("/api/v4/projects/{id}/labels".into(), paths["/api/v4/groups"].clone()))
    });
    assert_eq!(grown.added.len(), 1);
    assert_eq!((grown.added[0].resource.as_str(), grown.added[0].is_on), ("project_labels", true));
    assert!(grown.gone.is_empty() && grown.changed.is_empty(), "{grown:?}");
    let shrunk = after(|paths| drop(paths.remove("/api/v4/projects/{id}/issues/{issue_iid}/notes")));
    assert_eq!((shrunk.gone.len(), shrunk.gone[0].table.as_str()), (1, "issue_notes"));
    assert!(shrunk.added.is_empty() && shrunk.changed.is_empty(), "{shrunk:?}");
}

/// What is fed by a list that goes stays, and needs somebody to feed it.
#[test]
fn what_a_list_fed_is_off_without_it() {
    let diff = after(|paths| drop(paths.remove(ISSUES)));
    assert_eq!(diff.gone.len(), 1);
    let notes = diff.changed.iter().find(|own| own.resource == "issue_notes").expect("a change");
    assert_eq!(notes.fate, Some(Fate::Left));
    assert!(notes.changes.contains(&change(Aspect::Need, "issue_iid", None, Some("path"))), "{notes:?}");
}

#[test]
fn a_resource_is_known_by_its_place_whatever_it_is_called() {
    let diff = after(|paths| paths[ISSUES]["get"]["x-gitlab-init"] = json!({"name": "tickets"}));
    assert!(diff.gone.is_empty() && diff.added.is_empty(), "{diff:?}");
    // What it feeds is fed by the same.
    assert_eq!(diff.changed.len(), 1, "{diff:?}");
    assert_eq!(diff.changed[0].was.as_deref(), Some("project_issues"));
    assert!(diff.changed[0].changes.is_empty() && diff.changed[0].fate.is_none(), "{diff:?}");
    let placeholder = after(|paths| {
        let issues = paths.remove(ISSUES).unwrap();
        paths.insert("/api/v4/projects/{project_id}/issues".into(), issues);
    });
    assert!(placeholder.gone.is_empty() && placeholder.added.is_empty(), "{placeholder:?}");
    assert_eq!(placeholder.changed[0].fate, Some(Fate::ReadAnew));
    assert_eq!(
        placeholder.changed[0].changes,
        [change(Aspect::Path, "", Some("/projects/{id}/issues"), Some("/projects/{project_id}/issues"))]
    );
}

#[test]
fn what_decides_over_rows_says_what_becomes_of_them() {
    let (fate, changes) = stated(json!({"record_key": ["iid"], "key_scope": "parent"}));
    assert_eq!(fate, Some(Fate::Rekeyed));
    assert!(
        changes.contains(&change(Aspect::Key, "", Some("id"), Some("iid within its parent"))),
        "{changes:?}"
    );
    let (fate, changes) = stated(json!({"table": "tickets"}));
    assert_eq!(fate, Some(Fate::Moved));
    assert!(
        changes.contains(&change(Aspect::Table, "", Some("project_issues"), Some("tickets"))),
        "{changes:?}"
    );
    let (fate, changes) = stated(json!({"params": {"id": {"path": "/api/v4/groups", "field": "id"}}}));
    assert_eq!(fate, Some(Fate::ReadAnew));
    assert!(changes.contains(&change(Aspect::Parent, "group_id", None, Some("groups.id"))), "{changes:?}");
    let (fate, changes) =
        stated(json!({"shape": "envelope", "selector": "data", "record_key": ["id"], "key_scope": "global"}));
    assert_eq!(fate, Some(Fate::ReadAnew));
    assert!(
        changes.contains(&change(Aspect::Shape, "", Some("list"), Some("envelope at data"))),
        "{changes:?}"
    );
    let (_, changes) = stated(json!({"record_key": []}));
    assert!(changes.contains(&change(Aspect::Writing, "", Some("merge"), Some("replace"))), "{changes:?}");
}

#[test]
fn how_it_is_read_says_nothing_of_its_rows() {
    let (fate, changes) = stated(json!({"pagination": "keyset", "order_by": "id"}));
    assert_eq!(fate, None);
    assert_eq!(changes, [change(Aspect::Pages, "", Some("keyset by updated_at"), Some("keyset by id"))]);
    let (fate, changes) = stated(json!({"incremental": null}));
    assert_eq!(fate, None);
    assert_eq!(changes, [change(Aspect::Cursor, "", Some("updated_after on updated_at"), None)]);
}

fn only(diff: &Diff, of: &str) -> Vec<Change> {
    assert!(diff.gone.is_empty() && diff.added.is_empty(), "{diff:?}");
    assert!(diff.changed.iter().all(|own| own.resource == of), "{diff:?}");
    diff.changed.iter().flat_map(|own| own.changes.clone()).collect()
}

#[test]
fn columns_come_and_go_and_are_of_another_kind() {
    let properties = |change: fn(&mut serde_json::Map<String, Value>)| {
        only(
            &after(|paths| {
                let schema =
                    &mut paths[ISSUES]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
                change(schema["items"]["properties"].as_object_mut().unwrap());
            }),
            "project_issues",
        )
    };
    let added = properties(|own| drop(own.insert("weight".into(), json!({"type": "integer"}))));
    assert_eq!(added, [change(Aspect::Column, "weight", None, Some("int"))]);
    let gone = properties(|own| drop(own.remove("author")));
    assert_eq!(gone, [change(Aspect::Column, "author__id", Some("int"), None)]);
    let nested = properties(|own| own["author"]["properties"]["name"] = json!({"type": "string"}));
    assert_eq!(nested, [change(Aspect::Column, "author__name", None, Some(""))]);
    let retyped = properties(|own| own["title"] = json!({"type": "number"}));
    assert_eq!(retyped, [change(Aspect::Column, "title", Some("text"), Some("float"))]);
    let secret = properties(|own| drop(own.insert("runners_token".into(), json!({"type": "string"}))));
    assert_eq!(secret, [change(Aspect::Secret, "runners_token", None, Some(""))]);
}

#[test]
fn filters_come_and_go_and_take_other_values() {
    let parameters = |change: fn(&mut Vec<Value>)| {
        only(
            &after(|paths| change(paths[ISSUES]["get"]["parameters"].as_array_mut().unwrap())),
            "project_issues",
        )
    };
    let added = parameters(|own| own.push(query("labels", json!({"type": "string"}))));
    assert_eq!(added, [change(Aspect::Filter, "labels", None, Some("text"))]);
    let gone = parameters(|own| drop(own.pop()));
    assert_eq!(gone, [change(Aspect::Filter, "search", Some("text"), None)]);
    let values = parameters(|own| own[2]["schema"]["enum"] = json!(["opened", "locked"]));
    assert_eq!(values, [change(Aspect::Filter, "state", Some("opened, closed"), Some("opened, locked"))]);
}

#[test]
fn what_needs_a_value_is_off_and_what_hangs_on_it_too() {
    let diff = after(|paths| paths[ISSUES]["get"]["parameters"][4]["required"] = true.into());
    let needs = [("project_issues", "search", "query"), ("issue_notes", "project_issues", "parent")];
    assert_eq!(diff.changed.len(), needs.len(), "{diff:?}");
    for (own, (resource, item, kind)) in diff.changed.iter().zip(needs) {
        assert_eq!((own.resource.as_str(), own.fate), (resource, Some(Fate::Left)));
        let switch = change(Aspect::Switch, "", Some("on"), Some("off"));
        assert_eq!(own.changes, [switch, change(Aspect::Need, item, None, Some(kind))]);
    }
}
