//! What tables mean: the keys that tie them, what document and pipeline say of their columns, and what helps those who
//! query them.
//!
//! In come tables, as a destination has them or as a first load would make them, and the resources that fill them. Out
//! come words and plain data; how others write them down is in `json`, `mermaid` and `dbt`. SQL is the destinations' own.

mod aids;
pub(crate) mod dbt;
pub(crate) mod json;
pub(crate) mod mermaid;
mod ties;
mod words;

use std::collections::BTreeMap;

use crate::destination::Aid;
use crate::resource::Resource;
use crate::schema::table::Table;

pub(crate) use self::aids::aids;
pub(crate) use self::ties::{Tie, ties};

/// A resource, and the table that its records go to.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) resource: &'static Resource,
    pub(crate) table: String,
}

/// Tables, with all that is known of them.
#[derive(Debug)]
pub(crate) struct Model {
    /// Where it is from, in a sentence.
    pub(crate) origin: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) ties: Vec<Tie>,
    aids: BTreeMap<String, Aid>,
}

impl Model {
    pub(crate) fn new(origin: String, sources: &[Source], mut tables: Vec<Table>) -> Self {
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        let ties = ties(sources, &tables);
        let aids = aids(sources, &tables).into_iter().map(|aid| (aid.table.clone(), aid)).collect();
        Self { origin, tables, ties, aids }
    }

    pub(crate) fn aid(&self, table: &Table) -> Option<&Aid> {
        self.aids.get(&table.name)
    }

    /// What a table is about.
    fn about(&self, table: &Table) -> &str {
        self.aid(table).map_or("", |aid| aid.about.as_str())
    }

    /// What a column is about; empty where nothing is known.
    fn about_column(&self, table: &Table, column: &str) -> &str {
        let said = self.aid(table).and_then(|aid| aid.columns.iter().find(|(name, _)| name == column));
        said.map_or("", |(_, about)| about.as_str())
    }
}
