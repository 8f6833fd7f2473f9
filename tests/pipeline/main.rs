//! `generated-example` against the sample server, as people and schedulers run it: what it fetches, from whom, what it
//! says, and what a second run, an interrupted one and one on moving rows bring.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod access;
mod bigquery;
mod budget;
mod delta;
mod everywhere;
mod evidence;
mod example;
mod fetching;
mod files;
mod filters;
mod guides;
mod incremental;
mod interrupted;
mod long_lists;
mod meeting;
mod moving_rows;
mod planning;
mod postgres;
mod redshift;
mod refresh;
mod rows;
#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "the example is made already, and only built here")]
mod scaffold;
mod schema;
mod shards;
mod singer;
mod snowflake;
mod wide;
