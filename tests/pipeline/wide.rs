//! One list for many projects brings the same rows as one list for each, whatever the scope, and whatever the runs before
//! have done.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use sample_gitlab::{Fault, Faults, SampleServer, Settings, Size, World, cast};
use serde_json::Value;

use crate::example::{Example, compare};
use crate::incremental::now;
use crate::interrupted::killed_after;

/// What can be read in lists of groups, with what hangs on it.
const SELECT: &str = "--select=project_issues,issue_notes,issue_links,issue_resource_label_events,\
                      project_merge_requests,merge_request_notes,merge_request_commits,project_registry_repositories";

const ISSUES: &str = "--select=project_issues,issue_notes";

const GROUPS: &str = "[scope]\ngroups = ['platform', 'design']\n";

/// Issues of one project, and of a group.
const OWN: &str = "/projects/{id}/issues";
const WIDE: &str = "/groups/{id}/issues";

fn server() -> SampleServer {
    let size = Size { issues: 130, merge_requests: 30, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

fn project_by_project(config: &str) -> String {
    format!("{config}\n[extract]\nwide_lists = false\n")
}

fn id(server: &SampleServer, path: &str) -> i64 {
    server.world().project_id(path).expect("a project")
}

fn touch(server: &SampleServer, path: &str, iid: i64) {
    server.world().touch_issue(id(server, path), iid, now());
}

/// Loads anew, project by project, and compares with what is there.
fn is_as_project_by_project(
    example: &Example,
    server: &SampleServer,
    config: &str,
    select: &str,
    when: &str,
) {
    let fresh = Example::new(&project_by_project(config));
    fresh.load(server, &[select]);
    compare(&example.tables(), &fresh.tables(), when);
}

#[test]
fn the_same_rows_come_whatever_the_scope() {
    let server = server();
    for (config, wide, own) in [
        (GROUPS, WIDE, 2),
        ("", "/issues", 2),
        ("[scope]\ngroups = ['platform', 'design']\nsubgroups = false", WIDE, 3),
        ("[scope]\ngroups = ['platform']\narchived = false", WIDE, 0),
        ("[scope]\ngroups = ['platform']\nprojects = ['mira/dotfiles']", WIDE, 1),
        ("[scope]\ngroups = ['platform', 'platform/tools']", WIDE, 0),
        ("[scope]\ngroups = ['platform', 'design']\nexclude = ['*/toolbox']", WIDE, 3),
        (
            "[scope]\ngroups = ['platform', 'design']\n[resources.project_issues.query]\nstate = 'opened'",
            WIDE,
            3,
        ),
    ] {
        let example = Example::new(config);
        example.load(&server, &[SELECT]);
        assert!(server.requests(wide) > 0, "{config}");
        let alone = server.requests(OWN);
        assert!(alone <= own, "{config}: {alone} lists of issues of one project");
        is_as_project_by_project(&example, &server, config, SELECT, &format!("with {config}"));
    }
}

#[test]
fn what_a_group_lists_is_told_from_the_project() {
    let (server, example) = (server(), Example::new(GROUPS));
    example.load(&server, &[ISSUES]);
    let other = "SELECT count(*) FROM project_issues WHERE references__relative <> references__short";
    assert_eq!(example.column(other), ["0"]);
}

#[test]
fn a_later_run_asks_once_for_what_changed_anywhere() {
    let (server, example) = (server(), Example::new(GROUPS));
    example.load(&server, &[SELECT]);
    touch(&server, cast::ORDINARY, 7);
    touch(&server, cast::SHARED, 1);
    server.world().create_issue(id(&server, cast::ORDINARY), now());
    let ended = example.succeed(&server, &["run", SELECT]);
    assert!(ended.stderr.contains("of `project_issues` were read in 2 lists"), "{}", ended.stderr);
    server.clear_log();
    example.load(&server, &[SELECT]);
    assert_eq!(server.requests(WIDE), 2, "one for each group of the scope");
    assert_eq!(server.requests("/groups/{id}/merge_requests"), 2);
    assert_eq!(server.requests("/projects/{id}/merge_requests"), 0);
    assert_eq!(server.requests(OWN), 0);
    is_as_project_by_project(&example, &server, GROUPS, SELECT, "after changes");
}

/// Neither way of reading knows less for what the other has loaded, and neither reads it again.
#[test]
fn runs_go_over_from_one_way_to_the_other() {
    let (server, example) = (server(), Example::new(GROUPS));
    let own = project_by_project(GROUPS);
    for (at, config) in [GROUPS, &own, GROUPS, GROUPS, &own].into_iter().enumerate() {
        example.configure(config);
        example.load(&server, &[ISSUES]);
        // Those that changed within the lookback come again.
        let notes = server.requests("/projects/{id}/issues/{iid}/notes");
        assert!(at == 0 || notes <= 12, "run {at}: notes of {notes} issues");
        is_as_project_by_project(&example, &server, GROUPS, ISSUES, &format!("after run {at}"));
        touch(&server, cast::ORDINARY, i64::try_from(at).expect("a number") + 3);
        touch(&server, cast::SHARED, 1);
    }
}

/// What was changed before a project came into the scope is in no list of changes.
#[test]
fn a_project_that_comes_later_is_read_whole() {
    let server = server();
    let without = "[scope]\ngroups = ['platform', 'design']\nexclude = ['platform/storefront']\n";
    let example = Example::new(without);
    example.load(&server, &[ISSUES]);
    let all = example.count("project_issues");
    for run in 0..2 {
        example.configure(GROUPS);
        example.load(&server, &[ISSUES]);
        assert!(example.count("project_issues") > all + 100);
        assert_eq!(server.requests(OWN), 2, "it has a list of its own, of two pages");
        is_as_project_by_project(&example, &server, GROUPS, ISSUES, &format!("after coming {run}"));
        example.load(&server, &[ISSUES]);
        assert_eq!(server.requests(OWN), 0, "from then on it is read with the others");
        // It goes, changes, and comes again.
        example.configure(without);
        example.load(&server, &[ISSUES]);
        touch(&server, cast::ORDINARY, 11 + run);
        example.load(&server, &[ISSUES]);
    }
}

#[test]
fn where_a_wide_list_fails_each_project_is_asked() {
    for fault in [Fault::Status(500), Fault::Status(404), Fault::Status(405), Fault::HtmlInstead] {
        let server = server();
        let faults = Faults { only: Some(WIDE.to_owned()), ..Faults::always(fault) };
        server.set(Settings { faults, ..Settings::default() });
        let example = Example::impatient(&format!("{GROUPS}[extract]\nretries = 0\noutage_wait = '1ms'"));
        let ended = example.succeed(&server, &["run", ISSUES]);
        assert!(
            ended.stderr.contains("of `project_issues` were read one by one"),
            "{fault:?}: {}",
            ended.stderr
        );
        is_as_project_by_project(&example, &server, GROUPS, ISSUES, &format!("with {fault:?}"));
        server.set(Settings::default());
        touch(&server, cast::ORDINARY, 5);
        example.load(&server, &[ISSUES]);
        assert_eq!(server.requests(OWN), 0, "{fault:?}: back to one list");
        is_as_project_by_project(&example, &server, GROUPS, ISSUES, "and after a change");
    }
}

/// GitLab answers no page that begins beyond its limit, which is 50,000 records where nobody has set another.
#[test]
fn a_wide_list_that_is_too_long_for_offsets_is_read_whole() {
    let server = server();
    let example = Example::new(&format!("{GROUPS}[extract]\nper_page = 20\n"));
    for when in ["beyond the limit", "beyond the limit, after a change"] {
        server.set(Settings { offset_limit: 60, ..Settings::default() });
        example.load(&server, &[ISSUES]);
        assert!(server.requests(WIDE) > 0 && example.count("project_issues") > 120, "{when}");
        server.set(Settings::default());
        is_as_project_by_project(&example, &server, GROUPS, ISSUES, when);
        touch(&server, cast::ORDINARY, 5);
    }
}

#[test]
fn what_a_wide_list_lacks_is_read_project_by_project() {
    let (server, wide) = (server(), "/groups/{id}/merge_requests");
    for (said, reason) in [
        ("[resources.project_merge_requests.query]\niids = [1, 2, 3]", "is not known to take `iids`"),
        ("[resources.project_merge_requests]\nwide_lists = false", ""),
        ("[resources.project_merge_requests]\nwrite_disposition = 'replace'", "would not be merged"),
    ] {
        let example = Example::new(&format!("{GROUPS}{said}\n"));
        server.clear_log();
        let ended = example.succeed(&server, &["run", "--select=project_merge_requests"]);
        assert_eq!(server.requests(wide), 0, "{said}");
        assert!(ended.stderr.contains(reason), "{said}: {}", ended.stderr);
    }
    Example::new(GROUPS).load(&server, &["--select=project_merge_requests", "--limit=2"]);
    assert_eq!(server.requests(wide), 0, "a limit is one of each list");
}

#[test]
fn a_list_that_is_mostly_of_others_is_given_up() {
    let size = Size { issues: 900, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let config =
        "[scope]\ngroups = ['platform']\nexclude = ['platform/storefront']\n[extract]\nper_page = 20\n";
    let example = Example::new(config);
    let ended = example.succeed(&server, &["run", "--select=project_issues"]);
    assert!(ended.stderr.contains("most of `/groups/{id}/issues` belongs to others"), "{}", ended.stderr);
    let fresh = Example::new(&format!("{config}wide_lists = false\n"));
    fresh.load(&server, &["--select=project_issues"]);
    compare(&example.tables(), &fresh.tables(), "after giving up");
}

#[test]
fn a_whole_read_marks_what_is_gone_in_every_project() {
    let config = format!("{GROUPS}[load]\nmark_deleted = true\nfull_sweep_every = '1ms'\n");
    let (server, example) = (server(), Example::new(&config));
    example.load(&server, &[ISSUES]);
    let world = server.world();
    // Of the last project all go: then nothing comes of it, and its own list says so.
    let emptied = id(&server, cast::CI_OFF);
    let all = world.rows(OWN).expect("a list").filter(|(params, _)| params[0].1 == emptied.to_string());
    let all: Vec<i64> = all.filter_map(|(_, issue)| issue["iid"].as_i64()).collect();
    assert!(!all.is_empty());
    let some = [(id(&server, cast::ORDINARY), 7), (id(&server, cast::SHARED), 2)];
    let deleted: Vec<(i64, i64)> =
        some.into_iter().chain(all.into_iter().map(|iid| (emptied, iid))).collect();
    deleted.iter().for_each(|(project, iid)| world.delete_issue(*project, *iid));
    example.load(&server, &[ISSUES]);
    assert!(server.requests(WIDE) > 0);
    let gone = "SELECT iid || ' of ' || project_id FROM project_issues WHERE _deleted_at IS NOT NULL";
    let (mut marked, mut expected) = (example.column(gone), Vec::new());
    expected.extend(deleted.iter().map(|(project, iid)| format!("{iid} of {project}")));
    marked.sort();
    expected.sort();
    assert_eq!(marked, expected);
}

/// Where the lists of the groups' issues stood, by their paths: the time as a query has it; `None` at the end.
fn kept_points(example: &Example) -> BTreeMap<String, Option<String>> {
    let states = "SELECT state FROM _state WHERE resource = 'project_issues' AND partition LIKE '%_wide%'";
    let Some(state) = example.column(states).into_iter().next() else { return BTreeMap::new() };
    let state: Value = serde_json::from_str(&state).expect("JSON");
    let lists = state["reading"]["point"]["lists"].as_object().cloned().unwrap_or_default();
    let place = |place: &Value| Some(place.as_str()?.get(..19)?.replace(':', "%3A"));
    lists.iter().map(|(path, at)| (path.clone(), place(at))).collect()
}

#[test]
fn a_killed_run_goes_on_in_the_middle_of_a_wide_list() {
    let config = format!("{GROUPS}[load]\npackage_rows = 1\n[extract]\nconcurrency = 3\nper_page = 10\n");
    let server = server();
    let undisturbed = Example::new(&config);
    undisturbed.load(&server, &[SELECT]);
    let expected = undisturbed.tables();
    is_as_project_by_project(&undisturbed, &server, GROUPS, SELECT, "undisturbed");
    server.set(Settings { latency: Duration::from_millis(1), ..Settings::default() });
    for seed in 0..2 {
        let mut random = fastrand::Rng::with_seed(seed);
        let example = Example::new(&config);
        let (mut kills, mut resumed, mut ended, mut points) = (0, 0, 0, BTreeMap::new());
        loop {
            server.clear_log();
            let mut command = example.command(&server);
            command.args(["run", SELECT]).stderr(Stdio::null());
            let mut child = command.spawn().expect("a child");
            let over = killed_after(&mut child, &server, random.usize(60..300), random.u64(0..20));
            for (path, place) in &points {
                let path = format!("/api/v4{path}");
                let first = server.log().into_iter().find(|exchange| exchange.path == path);
                match (place, first) {
                    (Some(place), Some(first)) => {
                        assert!(
                            first.query.contains(place),
                            "seed {seed}: {} is not from {place}",
                            first.query
                        );
                        resumed += 1;
                    }
                    (None, first) => {
                        assert_eq!(first, None, "seed {seed}: it was read to its end");
                        ended += 1;
                    }
                    (Some(_), None) => {}
                }
            }
            assert!(over.is_none_or(|status| status.success()));
            if over.is_some() {
                break;
            }
            kills += 1;
            assert!(kills < 90, "it never ends");
            points = kept_points(&example);
        }
        assert!(resumed > 0, "seed {seed}: no kill came in the middle, of {kills}");
        println!("seed {seed}: {kills} kills, {resumed} lists gone on with, {ended} left alone");
        compare(&example.tables(), &expected, &format!("with seed {seed} after {kills} kills"));
    }
    touch(&server, cast::ORDINARY, 9);
    undisturbed.load(&server, &[SELECT]);
    assert!(server.requests("/projects/{id}/issues/{iid}/notes") < 12);
    is_as_project_by_project(&undisturbed, &server, GROUPS, SELECT, "after a change");
}
