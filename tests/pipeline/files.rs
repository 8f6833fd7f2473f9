//! Whole runs into files, here and in object stores: every value that SQLite gets is there, read back by tools that know
//! nothing of the pipeline.

use std::process::Stdio;
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World, cast};
use serde_json::json;
use test_servers::{Azurite, GoogleStorage, Moto};

use crate::example::{Ended, Example};
use crate::incremental::now;
use crate::rows::{Rows, compare, in_files, in_sqlite};

pub(crate) fn server() -> SampleServer {
    let size = Size { issues: 30, merge_requests: 8, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

/// A run into files.
pub(crate) fn run(
    example: &Example,
    server: &SampleServer,
    environment: &[(&str, &str)],
    arguments: &[&str],
) -> Ended {
    let url = server.url();
    let gitlab = [("GITLAB_URL", url.as_str()), ("GITLAB_TOKEN", server.token())];
    example.run_with(&[&gitlab, environment].concat(), arguments)
}

pub(crate) fn succeed(example: &Example, server: &SampleServer, environment: &[(&str, &str)]) {
    let ended = run(example, server, environment, &["run"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

/// Loads, changes what was loaded, loads again: what lies there is what SQLite has each time.
pub(crate) fn loads_like_sqlite(
    example: &Example,
    environment: &[(&str, &str)],
    read: &dyn Fn() -> Vec<Rows>,
) {
    let (server, sqlite) = (server(), Example::new(""));
    for when in ["after a first run", "after a second run"] {
        succeed(&sqlite, &server, &[]);
        succeed(example, &server, environment);
        let expected = in_sqlite(&sqlite);
        assert!(expected.len() >= 20, "there are only {} tables", expected.len());
        read().iter().for_each(|found| compare(found, &expected, when));
        let project = server.world().project_id(cast::ORDINARY).expect("a project");
        (1..=5).for_each(|iid| server.world().touch_issue(project, iid, now()));
        server.world().create_issue(project, now());
    }
}

fn local(options: &str) -> Example {
    Example::new(&format!("[destination]\nkind = 'filesystem'\n[destination.filesystem]\n{options}\n"))
}

fn lies_in(example: &Example, readers: &[&str]) -> Vec<Rows> {
    let root = example.path("data").display().to_string();
    readers
        .iter()
        .map(|reader| in_files(&json!({"reader": reader, "store": "local", "root": root})))
        .collect()
}

#[test]
fn parquet_holds_what_sqlite_holds() {
    let example = local("");
    loads_like_sqlite(&example, &[], &|| lies_in(&example, &["pyarrow", "duckdb"]));
}

#[test]
fn other_files_hold_what_sqlite_holds() {
    let hive = local("layout = 'hive'\ncompression = 'snappy'");
    loads_like_sqlite(&hive, &[], &|| lies_in(&hive, &["duckdb"]));
    let lines = local("format = 'jsonl'\ncompression = 'gzip'");
    loads_like_sqlite(&lines, &[], &|| lies_in(&lines, &["jsonl"]));
    let csv = local("format = 'csv'");
    loads_like_sqlite(&csv, &[], &|| lies_in(&csv, &["csv"]));
}

#[test]
fn s3_holds_what_sqlite_holds() {
    let moto = Moto::start();
    moto.make_bucket("lake");
    let endpoint = moto.endpoint();
    let example = local("path = 's3://lake/gitlab'");
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "one"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-key"),
        ("AWS_REGION", "us-east-1"),
    ];
    let asked = json!({"reader": "pyarrow", "store": "s3", "root": "lake/gitlab", "endpoint": endpoint});
    loads_like_sqlite(&example, &environment, &|| vec![in_files(&asked)]);

    let example = local("path = 's3://puddle/gitlab'");
    let ended = run(&example, &server(), &environment, &["check"]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("there is no bucket `puddle`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("a-secret-key"), "{}", ended.stderr);
}

#[test]
fn azure_holds_what_sqlite_holds() {
    let azurite = Azurite::start();
    azurite.make_container("lake");
    let endpoint = azurite.endpoint();
    let example = local(&format!("path = 'az://lake/gitlab'\nendpoint = '{endpoint}'"));
    let environment =
        [("AZURE_STORAGE_ACCOUNT_NAME", Azurite::ACCOUNT), ("AZURE_STORAGE_ACCOUNT_KEY", Azurite::KEY)];
    let asked = json!({
        "reader": "pyarrow", "store": "azure", "root": "lake/gitlab", "endpoint": endpoint,
        "account": Azurite::ACCOUNT, "key": Azurite::KEY,
    });
    loads_like_sqlite(&example, &environment, &|| vec![in_files(&asked)]);
}

#[test]
fn google_holds_what_sqlite_holds() {
    let google = GoogleStorage::start();
    let endpoint = google.endpoint();
    let example = local("path = 'gs://lake/gitlab'");
    let environment = [("STORAGE_EMULATOR_HOST", endpoint.as_str()), ("GOOGLE_BEARER_TOKEN", "a-token")];
    let asked = json!({"reader": "pyarrow", "store": "google", "root": "lake/gitlab", "endpoint": endpoint});
    loads_like_sqlite(&example, &environment, &|| vec![in_files(&asked)]);
}

/// While a run loads into a folder, another one is refused.
pub(crate) fn refuses_a_second_run(example: &Example) {
    let server = server();
    server.set(Settings { latency: Duration::from_millis(50), ..Settings::default() });
    let mut first = example.command(&server).arg("run").stderr(Stdio::null()).spawn().expect("a child");
    while server.log().len() < 5 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = run(example, &server, &[], &["run"]);
    first.kill().expect("a kill");
    first.wait().expect("an end");
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert!(second.stderr.contains("another run is loading into folder"), "{}", second.stderr);
}

#[test]
fn a_second_run_into_the_same_files_is_refused() {
    refuses_a_second_run(&local(""));
}
