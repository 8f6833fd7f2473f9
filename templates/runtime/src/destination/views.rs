//! Views that a load makes for those who read: the contract of the destinations that have some.

use super::{Result, sql};
use crate::resource::ColumnKind;

/// Views of a place on which a load is open. No package is open while one is made.
pub trait Views {
    /// Whose SQL it takes: a kind of destination, as `destination.kind` calls it.
    fn dialect(&self) -> &'static str;

    /// The type of a column, as SQL writes it.
    fn type_of(&self, kind: ColumnKind) -> &'static str;

    /// A name as its SQL writes it.
    fn quoted(&self, name: &str) -> String {
        sql::quoted(name)
    }

    /// A table or a view, as a query names it.
    fn table(&self, name: &str) -> String {
        self.quoted(name)
    }

    /// Whether a table or a view has this name.
    fn is_taken(&mut self, name: &str) -> Result<bool>;

    /// Makes a view of a query that names what it reads as [`table`](Self::table) does, in the place of one of the same
    /// name. Where that fails, what was there may be gone.
    fn make(&mut self, name: &str, query: &str) -> Result<()>;

    /// Takes a view away; one that is not there is no error.
    fn remove(&mut self, name: &str) -> Result<()>;
}
