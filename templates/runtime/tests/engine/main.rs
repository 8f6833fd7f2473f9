//! From a configuration to the pages that a sink gets, against servers of a few routes each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod bodies;
mod client;
mod command;
mod configuration;
mod evidence;
mod extraction;
mod gitlab;
mod incremental;
mod login;
mod notify;
mod oauth;
#[path = "sample/resources.rs"]
mod resources;
mod run;
mod scope;
mod telemetry;
mod tls;
