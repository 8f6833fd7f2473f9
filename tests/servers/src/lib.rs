//! Real servers for tests: each is started on a free loopback port in a folder of its own, waited for, and stopped when
//! it is dropped. A server that is not installed is a failure: `.ci/servers` installs all of them.

#![expect(clippy::panic, clippy::expect_used, reason = "a test ends at the first surprise")]

mod azurite;
mod bigquery;
mod duckdb;
mod fakesnow;
mod google_storage;
mod moto;
mod otel;
mod postgres;
mod process;
mod redshift;
mod request;

pub use azurite::Azurite;
pub use bigquery::BigQuery;
pub use duckdb::{duckdb_tables, duckdb_views};
pub use fakesnow::Fakesnow;
pub use google_storage::GoogleStorage;
pub use moto::Moto;
pub use otel::Otel;
pub use postgres::Postgres;
pub use process::{Process, free_port, installed, program};
pub use redshift::Redshift;
