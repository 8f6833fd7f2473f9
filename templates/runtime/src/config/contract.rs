//! What becomes of data that would change a table: `[schema]`, and what a resource says of the same.

use serde::Deserialize;

/// What becomes of data that does not fit the tables as they are. The first load of a table makes it, and changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contract {
    /// Where a list would get a table.
    pub tables: OnChange,
    /// Where a field would get a column.
    pub columns: OnChange,
    /// Where a value would need another type of its column.
    pub types: OnChange,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChange {
    /// The table changes.
    #[default]
    Evolve,
    /// The resource fails.
    Freeze,
    /// The value is left out, and the rest of its row is loaded.
    DiscardValue,
    /// The row is left out.
    DiscardRow,
}

/// The keys of `[schema]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContractSettings {
    tables: Option<OnChange>,
    columns: Option<OnChange>,
    types: Option<OnChange>,
}

impl Contract {
    /// With what is said in its place.
    pub fn with(self, said: ContractSettings) -> Self {
        Self {
            tables: said.tables.unwrap_or(self.tables),
            columns: said.columns.unwrap_or(self.columns),
            types: said.types.unwrap_or(self.types),
        }
    }
}
