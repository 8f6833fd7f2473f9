//! A stand-in for GitLab, for tests: the same paths, records, paging, refusals and failures.
//!
//! ```text
//! http      a request comes in: log, limits, faults, token
//!   routes  the table of endpoints: which rows, which order and filters, who may
//!   rows    rows of a list by place, made on demand
//!   paging  which of them a page holds and how the next one is found
//!   records each entity as JSON
//! world     what the instance holds: a plan computed from a size and a seed, and edits on top
//! ```
//!
//! ```
//! use sample_gitlab::{SampleServer, Settings, Size, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = SampleServer::start(World::new(Size::small()), Settings::default())?;
//! println!("{} {}", server.url(), server.token());
//! let expected = server.world().count("/projects/{id}/issues")?;
//! assert!(expected > 100);
//! # Ok(())
//! # }
//! ```

// A project has more fields than the macro for JSON takes by itself.
#![recursion_limit = "256"]

mod http;
mod paging;
mod records;
mod routes;
mod rows;
mod world;

pub use http::{
    Exchange, Fault, Faults, RateLimit, SampleServer, ScheduledEdit, Settings, SlowPages, TooMany, tokens,
};
pub use routes::{NoSuchList, Params};
pub use world::{Change, Edit, Kind, Moment, PUBLIC_URL, Size, World, cast};
