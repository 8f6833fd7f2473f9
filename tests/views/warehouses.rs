//! What the same views say in what stands in for warehouses, and what pages of `show` do.

use std::process::Command;

use sample_gitlab::SampleServer;
use serde_json::{Map, Value};
use test_servers::{BigQuery, Fakesnow, Postgres, Redshift};

use crate::example::{self, Example};
use crate::expected::expected;
use crate::figures::{Figures, compare, server};
use crate::looked::looks_the_same;
use crate::written::written;

/// What views stand on: a table takes a while.
const SELECT: &str = "project_issues,issue_resource_state_events,project_merge_requests,merge_request_notes,\
                      merge_request_commits,project_pipelines,pipeline_jobs,project_deployments,project_environments,\
                      project_branches,project_releases";

fn command(example: &Example, server: &SampleServer, environment: &[(&str, String)]) -> Command {
    let mut command = example.command(server);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn load(example: &Example, server: &SampleServer, environment: &[(&str, String)]) {
    let mut command = command(example, server, environment);
    let said = example::succeed(
        command.args(["run", "--select", SELECT]),
        &[Postgres::PASSWORD, Fakesnow::PASSWORD, Redshift::SECRET_KEY],
    );
    assert!(!said.contains("comments were not made"), "{said}");
}

#[test]
fn figures_in_snowflake_are_those_of_the_records_and_are_shown() {
    let (server, warehouse) = (server(), Fakesnow::start());
    let driver = Fakesnow::driver();
    let example = Example::new(&format!(
        "[destination]\nkind = 'snowflake'\ndataset = 'gitlab'\n[destination.snowflake]\ndriver = '{}'\n",
        driver.display()
    ));
    load(&example, &server, &warehouse.environment());
    let said = warehouse.views("GITLAB", &written("snowflake"));
    compare(&serde_json::from_value(said).expect("rows"), &expected(&server), "in Snowflake");
    let environment = warehouse.environment();
    looks_the_same(&server, SELECT, || command(&example, &server, &environment), "Snowflake");
}

#[test]
fn figures_in_redshift_are_those_of_the_records_and_are_shown() {
    let (server, warehouse) = (server(), Redshift::start());
    let example = Example::new(&format!(
        "[destination]\nkind = 'redshift'\ndataset = 'gitlab'\n[destination.redshift]\nsslmode = 'disable'\nstaging = 's3://{}/gitlab'\n",
        Redshift::BUCKET
    ));
    load(&example, &server, &warehouse.environment());
    let views = written("redshift");
    let made = views.iter().map(|(name, sql)| format!("CREATE VIEW {name} AS {sql};\n"));
    let set = "SET search_path = gitlab, public; SET TIME ZONE 'America/New_York';\n";
    warehouse.load(&(set.to_owned() + &made.collect::<String>()));
    let rows = |(name, _): &(String, String)| {
        let sql = format!("SET TIME ZONE 'Asia/Tokyo'; SELECT row_to_json(v) FROM gitlab.{name} AS v");
        let rows = warehouse.postgres().psql(&sql);
        (name.clone(), rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect())
    };
    compare(&views.iter().map(rows).collect(), &expected(&server), "in Redshift");
    let environment = warehouse.environment();
    looks_the_same(&server, SELECT, || command(&example, &server, &environment), "Redshift");
}

#[test]
fn figures_in_bigquery_are_those_of_the_records_and_are_shown() {
    let (server, warehouse) = (server(), BigQuery::start());
    let example = Example::new("[destination]\nkind = 'bigquery'\ndataset = 'gitlab'\n");
    load(&example, &server, &warehouse.environment());
    let ask = |sql: &str| -> Value { serde_json::from_str(&warehouse.ask(sql)).expect("JSON") };
    let mut figures = Figures::new();
    for (name, sql) in written("bigquery") {
        // A view names the dataset of what it reads.
        let sql = sql.replace("FROM `", "FROM gitlab.`").replace("JOIN `", "JOIN gitlab.`");
        let made = ask(&format!("CREATE VIEW gitlab.{name} AS {sql}"));
        assert!(made.get("error").is_none(), "{name}: {made}");
        let said = ask(&format!("SELECT * FROM gitlab.{name}"));
        let columns: Vec<String> = serde_json::from_value(said["columns"].clone()).expect("names");
        let rows: Vec<Vec<Value>> = serde_json::from_value(said["rows"].clone()).expect("rows");
        let row = |row: Vec<Value>| columns.iter().cloned().zip(row).collect::<Map<String, Value>>();
        figures.insert(name, rows.into_iter().map(row).collect());
    }
    compare(&figures, &expected(&server), "in BigQuery");
    let environment = warehouse.environment();
    looks_the_same(&server, SELECT, || command(&example, &server, &environment), "BigQuery");
}
