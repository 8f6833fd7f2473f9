//! The whole way into Redshift's stand-in, through S3, read back by `psql` and compared with SQLite, value by value.

use std::process::{Command, Stdio};

use sample_gitlab::{SampleServer, Settings, Size, World};
use test_servers::{Postgres, Redshift};

use crate::example::{self, Example};
use crate::postgres::{expected, kinds_in};
use crate::rows::{compare, in_postgres};

/// What is read a second time: each table takes a while.
const SELECT: &str = "project_issues,issue_notes,project_labels,group_members";

fn command(example: &Example, server: &SampleServer, warehouse: &Redshift) -> Command {
    let mut command = example.command(server);
    command.envs(warehouse.environment()).stderr(Stdio::piped());
    command
}

fn succeed(command: &mut Command) {
    example::succeed(command, &[Postgres::PASSWORD, Redshift::SECRET_KEY]);
}

#[test]
fn every_value_in_redshift_is_that_of_sqlite() {
    let server = SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server");
    let warehouse = Redshift::start();
    let (kinds, tables) = expected(&server, &[]);
    let example = Example::new(&format!(
        "[destination]\nkind = 'redshift'\ndataset = 'whole'\n[destination.redshift]\nsslmode = 'disable'\nstaging = 's3://{}/gitlab'\n",
        Redshift::BUCKET
    ));
    succeed(command(&example, &server, &warehouse).arg("check"));
    succeed(command(&example, &server, &warehouse).arg("run"));
    let found = in_postgres(warehouse.postgres(), "whole");
    assert_eq!(kinds_in(warehouse.postgres(), "whole"), kinds);
    assert!(tables.len() >= 35 && tables.values().map(|rows| rows.len()).sum::<usize>() > 2_000);
    compare(&found, &tables, "in Redshift");
    succeed(command(&example, &server, &warehouse).args(["run", "--full-refresh", "--select", SELECT]));
    let again = in_postgres(warehouse.postgres(), "whole");
    compare(&again, &tables, "in Redshift, loaded twice");
    assert_eq!(warehouse.objects().trim(), "[]", "nothing is left in the bucket");
}
