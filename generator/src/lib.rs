//! Reads a GitLab OpenAPI document and renders a standalone Rust pipeline crate.
//!
//! One type per stage; no stage reaches back:
//!
//! ```text
//! Text → Document → Endpoints → inferred Facts → ResourceGraph → rendered Files → write Plan → disk
//! ```
//!
//! For a crate that is there, [`update`] chooses what is rendered, and [`merge`] brings it and the user's files together.

pub mod cli;
pub mod diff;
pub mod document;
pub mod endpoint;
pub mod gitlab;
pub mod graph;
pub mod infer;
pub mod memory;
pub mod merge;
mod read;
pub mod render;
pub mod report;
mod text;
pub mod update;
pub mod write;

pub use read::{Read, read};
