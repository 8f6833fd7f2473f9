//! One run on several machines, as processes: what they load together is what one undisturbed run has, whatever happens to
//! one of them, and also when there are more or fewer of them the next time.

use std::process::{Child, Stdio};
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};
use test_servers::Postgres;

use crate::everywhere::{Place, places};
use crate::example::Example;
use crate::interrupted::killed_after;
use crate::rows::{Rows, compare, in_sqlite};

/// Of projects and of groups, what hangs on records, and a list that is replaced.
const SELECT: &str = "groups,group_members,group_labels,projects,project_issues,issue_notes,project_labels,\
                      project_branches,project_merge_requests,pipeline_jobs,metadata";

const CONFIG: &str = "[load]\nmark_deleted = true\nfull_sweep_every = '1ms'\npackage_rows = 200\n\
                      [resources.project_labels]\nwrite_disposition = 'replace'\n\
                      [extract]\nconcurrency = 2\nper_page = 20";

const TAKE_SHARDS: [&str; 2] = ["Delta", "PostgreSQL"];

fn server() -> SampleServer {
    let size = Size { projects: 24, issues: 8, merge_requests: 4, ..Size::small() };
    SampleServer::start(World::new(size), Settings::default()).expect("a server")
}

/// A shard as GitLab's own CI starts it.
fn start(place: &Place<'_>, example: &Example, server: &SampleServer, (index, of): (usize, usize)) -> Child {
    let mut command = place.command(example, server, &["run", "--select", SELECT]);
    let numbers = [("CI_NODE_INDEX", index), ("CI_NODE_TOTAL", of), ("CI_PIPELINE_ID", of * 1_000)];
    command.envs(numbers.map(|(name, number)| (name, number.to_string())));
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a child")
}

fn end(child: Child) -> String {
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("`CI_NODE_INDEX`"), "{said}");
    said
}

/// When a row was marked differs from run to run.
fn without_times(rows: Rows) -> Rows {
    let rest = |row: String| match row.split_once("\"_deleted_at\": \"") {
        Some((before, after)) => {
            format!("{before}gone{}", after.split_once('"').map_or("", |(_, rest)| rest))
        }
        None => row,
    };
    let table = |(name, rows): (String, std::collections::BTreeMap<String, usize>)| {
        (name, rows.into_iter().map(|(row, count)| (rest(row), count)).collect())
    };
    rows.into_iter().map(table).collect()
}

fn tables(place: &Place<'_>, example: &Example) -> Rows {
    without_times((place.read)(example))
}

/// Something of every kind changes.
fn change(server: &SampleServer) {
    let world = server.world();
    let projects =
        world.rows("/projects").expect("projects").map(|(_, project)| project["id"].as_i64().expect("an id"));
    let projects: Vec<i64> = projects.collect();
    world.delete_project(projects[5]);
    for project in [projects[2], projects[9]] {
        world.delete_issue(project, 3);
    }
}

#[test]
fn many_shards_load_what_one_run_does() {
    let server = server();
    let sqlite = Example::new(CONFIG);
    sqlite.load(&server, &["--select", SELECT]);
    let first = without_times(in_sqlite(&sqlite));
    let warehouse = Postgres::start();
    let places = places(&warehouse);
    let places: Vec<_> = places.iter().filter(|place| TAKE_SHARDS.contains(&place.name)).collect();
    let examples: Vec<Example> = places.iter().map(|place| place.example(CONFIG)).collect();
    server.set(Settings { latency: Duration::from_millis(4), ..Settings::default() });
    for (place, example) in places.iter().zip(&examples) {
        server.clear_log();
        let mut children: Vec<Child> =
            (1..=8).map(|index| start(place, example, &server, (index, 8))).collect();
        let mut third = children.remove(2);
        assert!(killed_after(&mut third, &server, 120, 5).is_none(), "{}: it was too fast", place.name);
        for child in children {
            let said = end(child);
            assert!(said.contains("of 8 shards have ended"), "{said}");
        }
        let said = end(start(place, example, &server, (3, 8)));
        assert!(said.contains("all 8 shards have ended"), "{said}");
        compare(&tables(place, example), &first, &format!("of eight shards in {}", place.name));
    }
    server.set(Settings::default());
    change(&server);
    sqlite.load(&server, &["--select", SELECT]);
    let second = without_times(in_sqlite(&sqlite));
    assert_ne!(first, second);
    for (place, example) in places.iter().zip(&examples) {
        let children: Vec<Child> = (1..=4).map(|index| start(place, example, &server, (index, 4))).collect();
        let said: Vec<String> = children.into_iter().map(end).collect();
        assert_eq!(
            said.iter().filter(|said| said.contains("all 4 shards have ended")).count(),
            1,
            "{said:?}"
        );
        compare(&tables(place, example), &second, &format!("of four shards in {}", place.name));
        // Nothing is left of what they did together.
        place.load(example, &server, &["--select", SELECT]);
        compare(&tables(place, example), &second, &format!("of a whole run in {}", place.name));
    }
}

#[test]
fn places_that_take_one_run_at_a_time_refuse_shards_before_the_first_request() {
    let (server, example) = (server(), Example::new(""));
    server.clear_log();
    let ended = example.run(&server, &["run", "--shard", "2/4"]);
    assert_eq!((ended.code, server.log().len()), (Some(2), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("no shards") && ended.stderr.contains("postgres"), "{}", ended.stderr);
    let ended = example.run(&server, &["run", "--shard", "1/1", "--select", "metadata"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ended = example.run(&server, &["run", "--shard", "5/4"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}
