//! What a table is: columns, kinds and how they widen, names, times, and the Arrow types that carry them.
//!
//! The ground floor of normalising, loading and destinations. It knows neither where records come from nor where rows
//! go.

pub mod arrow;
pub(crate) mod json;
pub(crate) mod keys;
pub mod kind;
pub mod names;
pub(crate) mod narrow;
pub mod table;
pub mod time;
pub mod widen;

pub use arrow::{data_type, field};
pub use kind::{Seen, kind_from_name, kind_name};
pub use names::Naming;
pub use table::{Column, DELETED_AT, DIGEST, Table, TableRows};
