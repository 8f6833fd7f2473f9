//! What helps those who query a table, and what a load says to make one.

use super::Result;
use crate::schema::table::Table;

/// What helps those who query a table. No row depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aid {
    pub table: String,
    /// What the table is about: a comment, where there are such.
    pub about: String,
    /// The same of columns.
    pub columns: Vec<(String, String)>,
    /// Columns by which rows are looked for: an index on each of these, where there are such.
    pub indexes: Vec<Vec<String>>,
}

/// How a destination makes tables, in its SQL. Nothing is asked of it for that.
pub trait Definitions {
    /// The schema that the tables lie in.
    fn schema(&self) -> String;

    /// What that lies in, where it has to be said.
    fn database(&self) -> Option<String> {
        None
    }

    /// What a table or a column is called there.
    fn named(&self, name: &str) -> String {
        name.to_owned()
    }

    /// That, as SQL writes it.
    fn quoted(&self, name: &str) -> String {
        super::sql::quoted(&self.named(name))
    }

    /// A value as text.
    fn as_text(&self, column: &str) -> String;

    /// The statements with which a load makes a table and what helps with it.
    fn statements(&self, table: &Table, aid: Option<&Aid>) -> Vec<String>;
}

/// Finds out how a destination that is set up so makes tables.
pub type OpenDefinitions = fn(&crate::config::Destination) -> Result<Box<dyn Definitions>>;
