//! Views: their figures are those that are computed here of the sample server's records, in every database that runs in a
//! test; and runs make them, leave out what they cannot make, and take nothing away that is somebody else's. `show` draws them
//! as they are.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

#[path = "../pipeline/example.rs"]
#[allow(dead_code, reason = "these tests look at views, not at tables")]
mod example;
mod expected;
mod figures;
mod looked;
mod made;
mod parsed;
mod records;
#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "the example is made already, and only built here")]
mod scaffold;
#[path = "../show/shown.rs"]
#[allow(dead_code, reason = "these tests look at pages as anybody may")]
mod shown;
mod warehouses;
mod written;
