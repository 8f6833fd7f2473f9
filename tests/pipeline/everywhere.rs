//! What a server, a killer and moving rows do to a run, wherever it loads: each place ends with what SQLite has of an
//! undisturbed one.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::Duration;

use sample_gitlab::{Fault, Faults, Kind, SampleServer, Settings, Size, World};
use serde_json::json;
use test_servers::Postgres;

use crate::example::{self, Example};
use crate::interrupted::{SELECT, killed_after};
use crate::moving_rows;
use crate::rows::{Rows, compare, in_delta, in_files, in_postgres, in_sqlite};
use crate::schema;

/// Where a run loads, and how that is read.
pub(crate) struct Place<'s> {
    pub(crate) name: &'static str,
    config: &'static str,
    environment: Vec<(&'static str, String)>,
    pub(crate) read: Box<dyn Fn(&Example) -> Rows + 's>,
}

pub(crate) fn places(warehouse: &Postgres) -> Vec<Place<'_>> {
    let files = |example: &Example| {
        let root = example.path("data").display().to_string();
        in_files(&json!({"reader": "pyarrow", "store": "local", "root": root}))
    };
    let delta = |example: &Example| {
        let root = example.path("data").display().to_string();
        let read = |reader| in_delta(&json!({"reader": reader, "root": root}));
        let found = read("deltalake");
        // Packages are many and small: there are checkpoints, and both understand them.
        compare(&read("duckdb"), &found, "to DuckDB");
        found
    };
    vec![
        Place {
            name: "Delta",
            config: "[destination]\nkind = 'delta'",
            environment: Vec::new(),
            read: Box::new(delta),
        },
        Place {
            name: "Parquet",
            config: "[destination]\nkind = 'filesystem'",
            environment: Vec::new(),
            read: Box::new(files),
        },
        Place {
            name: "PostgreSQL",
            config: "[destination]\nkind = 'postgres'",
            environment: warehouse.environment().to_vec(),
            read: Box::new(|_| in_postgres(warehouse, "gitlab")),
        },
    ]
}

impl Place<'_> {
    pub(crate) fn example(&self, config: &str) -> Example {
        Example::impatient(&format!("{config}\n{}", self.config))
    }

    pub(crate) fn command(&self, example: &Example, server: &SampleServer, arguments: &[&str]) -> Command {
        let mut command = example.command(server);
        command.args(arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn load(&self, example: &Example, server: &SampleServer, arguments: &[&str]) {
        let mut command = self.command(example, server, &[&["run"], arguments].concat());
        example::succeed(&mut command, &[Postgres::PASSWORD]);
    }
}

fn undisturbed(server: &SampleServer, select: &str) -> Rows {
    let example = Example::new("");
    example.load(server, &["--select", select]);
    in_sqlite(&example)
}

#[test]
fn faults_of_every_kind_change_no_row() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let wide = "groups,projects,project_*,group_*";
    let expected = undisturbed(&server, wide);
    let kinds = [
        Fault::Status(429),
        Fault::Status(502),
        Fault::HtmlStatus(503),
        Fault::Reset,
        Fault::CutBody,
        Fault::HtmlInstead,
        Fault::Stall,
    ];
    let none = Faults { seed: 22, ..Faults::default() };
    let faults = kinds.into_iter().fold(none, |faults, kind| faults.with(kind, 0.05));
    server.set(Settings { faults, ..Settings::default() });
    let warehouse = Postgres::start();
    for place in places(&warehouse) {
        server.clear_log();
        let example = place.example("[extract]\ntimeout = '300ms'\nrate_limit_wait = '20ms'");
        place.load(&example, &server, &["--select", wide]);
        let failed = server.log().iter().filter(|exchange| exchange.fault.is_some()).count();
        assert!(failed > 50, "a third of all requests fails: {failed}");
        compare(&(place.read)(&example), &expected, place.name);
    }
}

/// Packages are small, so that a kill finds a place in as many states as possible.
#[test]
fn a_killed_run_goes_on_where_it_was() {
    let size = Size { issues: 30, merge_requests: 8, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let expected = undisturbed(&server, SELECT);
    server.set(Settings { latency: Duration::from_millis(1), ..Settings::default() });
    let config = "[load]\npackage_rows = 20\n[extract]\nconcurrency = 3\nper_page = 20";
    let warehouse = Postgres::start();
    for place in places(&warehouse) {
        let example = place.example(config);
        let mut random = fastrand::Rng::with_seed(7);
        let mut kills = 0;
        loop {
            server.clear_log();
            let mut command = place.command(&example, &server, &["run", "--select", SELECT]);
            let mut child = command.stderr(Stdio::piped()).spawn().expect("a child");
            let ended = killed_after(&mut child, &server, random.usize(20..300), random.u64(0..40));
            match ended {
                Some(status) if status.success() => break,
                Some(status) => {
                    let output = child.wait_with_output().expect("an end");
                    panic!("{} {status}: {}", place.name, String::from_utf8_lossy(&output.stderr));
                }
                None => kills += 1,
            }
            assert!(kills < 100, "it never ends");
        }
        assert!(kills > 0, "{}: no kill came in time", place.name);
        compare(&(place.read)(&example), &expected, &format!("in {} after {kills} kills", place.name));
    }
}

/// What is there before and after is there, and what is read anew is what SQLite then has.
#[test]
fn rows_that_move_while_they_are_read_are_not_lost() {
    let warehouse = Postgres::start();
    for place in places(&warehouse) {
        let moving = moving_rows::Moving::new(Kind::MergeRequest, "merge_requests", 3);
        let select = ["--select", "project_merge_requests"];
        let example = place.example("[extract]\nper_page = 50\n[load]\npackage_rows = 60");
        place.load(&example, &moving.server, &select);
        let kept = moving.kept();
        let loaded = iids(&(place.read)(&example)["project_merge_requests"].keys().collect::<Vec<_>>());
        let lost: Vec<_> = kept.difference(&loaded).collect();
        assert!(lost.is_empty(), "{}: {lost:?} are lost", place.name);
        moving.server.set(Settings::default());
        let replaced = "[resources.project_merge_requests]\nwrite_disposition = 'replace'";
        example.configure(&format!("{replaced}\n{}", place.config));
        place.load(&example, &moving.server, &select);
        let expected = undisturbed(&moving.server, "project_merge_requests");
        compare(&(place.read)(&example), &expected, &format!("in {}, read anew", place.name));
    }
}

/// Each place sees the records as they are, as they change, as one goes, and all of them again.
#[test]
fn a_history_is_the_same_everywhere() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let config =
        "[load]\nmark_deleted = true\nfull_sweep_every = '1ms'\n[resources.project_issues]\nhistory = true";
    let select = ["--select", "project_issues"];
    let warehouse = Postgres::start();
    let places: Vec<_> = places(&warehouse).into_iter().map(|place| (place.example(config), place)).collect();
    let sqlite = Example::new(config);
    let mut ends = Vec::new();
    let mut load = |more: &[&str]| {
        let arguments = [&select, more].concat();
        sqlite.load(&server, &arguments);
        places.iter().for_each(|(example, place)| place.load(example, &server, &arguments));
        ends.push(schema::now().to_string());
    };
    let (world, project) = (server.world(), schema::project(&server));
    load(&[]);
    let before = in_sqlite(&sqlite)["project_issues"].len();
    [3, 8].iter().for_each(|iid| world.touch_issue(project, *iid, schema::now()));
    load(&[]);
    world.touch_issue(project, 8, schema::now());
    world.delete_issue(project, 7);
    load(&[]);
    load(&["--full-refresh"]);
    let expected = by_load(in_sqlite(&sqlite), &ends);
    assert_eq!(expected["project_issues"].len(), before + 3);
    for (example, place) in &places {
        compare(
            &by_load((place.read)(example), &ends),
            &expected,
            &format!("of a history in {}", place.name),
        );
    }
}

/// Rows whose times tell which load, and not when; `ends` are the times when loads were over.
fn by_load(rows: Rows, ends: &[String]) -> Rows {
    let time = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\": \""))?;
        rest.split_once('"').map(|(time, _)| time.to_owned())
    };
    let times = |line: &String| ["_valid_from", "_valid_to", "_deleted_at"].map(|name| time(line, name));
    let times: BTreeSet<String> =
        rows.values().flat_map(|rows| rows.keys()).flat_map(times).flatten().collect();
    let load_of = |time: &String| ends.iter().filter(|end| *end < time).count();
    let told = |line: String| {
        times.iter().fold(line, |line, time| line.replace(time, &format!("load {}", load_of(time))))
    };
    let table = |(name, rows): (String, BTreeMap<String, usize>)| {
        (name, rows.into_iter().map(|(line, count)| (told(line), count)).collect())
    };
    rows.into_iter().map(table).collect()
}

/// Of rows as texts.
fn iids(rows: &[&String]) -> BTreeSet<i64> {
    let iid = |row: &&String| {
        let (_, rest) = row.split_once("\"iid\": \"")?;
        rest.split_once('"')?.0.parse().ok()
    };
    rows.iter().filter_map(iid).collect()
}
