//! What is known, for people and for programs. Reads a graph; decides nothing.

mod cost;
mod diff;
mod dot;
mod doubt;
mod explain;
mod inspect;
mod overlay;
mod remedy;
mod table;

pub use cost::cost;
pub use diff::{diff_json, diff_markdown, diff_text};
pub use dot::dot;
pub use doubt::{Doubt, doubts};
pub use explain::explain;
pub use inspect::inspect_json;
pub use overlay::overlay;
pub use remedy::Remedy;
pub use table::inspect_table;

/// Text of a document, on one line and without what steers a terminal.
pub fn printable(text: &str) -> String {
    crate::text::one_line(text)
}
