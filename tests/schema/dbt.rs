//! A real dbt reads the files, makes the models, and finds all tests true of what was loaded; and not of what was broken.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_servers::{Postgres, installed, program};

use crate::example::Example;
use crate::{in_postgres, server};

const PROJECT: &str = "name: gitlab\nversion: '1.0'\nprofile: gitlab\nmodel-paths: [models]\n";

/// A project of dbt for what an example has loaded.
struct Project<'e> {
    example: &'e Example,
    environment: Vec<(&'static str, String)>,
}

impl<'e> Project<'e> {
    fn new(example: &'e Example, profile: &str, environment: &[(&'static str, String)]) -> Self {
        let folder = example.path("dbt");
        std::fs::create_dir_all(&folder).expect("a folder");
        let profile = profile.replace("HERE", &folder.display().to_string());
        let profile = format!("gitlab:\n  target: it\n  outputs:\n    it: {profile}\n");
        std::fs::write(folder.join("dbt_project.yml"), PROJECT).expect("a write");
        std::fs::write(folder.join("profiles.yml"), &profile).expect("a write");
        Self { example, environment: environment.to_vec() }
    }

    /// By kind and outcome, how many models and tests there were.
    fn build(&self) -> BTreeMap<(String, String), usize> {
        let folder = self.example.path("dbt");
        let mut command = Command::new(program("dbt", &[installed("dbt").join("bin")]));
        command
            .args(["--no-use-colors", "--no-send-anonymous-usage-stats", "--warn-error", "build"])
            .args(["--project-dir", ".", "--profiles-dir", "."])
            .current_dir(&folder)
            .envs(self.environment.iter().map(|(name, value)| (*name, value)));
        let output = command.output().expect("an exit");
        let results = read(&folder.join("target/run_results.json"));
        let results = results.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stdout)));
        let mut outcomes = BTreeMap::new();
        for result in results["results"].as_array().expect("a list") {
            let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
            let id = text("unique_id");
            let name = id.split('.').nth(2).unwrap_or_default();
            let tests = ["unique", "relationships", "not_null"];
            let kind = tests.into_iter().find(|kind| name.starts_with(kind)).unwrap_or("model");
            *outcomes.entry((kind.to_owned(), text("status"))).or_default() += 1;
        }
        outcomes
    }
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

fn count(outcomes: &BTreeMap<(String, String), usize>, kind: &str, status: &str) -> usize {
    outcomes.get(&(kind.to_owned(), status.to_owned())).copied().unwrap_or_default()
}

/// Nothing fails, and there is something of each kind.
fn all_pass(outcomes: &BTreeMap<(String, String), usize>) {
    assert!(
        outcomes.keys().all(|(_, status)| ["success", "pass"].contains(&status.as_str())),
        "{outcomes:?}"
    );
    assert!(count(outcomes, "model", "success") >= 60, "{outcomes:?}");
    for kind in ["unique", "relationships", "not_null"] {
        assert!(count(outcomes, kind, "pass") >= 50, "{outcomes:?}");
    }
}

#[test]
fn its_tests_pass_on_sqlite_and_tell_of_rows_that_are_gone() {
    let (server, example) = (server(), Example::new(""));
    example.load(&server, &[]);
    example.succeed(&server, &["schema", "--format", "dbt", "--output", "dbt/models"]);
    let profile = "{type: sqlite, threads: 1, database: gitlab, schema: main, \
                   schemas_and_paths: {main: HERE/../gitlab.sqlite}, schema_directory: HERE}";
    let project = Project::new(&example, profile, &[]);
    all_pass(&project.build());

    let database = example.database();
    database
        .execute("DELETE FROM projects WHERE id = (SELECT max(project_id) FROM project_issues)", [])
        .expect("a row");
    database
        .execute("DELETE FROM project_issues WHERE iid = (SELECT min(issue_iid) FROM issue_notes)", [])
        .expect("rows");
    drop(database);
    let outcomes = project.build();
    assert!(count(&outcomes, "relationships", "fail") >= 10, "{outcomes:?}");
    assert_eq!(count(&outcomes, "unique", "fail") + count(&outcomes, "not_null", "fail"), 0, "{outcomes:?}");
}

#[test]
fn its_tests_pass_on_duckdb() {
    let (server, example) = (server(), Example::new("[destination]\nkind = 'duckdb'\n"));
    example.load(&server, &[]);
    example.succeed(&server, &["schema", "--format", "dbt", "--output", "dbt/models"]);
    let profile = "{type: duckdb, threads: 1, path: HERE/../gitlab.duckdb, schema: staging}";
    all_pass(&Project::new(&example, profile, &[]).build());
}

#[test]
fn its_tests_pass_on_postgresql() {
    let (server, warehouse, example) = (server(), Postgres::start(), in_postgres("from gitlab"));
    let environment = warehouse.environment();
    for arguments in [&["run"][..], &["schema", "--format", "dbt", "--output", "dbt/models"]] {
        crate::said(example.command(&server).envs(environment.clone()).args(arguments));
    }
    let profile = serde_json::json!({
        "type": "postgres",
        "threads": 2,
        "host": "127.0.0.1",
        "port": warehouse.port(),
        "user": Postgres::USER,
        "password": Postgres::PASSWORD,
        "dbname": Postgres::DATABASE,
        "schema": "staging",
    });
    all_pass(&Project::new(&example, &profile.to_string(), &environment).build());
}

#[test]
fn what_may_not_be_true_is_not_tested_and_the_description_says_why() {
    let config = "[resources.project_issues]\nwrite_disposition = 'replace'\n[resources.project_pipelines.schema]\ncolumns = 'discard_row'\n";
    let (server, example) = (server(), Example::new(config));
    let printed = example.succeed(&server, &["schema", "--format", "dbt"]).stdout;
    assert!(printed.contains("sources:\n") && printed.contains("\n---\n") && printed.contains("models:\n"));
    let model = |table: &str| {
        let start = format!("  - name: \"stg_generated_example__{table}\"\n");
        let from = printed.find(&start).unwrap_or_else(|| panic!("{start}\n{printed}"));
        let rest = &printed[from + start.len()..];
        rest[..rest.find("  - name: \"stg_").unwrap_or(rest.len())].to_owned()
    };
    for (table, why) in [
        ("issue_notes", "project_issues is not tested: project_issues is replaced by each read"),
        (
            "pipeline_jobs",
            "project_pipelines is not tested: the contract of project_pipelines may leave records out",
        ),
    ] {
        let model = model(table);
        assert!(model.contains(why) && !model.contains("relationships"), "{model}");
    }
    let model = model("project_issues");
    assert!(model.contains("relationships") && !model.contains("not tested"), "{model}");
}
