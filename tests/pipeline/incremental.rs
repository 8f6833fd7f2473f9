//! What a second run costs and what it brings: against the sample server, counted in requests.

use std::collections::BTreeSet;
use std::time::SystemTime;

use sample_gitlab::{Edit, Fault, Faults, Kind, Moment, SampleServer, Settings, Size, World, cast};
use serde_json::Value;

use crate::example::{Example, compare};

const ISSUES: &str = "--select=project_issues,issue_notes,issue_links";

const NOTES: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'issue_notes'";

fn server() -> SampleServer {
    let size = Size { issues: 60, merge_requests: 8, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

fn asked(server: &SampleServer, template: &str) -> usize {
    usize::try_from(server.requests(template)).expect("a number")
}

fn count(server: &SampleServer, list: &str) -> usize {
    server.world().count(&format!("/projects/{{id}}/{list}")).expect("a list")
}

pub(crate) fn now() -> Moment {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    Moment::from_millis(i64::try_from(now.as_millis()).expect("a time"))
}

fn project(server: &SampleServer) -> i64 {
    server.world().project_id(cast::ORDINARY).expect("a project")
}

/// Whether a request is for what hangs on an issue, a merge request or a pipeline.
fn hangs_on_a_change(path: &str) -> bool {
    ["issues", "merge_requests", "pipelines"].iter().any(|list| path.contains(&format!("/{list}/")))
}

#[test]
fn with_nothing_changed_each_list_is_asked_once() {
    let (server, example) = (server(), Example::new(""));
    let first = example.load(&server, &[]);
    let tables = example.tables();
    let second = example.load(&server, &[]);
    let lists: BTreeSet<String> = server.log().into_iter().map(|exchange| exchange.path).collect();
    let lists = lists.iter().filter(|path| !hangs_on_a_change(path)).count();
    assert_eq!(second, lists, "one request for each list, and none that only a change leads to");
    assert!(second * 3 <= first, "{second} requests after {first}");
    compare(&example.tables(), &tables, "after a second run");
}

#[test]
fn what_changed_is_fetched_with_what_hangs_on_it() {
    // A link repeats the issue that it leads to, whose change moves no other issue's time.
    const NOTES_ALONE: &str = "--select=issue_notes";
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &[NOTES_ALONE]);
    let unchanged = example.load(&server, &[NOTES_ALONE]);
    let (world, project) = (server.world(), project(&server));
    let changed = [3, 50, 51, 52, 59];
    changed.iter().for_each(|iid| world.touch_issue(project, *iid, now()));
    world.create_issue(project, now());
    let third = example.load(&server, &[NOTES_ALONE]);
    assert_eq!(third, unchanged + 6, "the notes of five changed issues and a new one");
    let fresh = Example::new("");
    fresh.load(&server, &[NOTES_ALONE]);
    compare(&example.tables(), &fresh.tables(), "after changes");
}

#[test]
fn rows_that_a_whole_read_no_longer_finds_are_marked() {
    let config = "[load]\nmark_deleted = true\nfull_sweep_every = '1ms'\n";
    let (server, example) = (server(), Example::new(config));
    example.load(&server, &[ISSUES]);
    let (world, project) = (server.world(), project(&server));
    world.delete_issue(project, 7);
    world.touch_issue(project, 8, now());
    example.load(&server, &[ISSUES]);
    let gone = "SELECT iid || ' of ' || project_id FROM project_issues WHERE _deleted_at IS NOT NULL";
    assert_eq!(example.column(gone), [format!("7 of {project}")]);

    // A read of changes alone says nothing of what is gone.
    example.configure("[load]\nmark_deleted = true\n");
    world.delete_issue(project, 9);
    example.load(&server, &[ISSUES]);
    assert_eq!(example.column(gone).len(), 1);
    // Nor does one that was cut off.
    example.configure(config);
    example.load(&server, &[ISSUES, "--limit=2"]);
    assert_eq!(example.column(gone).len(), 1);
}

#[test]
fn a_full_refresh_reads_everything_again() {
    let (server, example) = (server(), Example::new(""));
    let first = example.load(&server, &[ISSUES]);
    assert!(example.load(&server, &[ISSUES]) < first / 10);
    assert_eq!(example.load(&server, &[ISSUES, "--full-refresh"]), first);
    assert!(example.load(&server, &[ISSUES]) < first / 10);
}

#[test]
fn a_sweep_finds_children_whose_parent_did_not_move_and_leaves_the_settled_alone() {
    let (server, example) = (server(), Example::new("[load]\nfull_sweep_every = '1ms'"));
    let select = "--select=issue_notes,pipeline_jobs,pipeline_bridges";
    example.load(&server, &[select]);
    let jobs =
        || usize::try_from(server.requests("/projects/{id}/pipelines/{pipeline_id}/jobs")).expect("a number");
    let all = server.world().rows("/projects/{id}/pipelines").expect("a list");
    let is_open = |pipeline: &Value| {
        !["success", "failed", "canceled", "skipped"]
            .contains(&pipeline["status"].as_str().unwrap_or_default())
    };
    let pipelines: Vec<bool> = all.map(|(_, pipeline)| is_open(&pipeline)).collect();
    let open = pipelines.iter().filter(|open| **open).count();
    assert!(open < pipelines.len());
    assert_eq!(jobs(), pipelines.len(), "a first run reads the jobs of all");
    example.load(&server, &[select]);
    assert_eq!(jobs(), open, "a sweep those that may have changed");
    assert_eq!(
        asked(&server, "/projects/{id}/issues/{iid}/notes"),
        count(&server, "issues"),
        "and the notes of all issues"
    );
    example.configure("[load]\nfull_sweep_every = '1ms'\n[extract]\nsettled_after = 'never'");
    example.load(&server, &[select]);
    assert_eq!(jobs(), pipelines.len());
}

#[test]
fn a_start_date_bounds_what_has_a_time() {
    let server = server();
    let all = server.world().rows("/projects/{id}/issues").expect("a list");
    let late: BTreeSet<String> = all
        .filter(|(_, issue)| issue["updated_at"].as_str().is_some_and(|at| at >= "2024-10-01"))
        .map(|(_, issue)| issue["id"].to_string())
        .collect();
    assert!(late.len() > 10 && late.len() < count(&server, "issues") - 10);
    let loaded = |example: &Example| example.column("SELECT id FROM project_issues").into_iter().collect();
    let example = Example::new("[load]\nstart_date = 2024-10-01");
    example.load(&server, &[ISSUES]);
    assert_eq!(late, loaded(&example));

    let example = Example::new("[load]\nstart_date = 'now'");
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("project_issues"), 0);
    server.world().touch_issue(project(&server), 5, now());
    example.load(&server, &[ISSUES]);
    assert_eq!(example.column("SELECT iid FROM project_issues"), ["5"]);
}

#[test]
fn what_is_loaded_for_the_first_time_is_loaded_whole() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &["--select=project_issues"]);
    example.load(&server, &[ISSUES]);
    assert_eq!(
        example.count("issue_notes"),
        count(&server, "issues/{iid}/notes"),
        "the notes of issues that were loaded before"
    );
    let few = example.load(&server, &["--select=project_issues"]);
    assert_eq!(example.load(&server, &[ISSUES]), few, "each keeps its own cursor");
}

#[test]
fn a_failure_below_is_made_good_by_the_next_run() {
    let (server, example) = (server(), Example::new("[extract]\nretries = 0"));
    let notes = Some("/projects/{id}/issues/{iid}/notes".to_owned());
    let faults = Faults { only: notes, ..Faults::always(Fault::Status(500)) };
    server.set(Settings { faults, ..Settings::default() });
    let ended = example.run(&server, &["run", ISSUES]);
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    assert_eq!(
        (example.count("project_issues"), example.column(NOTES)),
        (count(&server, "issues"), vec!["0".to_owned()])
    );
    server.set(Settings::default());
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("issue_notes"), count(&server, "issues/{iid}/notes"));
}

#[test]
fn a_vanished_parent_leaves_the_state() {
    let (server, example) = (server(), Example::new(""));
    let kept = |example: &Example| {
        let shown = example.json(&server, &["state", "show", "project_issues", "--format", "json"]);
        let entries = shown.as_array().expect("a list").iter();
        let own = entries.clone().filter_map(|entry| entry["partition"]["project_id"].as_i64());
        let together = entries.filter_map(|entry| entry["state"]["covers"]["of"].as_array());
        own.chain(together.flatten().filter_map(Value::as_i64)).collect::<Vec<_>>()
    };
    example.load(&server, &[ISSUES]);
    assert!(kept(&example).contains(&project(&server)));
    server.world().apply(Edit::DeleteProject { project: project(&server) });
    example.load(&server, &[ISSUES, "--limit=1"]);
    assert!(kept(&example).contains(&project(&server)), "a run that was cut off cannot tell");
    example.load(&server, &[ISSUES]);
    assert!(!kept(&example).is_empty() && !kept(&example).contains(&project(&server)));
}

#[test]
fn state_can_be_reset_for_a_part() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &[ISSUES]);
    let reset = example.succeed(&server, &["state", "reset", "issue_n*"]);
    assert!(reset.stdout.starts_with("state of 2 partitions reset"), "{reset:?}");
    example.load(&server, &["--select=project_issues,issue_links"]);
    assert_eq!(server.requests("/projects/{id}/issues/{iid}/links"), 0, "links are known as before");
    example.load(&server, &[ISSUES]);
    assert_eq!(asked(&server, "/projects/{id}/issues/{iid}/notes"), count(&server, "issues"));
    let table = example.succeed(&server, &["state"]);
    assert!(table.stdout.starts_with("resource"), "{table:?}");
}

#[test]
fn info_tells_how_the_last_loads_went() {
    let (server, example) = (server(), Example::new(""));
    assert_eq!(example.succeed(&server, &["info"]).stdout, "no load yet\n");
    let select = "--select=project_issues,project_pipelines";
    let requests = example.load(&server, &[select]);
    example.load(&server, &[select]);
    let loads = example.json(&server, &["info", "--format", "json"]);
    let first = &loads[1];
    assert_eq!((&first["status"], &first["requests"]), (&"complete".into(), &requests.into()));
    assert_eq!(first["rows"]["project_issues"], count(&server, "issues"));
    let left_out = &first["left_out"][0];
    assert_eq!((&left_out["resource"], &left_out["partitions"]), (&"project_pipelines".into(), &1.into()));
    assert!(left_out["reason"].as_str().is_some_and(|reason| reason.contains("403")), "{left_out}");
    assert!(first["schema_changes"].as_array().is_some_and(|changes| !changes.is_empty()));
    let shown = example.succeed(&server, &["info", "--last", "1"]).stdout;
    assert!(
        shown.starts_with("load ") && shown.contains("skipped: 1 partition of `project_pipelines`"),
        "{shown}"
    );
}

/// A merge request that a run read before it changed is read again by the next.
#[test]
fn merge_requests_and_their_notes_follow() {
    let (server, example) = (server(), Example::new(""));
    let select = "--select=project_merge_requests,merge_request_notes";
    example.load(&server, &[select]);
    let edit = Edit::Touch { kind: Kind::MergeRequest, project: project(&server), iid: 4, at: now() };
    server.world().apply(edit);
    example.load(&server, &[select]);
    assert_eq!(server.requests("/projects/{id}/merge_requests/{iid}/notes"), 1);
    let title = example.column("SELECT title FROM project_merge_requests WHERE iid = 4 ORDER BY project_id");
    assert!(title[0].ends_with("[edit 1]"), "{title:?}");
}
