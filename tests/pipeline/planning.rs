//! What `plan` says a run will ask for, beside what the server then counts: for a first run, for an hourly one and for the
//! first of a day, in worlds of several seeds.

use sample_gitlab::{Edit, Kind, SampleServer, Settings, Size, World, cast};

use crate::example::Example;
use crate::incremental::now;

/// What `plan` says, and what it costs to say so.
fn planned(example: &Example, server: &SampleServer, arguments: &[&str]) -> (f64, usize, String) {
    server.clear_log();
    let ended = example.succeed(server, &[&["plan"], arguments].concat());
    let line = ended.stdout.lines().find_map(|line| line.strip_prefix("about ")).expect("a sum");
    let about = line.split(' ').next().expect("a number").replace(',', "").parse().expect("a number");
    (about, server.log().len(), ended.stdout)
}

/// Plans, then runs. Fails when they are apart by more than a fifth.
fn holds(example: &Example, server: &SampleServer, arguments: &[&str], when: &str) -> usize {
    let (about, cost, told) = planned(example, server, arguments);
    let needed = example.load(server, arguments);
    let per_resource = example.json(server, &["info", "--format", "json", "--last", "1"]);
    let needed_of = f64::from(u32::try_from(needed).expect("few"));
    println!("{when}: planned {about} with {cost} requests, needed {needed}");
    let is_near = (about - needed_of).abs() <= needed_of * 0.2;
    assert!(is_near, "{when}: planned {about}, needed {needed}\n{told}\n{}", per_resource[0]["resources"]);
    cost
}

fn change(server: &SampleServer, some: i64) {
    let world = server.world();
    for path in [cast::ORDINARY, cast::SHARED, cast::ARCHIVED] {
        let project = world.project_id(path).expect("a project");
        for iid in 1..=some {
            world.apply(Edit::Touch { kind: Kind::Issue, project, iid, at: now() });
        }
        world.apply(Edit::Touch { kind: Kind::MergeRequest, project, iid: 1, at: now() });
        world.apply(Edit::Create { kind: Kind::Issue, project, at: now() });
    }
}

/// Tells what the first plan cost.
fn in_a_world_of(size: &Size, seed: u64) -> usize {
    let server =
        SampleServer::start(World::seeded(size.clone(), seed), Settings::default()).expect("a server");
    let example = Example::new("");
    let when = |what: &str| format!("seed {seed}, {what}");
    let cost = holds(&example, &server, &[], &when("first run"));
    holds(&example, &server, &[], &when("nothing changed"));
    change(&server, 2);
    holds(&example, &server, &[], &when("hourly run"));
    // A sweep of everything is due, as it is on some days.
    example.configure("[load]\nfull_sweep_every = '1ms'\n");
    holds(&example, &server, &[], &when("first run of a day"));
    cost
}

#[test]
fn a_plan_of_few_records_is_near_what_is_asked() {
    for seed in [1, 2] {
        in_a_world_of(&Size::small(), seed);
    }
}

#[test]
fn a_plan_of_many_projects_is_near_what_is_asked_and_cheap() {
    let size = Size { projects: 40, issues: 40, merge_requests: 8, pipelines: 6, ..Size::small() };
    let cost = in_a_world_of(&size, 7);
    assert!(cost < 400, "{cost} requests");
}

/// Of each shard of a run, the first and a later one.
#[test]
fn a_plan_of_a_shard_is_near_what_the_shard_asks() {
    let size = Size { projects: 24, issues: 12, ..Size::small() };
    let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
    let example = Example::new("[destination]\nkind = 'delta'\ndelta.path = 'lake'\n");
    let (whole, ..) = planned(&example, &server, &[]);
    let mut of_shards = 0.0;
    for shard in ["1/3", "2/3", "3/3"] {
        of_shards += planned(&example, &server, &["--shard", shard]).0;
        holds(&example, &server, &["--shard", shard], &format!("shard {shard}, first run"));
    }
    // Shards read project by project, and each looks at all projects.
    assert!(of_shards > whole * 0.9, "{of_shards} of {whole}");
    change(&server, 2);
    for shard in ["1/3", "2/3", "3/3"] {
        holds(&example, &server, &["--shard", shard], &format!("shard {shard}, hourly run"));
    }
}

/// What a run would go on with is known, and a load that is open hinders nobody.
#[test]
fn a_plan_goes_on_from_a_stopped_load() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let example = Example::new("[extract]\nmax_requests = 150\nrequests_per_minute = 6000\n");
    example.load(&server, &[]);
    let (_, _, told) = planned(&example, &server, &[]);
    assert!(told.contains("which goes on from load "), "{told}");
    assert!(told.contains("at `max_requests` = 150: "), "{told}");
    assert!(told.contains("at `requests_per_minute` = 6000: "), "{told}");
    example.configure("");
    holds(&example, &server, &[], "the rest");
}
