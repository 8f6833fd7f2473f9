//! Real servers for tests: each is started on a free loopback port in a folder of its own, waited for, and stopped when
//! it is dropped. A server that is not installed is a failure: `.ci/servers` installs all of them.

#![expect(clippy::panic, clippy::expect_used, reason = "a test ends at the first surprise")]

mod duckdb;
mod process;

pub use duckdb::duckdb_tables;
pub use process::{Process, free_port, program};
