//! What is known, for people and for programs. Reads a graph; decides nothing.

mod doubt;
mod explain;
mod inspect;
mod table;

pub use doubt::{Doubt, doubts};
pub use explain::explain;
pub use inspect::inspect_json;
pub use table::inspect_table;
