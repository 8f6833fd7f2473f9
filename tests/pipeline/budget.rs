//! Runs with a budget: each ends cleanly, each gets further than the one before, and together they bring what one
//! undisturbed run brings, however small the budget is.

use std::collections::BTreeSet;

use sample_gitlab::{Edit, Kind, SampleServer, Settings, Size, World, cast};
use serde_json::Value;

use crate::example::{Example, Row, Tables, compare};
use crate::incremental::now;
use crate::interrupted::SELECT;

/// Several places that the scope starts from.
const SCOPED: &str = "[scope]\ngroups = ['platform', 'design']\n";

fn server() -> SampleServer {
    let size = Size { issues: 45, merge_requests: 12, commits: 30, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

/// How the last load ended.
fn status(example: &Example) -> String {
    example.column("SELECT status FROM _loads ORDER BY load_id DESC LIMIT 1").remove(0)
}

/// Runs until the work is done. Tells the requests of each run.
fn rounds(example: &Example, server: &SampleServer, budget: usize) -> Vec<usize> {
    let most = budget.to_string();
    let mut requests = Vec::new();
    loop {
        requests.push(example.load(server, &["--select", SELECT, "--max-requests", &most]));
        match status(example).as_str() {
            "complete" => return requests,
            "stopped" => assert!(requests.len() < 2_000, "it never ends: {requests:?}"),
            other => panic!("a load is {other}"),
        }
    }
}

/// Rows that are marked as gone, whenever that was.
fn marked(tables: Tables) -> Tables {
    let gone = |(name, value): (String, String)| {
        let is_time = name == "_deleted_at" && value != "Null";
        (name, if is_time { "gone".to_owned() } else { value })
    };
    let rows =
        |rows: BTreeSet<Row>| rows.into_iter().map(|row| row.into_iter().map(gone).collect()).collect();
    tables.into_iter().map(|(table, found)| (table, rows(found))).collect()
}

/// Some are changed, one is made, one deleted, and a project is gone.
fn change(server: &SampleServer) {
    let world = server.world();
    let id = |path| world.project_id(path).expect("a project");
    let project = id(cast::ORDINARY);
    for (kind, iid) in [(Kind::Issue, 3), (Kind::Issue, 40), (Kind::MergeRequest, 2)] {
        world.apply(Edit::Touch { kind, project, iid, at: now() });
    }
    world.apply(Edit::Create { kind: Kind::Issue, project, at: now() });
    world.apply(Edit::Delete { kind: Kind::Issue, project, iid: 7 });
    if let Some(project) = world.project_id(cast::EMPTY_REPOSITORY) {
        world.apply(Edit::DeleteProject { project });
    }
}

fn equals_an_undisturbed_run(config: &str, budgets: &[usize]) {
    for budget in budgets {
        let server = server();
        let (undisturbed, example) = (Example::new(config), Example::new(config));
        let alone = undisturbed.load(&server, &["--select", SELECT]);
        let first = rounds(&example, &server, *budget);
        let when = format!("with {budget} requests a run, {} runs", first.len());
        compare(&marked(example.tables()), &marked(undisturbed.tables()), &when);
        assert!(first.len() > alone / (budget + 6) / 2, "{when}: {first:?} for {alone}");
        println!(
            "{when}: {} requests for {alone}, most {:?}",
            first.iter().sum::<usize>(),
            first.iter().max()
        );

        for round in 0..2 {
            change(&server);
            let alone = undisturbed.load(&server, &["--select", SELECT]);
            let later = rounds(&example, &server, *budget);
            let when = format!("{when}, later run {round}: {later:?} for {alone}");
            compare(&marked(example.tables()), &marked(undisturbed.tables()), &when);
        }
    }
}

#[test]
fn small_budgets_bring_what_one_run_brings() {
    equals_an_undisturbed_run("[extract]\nper_page = 20\n", &[7, 60]);
}

#[test]
fn what_is_gone_is_marked_by_runs_with_a_budget() {
    let config = "[extract]\nper_page = 20\n[load]\nmark_deleted = true\nfull_sweep_every = '1ms'\n";
    equals_an_undisturbed_run(&format!("{SCOPED}{config}"), &[20]);
}

#[test]
fn tables_that_are_replaced_are_read_last_and_in_one_go() {
    let config = "[extract]\nper_page = 20\n[resources.project_labels]\nwrite_disposition = 'replace'\n\
                  [resources.project_boards]\nwrite_disposition = 'replace'\n";
    equals_an_undisturbed_run(config, &[12]);
}

#[test]
fn a_run_keeps_to_its_budget_and_says_so() {
    let (server, example) = (server(), Example::new("[extract]\nmax_requests = 40\n"));
    let ended = example.succeed(&server, &["run", "--select", SELECT]);
    let sent = server.log().len();
    assert!((40..=46).contains(&sent), "six at a time: {sent}");
    let told = "stopped: `max_requests` = 40 is used up; continued by the next run";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let info = example.succeed(&server, &["info"]).stdout;
    assert!(info.contains(": stopped, "), "{info}");
    assert!(info.contains("stopped: `max_requests` was used up; continued by the next run"), "{info}");
    let loads = example.json(&server, &["info", "--format", "json"]);
    assert_eq!((&loads[0]["status"], &loads[0]["stopped"]), (&"stopped".into(), &"max_requests".into()));

    let ended = example.succeed(&server, &["run", "--select", SELECT, "--log-format", "json"]);
    let report = ended.stderr.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["event"] == "report").then_some(line)
    });
    assert_eq!(report.expect("a report")["stopped"], "max_requests");

    // A flag wins, and is enough for the rest.
    let ended = example.succeed(&server, &["run", "--select", SELECT, "--max-requests", "10000"]);
    assert!(!ended.stderr.contains("stopped:"), "{}", ended.stderr);
    assert_eq!(status(&example), "complete");
}

#[test]
fn a_run_ends_in_time() {
    let (server, example) = (server(), Example::new("[extract]\nmax_duration = '300ms'\n"));
    server.set(Settings { latency: std::time::Duration::from_millis(20), ..Settings::default() });
    let requests = example.load(&server, &["--select", SELECT]);
    assert!(requests < 300, "of 400: {requests}");
    assert_eq!(status(&example), "stopped");
    let refused = example.run(&server, &["run", "--max-duration", "soon"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
}

/// What a budget stopped long ago is gone on with: a day-old load that was cut off is not.
#[test]
fn what_was_not_reached_comes_first_however_old_the_load_is() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &["--select", SELECT, "--max-requests", "60"]);
    let asked = |server: &SampleServer| -> Vec<String> {
        server.log().into_iter().map(|exchange| exchange.path).collect()
    };
    let before = asked(&server);
    let old = "UPDATE _loads SET started_at = '2024-01-01T00:00:00.000000Z'";
    example.database().execute(old, []).expect("an update");
    example.load(&server, &["--select", SELECT, "--max-requests", "60"]);
    let again =
        asked(&server).into_iter().filter(|path| before.contains(path) && path.contains("/notes")).count();
    assert!(again <= 6, "{again} lists of notes were read twice");
}
