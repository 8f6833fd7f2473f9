//! What `--deploy` adds to a crate: files as each engine's own schema or a linter wants them, with as many shards as the
//! destination takes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use gitlab_init::render::Deploy;
use serde_json::{Value, json};
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

        passes(
            linter("check-jsonschema")
                .args(["--builtin-schema", "vendor.github-workflows"])
                .arg(pipeline.join(".github/workflows/load.yml")),
        );
        let of_github = yaml(&pipeline.join(".github/workflows/load.yml"));
        let matrix = of_github["jobs"]["load"]["strategy"]["matrix"]["shard"].as_array().map(Vec::len);
        assert_eq!(matrix, (!is_one).then_some(4));

        let of_cloud_run = yaml(&pipeline.join("deploy/cloud-run/job.yaml"));
        assert_eq!(cloud_run_job("Job", &of_cloud_run), Ok(()));
        assert_eq!(of_cloud_run["spec"]["template"]["spec"]["taskCount"].as_u64(), Some(shards));
        passes_systemd(&pipeline);

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

/// Whether a value is what the API of Cloud Run publishes of a kind of its own; if not, where it is not.
fn cloud_run_job(kind: &str, value: &Value) -> Result<(), String> {
    static PUBLISHED: LazyLock<Value> = LazyLock::new(|| {
        let script = "import googleapiclient as g, os; print(os.path.dirname(g.__file__))";
        let python = installed("googleapis").join("bin/python");
        let folder = Command::new(python).args(["-c", script]).output().expect("Google's client").stdout;
        let folder = String::from_utf8(folder).expect("a path");
        let document = Path::new(folder.trim()).join("discovery_cache/documents/run.v1.json");
        serde_json::from_str(&fs::read_to_string(document).expect("a document")).expect("JSON")
    });
    fits(&PUBLISHED["schemas"], &json!({"$ref": kind}), value).map_err(|place| format!("{kind}{place}"))
}

/// Every key is known, and every value of the type that is written there.
fn fits(schemas: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(schemas, &schemas[name], value);
    }
    let is_of_type = match (schema["type"].as_str(), value) {
        (Some("object"), Value::Object(fields)) => {
            for (name, field) in fields {
                let known = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
                let known = known.ok_or_else(|| format!(".{name} is not known"))?;
                fits(schemas, known, field).map_err(|place| format!(".{name}{place}"))?;
            }
            true
        }
        (Some("array"), Value::Array(items)) => {
            items.iter().try_for_each(|item| fits(schemas, &schema["items"], item))?;
            true
        }
        (Some("string"), Value::String(text)) => schema["format"] != "int64" || text.parse::<i64>().is_ok(),
        (Some("integer"), value) => value.is_i64(),
        (Some("boolean"), value) => value.is_boolean(),
        _ => false,
    };
    if is_of_type { Ok(()) } else { Err(format!(" is {value}, and not as in {schema}")) }
}

#[test]
fn a_job_of_cloud_run_that_is_wrong_is_found_out() {
    for (wrong, place) in [
        (json!({"spec": {"template": {"spec": {"tasks": 4}}}}), "Job.spec.template.spec.tasks is not known"),
        (
            json!({"spec": {"template": {"spec": {"taskCount": "4"}}}}),
            "Job.spec.template.spec.taskCount is \"4\"",
        ),
    ] {
        let found = cloud_run_job("Job", &wrong).expect_err("it is wrong");
        assert!(found.starts_with(place), "{found}");
    }
}

/// As installed, but for the program, which is not there.
fn passes_systemd(pipeline: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    for unit in ["service", "timer"] {
        let text =
            fs::read_to_string(pipeline.join("deploy/systemd/load").with_extension(unit)).expect("a unit");
        let name = pipeline.file_name().and_then(|name| name.to_str()).expect("a name");
        let text = text.replace(&format!("/opt/{name}/{name} run"), "/bin/true");
        fs::write(folder.path().join(name).with_extension(unit), text).expect("a write");
    }
    let units = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("a unit").path());
    let mut verified = Command::new("systemd-analyze");
    let said = verified.args(["verify", "--man=no"]).args(units).output().expect("systemd-analyze");
    // What it has against units of the machine that it runs on is not of ours.
    let said_of_ours = |line: &&str| line.contains(&*folder.path().to_string_lossy());
    let errors = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(errors.lines().find(said_of_ours), None, "{errors}");
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
