//! Real engines run shards: an array job of Slurm and mapped tasks of Airflow, each by the file that `--deploy` makes. What
//! they load together is what one run loads. `.ci/schedulers` installs both and runs this; nothing else does.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test may stop at the first surprise, and these need a part of what others have"
)]

#[path = "../pipeline/example.rs"]
mod example;
#[path = "../pipeline/rows.rs"]
mod rows;
#[path = "../scaffold/mod.rs"]
mod scaffold;
mod slurm;

use std::path::{Path, PathBuf};
use std::process::Command;

use sample_gitlab::{SampleServer, Settings, Size, World};
use test_servers::{Postgres, installed};

use example::Example;
use rows::{compare, in_postgres, in_sqlite};
use slurm::Slurm;

/// A crate as `new --deploy` makes it, whose program is built already.
struct Crate {
    _parent: tempfile::TempDir,
    folder: PathBuf,
    warehouse: Postgres,
    server: SampleServer,
}

impl Crate {
    fn new(kind: &str) -> Self {
        let size = Size { projects: 12, issues: 20, ..Size::small() };
        let server = SampleServer::start(World::new(size), Settings::default()).expect("a server");
        let parent = tempfile::tempdir().expect("a folder");
        let arguments = ["--select", "projects", "--destination", "postgres", "--deploy", kind];
        let folder =
            scaffold::Pipeline::scaffold(parent.path(), "pipeline", &arguments).expect("a crate").folder;
        std::fs::write(folder.join("config.toml"), "[destination]\nkind = 'postgres'\n").expect("a write");
        std::fs::create_dir_all(folder.join("target/release")).expect("a folder");
        let program = scaffold::built("generated-example").expect("a build");
        std::os::unix::fs::symlink(program, folder.join("target/release/pipeline")).expect("a link");
        Self { _parent: parent, folder, warehouse: Postgres::start(), server }
    }

    /// What a shard needs of its environment.
    fn environment(&self) -> [(&'static str, String); 8] {
        [
            ("GITLAB_URL", self.server.url()),
            ("GITLAB_TOKEN", self.server.token().to_owned()),
            ("PGHOST", "127.0.0.1".to_owned()),
            ("PGPORT", self.warehouse.port().to_string()),
            ("PGUSER", Postgres::USER.to_owned()),
            ("PGPASSWORD", Postgres::PASSWORD.to_owned()),
            ("PGDATABASE", Postgres::DATABASE.to_owned()),
            ("PIPELINE_HOME", self.folder.display().to_string()),
        ]
    }

    /// Four shards of one run have loaded what one run loads.
    #[track_caller]
    fn is_loaded(&self, engine: &str) {
        let loads = "SELECT count(*) || ' of ' || count(DISTINCT report->>'run') FROM gitlab._loads
                     WHERE status = 'complete' AND report->>'shard' LIKE '%/4'";
        assert_eq!(self.warehouse.psql(loads), "4 of 1", "{engine}");
        let left = r#"SELECT count(*) FROM gitlab._state WHERE partition LIKE '{"shard"%'"#;
        assert_eq!(self.warehouse.psql(left), "0", "{engine}: the last one has done the rest");
        let sqlite = Example::new("");
        sqlite.load(&self.server, &[]);
        compare(&in_postgres(&self.warehouse, "gitlab"), &in_sqlite(&sqlite), &format!("of {engine}"));
    }
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("an exit");
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

#[test]
fn an_array_job_of_slurm_loads_what_one_run_does() {
    let pipeline = Crate::new("slurm");
    let slurm = Slurm::start();
    let mut submit = slurm.command("sbatch");
    submit.args(["--wait", "deploy/slurm/load.sbatch"]).current_dir(&pipeline.folder);
    let output = submit.envs(pipeline.environment()).output().expect("an exit");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &logs(&pipeline.folder);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("`SLURM_ARRAY_TASK_ID`"), "{said}");
    pipeline.is_loaded("Slurm");
}

/// What the tasks have said.
fn logs(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).expect("a folder").flatten().map(|file| file.path());
    let logs = files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.map(|path| std::fs::read_to_string(path).expect("a log")).collect()
}

#[test]
fn mapped_tasks_of_airflow_load_what_one_run_does() {
    let pipeline = Crate::new("airflow");
    let home = tempfile::tempdir().expect("a folder");
    let airflow = |arguments: &[&str]| {
        let mut command = Command::new(installed("airflow").join("bin/airflow"));
        command.args(arguments).current_dir(home.path()).envs(pipeline.environment());
        command.env("AIRFLOW_HOME", home.path()).env("AIRFLOW__CORE__LOAD_EXAMPLES", "False");
        command.env("AIRFLOW__CORE__DAGS_FOLDER", pipeline.folder.join("deploy/airflow"));
        succeed(&mut command)
    };
    airflow(&["db", "migrate"]);
    let said = airflow(&["dags", "test", "pipeline"]);
    assert!(said.contains("this is shard 4/4 of run `manual__"), "{said}");
    pipeline.is_loaded("Airflow");
}
