//! The whole way into Snowflake's stand-in, by the real driver, read back by Snowflake's own connector and compared with
//! SQLite, value by value.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use test_servers::Fakesnow;

use crate::example::{self, Example};
use crate::postgres::{Kinds, expected};
use crate::rows::{Rows, compare, counted};

const FREE: &str = "UPDATE KILLED._LEASE SET ENDS = 0";
const SELECT: &str = "project_issues,issue_notes,project_merge_requests,project_labels,group_members";

#[derive(Deserialize)]
struct Found {
    kinds: BTreeMap<String, String>,
    rows: Vec<Map<String, Value>>,
}

fn example(dataset: &str, config: &str) -> Example {
    Example::new(&format!(
        "{config}\n[destination]\nkind = 'snowflake'\ndataset = '{dataset}'\n[destination.snowflake]\ndriver = '{}'\n",
        Fakesnow::driver().display()
    ))
}

fn command(example: &Example, server: &SampleServer, warehouse: &Fakesnow) -> Command {
    let mut command = example.command(server);
    command.envs(warehouse.environment());
    command
}

fn succeed(command: &mut Command) {
    example::succeed(command, &[Fakesnow::PASSWORD]);
}

fn connector(warehouse: &Fakesnow, dataset: &str, run: &[&str]) -> Vec<u8> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pipeline/read_snowflake.py");
    let mut asked = json!({"port": warehouse.port(), "database": Fakesnow::DATABASE, "schema": dataset});
    if !run.is_empty() {
        asked["run"] = json!(run);
    }
    let output = example::output(Command::new(Fakesnow::python()).args([script, &asked.to_string()]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn of_snowflake(warehouse: &Fakesnow, dataset: &str) -> (Kinds, Rows) {
    let found: BTreeMap<String, Found> =
        serde_json::from_slice(&connector(warehouse, dataset, &[])).expect("JSON");
    let kinds = found.iter().map(|(name, table)| (name.clone(), table.kinds.clone())).collect();
    (kinds, counted(found.into_iter().map(|(name, table)| (name, table.rows))))
}

#[test]
fn every_value_in_snowflake_is_that_of_sqlite() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Fakesnow::start();
    let (kinds, tables) = expected(&server, &[]);
    let example = example("whole", "");
    succeed(command(&example, &server, &warehouse).arg("check"));
    succeed(command(&example, &server, &warehouse).arg("run"));
    let (found_kinds, found) = of_snowflake(&warehouse, "WHOLE");
    assert_eq!(found_kinds, kinds);
    assert!(tables.len() >= 35 && tables.values().map(|rows| rows.len()).sum::<usize>() > 2_000);
    compare(&found, &tables, "in Snowflake");
    succeed(command(&example, &server, &warehouse).args(["run", "--full-refresh", "--select", SELECT]));
    let (_, again) = of_snowflake(&warehouse, "WHOLE");
    compare(&again, &tables, "in Snowflake, loaded twice");
}

#[test]
fn a_killed_run_into_snowflake_holds_the_lease_until_its_end_and_loses_nothing() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Fakesnow::start();
    let (_, tables) = expected(&server, &["--select", SELECT]);
    server.set(Settings { latency: Duration::from_millis(2), ..Settings::default() });
    let example = example("killed", "[load]\npackage_rows = 100\n[extract]\nper_page = 20\n");
    for requests in [20, 60] {
        server.clear_log();
        let mut child = command(&example, &server, &warehouse)
            .args(["run", "--select", SELECT])
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        while server.log().len() < requests && child.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let second = example::output(command(&example, &server, &warehouse).arg("run"));
        let said = String::from_utf8_lossy(&second.stderr);
        child.kill().expect("a kill");
        child.wait().expect("an end");
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains("another run is loading into Snowflake schema `KILLED`"), "{said}");
        // Who is killed says nothing, and its time is a minute.
        connector(&warehouse, "KILLED", &[FREE]);
    }
    // It may also have been in the middle of a transaction, which is open until somebody is in its way.
    connector(&warehouse, "KILLED", &["BEGIN", FREE]);
    succeed(command(&example, &server, &warehouse).args(["run", "--select", SELECT]));
    let (_, found) = of_snowflake(&warehouse, "KILLED");
    compare(&found, &tables, "after two kills");
}
