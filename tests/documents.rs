//! Documents as they come: GitLab's own, from anywhere, very large ones, and what is no document at all.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests build pipelines and run none")]
mod scaffold;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use gitlab_init::document::Text;
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use scaffold::{gitlab_init, official, root};
use serde_json::Value;

const OFFICIAL: [&str; 3] = ["gitlab-openapi-v3.yaml", "gitlab-openapi-v2.yaml", "gitlab-openapi-2024.yaml"];

fn inspect(spec: &Path) -> Output {
    let mut command = gitlab_init().expect("the generator");
    command.args(["inspect", "--format", "json", "--spec"]).arg(spec).output().expect("an exit")
}

#[test]
fn every_get_of_the_official_documents_is_listed_once() {
    for spec in OFFICIAL.into_iter().filter_map(official) {
        let output = inspect(Path::new(&spec));
        assert!(output.status.success(), "{spec}: {}", String::from_utf8_lossy(&output.stderr));
        let inspection: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let listed = ["resources", "skipped"]
            .into_iter()
            .flat_map(|kind| inspection[kind].as_array().expect("a list"));
        let mut listed: Vec<String> =
            listed.map(|row| row["path"].as_str().expect("a path").to_owned()).collect();
        listed.sort();
        let document: Value = serde_yaml::from_str(&fs::read_to_string(&spec).expect("a document"))
            .expect("a document in YAML");
        let gets =
            document["paths"].as_object().expect("paths").iter().filter(|(_, item)| item["get"].is_object());
        let mut gets: Vec<String> = gets.map(|(path, _)| path.clone()).collect();
        gets.sort();
        assert_eq!(listed, gets, "{spec}");
        check_contract(&inspection);
    }
}

/// Every correction of the project's own overlay is about something in a document of GitLab's.
#[test]
fn every_correction_matches_a_document_of_gitlab() {
    let overlay = root().join("specs/gitlab.overlay.yaml").display().to_string();
    let idle = |spec: &str| {
        let mut command = gitlab_init().expect("the generator");
        let output =
            command.args(["inspect", "--spec", spec, "--overlay", &overlay]).output().expect("an exit");
        let stderr = String::from_utf8(output.stderr).expect("text");
        let targets = stderr.lines().filter_map(|line| line.split_once("matches nothing: "));
        targets.map(|(_, target)| target.to_owned()).collect::<BTreeSet<String>>()
    };
    let (Some(new), Some(old)) = (official(OFFICIAL[0]), official(OFFICIAL[1])) else { return };
    let (new, old) = (idle(&new), idle(&old));
    assert!(old.len() > new.len(), "an older document lacks some endpoints");
    assert_eq!(new.intersection(&old).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Names are unique, parents exist, and no value is outside of what the contract allows.
fn check_contract(inspection: &Value) {
    let resources = inspection["resources"].as_array().expect("resources");
    let names: BTreeSet<&str> = resources.iter().filter_map(|resource| resource["name"].as_str()).collect();
    assert_eq!(names.len(), resources.len(), "two resources have the same name");
    let one_of = |value: &Value, allowed: &[&str]| {
        assert!(allowed.contains(&value.as_str().expect("a text")), "{value} is not one of {allowed:?}");
    };
    for resource in resources {
        one_of(&resource["shape"], &["list", "object", "envelope", "map"]);
        one_of(&resource["key_scope"], &["global", "parent"]);
        one_of(&resource["pagination"], &["offset", "keyset", "none"]);
        one_of(&resource["status"], &["ready", "needs_input"]);
        one_of(&resource["write_disposition"], &["append", "replace", "merge"]);
        for (param, source) in resource["params"].as_object().expect("params") {
            let known = source.is_null() || names.contains(source["resource"].as_str().unwrap_or_default());
            assert!(known, "`{param}` of {} comes from nowhere: {source}", resource["name"]);
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, body: &str| {
        let path = folder.path().join(name);
        fs::write(&path, body).expect("a write");
        path
    };
    let huge = folder.path().join("huge.yaml");
    File::create(&huge).and_then(|file| file.set_len(101 * 1024 * 1024)).expect("a large file");
    for (path, expected) in [
        (write("empty.yaml", ""), "not an OpenAPI document"),
        (write("list.yaml", "- 1"), "not an OpenAPI document"),
        (write("other.yaml", "title: something else"), "neither an `openapi` nor a `swagger` key"),
        (write("future.yaml", "openapi: 4.0.0\npaths: {}"), "has the version `4.0.0`"),
        (write("broken.json", "{\"openapi\": "), "not valid JSON"),
        (write("broken.yaml", "openapi: [\n"), "not valid YAML"),
        (write("bomb.yaml", &alias_bomb()), "not valid YAML"),
        (write("deep.json", &"{\"a\":".repeat(100_000)), "not valid JSON"),
        (folder.path().join("absent.yaml"), "cannot read the document"),
        (huge, "larger than 100 MiB"),
    ] {
        let output = inspect(&path);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{}: {stderr}", path.display());
        assert!(stderr.contains(expected), "{}: {stderr}", path.display());
        assert!(!stderr.contains("panicked"), "{}: {stderr}", path.display());
    }
}

/// A document from a URL and from standard input comes out as the one from a file; a URL's credentials stay out of sight.
#[test]
fn documents_come_from_anywhere() {
    let body = fs::read(root().join("tests/cases/envelope/document.yaml")).expect("a document");
    let from_file = inspect(&root().join("tests/cases/envelope/document.yaml"));
    assert!(from_file.status.success());

    let url = serve_once("200 OK", body.clone());
    assert_eq!(inspect(Path::new(&format!("{url}/api.yaml"))).stdout, from_file.stdout);
    let missing = format!("{}/api.yaml?private_token=hidden", serve_once("404 Not Found", vec![]));
    let refused = inspect(Path::new(&missing));
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr.contains("404") && !stderr.contains("hidden"), "{stderr}");

    let mut command = gitlab_init().expect("the generator");
    command.args(["inspect", "--format", "json", "--spec", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("a process");
    process.stdin.take().expect("an input").write_all(&body).expect("a write");
    let output = process.wait_with_output().expect("an exit");
    assert_eq!(output.stdout, from_file.stdout);
}

/// Files beside a document come from where it came from, and from nowhere else.
#[test]
fn files_beside_a_document_are_read_from_the_same_server() {
    let document = serde_json::json!({ "openapi": "3.0.0", "info": {}, "paths": {
        "/api/v4/lamps": { "$ref": "parts/lamps.yaml#/item" },
        "/api/v4/stolen": { "$ref": "http://127.0.0.1:1/other.yaml#/item" },
        "/api/v4/local": { "$ref": "file:///etc/hosts.json#/item" },
    } });
    let lamps = "item: {get: {summary: List lamps, responses: {200: {content: {application/json: {schema: {type: array, items: {properties: {id: {type: integer}}}}}}}}}}";
    let url = serve(vec![("200 OK", document.to_string().into()), ("200 OK", lamps.into())]);
    let output = inspect(Path::new(&format!("{url}/api.json?token=hidden")));
    let inspection: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(inspection["resources"][0]["record_key"], serde_json::json!(["id"]), "{inspection}");
    let skipped = inspection["skipped"].as_array().expect("a list");
    assert_eq!(skipped.len(), 2, "{inspection}");
    for skipped in skipped {
        assert!(skipped["reason"].as_str().expect("a reason").contains("it stands elsewhere"), "{skipped}");
    }
}

/// Thousands of references in a row, of every kind: the end of the chain is reached where it says what a record is, and
/// nothing ends the program.
#[test]
fn long_chains_of_references_are_no_problem() {
    const LENGTH: usize = 6_700;
    for kind in ["straight", "property", "list", "combined"] {
        let link = |index: usize| {
            let next = serde_json::json!({ "$ref": format!("#/components/schemas/Link{}", index + 1) });
            match kind {
                "straight" => next,
                "property" => {
                    serde_json::json!({ "properties": { "id": { "type": "integer" }, "next": next } })
                }
                "list" => serde_json::json!({ "type": "array", "items": next }),
                _ => {
                    serde_json::json!({ "allOf": [next, { "properties": { "id": { "type": "integer" } } }] })
                }
            }
        };
        let mut schemas: serde_json::Map<String, Value> =
            (0..LENGTH).map(|index| (format!("Link{index}"), link(index))).collect();
        schemas.insert(
            format!("Link{LENGTH}"),
            serde_json::json!({ "properties": { "id": { "type": "integer" } } }),
        );
        let answer =
            serde_json::json!({ "type": "array", "items": { "$ref": "#/components/schemas/Link0" } });
        let document = serde_json::json!({
            "openapi": "3.0.0", "info": {}, "components": { "schemas": schemas },
            "paths": { "/api/v4/lamps": { "get": { "responses": { "200": { "content": { "application/json": { "schema": answer } } } } } } },
        });
        let read = read(&Text::new("chain", document.to_string()), &[], &RecordedNames::new());
        let read = read.expect("a document");
        let lamps = read.graph.get("lamps").expect("a resource");
        assert_eq!(lamps.key.value.fields.is_empty(), kind == "list", "{kind}");
    }
}

/// Three thousand GETs, each twenty segments deep. Whatever grows by the square takes minutes.
#[test]
fn many_deep_paths_take_no_time() {
    let path = |number: usize| {
        let levels = (0..9).fold(format!("/api/v4/roots{}", number % 300), |path, level| {
            format!("{path}/{{id{level}}}/level{level}x{}", number % 3_usize.pow(level + 1))
        });
        format!("{levels}/{{id}}/leaves{number}")
    };
    let get = serde_json::json!({ "get": { "responses": { "200": { "content": { "application/json": { "schema": { "type": "array" } } } } } } });
    let paths: serde_json::Map<String, Value> =
        (0..3_000).map(|number| (path(number), get.clone())).collect();
    let document = serde_json::json!({ "openapi": "3.0.0", "info": {}, "paths": paths });
    let started = Instant::now();
    let read =
        read(&Text::new("deep", document.to_string()), &[], &RecordedNames::new()).expect("a document");
    assert_eq!(read.graph.resources.iter().filter(|resource| !resource.pointer.is_empty()).count(), 3_000);
    assert!(started.elapsed() < Duration::from_secs(20), "it takes {:?}", started.elapsed());
}

/// Answers one request on a free port.
fn serve_once(status: &'static str, body: Vec<u8>) -> String {
    serve(vec![(status, body)])
}

/// Answers requests on a free port, in this order.
fn serve(answers: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).expect("an answer");
        }
    });
    url
}

/// Aliases of aliases: a billion items in thirty lines.
fn alias_bomb() -> String {
    let mut bomb = String::from("openapi: 3.0.0\npaths: {}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let aliases = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").expect("a string");
    }
    bomb
}
