//! Walking the tree of resources: from where a run starts, list by list, to what hangs on each record.
//!
//! A [`Tree`] says what hangs below what. Requests wait on a depth-first `stack`; a `visit` sends one, has the sink read
//! the answer, hands the records over and puts what they start on top. What GitLab refuses gets a `verdict`. What hangs on
//! many records is read in one list where there is a `wide` one, and comes apart in `pieces`.

mod bindings;
mod look;
mod node;
mod pieces;
mod refusals;
mod stack;
mod start;
mod task;
mod tree;
mod verdict;
mod visit;
mod wide;

pub(super) use look::Look;
pub(super) use node::Node;
pub(super) use stack::{Turns, drain};
pub(super) use start::Starter;
pub(super) use task::Task;
pub use tree::{Tree, TreeError};
pub(super) use visit::Walk;
