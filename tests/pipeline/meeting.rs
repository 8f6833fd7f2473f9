//! Runs that meet: at once on one database, or one after another that was configured otherwise.

use std::process::{Child, Stdio};
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};

use crate::example::{Example, compare};

const ISSUES: &str = "--select=project_issues,issue_notes";

fn server() -> SampleServer {
    let size = Size { issues: 40, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

/// A run takes seconds, so that others begin while it lasts, however busy the machine is.
fn slow() -> Settings {
    Settings { latency: Duration::from_millis(200), ..Settings::default() }
}

fn start(example: &Example, server: &SampleServer) -> Child {
    let mut command = example.command(server);
    command.args(["run", ISSUES]).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("a child")
}

/// Waits until a load says that it runs.
fn await_load(example: &Example) {
    while example.database().query_row("SELECT 1 FROM _loads", [], |_| Ok(())).is_err() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn statuses(example: &Example, server: &SampleServer) -> Vec<String> {
    let loads = example.json(server, &["info", "--format", "json"]);
    let loads = loads.as_array().expect("a list").iter();
    loads.map(|load| load["status"].as_str().expect("a status").to_owned()).collect()
}

#[test]
fn of_runs_at_once_one_loads_and_the_others_are_refused_by_name() {
    let server = server();
    let undisturbed = Example::new("");
    undisturbed.load(&server, &[ISSUES]);
    server.set(slow());
    let example = Example::new("");
    let children: Vec<Child> = (0..3).map(|_| start(&example, &server)).collect();
    let ids: Vec<u32> = children.iter().map(Child::id).collect();
    let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().expect("an end")).collect();
    let winner = ended.iter().position(|output| output.status.success()).expect("one that loads");
    for output in ended.iter().enumerate().filter(|(at, _)| *at != winner).map(|(_, output)| output) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("another run is loading into sqlite file"), "{said}");
        assert!(said.contains(&format!("process {}", ids[winner])) && said.contains("hint:"), "{said}");
    }
    assert_eq!(statuses(&example, &server), ["complete"]);
    compare(&example.tables(), &undisturbed.tables(), "with three runs at once");
}

#[test]
fn with_a_lock_timeout_runs_take_turns() {
    let server = server();
    let undisturbed = Example::new("");
    undisturbed.load(&server, &[ISSUES]);
    server.set(slow());
    let example = Example::new("[load]\nlock_timeout = '5m'\n");
    let children: Vec<Child> = (0..2).map(|_| start(&example, &server)).collect();
    let ended = children.into_iter().map(|child| child.wait_with_output().expect("an end"));
    let said: Vec<String> = ended
        .map(|output| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            said
        })
        .collect();
    let waited = said.iter().filter(|said| said.contains("waiting: another run is loading into sqlite file"));
    assert_eq!(waited.count(), 1, "{said:?}");
    assert_eq!(statuses(&example, &server), ["complete", "complete"]);
    compare(&example.tables(), &undisturbed.tables(), "after two runs in turn");

    // Who does not wait for ever is refused in the end.
    let example = Example::new("");
    let mut first = start(&example, &server);
    await_load(&example);
    let patience = [("PIPELINE__LOAD__LOCK_TIMEOUT", "1s")];
    let second = crate::example::output(example.command(&server).args(["run", ISSUES]).envs(patience));
    first.kill().expect("a kill");
    first.wait().expect("an end");
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("waiting: another run") && said.contains("hint:"), "{said}");
}

#[test]
fn a_dead_run_holds_nothing_and_never_shows_as_running() {
    let server = server();
    // Slow enough that it is not over before it is looked at and killed, however busy the machine is.
    server.set(Settings { latency: Duration::from_secs(1), ..Settings::default() });
    let example = Example::new("");
    let mut child = start(&example, &server);
    await_load(&example);
    assert_eq!(statuses(&example, &server), ["running"]);
    let reset = example.run(&server, &["state", "reset", "*"]);
    assert_eq!(reset.code, Some(1), "{reset:?}");
    assert!(reset.stderr.contains(&format!("process {}", child.id())), "{}", reset.stderr);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    assert_eq!(statuses(&example, &server), ["interrupted"]);
    server.set(Settings::default());
    example.load(&server, &[ISSUES]);
    assert_eq!(statuses(&example, &server), ["complete", "interrupted"]);
}

#[test]
fn what_is_configured_otherwise_is_read_anew() {
    let (server, example) = (server(), Example::new(""));
    let all = example.load(&server, &[ISSUES]);
    let tables = example.tables();
    let few = example.load(&server, &[ISSUES]);
    assert!(few * 3 < all);

    // What hangs on issues is read anew when its own table is another, though no issue has changed.
    example.configure("[resources.issue_notes]\ntable = 'comments'\n");
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("comments"), example.count("issue_notes"));
    assert!(example.load(&server, &[ISSUES]) * 3 < all, "once");

    example.configure("");
    example.database().execute_batch("DROP TABLE issue_notes; DROP TABLE comments").expect("a change");
    example.load(&server, &[ISSUES]);
    compare(&example.tables(), &tables, "after a table was dropped");

    let late = Example::new("[load]\nstart_date = 2024-10-01\n");
    let since_october = late.load(&server, &[ISSUES]);
    assert!(late.count("project_issues") < example.count("project_issues"));
    late.configure("[load]\nstart_date = 2024-01-01\n");
    late.load(&server, &[ISSUES]);
    late.configure("");
    late.load(&server, &[ISSUES]);
    compare(&late.tables(), &tables, "after the start moved");
    late.configure("[load]\nstart_date = 2024-10-01\n");
    assert!(late.load(&server, &[ISSUES]) * 3 < since_october, "a later start changes nothing");
}

#[test]
fn a_table_that_two_would_fill_otherwise_is_refused_before_the_first_request() {
    const LINKS: &str = "--select=issue_links";
    let (server, example) = (server(), Example::new("[resources.issue_links]\ntable = 'project_issues'\n"));
    let ended = example.run(&server, &["run", LINKS]);
    assert_eq!((ended.code, server.log().len()), (Some(2), 0), "{}", ended.stderr);
    let said = "`project_issues` and `issue_links` both write to table `project_issues`";
    assert!(ended.stderr.contains(said) && ended.stderr.contains("hint:"), "{}", ended.stderr);
    let plan = example.run(&server, &["plan", LINKS]);
    assert!(plan.stderr.contains(said), "{}", plan.stderr);
    let check = example.run(&server, &["check"]);
    assert!(check.stdout.contains("fault    `"), "{}", check.stdout);
}
