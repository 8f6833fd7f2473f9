//! What is known from earlier runs, and what this one may keep for later ones.
//!
//! `rules` fit a resource; `reading` decides by them and by what is kept how a partition is read, and `refresh` whether
//! it is asked for at all; `branch` says what may be kept of it, and when; `state` is what is kept. `cover` does the same
//! for partitions that are read together.

mod branch;
mod cover;
mod reading;
mod refresh;
mod rules;
mod run;
mod state;

pub(super) use branch::Branch;
pub(super) use cover::{Choice, Cover, Id, Member, choose, known_of};
pub use reading::History;
pub(super) use reading::{Above, Plan, Reading, ReadingRules};
pub(super) use refresh::{Due, Standing};
pub(super) use rules::{is_settled, rules_of, standing_of};
pub(super) use run::Run;
pub use state::{Done, PartitionState, Point, Refused, Unfinished};
