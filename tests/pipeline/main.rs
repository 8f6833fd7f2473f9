//! `generated-example` against the sample server, as people and schedulers run it: what it fetches, from whom, and what
//! it says.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod access;
mod example;
mod fetching;
