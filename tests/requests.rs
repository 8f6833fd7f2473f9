//! What a run asks for, resource by resource: `cargo bench -p gitlab-init-tests --bench requests`.
//!
//! An instance with many small projects, then one with a few that hold a lot: a first load, a run with nothing changed,
//! and one with one project in a hundred changed; each as configured by default, and with every list asked for by every
//! run. Requests are those that the server has counted.

#[allow(dead_code, reason = "the benchmark runs the example, not a pipeline of its own")]
mod scaffold;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use sample_gitlab::{Kind, Moment, SampleServer, Settings, Size, World};
use scaffold::{Result, built, root};

/// Nothing is left for later, and nothing is taken to be known.
const ASKED_EACH_TIME: [(&str, &str); 2] =
    [("[extract]", "[extract]\nask_for_everything = true"), ("[load]", "[load]\nrefresh_every = \"0\"")];

/// Requests by route.
type Counts = BTreeMap<&'static str, u64>;

const RUNS: [&str; 3] = ["first load", "nothing changed", "1 % changed"];

fn main() -> Result<()> {
    let program = built("generated-example")?;
    for (name, size) in
        [("1,000 small projects", Size::many_projects()), ("50 busy projects", Size::busy_projects())]
    {
        let known = runs(&program, &size, &[])?;
        let each_time = runs(&program, &size, &ASKED_EACH_TIME)?;
        println!("{}", table(name, &known, &each_time));
    }
    Ok(())
}

/// The three runs against one instance.
fn runs(program: &Path, size: &Size, set: &[(&str, &str)]) -> Result<Vec<Counts>> {
    let server = SampleServer::start(World::new(size.clone()), Settings::default())?;
    let folder = tempfile::tempdir()?;
    let usual = std::fs::read_to_string(root().join("generated-example/config.toml"))?;
    let config = set.iter().fold(usual, |config, (place, with)| config.replacen(place, with, 1));
    std::fs::write(folder.path().join("config.toml"), config)?;
    let mut counts = Vec::new();
    for run in RUNS {
        if run == "1 % changed" {
            change_one_in_a_hundred(server.world(), size);
        }
        server.clear_log();
        let mut command = Command::new(program);
        command.arg("run").current_dir(folder.path()).env("GITLAB_URL", server.url());
        command.env("GITLAB_TOKEN", server.token()).stderr(Stdio::piped());
        let ended = command.output()?;
        if !ended.status.success() {
            return Err(format!("{run}: {}", String::from_utf8_lossy(&ended.stderr)).into());
        }
        counts.push(server.counts());
    }
    Ok(counts)
}

/// An issue and a merge request of each of these projects.
fn change_one_in_a_hundred(world: &World, size: &Size) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let at = Moment::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    let first = world.project_id(sample_gitlab::cast::ORDINARY).unwrap_or_default();
    for nth in (0..size.projects).step_by(100) {
        let project = first + nth * 5;
        world.touch_issue(project, 1, at);
        world.create_issue(project, at);
        world.apply(sample_gitlab::Edit::Touch { kind: Kind::MergeRequest, project, iid: 1, at });
    }
}

/// A line per route: each run as it is, and beside it the same where everything is asked for.
fn table(name: &str, known: &[Counts], each_time: &[Counts]) -> String {
    let count = |counts: &[Counts], run: usize, route: &str| {
        counts.get(run).and_then(|counts| counts.get(route)).copied().unwrap_or_default()
    };
    let mut routes: Vec<&str> =
        known.iter().chain(each_time).flat_map(|counts| counts.keys().copied()).collect();
    routes.sort_unstable();
    routes.dedup();
    let line = |name: &str, of: &dyn Fn(&[Counts], usize) -> u64| {
        let cells = (0..RUNS.len()).map(|run| format!("{:>9} of {:>6}", of(known, run), of(each_time, run)));
        format!("{name:<58}{}\n", cells.collect::<String>())
    };
    let heads: String = RUNS.iter().map(|run| format!("{run:>19}")).collect();
    let mut text = format!("{name:<58}{heads}\n");
    for route in routes {
        text.push_str(&line(route, &|counts, run| count(counts, run, route)));
    }
    let all = |counts: &[Counts], run: usize| counts.get(run).map_or(0, |counts| counts.values().sum());
    text.push_str(&line("in all", &all));
    text
}
