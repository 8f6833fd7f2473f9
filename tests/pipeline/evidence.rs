//! What stands between the pipeline and GitLab: it is told from GitLab, got over where it passes, and named where not.

use std::process::Stdio;
use std::time::{Duration, Instant};

use sample_gitlab::{Fault, Faults, RateLimit, SampleServer, Settings, Size, TooMany, World, cast};

use crate::example::{Example, compare};

const LISTS: &str = "--select=project_issues,project_milestones,project_labels,project_branches";

fn server(settings: Settings) -> SampleServer {
    SampleServer::start(World::new(Size::small()), settings).expect("a server")
}

fn failing(fault: Fault, chance: f64, at_most_in_a_row: u32) -> Settings {
    let faults = Faults { at_most_in_a_row, ..Faults::default().with(fault, chance) };
    Settings { faults, ..Settings::default() }
}

#[test]
fn what_passes_costs_no_row() {
    let server = server(Settings::default());
    let undisturbed = Example::new("");
    undisturbed.load(&server, &[LISTS]);
    let expected = undisturbed.tables();
    for (fault, chance) in
        [(Fault::HtmlStatus(403), 0.3), (Fault::Status(401), 0.1), (Fault::HtmlStatus(503), 0.3)]
    {
        let mut settings = failing(fault, chance, 1);
        // The first request of all shows that the token is good.
        settings.faults.only = Some("/projects/{id}/labels".to_owned());
        server.set(settings);
        server.clear_log();
        let example = Example::impatient("");
        let ended = example.run(&server, &["run", LISTS]);
        assert_eq!(ended.code, Some(0), "{fault:?}\n{}", ended.stderr);
        let faults = server.log().iter().filter(|exchange| exchange.fault.is_some()).count();
        assert!(faults > 0, "{fault:?} did not happen");
        compare(&example.tables(), &expected, &format!("with {fault:?}"));
    }
}

#[test]
fn a_wall_that_stays_fails_its_lists_and_no_other() {
    let mut settings = failing(Fault::HtmlStatus(403), 1.0, u32::MAX);
    settings.faults.only = Some("/projects/{id}/milestones".to_owned());
    let server = server(settings);
    let example = Example::impatient("[extract]\nretries = 2");
    let ended = example.run(&server, &["run", LISTS]);
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("`project_milestones`: not GitLab, but something before it answers"),
        "{}",
        ended.stderr
    );
    assert!(example.count("project_issues") > 100);
}

#[test]
fn a_sign_in_page_is_named_at_once() {
    let server = server(failing(Fault::SignIn, 1.0, u32::MAX));
    let example = Example::new("");
    for command in ["run", "check", "plan"] {
        server.clear_log();
        let ended = example.run(&server, &[command]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("sent to a page to sign in, `/users/sign_in`"), "{}", ended.stderr);
        assert!(ended.stderr.contains("hint: ") && ended.stderr.contains("`gitlab.url`"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("enabled = false"), "{}", ended.stderr);
        assert!(server.log().len() <= 6, "{command}: {} requests", server.log().len());
    }
}

#[test]
fn a_proxy_that_decodes_slashes_is_named_and_ids_are_a_way_out() {
    let server = server(Settings { decodes_slashes: true, ..Settings::default() });
    let by_path = Example::new(&format!("[scope]\nprojects = ['{}']", cast::ORDINARY));
    for command in ["run", "check"] {
        let ended = by_path.run(&server, &[command]);
        assert_eq!(ended.code, Some(5), "{}", ended.stderr);
        assert!(ended.stderr.contains("before GitLab seems to decode `%2F`"), "{}", ended.stderr);
        assert!(ended.stderr.contains("numeric id"), "{}", ended.stderr);
    }
    let id = server.world().project_id(cast::ORDINARY).expect("a project");
    let by_id = Example::new(&format!("[scope]\nprojects = [{id}]"));
    by_id.load(&server, &["--select=project_issues"]);
    assert!(by_id.count("project_issues") > 0);
}

#[test]
fn the_address_of_a_project_is_as_good_as_its_path() {
    let server = server(Settings::default());
    let forms = [
        cast::ORDINARY.replace('/', "%2F"),
        format!("{}/{}.git", server.url(), cast::ORDINARY),
        format!("{}/", cast::ORDINARY),
    ];
    for form in forms {
        let example = Example::new(&format!("[scope]\nprojects = ['{form}']"));
        example.load(&server, &["--select=project_issues"]);
        assert!(example.count("project_issues") > 0, "{form}");
    }
    server.clear_log();
    let elsewhere = Example::new("[scope]\nprojects = ['https://elsewhere.example/acme/shop']");
    let ended = elsewhere.run(&server, &["run"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("lies on `elsewhere.example`"), "{}", ended.stderr);
    assert!(server.log().is_empty());
}

#[test]
fn texts_in_other_bytes_are_loaded_and_counted() {
    let mut settings = failing(Fault::LatinByte, 1.0, u32::MAX);
    settings.faults.only = Some("/projects/{id}/repository/commits".to_owned());
    let server = server(settings);
    let example = Example::new("");
    let ended = example.succeed(&server, &["run", "--select=project_commits"]);
    let held = server.world().count("/projects/{id}/repository/commits").expect("a list");
    assert_eq!(example.count("project_commits"), held);
    assert!(ended.stderr.contains("held bytes that are no UTF-8"), "{}", ended.stderr);
    let mended = example.column(
        "SELECT count(*) FROM project_commits WHERE title LIKE 'Müller %' OR message LIKE 'Müller %'",
    );
    assert_ne!(mended, ["0"]);
}

#[test]
fn a_gateway_s_limit_in_seconds_to_go_is_kept() {
    let limit = RateLimit { requests: 20, window: Duration::from_secs(2), answer: TooMany::Gateway };
    let server = server(Settings { rate_limit: Some(limit), ..Settings::default() });
    let example = Example::impatient("");
    example.load(&server, &["--select=project_issues,project_labels,project_branches"]);
    let refused = server.log().iter().filter(|exchange| exchange.status == Some(429)).count();
    assert!(refused <= 6, "{refused} of {}", server.log().len());
}

#[test]
fn a_server_that_is_started_anew_costs_no_row() {
    let undisturbed = Example::new("");
    let first = server(Settings { latency: Duration::from_millis(3), ..Settings::default() });
    undisturbed.load(&first, &["--select=issue_notes"]);
    let example = Example::new("[extract]\nretry_delay = '50ms'\nretries = 2");
    first.clear_log();
    let mut command = example.command(&first);
    let child =
        command.args(["run", "--select=issue_notes"]).stderr(Stdio::piped()).spawn().expect("a child");
    while first.log().len() < 30 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let port = first.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    drop(first);
    std::thread::sleep(Duration::from_secs(3));
    let began = Instant::now();
    let _second =
        SampleServer::start_on(port, World::new(Size::small()), Settings::default()).expect("the same port");
    let output = child.wait_with_output().expect("an end");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(began.elapsed() < Duration::from_secs(60), "{text}");
    compare(&example.tables(), &undisturbed.tables(), "after the server was away");
}
