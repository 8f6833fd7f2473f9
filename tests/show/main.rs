//! `show`, as people see it: every page in a browser, in both themes and at 400 pixels, by mouse and keys; and as those
//! see it who may not.
//!
//! Screenshots are in `target/show` afterwards, to be looked at.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod browser;
#[path = "../pipeline/example.rs"]
#[allow(dead_code, reason = "these tests look at pages, not at tables")]
mod example;
mod guarded;
mod pages;
mod places;
#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "the example is made already, and only built here")]
mod scaffold;
mod shown;
