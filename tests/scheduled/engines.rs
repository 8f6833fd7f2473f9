//! What `--deploy` adds to a crate: files as each engine's own schema or a linter wants them, with as many shards as the
//! destination takes.

use std::fs;
use std::path::Path;
use std::process::Command;

use gitlab_init::render::Deploy;
use serde_json::Value;
use test_servers::{installed, program};

use crate::{jobs, linter, make, passes, scaffold};

fn yaml(path: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(path).expect("a file")).expect("YAML")
}

/// A crate that all engines can run.
fn crate_for(parent: &Path, destination: &str) -> std::path::PathBuf {
    let all = Deploy::all().map(Deploy::name).collect::<Vec<_>>().join(",");
    make(parent, &["--select", "projects", "--destination", destination, "--deploy", &all])
}

/// The pods of a Job.
fn pods(job: &Value) -> (&Value, &Value) {
    let container = &job["template"]["spec"]["containers"][0];
    (job, &container["env"][0]["value"])
}

#[test]
fn files_of_engines_are_as_others_want_them() {
    let folder = tempfile::tempdir().expect("a folder");
    for (destination, shards) in [("postgres", 4), ("delta", 4), ("sqlite", 1)] {
        let parent = folder.path().join(destination);
        let pipeline = crate_for(&parent, destination);
        passes(
            linter("check-jsonschema")
                .args(["--builtin-schema", "vendor.gitlab-ci"])
                .arg(pipeline.join(".gitlab-ci.yml")),
        );
        let load = &jobs(&pipeline)["load"];
        let is_one = shards == 1;
        assert_eq!(load["parallel"].as_u64(), (!is_one).then_some(shards));
        assert_eq!(load["resource_group"].is_null(), !is_one, "one at a time would be one after the other");

        let of_kubernetes = pipeline.join("deploy/kubernetes");
        let mut published =
            Command::new(program("kubernetes-validate", &[installed("kubernetes").join("bin")]));
        passes(published.arg("--strict").args(["job.yaml", "cronjob.yaml"]).current_dir(&of_kubernetes));
        let (job, cron) = (yaml(&of_kubernetes.join("job.yaml")), yaml(&of_kubernetes.join("cronjob.yaml")));
        let every_hour = &cron["spec"]["jobTemplate"]["spec"];
        assert_eq!(every_hour, &job["spec"], "one run is as those of every hour");
        let (job, number) = pods(every_hour);
        assert_eq!(
            (job["completionMode"].as_str(), number.as_str()),
            (Some("Indexed"), Some(&*shards.to_string()))
        );
        assert_eq!((job["completions"].as_u64(), job["parallelism"].as_u64()), (Some(shards), Some(shards)));

        let array = pipeline.join("deploy/slurm/load.sbatch");
        passes(linter("shellcheck").arg(&array));
        let array = fs::read_to_string(array).expect("a file");
        assert!(array.contains(&format!("#SBATCH --array=1-{shards}\n")), "{array}");

        let dag = pipeline.join("deploy/airflow/dag.py");
        let compiles = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
        passes(linter("python").args(["-c", compiles]).arg(&dag));
        let dag = fs::read_to_string(dag).expect("a file");
        assert!(dag.contains(&format!("SHARDS = {shards}\n")) && dag.contains("\"{{ run_id }}\""), "{dag}");
    }
}

#[test]
fn what_runs_a_crate_is_kept_as_any_other_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let without = make(&folder.path().join("without"), &["--select", "projects"]);
    assert!(!without.join("deploy").exists());
    let pipeline =
        make(folder.path(), &["--select", "projects", "--destination", "postgres", "--deploy", "slurm"]);
    assert!(!pipeline.join("deploy/kubernetes").exists());
    let array = pipeline.join("deploy/slurm/load.sbatch");
    let edited = fs::read_to_string(&array).expect("a file").replace("--array=1-4", "--array=1-16");
    fs::write(&array, &edited).expect("a write");
    let update = |arguments: &[&str]| {
        let mut command = scaffold::gitlab_init().expect("the generator");
        passes(command.arg("update").args(arguments).current_dir(&pipeline));
    };
    update(&["--add", "project_issues"]);
    assert_eq!(fs::read_to_string(&array).expect("a file"), edited);
    update(&["--check"]);
    let answers = fs::read_to_string(pipeline.join(".gitlab-init/answers.toml")).expect("a file");
    assert!(answers.contains("deploy = [\"slurm\"]"), "{answers}");
}
