//! From a document to rows, as a user goes: `gitlab-init new`, `cargo build`, `run`; then the tables are compared with
//! what the sample server holds, row by row and value by value.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests look into no folder")]
mod scaffold;

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sample_gitlab::{SampleServer, Settings, Size, World};
use scaffold::{Pipeline, Resource, official, succeed};
use serde_json::{Map, Value};

/// The part of the primary key that comes from the path.
fn parent_columns(resource: &Resource) -> &[String] {
    &resource.primary_key[..resource.primary_key.len() - resource.record_key.len()]
}

fn server() -> SampleServer {
    SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server")
}

fn resources(pipeline: &Pipeline, server: &SampleServer) -> Vec<Resource> {
    pipeline.resources(server).expect("a listing")
}

#[test]
fn the_bundled_document_loads_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    // The awards hang on notes that take an epic's id, and take its iid themselves.
    let args = ["--preset", "core", "--select", "epic_note_award_emoji"];
    let pipeline = Pipeline::scaffold(folder.path(), "bundled-core", &args).expect("a crate");
    pipeline.build().expect("a build without warnings");
    let server = server();
    succeed(pipeline.command(&server).arg("run")).expect("a first run");
    let resources = resources(&pipeline, &server);
    assert!(resources.len() >= 40, "core has {} resources", resources.len());
    compare(&pipeline, &server, &resources);
    let awards = server.world().count("/groups/{id}/epics/{epic_iid}/notes/{note_id}/award_emoji");
    assert!(awards.is_ok_and(|count| count > 0), "nothing is carried past the notes of epics");
    succeed(pipeline.command(&server).arg("run")).expect("a second run");
    compare(&pipeline, &server, &resources);
    assert!(server.log().iter().all(|exchange| !exchange.token_in_url), "a token stood in a URL");
}

/// On GitLab's own document, which types each of these lists as one object.
#[test]
fn the_official_document_loads_what_people_ask_for() {
    let Some(spec) = official("gitlab-openapi-v3.yaml") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = Pipeline::scaffold(folder.path(), "official-core", &["--spec", &spec, "--preset", "core"]);
    let pipeline = pipeline.expect("a crate");
    pipeline.build().expect("a build without warnings");
    let server = server();
    succeed(pipeline.command(&server).arg("run")).expect("a first run");
    let resources = resources(&pipeline, &server);
    for path in [
        "/projects",
        "/groups",
        "/projects/{id}/members",
        "/groups/{id}/members",
        "/projects/{id}/issues",
        "/projects/{id}/issues/{}/notes",
        "/projects/{id}/merge_requests",
        "/projects/{id}/merge_requests/{}/notes",
        "/projects/{id}/pipelines",
        "/projects/{id}/pipelines/{}/jobs",
        "/projects/{id}/repository/branches",
        "/projects/{id}/repository/commits",
        "/projects/{id}/repository/tags",
        "/projects/{id}/labels",
        "/projects/{id}/milestones",
        "/projects/{id}/releases",
    ] {
        let same = |resource: &&Resource| anonymous(&resource.path) == anonymous(path);
        assert!(resources.iter().find(same).is_some_and(|resource| resource.enabled), "{path} is not loaded");
    }
    compare(&pipeline, &server, &resources);
    succeed(pipeline.command(&server).arg("run")).expect("a second run");
    compare(&pipeline, &server, &resources);
}

#[test]
fn a_failed_new_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("pipeline");
    let new = |args: &[&str]| {
        let mut command = scaffold::gitlab_init().expect("the generator");
        command.arg("new").arg(&target).arg("--yes").args(args).output().expect("an exit")
    };
    let refused = new(&["--select", "no_such_thing"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!target.exists(), "a refused `new` made a folder");
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0,
        "something was left beside it"
    );

    assert!(new(&[]).status.success());
    std::fs::write(target.join("src/hooks.rs"), "// mine\n").expect("a write");
    let again = new(&[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"), "no way out is named");
    assert!(new(&["--force"]).status.success());
    assert_eq!(std::fs::read_to_string(target.join("src/hooks.rs")).expect("a file"), "// mine\n");
}

/// Placeholders without their names.
fn anonymous(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Every enabled resource that the server has: the same records as rows, once each, with the same values.
fn compare(pipeline: &Pipeline, server: &SampleServer, resources: &[Resource]) {
    let database = Connection::open(pipeline.database()).expect("a database");
    let mut compared = 0;
    for resource in resources.iter().filter(|resource| resource.enabled && !resource.primary_key.is_empty()) {
        let Ok(rows) = server.world().rows(&resource.path) else { continue };
        let expected = expected_rows(resource, rows);
        if expected.is_empty() {
            continue;
        }
        let actual = actual_rows(&database, resource);
        let keys = |rows: &BTreeMap<String, Map<String, Value>>| rows.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&actual), keys(&expected), "keys of `{}`", resource.name);
        for (key, record) in &expected {
            compare_values(resource, record, &actual[key]);
        }
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} tables were compared");
}

/// Plain values of a record stand in the column of the same name.
fn compare_values(resource: &Resource, record: &Map<String, Value>, row: &Map<String, Value>) {
    // What a record says of a parent that is not the one it is listed under stands in a column of another name.
    let own = record.iter().filter(|(field, _)| !parent_columns(resource).contains(field));
    for (field, value) in own {
        let expected = match value {
            Value::Bool(flag) => Value::from(i64::from(*flag)),
            Value::String(text) if looks_like_a_time(text) => continue,
            Value::String(_) | Value::Number(_) => value.clone(),
            _ => continue,
        };
        if field == "runners_token" {
            assert!(!row.contains_key(field), "a token that comes as data is loaded");
            continue;
        }
        let actual = row.get(field).unwrap_or(&Value::Null);
        let same = *actual == expected
            || actual.as_str().is_some_and(|text| expected == *text || text == format!("{expected}"));
        assert!(same, "`{field}` of `{}` is {actual}, the server has {expected}", resource.name);
    }
}

/// Times are brought into one form, which the pipeline's own tests check.
fn looks_like_a_time(text: &str) -> bool {
    text.len() >= 19 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T'
}

/// Records by their primary key; parent columns come from the path.
fn expected_rows(
    resource: &Resource,
    rows: impl Iterator<Item = (Vec<(String, String)>, Value)>,
) -> BTreeMap<String, Map<String, Value>> {
    let mut expected = BTreeMap::new();
    for (params, answer) in rows {
        let parents: Vec<String> =
            params.into_iter().map(|(_, value)| value).take(parent_columns(resource).len()).collect();
        for record in records(resource, answer) {
            let own =
                resource.record_key.iter().map(|field| plain(record.get(field).unwrap_or(&Value::Null)));
            let key = parents.iter().cloned().chain(own).collect::<Vec<_>>().join("\u{1f}");
            expected.insert(key, record);
        }
    }
    expected
}

/// The entries of a map are records with `key` and `value`.
fn records(resource: &Resource, answer: Value) -> Vec<Map<String, Value>> {
    let Value::Object(object) = answer else { return vec![] };
    if resource.shape != "map" {
        return vec![object];
    }
    let entry =
        |(key, value): (String, Value)| Map::from_iter([("key".into(), key.into()), ("value".into(), value)]);
    object.into_iter().map(entry).collect()
}

fn actual_rows(database: &Connection, resource: &Resource) -> BTreeMap<String, Map<String, Value>> {
    let mut query = database.prepare(&format!("SELECT * FROM \"{}\"", resource.table)).expect("a table");
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let mut rows = query.query([]).expect("rows");
    let mut actual = BTreeMap::new();
    while let Some(row) = rows.next().expect("a row") {
        let value = |index: usize| match row.get_ref(index).expect("a value") {
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        };
        let row: Map<String, Value> =
            names.iter().enumerate().map(|(index, name)| (name.clone(), value(index))).collect();
        let key =
            resource.primary_key.iter().map(|column| plain(&row[column])).collect::<Vec<_>>().join("\u{1f}");
        assert!(actual.insert(key.clone(), row).is_none(), "`{}` has {key} twice", resource.table);
    }
    actual
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The sample server's records are worth comparing only if they have what makes loading hard.
#[test]
fn the_sample_is_hard_enough() {
    let world = World::new(Size::small());
    let jobs = world.rows("/projects/{id}/pipelines/{pipeline_id}/jobs").expect("a list");
    assert!(
        jobs.filter_map(|(_, job)| job["id"].as_i64()).any(|id| id > i64::from(u32::MAX)),
        "no id beyond 32 bits"
    );
    let issues: Vec<Value> =
        world.rows("/projects/{id}/issues").expect("a list").map(|(_, issue)| issue).collect();
    assert!(
        issues.iter().any(|issue| !issue["title"].as_str().unwrap_or_default().is_ascii()),
        "only ASCII titles"
    );
    assert!(issues.iter().any(|issue| issue["milestone"].is_null()), "no null");
}
