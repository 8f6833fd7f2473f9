//! The server: what comes in over HTTP, what goes out, and what goes wrong on purpose.

mod answer;
mod auth;
mod faults;
mod instance;
mod limit;
mod log;
mod server;
mod settings;

pub use auth::tokens;
pub use faults::{Fault, Faults};
pub use limit::{RateLimit, TooMany};
pub use log::Exchange;
pub use server::SampleServer;
pub use settings::{ScheduledEdit, Settings, SlowPages};
