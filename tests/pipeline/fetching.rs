//! A server that fails, limits, lies and grows: the tables hold what it has all the same, and it is treated gently.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sample_gitlab::{
    Edit, Exchange, Fault, Faults, RateLimit, SampleServer, ScheduledEdit, Settings, Size, SlowPages,
    TooMany, World, cast,
};

use crate::example::{Example, Row, Tables, compare};

fn server(size: Size, settings: Settings) -> SampleServer {
    SampleServer::start(World::new(size), settings).expect("a server")
}

fn statuses(log: &[Exchange]) -> Vec<u16> {
    log.iter().filter_map(|exchange| exchange.status).collect()
}

/// Whatever is not below an issue or a merge request: some 250 requests.
const WIDE: &str = "--select=groups,projects,project_*,group_*";
const ISSUES: &str = "--select=project_issues";
const TEMPLATE: &str = "/projects/{id}/issues";

#[test]
fn faults_of_every_kind_change_no_row() {
    let server = server(Size::small(), Settings::default());
    let undisturbed = Example::new("");
    undisturbed.load(&server, &[WIDE]);
    let expected = undisturbed.tables();
    for seed in [1, 22, 333] {
        let kinds = [
            Fault::Status(429),
            Fault::Status(500),
            Fault::Status(502),
            Fault::Status(503),
            Fault::Status(504),
            Fault::HtmlStatus(503),
            Fault::Reset,
            Fault::CutBody,
            Fault::HtmlInstead,
            Fault::Stall,
        ];
        let none = Faults { seed, ..Faults::default() };
        let faults = kinds.into_iter().fold(none, |faults, kind| faults.with(kind, 0.05));
        server.set(Settings { faults, ..Settings::default() });
        server.clear_log();
        let disturbed = Example::impatient("[extract]\ntimeout = '300ms'\nrate_limit_wait = '20ms'");
        let ended = disturbed.run(&server, &["run", WIDE]);
        assert_eq!(ended.code, Some(0), "seed {seed}\n{}", ended.stderr);
        let failed = server.log().iter().filter(|exchange| exchange.fault.is_some()).count();
        assert!(failed > 100, "half of all requests fail: {failed}");
        compare(&disturbed.tables(), &expected, &format!("with seed {seed}"));
    }
}

#[test]
fn retries_are_counted_by_resource() {
    let faults =
        Faults { only: Some(TEMPLATE.to_owned()), at_most_in_a_row: 2, ..Faults::always(Fault::HtmlInstead) };
    let server = server(Size::one_project(50), Settings { faults, ..Settings::default() });
    let ended = Example::impatient("").succeed(&server, &["run", ISSUES]);
    let line = |name: &str| {
        let line = ended.stderr.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    // Records, requests, retries, skipped, failed.
    assert_eq!(line("project_issues"), ["50", "1", "2", "0", "0"], "{}", ended.stderr);
    assert_eq!(line("projects")[2], "0");
}

/// How often in a row requests were refused, at most.
fn refused_in_a_row(statuses: &[u16]) -> usize {
    statuses.split(|status| *status != 429).map(<[u16]>::len).max().unwrap_or(0)
}

#[test]
fn a_limit_that_is_told_is_used_up_and_hardly_exceeded() {
    let requests = 90;
    let limit = RateLimit { requests, window: Duration::from_secs(2), answer: TooMany::PlainText };
    let server = server(Size::small(), Settings { rate_limit: Some(limit), ..Settings::default() });
    let example = Example::impatient("");
    let began = std::time::Instant::now();
    example.load(&server, &[WIDE]);
    let windows = began.elapsed().as_secs_f64() / 2.0;
    let statuses = statuses(&server.log());
    let refused = refused_with(&server, 429);
    assert!(refused_in_a_row(&statuses) <= 1, "{statuses:?}");
    assert!(refused <= 1, "{refused} of {} were refused", statuses.len());
    // How near it comes to the limit, a test of the limiter says, with a clock of its own.
    let used = f64::from(u32::try_from(statuses.len()).expect("few")) / windows;
    eprintln!(
        "{} requests in {windows:.1} windows, {refused} refused: {used:.0} of {requests} a window",
        statuses.len()
    );
}

#[test]
fn a_limit_that_is_not_told_is_learnt() {
    let limit = RateLimit { requests: 60, window: Duration::from_secs(1), answer: TooMany::Json };
    let server = server(Size::one_project(120), Settings { rate_limit: Some(limit), ..Settings::default() });
    let example = Example::impatient("[extract]\nconcurrency = 4");
    example.load(&server, &["--select=issue_notes"]);
    let statuses = statuses(&server.log());
    let refused = refused_with(&server, 429);
    // Requests on their way when the first refusal comes are refused as well; the limit is known then.
    assert!(refused_in_a_row(&statuses) <= 4, "{statuses:?}");
    assert!((1..=8).contains(&refused), "{refused} of {}", statuses.len());
}

#[test]
fn pages_that_take_too_long_are_made_smaller_and_nothing_is_lost_or_doubled() {
    let slow_pages = vec![SlowPages { template: TEMPLATE.to_owned(), largest: 25 }];
    let server = server(Size::one_project(330), Settings { slow_pages, ..Settings::default() });
    let example = Example::impatient("[resources.project_issues]\nwrite_disposition = 'append'");
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("project_issues"), 330, "appended, so a doubled row would show");
    let log = server.log();
    let asked = |size: &str| {
        log.iter()
            .filter(|exchange| exchange.template == Some("/projects/{id}/issues"))
            .filter(|exchange| exchange.query.split('&').any(|pair| pair == format!("per_page={size}")))
            .count()
    };
    // Three times each, then it is known.
    assert_eq!((asked("100"), asked("50"), asked("20")), (3, 3, 17), "{:?}", server.counts());
}

#[test]
fn a_page_in_the_middle_that_takes_too_long_is_made_smaller_from_there() {
    let server = server(Size::one_project(330), Settings::default());
    // Pages of 30 become pages of 5 from record 60 on.
    let append = "[resources.project_issues]\nwrite_disposition = 'append'";
    let example = Example::impatient(&format!("[extract]\nper_page = 30\n{append}"));
    let heavy = Faults {
        only: Some(TEMPLATE.to_owned()),
        seed: 4,
        at_most_in_a_row: 3,
        chances: vec![(Fault::Status(504), 0.4)],
    };
    server.set(Settings { faults: heavy, ..Settings::default() });
    let ended = example.succeed(&server, &["run", ISSUES]);
    assert_eq!(example.count("project_issues"), 330, "{}", ended.stderr);
    let shrunk = server.log().iter().filter(|exchange| exchange.query.contains("per_page=5")).count();
    assert!(shrunk > 0, "the seed has no page that fails three times");
}

#[test]
fn a_list_too_long_for_offsets_goes_on_by_keyset() {
    let settings = Settings { offset_limit: 300, ..Settings::default() };
    let server = server(Size::one_project(730), settings);
    let example = Example::new("[resources.project_issues.query]\norder_by = 'title'");
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("project_issues"), 730);
    assert_eq!(refused_with(&server, 405), 1);
}

#[test]
fn an_order_that_keyset_lacks_gives_way() {
    let settings = Settings { offset_limit: 6, ..Settings::default() };
    let server = server(Size::small(), settings);
    let example = Example::new("[extract]\nper_page = 3\n[resources.projects.query]\norder_by = 'name'");
    example.load(&server, &["--select=projects"]);
    assert_eq!(example.count("projects"), 7);
    assert_eq!(refused_with(&server, 405), 2, "offset, then keyset by name");
}

fn refused_with(server: &SampleServer, status: u16) -> usize {
    statuses(&server.log()).into_iter().filter(|found| *found == status).count()
}

#[test]
fn a_proxy_that_lies_about_its_host_is_not_followed() {
    let public_url = "https://gitlab.corp.invalid/git".to_owned();
    let server = server(Size::one_project(730), Settings { public_url, ..Settings::default() });
    let example = Example::new("");
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("project_issues"), 730);
}

#[test]
fn groups_with_more_projects_than_their_body_shows_are_read_whole() {
    let size = Size { projects: 200, issues: 1, ..Size::small() };
    let server = server(size, Settings::default());
    // Reached three times: through both groups, and by name.
    let scope = format!(
        "[scope]\ngroups = ['{}', '{}']\nprojects = ['{}']",
        cast::PLATFORM,
        cast::TOOLS,
        cast::SHARED
    );
    let example = Example::new(&scope);
    example.load(&server, &["--select=projects,groups"]);
    let world = server.world();
    let below = |path: &serde_json::Value| {
        path.as_str().is_some_and(|path| path.starts_with(&format!("{}/", cast::PLATFORM)))
    };
    let expected = world.rows("/projects").expect("a list");
    let expected = expected.filter(|(_, project)| below(&project["path_with_namespace"])).count();
    assert!(expected > 100, "{expected}");
    assert_eq!(example.count("projects"), expected);
    assert_eq!(example.count("groups"), 2, "the group and its subgroup");
    assert_eq!(server.requests("/groups/{id}"), 2, "for themselves");
}

#[test]
fn patterns_and_archived_narrow_the_scope() {
    let server = server(Size::small(), Settings::default());
    let projects = |scope: &str| {
        let example = Example::new(&format!("[scope]\n{scope}"));
        example.load(&server, &["--select=projects"]);
        example.tables().remove("projects").unwrap_or_default()
    };
    let has = |rows: &BTreeSet<Row>, path: &str| {
        let path = format!("\"{path}\"");
        rows.iter().flat_map(Row::values).any(|cell| cell.contains(&path))
    };
    let all = projects("");
    assert!(has(&all, cast::ARCHIVED) && has(&all, cast::PERSONAL) && has(&all, cast::SHARED));
    let platform = projects("include = ['platform/*']\nexclude = ['*/tools/*']");
    assert!(has(&platform, cast::ORDINARY) && has(&platform, cast::ARCHIVED), "{platform:?}");
    assert!(!has(&platform, cast::PERSONAL) && !has(&platform, cast::SHARED), "{platform:?}");
    let lively = projects("archived = false");
    assert_eq!(lively.len(), all.len() - 1);
    assert!(!has(&lively, cast::ARCHIVED));
}

#[test]
fn a_project_that_moved_is_found_where_it_is() {
    let server = server(Size::small(), Settings::default());
    let example = Example::new(&format!("[scope]\nprojects = ['{}']", cast::MOVED_FROM));
    example.load(&server, &["--select=projects,project_issues"]);
    assert_eq!(example.count("projects"), 1);
    assert_eq!(example.count("project_issues"), 110);
}

#[test]
fn a_strict_run_does_not_pass_over_what_is_refused() {
    let server = server(Size::small(), Settings::default());
    let example = Example::new("");
    let pipelines = "--select=project_pipelines";
    example.load(&server, &[pipelines]);
    let strict = example.run(&server, &["run", pipelines, "--strict"]);
    assert_eq!(strict.code, Some(6), "one project has its CI switched off\n{}", strict.stderr);
}

#[test]
fn a_project_that_goes_away_takes_no_other_with_it() {
    const SELECT: &str = "--select=projects,project_*,issue_notes,pipeline_jobs";
    let undisturbed = server(Size::small(), Settings::default());
    let id = |project: &str| undisturbed.world().project_id(project).expect("a project");
    let (all, others) =
        (Example::new(""), Example::new(&format!("[scope]\nexclude = ['{}']", cast::ORDINARY)));
    let whole = all.succeed(&undisturbed, &["run", SELECT]);
    others.load(&undisturbed, &[SELECT]);
    let (all, others) = (all.tables(), others.tables());

    // Its own issues are more than 30, so notes of it, or even issues, are not read yet.
    let notes = Some("/projects/{id}/issues/{iid}/notes".to_owned());
    let edit = Edit::DeleteProject { project: id(cast::ORDINARY) };
    let edits = vec![ScheduledEdit { template: notes, after: 30, edit }];
    for (arguments, code) in [(&["run", SELECT][..], 0), (&["run", SELECT, "--strict"], 6)] {
        let server = server(Size::small(), Settings { edits: edits.clone(), ..Settings::default() });
        let example = Example::new("");
        let ended = example.run(&server, arguments);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        between(&example.tables(), &others, &all);

        assert!(!ended.stderr.contains("failed: "), "{}", ended.stderr);
        let (mut skipped, always) = (skipped(&ended.stderr), skipped(&whole.stderr));
        let off = "1 partition of `project_pipelines`: forbidden: 403 Forbidden";
        let place = format!("/projects/{}/pipelines", id(cast::CI_OFF));
        assert_eq!(skipped.get(off), Some(&place.as_str()), "{}", ended.stderr);
        assert!(always.keys().all(|what| skipped.remove(what).is_some()), "{}", ended.stderr);
        // What is left was left out because of the project that went away.
        let place = format!("/projects/{}/", id(cast::ORDINARY));
        let is_gone = |(what, at): (&&str, &&str)| {
            what.ends_with(": not found: 404 Project Not Found") && at.starts_with(&place)
        };
        assert!(skipped.iter().all(is_gone), "{}", ended.stderr);
        let is_named = |what: &&str| what.contains("`project_issues`") || what.contains("`issue_notes`");
        assert!(skipped.keys().any(is_named), "{}", ended.stderr);
    }
}

/// What the report says is skipped and why, each with its example.
fn skipped(report: &str) -> BTreeMap<&str, &str> {
    let lines = report.lines().filter_map(|line| line.strip_prefix("skipped: "));
    lines.map(|line| line.trim_end_matches(')').split_once(" (for example ").expect("an example")).collect()
}

/// No row of `least` is missing, and none is there that `most` lacks. A column may be there or be empty.
fn between(tables: &Tables, least: &Tables, most: &Tables) {
    let filled = |row: &Row| -> Row {
        row.iter()
            .filter(|(_, cell)| *cell != "Null")
            .map(|(name, cell)| (name.clone(), cell.clone()))
            .collect()
    };
    let rows = |tables: &Tables, table: &str| -> BTreeSet<Row> {
        tables.get(table).into_iter().flatten().map(filled).collect()
    };
    for table in tables.keys().chain(least.keys()) {
        let [found, least, most] = [tables, least, most].map(|tables| rows(tables, table));
        assert_eq!(least.difference(&found).next(), None, "missing in `{table}`");
        assert_eq!(found.difference(&most).next(), None, "surplus in `{table}`");
    }
}

#[test]
fn programs_are_told_in_json() {
    let server = server(Size::small(), Settings::default());
    let example = Example::new("");
    let ended = example
        .run(&server, &["run", "-v", "--log-format=json", "--select=project_issues,project_pipelines"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let report = lines.last().expect("a report");
    assert_eq!(report["event"], "report");
    let held = server.world().count("/projects/{id}/issues").expect("a list");
    assert_eq!(report["rows"]["project_issues"].as_u64(), Some(held as u64));
    assert_eq!(report["left_out"][0]["kind"], "skipped");
}
