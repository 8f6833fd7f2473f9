//! The sample server behaves as GitLab does, unpleasant parts included.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in what it calls as well"
)]

mod access;
mod client;
mod faults;
mod filters;
mod keyset;
mod lists;
mod moving;
mod offset;
mod records;
