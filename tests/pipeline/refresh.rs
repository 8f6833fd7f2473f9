//! What a run leaves for later, what it never asks for, and what it says of both.

use sample_gitlab::{Change, Edit, Kind, Moment, SampleServer, Settings, Size, World, cast};

use crate::example::{Example, compare};
use crate::incremental::now;

fn server() -> SampleServer {
    let size = Size { issues: 8, merge_requests: 4, pipelines: 4, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

fn id(server: &SampleServer, path: &str) -> i64 {
    server.world().project_id(path).expect("a project")
}

/// The paths that the last run asked for in a project, without what stands before.
fn asked_of(server: &SampleServer, project: i64) -> Vec<String> {
    let start = format!("/api/v4/projects/{project}/");
    server.log().iter().filter_map(|exchange| exchange.path.strip_prefix(&start).map(str::to_owned)).collect()
}

#[test]
fn with_nothing_changed_only_what_every_run_needs_is_asked_for() {
    let (server, example) = (server(), Example::patient(""));
    let first = example.load(&server, &[]);
    let tables = example.tables();
    server.clear_log();
    let said = example.succeed(&server, &["run"]).stderr;
    let second = server.log().len();
    assert!(second * 20 < first, "{second} requests after {first}");
    assert!(said.contains(" are left for later: the next is due at "), "{said}");
    assert!(said.contains("as nothing above them has come: issue_links, issue_notes"), "{said}");
    compare(&example.tables(), &tables, "after a second run");
    let report = example.json(&server, &["info", "--last", "1", "--format", "json"]);
    let left = &report[0]["left_for_later"];
    assert!(left["lists"].as_u64() > Some(100) && left["due_at"].is_string(), "{left}");
    assert!(example.succeed(&server, &["info"]).stdout.contains("left for later: "));
    assert_eq!(example.load(&server, &["--full-refresh"]), first);
}

#[test]
fn activity_brings_a_project_back_and_no_other() {
    let (server, example) = (server(), Example::patient(""));
    example.load(&server, &[]);
    let (home, other) = (id(&server, cast::ORDINARY), id(&server, cast::SHARED));
    server.world().create_issue(home, now());
    example.load(&server, &[]);
    let asked = asked_of(&server, home);
    for list in ["pipelines", "repository/branches", "events"] {
        assert!(asked.iter().any(|path| path == list), "{list} of {asked:?}");
    }
    for slow in ["labels", "members", "boards", "languages"] {
        assert!(!asked.iter().any(|path| path == slow), "{slow} of {asked:?}");
    }
    assert_eq!(asked_of(&server, other), Vec::<String>::new());
    assert_eq!(
        example.count("project_issues"),
        server.world().count("/projects/{id}/issues").expect("a list")
    );
}

#[test]
fn what_is_switched_off_is_not_asked_for_until_it_is_on_again() {
    let (server, example) = (server(), Example::patient(""));
    example.load(&server, &[]);
    let (handbook, blank) = (id(&server, cast::ISSUES_OFF), id(&server, cast::EMPTY_REPOSITORY));
    let starts = |paths: &[String], start: &str| paths.iter().any(|path| path.starts_with(start));
    server.clear_log();
    let said = example.succeed(&server, &["run", "--full-refresh"]).stderr;
    let (without_issues, empty) = (asked_of(&server, handbook), asked_of(&server, blank));
    assert!(!starts(&without_issues, "issues") && !starts(&without_issues, "boards"), "{without_issues:?}");
    assert!(starts(&without_issues, "labels"), "they are those of merge requests as well");
    assert!(!starts(&empty, "repository/commits") && starts(&empty, "repository/tags"), "{empty:?}");
    let line =
        said.lines().find(|line| line.contains("say that they are switched off or empty")).expect("a note");
    assert!(line.contains("`project_issues` 1") && line.contains("`project_commits` 1"), "{line}");
    server.world().apply(Edit::Change { project: handbook, change: Change::Issues(true) });
    server.world().create_issue(handbook, now());
    example.load(&server, &[]);
    assert!(starts(&asked_of(&server, handbook), "issues"));
    assert_eq!(
        example.count("project_issues"),
        server.world().count("/projects/{id}/issues").expect("a list")
    );
    example.configure("[extract]\nask_for_everything = true");
    example.load(&server, &[]);
    assert!(starts(&asked_of(&server, blank), "repository/commits"));
}

#[test]
fn an_archived_project_is_read_once_more() {
    let (server, example) = (server(), Example::patient(""));
    example.load(&server, &[]);
    let home = id(&server, cast::ORDINARY);
    let archived = Edit::Change { project: home, change: Change::Archive(true) };
    server.world().create_issue(home, now());
    server.world().apply(archived);
    example.load(&server, &[]);
    for list in ["pipelines", "events"] {
        assert!(asked_of(&server, home).iter().any(|path| path == list), "{list}");
    }
    // Whatever its activity says: it is read-only, but for its packages. Issues of the last minutes come once more, in the
    // list of all, and with them what hangs on them.
    example.load(&server, &[]);
    let asked = asked_of(&server, home);
    let own: Vec<_> = asked.iter().filter(|path| !path.starts_with("issues/")).collect();
    assert_eq!(own, ["packages"]);
}

#[test]
fn what_was_refused_is_asked_again_when_it_is_due() {
    let select = "--select=project_protected_branches";
    let (server, example) = (server(), Example::patient(""));
    let refusals = |server: &SampleServer| server.log().iter().filter(|one| one.status == Some(403)).count();
    example.load(&server, &[select]);
    let refused = refusals(&server);
    assert!(refused > 0);
    server.clear_log();
    let strict = example.run(&server, &["run", "--strict", select]);
    assert_eq!((refusals(&server), strict.code), (0, Some(6)), "{}", strict.stderr);
    assert!(strict.stderr.contains("skipped: "), "{}", strict.stderr);
    example.configure("[resources.project_protected_branches]\nrefresh_every = '0'");
    example.load(&server, &[select]);
    assert_eq!(refusals(&server), refused);
}

#[test]
fn without_notes_of_the_system_nobody_is_asked_what_nobody_wrote() {
    let select = "--select=issue_notes,merge_request_notes";
    let (server, all) = (server(), Example::patient(""));
    let notes =
        |server: &SampleServer| server.log().iter().filter(|one| one.path.ends_with("/notes")).count();
    all.load(&server, &[select]);
    let asked_for_all = notes(&server);
    let own = Example::patient("[load]\nsystem_notes = false");
    own.load(&server, &[select]);
    assert!(notes(&server) < asked_for_all, "{} of {asked_for_all}", notes(&server));
    let written = "SELECT count(*) FROM issue_notes WHERE system = 0";
    assert_eq!(own.column(written), all.column(written));
    assert_eq!(own.column("SELECT count(*) FROM issue_notes WHERE system = 1"), ["0"]);
    let marking = Example::patient("[load]\nsystem_notes = false\nmark_deleted = true");
    marking.load(&server, &[select]);
    assert_eq!(notes(&server), asked_for_all, "a list that has become empty has to show it");
    let (home, at) = (id(&server, cast::ORDINARY), now());
    server.world().apply(Edit::Comment { kind: Kind::Issue, project: home, iid: 1, at });
    own.load(&server, &[select]);
    assert_eq!(notes(&server), 1);
    assert!(at > Moment::NOW);
}
