//! Whoever comes from Amazon AppFlow finds its sixteen objects: every field is a column in S3, every filter a setting.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "these tests look into no folder")]
mod scaffold;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use sample_gitlab::{SampleServer, Settings, Size, World};
use scaffold::{Pipeline, official, succeed};
use serde_json::{Map, Value, json};
use test_servers::{Moto, installed, program};
use toml_edit::{DocumentMut, Item, Table};

const ROOT: &str = "lake/gitlab";

/// What is sent only when it is asked for.
const ASKED_FOR: [(&str, &str); 5] = [
    ("group_members", "show_seat_info"),
    ("group_members", "with_saml_identity"),
    ("project_members", "show_seat_info"),
    ("project_members", "with_saml_identity"),
    ("group_labels", "with_counts"),
];

/// No instance of today sends it.
const OF_THE_PAST: (&str, &str) = ("projects", "operations_access_level");

struct Object {
    name: String,
    resource: String,
    fields: Vec<String>,
    /// The parameters that each filter is, with values.
    filters: BTreeMap<String, Table>,
}

fn objects() -> Vec<Object> {
    let text = include_str!("objects.toml").parse::<DocumentMut>().expect("TOML");
    let object = |(name, object): (&str, &Item)| {
        let fields = object["fields"].as_array().expect("fields");
        let filters = object.get("filters").and_then(Item::as_table_like).expect("filters");
        let table = |filter: &Item| filter.clone().into_table().expect("parameters");
        Object {
            name: name.to_owned(),
            resource: object["resource"].as_str().expect("a name").to_owned(),
            fields: fields.iter().map(|field| field.as_str().expect("a name").to_owned()).collect(),
            filters: filters.iter().map(|(name, filter)| (name.to_owned(), table(filter))).collect(),
        }
    };
    text.iter().map(object).collect()
}

/// The crate as the guide has it made.
fn pipeline(parent: &std::path::Path, objects: &[Object]) -> Option<Pipeline> {
    let spec = official("gitlab-openapi-v3.yaml")?;
    let names: Vec<&str> = objects.iter().map(|object| object.resource.as_str()).collect();
    let select = names.join(",");
    let args = ["--spec", &spec, "--overlay", "docs/appflow.overlay.yaml", "--select", &select];
    let args = [&args[..], &["--destination", "filesystem"]].concat();
    let pipeline = Pipeline::scaffold(parent, "from-appflow", &args).expect("a crate");
    pipeline.build().expect("a build without warnings");
    Some(pipeline)
}

fn command(pipeline: &Pipeline, server: &SampleServer, moto: &Moto) -> Command {
    let mut command = pipeline.command(server);
    command
        .env("PIPELINE__DESTINATION__FILESYSTEM__PATH", format!("s3://{ROOT}"))
        .env("AWS_ENDPOINT_URL", moto.endpoint())
        .env("AWS_ACCESS_KEY_ID", "one")
        .env("AWS_SECRET_ACCESS_KEY", "two")
        .env("AWS_REGION", "us-east-1");
    command
}

/// Sets parameters in `config.toml`, whatever was set before.
fn set(pipeline: &Pipeline, fresh: &str, parameters: impl IntoIterator<Item = (String, String, Item)>) {
    let mut config = fresh.parse::<DocumentMut>().expect("TOML");
    for (resource, name, value) in parameters {
        config["resources"][&resource]["query"][&name] = value;
    }
    std::fs::write(pipeline.folder.join("config.toml"), config.to_string()).expect("a write");
}

#[test]
fn each_object_is_a_table_with_its_fields_and_filters() {
    let (folder, objects) = (tempfile::tempdir().expect("a folder"), objects());
    assert_eq!(objects.len(), 16);
    let Some(pipeline) = pipeline(folder.path(), &objects) else { return };
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let moto = Moto::start();
    moto.make_bucket("lake");
    let fresh = std::fs::read_to_string(pipeline.folder.join("config.toml")).expect("a file");

    let asked = ASKED_FOR.map(|(resource, name)| (resource.to_owned(), name.to_owned(), true.into()));
    let labels = ("project_labels".to_owned(), "with_counts".to_owned(), true.into());
    set(&pipeline, &fresh, asked.into_iter().chain([labels]));
    succeed(command(&pipeline, &server, &moto).arg("run")).expect("a run");
    let columns = columns(&moto);
    for object in &objects {
        let lost: Vec<_> = object.fields.iter().filter(|field| !is_there(&columns, object, field)).collect();
        assert!(lost.is_empty(), "{}: {lost:?} are no columns of `{}`", object.name, object.resource);
    }

    // Where a run starts and what hangs on it, one after the other: filters of the first may leave nothing of the second.
    for is_root in [true, false] {
        let all = objects.iter().filter(|object| is_start(object) == is_root);
        let parameters: Vec<_> = all.flat_map(parameters).collect();
        assert!(parameters.len() >= 30, "there are only {}", parameters.len());
        set(&pipeline, &fresh, parameters.clone());
        server.clear_log();
        // What it makes of odd values is the server's affair.
        let ended =
            command(&pipeline, &server, &moto).args(["run", "--full-refresh"]).output().expect("an exit");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_ne!(ended.status.code(), Some(2), "{said}");
        for (resource, name, _) in parameters {
            assert!(
                is_asked(&server, &objects, &resource, &name),
                "`{name}` of `{resource}` is not sent\n{said}"
            );
        }
    }
}

fn is_start(object: &Object) -> bool {
    matches!(object.resource.as_str(), "groups" | "projects")
}

fn parameters(object: &Object) -> impl Iterator<Item = (String, String, Item)> {
    let all = object.filters.values().flat_map(Table::iter);
    all.map(|(name, value)| (object.resource.clone(), name.to_owned(), value.clone()))
}

/// A field is a column, or what stands in it is, or its list is a table.
fn is_there(columns: &BTreeMap<String, BTreeSet<String>>, object: &Object, field: &str) -> bool {
    let own = &columns[&object.resource];
    let inner = format!("{field}__");
    let list = format!("{}__{field}", object.resource);
    own.iter().any(|column| column == field || column.starts_with(&inner))
        || columns.contains_key(&list)
        || (object.resource.as_str(), field) == OF_THE_PAST
}

fn columns(moto: &Moto) -> BTreeMap<String, BTreeSet<String>> {
    let python = program("python", &[&installed("readers").join("bin")]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pipeline/read_files.py");
    let asked = json!({"reader": "pyarrow", "store": "s3", "root": ROOT, "endpoint": moto.endpoint()});
    let output = succeed(Command::new(python).args(["-B", script, &asked.to_string()])).expect("tables");
    let tables: BTreeMap<String, Vec<Map<String, Value>>> =
        serde_json::from_slice(&output.stdout).expect("JSON");
    // Each row has all columns of its table.
    let names = |rows: &[Map<String, Value>]| rows.iter().flat_map(Map::keys).cloned().collect();
    tables.into_iter().map(|(table, rows)| (table, names(&rows))).collect()
}

/// Whether a request for the resource had the parameter.
fn is_asked(server: &SampleServer, objects: &[Object], resource: &str, name: &str) -> bool {
    let place = match resource.split_once('_') {
        _ if !objects.iter().any(|object| object.resource == resource) => return false,
        Some(("group", list)) => format!("/groups/{{id}}/{list}"),
        Some((_, list @ ("branches" | "commits" | "tags"))) => format!("/projects/{{id}}/repository/{list}"),
        Some((_, list)) => format!("/projects/{{id}}/{list}"),
        None => format!("/{resource}"),
    };
    let log = server.log();
    let mut own = log.iter().filter(|exchange| exchange.template == Some(&place));
    own.any(|exchange| {
        let mut pairs = exchange.query.split('&').filter_map(|pair| pair.split('=').next());
        pairs.any(|sent| sent.trim_end_matches("%5B%5D") == name)
    })
}
