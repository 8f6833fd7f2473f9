//! `schema`, as those read it for whom it is written: dbt, a validator of JSON Schema, Mermaid's parser, and databases that
//! make the same tables of it; and the indexes and comments that a load makes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod databases;
mod dbt;
#[path = "../pipeline/example.rs"]
#[allow(dead_code, reason = "these tests look at schemas, not at tables")]
mod example;
mod readers;
#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "the example is made already, and only built here")]
mod scaffold;

use std::process::Command;

use sample_gitlab::{SampleServer, Settings, Size, World};

use crate::example::Example;

fn server() -> SampleServer {
    SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server")
}

/// One that loads into this schema of PostgreSQL.
fn in_postgres(dataset: &str) -> Example {
    Example::new(&format!("[destination]\nkind = 'postgres'\ndataset = '{dataset}'\n"))
}

/// What a command prints, at a good end.
fn said(command: &mut Command) -> String {
    let output = command.output().expect("an exit");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
