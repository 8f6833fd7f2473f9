//! What becomes of tables: nested lists, depth, contracts, and the history of records.

use std::time::SystemTime;

use sample_gitlab::{Moment, SampleServer, Settings, Size, World, cast};

use crate::example::Example;

const ISSUES: &str = "--select=project_issues";

fn server() -> SampleServer {
    SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server")
}

pub(crate) fn project(server: &SampleServer) -> i64 {
    server.world().project_id(cast::ORDINARY).expect("a project")
}

pub(crate) fn now() -> Moment {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    Moment::from_millis(i64::try_from(now.as_millis()).expect("a time"))
}

fn lists_of_issues(example: &Example) -> Vec<String> {
    example.column(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'project_issues__*' ORDER BY 1",
    )
}

#[test]
fn nested_lists_and_depth_are_as_the_configuration_says() {
    let (server, example) = (server(), Example::new("[load]\nnested_lists = 'json'\nmax_depth = 0"));
    example.load(&server, &[ISSUES]);
    assert_eq!(lists_of_issues(&example), [""; 0]);
    let authors = example.column("SELECT DISTINCT json_type(author) FROM project_issues");
    assert_eq!(authors, ["object"], "nothing is taken apart");
    let loads = |example: &Example| example.column("SELECT count(DISTINCT _load_id) FROM project_issues");
    server.world().touch_issue(project(&server), 3, now());
    example.load(&server, &[ISSUES]);
    assert_eq!(loads(&example), ["2"], "what did not change is not loaded again");

    example.configure("[load]\nnested_lists = 'json'\nmax_depth = 0\n[resources.project_issues]\nnested_lists = 'tables'\nmax_depth = 3");
    example.load(&server, &[ISSUES]);
    assert_eq!(loads(&example), ["1"], "what changes the table reads it anew");
    assert!(lists_of_issues(&example).contains(&"project_issues__assignees".to_owned()));
    let authors =
        example.column("SELECT count(*) FROM project_issues WHERE author IS NOT NULL OR author__id IS NULL");
    assert_eq!(authors, ["0"], "the rows are made anew");
}

#[test]
fn a_frozen_resource_fails_alone_and_says_what_would_change() {
    let (server, example) = (server(), Example::new("[schema]\ncolumns = 'freeze'"));
    let select = "--select=project_issues,project_labels";
    example.load(&server, &[select]);
    // As if it were new in GitLab.
    example.database().execute_batch("ALTER TABLE project_issues DROP COLUMN title").expect("a change");
    let before = example.column("SELECT max(_load_id) FROM project_issues");
    server.world().touch_issue(project(&server), 3, now());
    let ended = example.run(&server, &["run", select]);
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    let breach = "`project_issues`: column `project_issues.title` would be new, with values of kind text";
    assert!(ended.stderr.contains(&format!("failed: {breach}")), "{}", ended.stderr);
    assert!(ended.stderr.contains("under `[resources.project_issues.schema]`"), "{}", ended.stderr);
    assert_eq!(example.column("SELECT max(_load_id) FROM project_issues"), before, "nothing of it is loaded");
    let others = example
        .column("SELECT count(*) FROM project_labels WHERE _load_id = (SELECT max(load_id) FROM _loads)");
    assert_ne!(others, ["0"], "the others go on");
    let info = example.succeed(&server, &["info", "--last=1"]).stdout;
    assert!(info.contains("partial") && info.contains(&format!("failed: {breach}")), "{info}");

    example.configure(
        "[schema]\ncolumns = 'freeze'\n[resources.project_issues.schema]\ncolumns = 'discard_value'",
    );
    let ended = example.succeed(&server, &["run", select]);
    assert!(ended.stderr.contains(" for column `project_issues.title`"), "{}", ended.stderr);
    assert_ne!(example.column("SELECT max(_load_id) FROM project_issues"), before);
    let info = example.succeed(&server, &["info", "--last=1"]).stdout;
    assert!(info.contains("discarded: "), "{info}");

    example.configure("");
    let ended = example.succeed(&server, &["run", "--full-refresh", select]);
    assert!(ended.stderr.contains("schema: new column `project_issues.title`: text"), "{}", ended.stderr);
    assert_eq!(example.column("SELECT count(*) FROM project_issues WHERE title IS NULL"), ["0"]);
}

#[test]
fn a_history_keeps_what_was() {
    let config =
        "[load]\nmark_deleted = true\nfull_sweep_every = '1ms'\n[resources.project_issues]\nhistory = true";
    let (server, example) = (server(), Example::new(config));
    example.load(&server, &[ISSUES]);
    let all = example.count("project_issues");
    example.load(&server, &[ISSUES]);
    assert_eq!(example.count("project_issues"), all, "what did not change has one version");
    let (world, project) = (server.world(), project(&server));
    world.touch_issue(project, 8, now());
    world.delete_issue(project, 7);
    for _ in 0..2 {
        example.load(&server, &[ISSUES]);
    }
    assert_eq!(example.count("project_issues"), all + 1);
    let of = |iid: i64| {
        example.column(&format!(
            "SELECT _valid_to IS NULL FROM project_issues WHERE project_id = {project} AND iid = {iid} ORDER BY _valid_from"
        ))
    };
    assert_eq!((of(8), of(7)), (vec!["0".to_owned(), "1".to_owned()], vec!["0".to_owned()]));
    let lost = "SELECT count(*) FROM project_issues__labels WHERE _parent__digest NOT IN (SELECT _digest FROM project_issues)";
    if lists_of_issues(&example).contains(&"project_issues__labels".to_owned()) {
        assert_eq!(example.column(lost), ["0"], "a list belongs to a version");
    }
    // All of it again makes nothing new.
    example.load(&server, &[ISSUES, "--full-refresh"]);
    assert_eq!(example.count("project_issues"), all + 1);
}
