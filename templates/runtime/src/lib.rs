//! The engine of a pipeline that reads GitLab's REST API and loads it into tables.
//!
//! A crate that `gitlab-init` makes hands its name, its [`resource`] definitions, its [`view`]s and its [`Hooks`] to a
//! [`Pipeline`];
//! that is the whole public face. Inside, `cli` reads the `config`; `login` makes a first pair of tokens, `access` looks
//! at what the credentials open; `scope` says where a run starts, and `shard` which part of it is whose; `extract` asks
//! the `client` for pages and lets the hooks see records; `load` takes the pages, `normalize` makes rows of them, and a
//! `destination` keeps the rows.

pub mod resource;
pub mod view;

mod cli;
mod model;
mod notify;
mod pipeline;
mod progress;
mod report;
mod show;
mod told;

pub use hooks::{Hooks, Keep, Verdict};
pub use pipeline::Pipeline;
pub use record::{Number, Record, Value};

// Open to the tests and benchmarks of this crate, and no part of its face: nothing here is promised to stay.
#[doc(hidden)]
pub mod access;
#[doc(hidden)]
pub mod client;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod destination;
#[doc(hidden)]
pub mod extract;
#[doc(hidden)]
pub mod hooks;
#[doc(hidden)]
pub mod load;
#[doc(hidden)]
pub mod login;
#[doc(hidden)]
pub mod moment;
#[doc(hidden)]
pub mod normalize;
#[doc(hidden)]
pub mod page;
#[doc(hidden)]
pub mod record;
#[doc(hidden)]
pub mod schema;
#[doc(hidden)]
pub mod scope;
#[doc(hidden)]
pub mod shard;
#[doc(hidden)]
pub mod telemetry;
