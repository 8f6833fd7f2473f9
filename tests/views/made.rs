//! What runs make of views, and what they leave alone.

use crate::example::Example;
use crate::figures::server;

fn views(example: &Example) -> Vec<String> {
    example.column("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
}

#[test]
fn a_run_makes_views_only_where_it_is_told() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &["--select", "project_issues"]);
    assert_eq!(views(&example), [""; 0]);

    example.configure("[load]\nviews = true");
    let said = example.succeed(&server, &["run", "--select", "project_issues"]).stderr;
    let made = [
        "issue_ageing",
        "issue_throughput",
        "open_issues_by_label",
        "project_issue_labels",
        "time_to_restore",
    ];
    assert_eq!(views(&example), made, "{said}");
    let why = "`change_failure_rate` are left out: there is no table `project_deployments`, as nothing of it is loaded";
    assert!(said.contains(why), "{said}");
    assert!(
        said.contains("view `stale_branches` is left out: there is no table `project_branches`"),
        "{said}"
    );
    assert_eq!(example.column("SELECT sum(reopened) FROM issue_throughput"), ["0"], "events are not loaded");
    let info = example.succeed(&server, &["info", "--last=1"]).stdout;
    assert!(info.contains("`stale_branches` is left out"), "{info}");

    example.configure("");
    example.load(&server, &["--select", "project_issues"]);
    assert_eq!(views(&example), [""; 0], "they are taken away again");
}

#[test]
fn what_is_somebody_elses_stays() {
    let (server, example) = (server(), Example::new("[load]\nviews = true"));
    let own = "CREATE TABLE time_to_restore (own INTEGER); CREATE VIEW issue_ageing AS SELECT 7 AS own; \
               CREATE VIEW mine AS SELECT 8 AS own";
    example.database().execute_batch(own).expect("views");
    let select = ["run", "--select", "project_issues"];
    for _ in 0..2 {
        let said = example.succeed(&server, &select).stderr;
        let why = "views `time_to_restore`, `issue_ageing` are left out: something of that name is there";
        assert!(said.contains(why), "{said}");
        assert_eq!(example.column("SELECT own FROM issue_ageing"), ["7"]);
    }
    example.configure("");
    example.succeed(&server, &select);
    assert_eq!(views(&example), ["issue_ageing", "mine"]);
}

/// Tables have the names that the configuration gives, a history shows what holds, and what is deleted is not seen.
#[test]
fn views_see_what_holds_under_the_name_it_has() {
    let server = server();
    let config = "[load]\nviews = true\nmark_deleted = true\nfull_sweep_every = '1ms'\n\
                  [resources.project_issues]\nhistory = true\ntable = 'tickets'";
    let example = Example::new(config);
    let select = ["--select", "project_issues"];
    example.load(&server, &select);
    let open = "SELECT count(*) FROM issue_ageing";
    let before: usize = example.column(open)[0].parse().expect("a number");
    let place = "SELECT project_id || '/' || iid FROM tickets WHERE state = 'opened' ORDER BY id LIMIT 2";
    let places = example.column(place);
    let place = |at: usize| {
        let (project, iid) = places[at].split_once('/').expect("a place");
        (project.parse::<i64>().expect("a project"), iid.parse::<i64>().expect("an issue"))
    };
    let now = sample_gitlab::Moment::from_millis(4_000_000_000_000);
    let ((touched_in, touched), (deleted_in, deleted)) = (place(0), place(1));
    server.world().touch_issue(touched_in, touched, now);
    server.world().delete_issue(deleted_in, deleted);
    example.load(&server, &select);
    assert_eq!(example.column(open), [(before - 1).to_string()]);
    let versions =
        format!("SELECT count(*) FROM tickets WHERE project_id = {touched_in} AND iid = {touched}");
    assert_eq!(example.column(&versions), ["2"]);

    example.configure(
        "[load]\nviews = true\n[resources.project_issues]\nwrite_disposition = 'append'\ntable = 'log'",
    );
    let said = example.succeed(&server, &["run", "--select", "project_issues"]).stderr;
    assert!(said.contains("are left out: `log` keeps all versions of a record"), "{said}");
}

/// Nothing was ever deployed: the tables are there and empty, and so are the views.
#[test]
fn nothing_is_deployed() {
    use sample_gitlab::{SampleServer, Settings, Size, World};
    let size = Size { deployments: 0, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let example = Example::new("[load]\nviews = true");
    let said = example.succeed(&server, &["run"]).stderr;
    assert!(!said.contains("left out"), "{said}");
    assert_eq!(example.count("deployment_frequency"), 0);
    assert_eq!(
        example.column("SELECT count(*) FROM lead_time_for_changes WHERE deployed_at IS NOT NULL"),
        ["0"]
    );
    let rates = "SELECT count(*) FROM change_failure_rate WHERE change_failure_rate IS NULL";
    assert_eq!(example.column(rates), example.column("SELECT count(*) FROM change_failure_rate"));
}

#[test]
fn views_of_another_sql_are_not_made() {
    let (server, example) =
        (server(), Example::new("[load]\nviews = true\n[destination]\nkind = 'duckdb'\n"));
    let said = example.succeed(&server, &["run", "--select", "projects"]).stderr;
    assert!(
        said.contains(
            "are left out: they are written for `sqlite`: `gitlab-init update --destination duckdb`"
        ),
        "{said}"
    );
    let example = Example::new("[load]\nviews = true\n[destination]\nkind = 'filesystem'\n");
    let said = example.succeed(&server, &["run", "--select", "projects"]).stderr;
    assert!(said.contains("are left out: a run makes none in this destination"), "{said}");
}
