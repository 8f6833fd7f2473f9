//! A run that is killed at any moment and started again ends as one that was left alone, and asks for nothing twice that
//! is already durable.

use std::collections::BTreeSet;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::Value;

use crate::example::{Example, compare};

/// Every page is durable at once, so that a kill finds the database in as many states as possible.
const CONFIG: &str = "[load]\npackage_rows = 1\n[extract]\nconcurrency = 3\nper_page = 20\n";

/// Lists by keyset, in the order of change and in any other; leaves and what hangs on them.
pub(crate) const SELECT: &str = "project_issues,issue_notes,issue_links,project_merge_requests,merge_request_notes,pipeline_jobs,\
                      project_commits,project_labels,project_boards,project_board_lists,group_members,metadata";

/// The partitions of leaves that are done, as the paths of their requests.
fn done_paths(example: &Example) -> BTreeSet<String> {
    let database = example.database();
    // There is no table yet when the kill came before it was made.
    let Ok(mut statement) = database.prepare("SELECT resource, partition, state FROM _state") else {
        return BTreeSet::new();
    };
    let rows = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .expect("rows");
    let mut paths = BTreeSet::new();
    for (resource, partition, state) in rows.map(|row| row.expect("a row")) {
        let state: Value = serde_json::from_str(&state).expect("JSON");
        let partition: Value = serde_json::from_str(&partition).expect("JSON");
        let id = |name: &str| partition[name].to_string();
        let path = match resource.as_str() {
            "issue_notes" => format!("/projects/{}/issues/{}/notes", id("project_id"), id("issue_iid")),
            "issue_links" => format!("/projects/{}/issues/{}/links", id("project_id"), id("issue_iid")),
            "pipeline_jobs" => format!("/projects/{}/pipelines/{}/jobs", id("project_id"), id("pipeline_id")),
            "project_labels" => format!("/projects/{}/labels", id("project_id")),
            "project_commits" => format!("/projects/{}/repository/commits", id("project_id")),
            _ => continue,
        };
        if state["done"].is_object() {
            paths.insert(format!("/api/v4{path}"));
        }
    }
    paths
}

/// Whether the last load says so: a kill may come between that and the end of the process.
fn has_ended(example: &Example) -> bool {
    let database = example.database();
    let last = "SELECT status FROM _loads ORDER BY load_id DESC LIMIT 1";
    database.query_row(last, [], |row| row.get::<_, String>(0)).is_ok_and(|status| status == "complete")
}

/// Kills the process once it has sent so many requests, and a moment later. How it ended, if it did before.
pub(crate) fn killed_after(
    child: &mut Child,
    server: &SampleServer,
    requests: usize,
    millis: u64,
) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().expect("a state") {
            return Some(status);
        }
        if server.log().len() >= requests {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(millis));
    child.kill().expect("a kill");
    let status = child.wait().expect("an end");
    status.code().is_some().then_some(status)
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let size = Size { issues: 45, merge_requests: 12, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let undisturbed = Example::new(CONFIG);
    let alone = undisturbed.load(&server, &["--select", SELECT]);
    let expected = undisturbed.tables();
    server.set(Settings { latency: Duration::from_millis(1), ..Settings::default() });

    for seed in 0..3 {
        let mut random = fastrand::Rng::with_seed(seed);
        let example = Example::new(CONFIG);
        let (mut kills, mut requests, mut done) = (0, 0, BTreeSet::new());
        loop {
            server.clear_log();
            let mut command = example.command(&server);
            command.args(["run", "--select", SELECT]).stderr(Stdio::null());
            let mut child = command.spawn().expect("a child");
            let ended = killed_after(&mut child, &server, random.usize(1..160), random.u64(0..20));
            requests += server.log().len();
            let again: Vec<String> = server
                .log()
                .into_iter()
                .map(|exchange| exchange.path)
                .filter(|path| done.contains(path))
                .collect();
            assert_eq!(again, Vec::<String>::new(), "seed {seed}: asked again after {kills} kills");
            assert!(ended.is_none_or(|status| status.success()));
            if has_ended(&example) {
                break;
            }
            kills += 1;
            assert!(kills < 100, "it never ends");
            done.extend(done_paths(&example));
        }
        compare(&example.tables(), &expected, &format!("with seed {seed} after {kills} kills"));
        // A kill loses what was under way and what waited for the writer, and costs a look at where the scope starts and
        // at the rows of one instant in the lists of all projects.
        assert!(kills > 0, "seed {seed}: no kill came in time");
        assert!(requests <= alone + 50 * kills, "seed {seed}: {requests} for {alone}, {kills} kills");
        println!("seed {seed}: {kills} kills, {requests} requests, {alone} undisturbed");

        let second = example.load(&server, &["--select", SELECT]);
        assert!(second < alone / 5, "a finished load is followed by one of changes: {second} requests");
        compare(&example.tables(), &expected, "after a second run");
    }
}

/// A kill may come when everything is read and durable, and the load has not said yet that it is over.
#[test]
fn a_run_that_was_killed_at_its_very_end_has_only_that_to_say() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let example = Example::new("");
    let select = ["--select", "project_labels"];
    example.load(&server, &select);
    let (database, tables) = (example.database(), example.tables());
    database.execute("UPDATE _loads SET status = 'running'", []).expect("an update");
    assert_eq!(example.load(&server, &select), 0, "requests");
    assert_eq!(example.column("SELECT status FROM _loads ORDER BY load_id"), ["interrupted", "complete"]);
    compare(&example.tables(), &tables, "after the second run");
}

/// What is read when somebody presses Ctrl-C is loaded, and the next run goes on with it.
#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_as_well() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let undisturbed = Example::new("");
    let alone = undisturbed.load(&server, &["--select", SELECT]);
    server.set(Settings { latency: Duration::from_millis(2), ..Settings::default() });
    let example = Example::new("");
    server.clear_log();
    let mut command = example.command(&server);
    let mut child = command.args(["run", "--select", SELECT]).stderr(Stdio::null()).spawn().expect("a child");
    while server.log().len() < alone / 2 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let interrupt = ["-INT".to_owned(), child.id().to_string()];
    assert!(std::process::Command::new("kill").args(interrupt).status().expect("a kill").success());
    assert_eq!(child.wait().expect("an end").code(), Some(7));
    assert_eq!(example.column("SELECT status FROM _loads"), ["interrupted"]);
    let rest = example.load(&server, &["--select", SELECT]);
    assert!(rest < alone / 2 + 30, "{rest} requests of {alone} were left");
    compare(&example.tables(), &undisturbed.tables(), "after an interrupt");
}
