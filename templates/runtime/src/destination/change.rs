//! A change of a table's schema: what the loader asks of a destination, and what the report says of it.

use std::fmt;

use crate::schema::kind::kind_name;
use crate::schema::table::{Column, Table};

/// One step from the schema that a destination has to the one that a batch needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaChange {
    CreateTable(Table),
    AddColumn {
        table: String,
        column: Column,
    },
    /// The column gets another type, or only other knowledge of what it has seen and where it comes from. Values that
    /// are there are converted as [`widen`](crate::schema::widen) does it. Of a column that has seen
    /// nothing, none are; and one that has seen [empty lists](crate::schema::Seen::is_empty) has the same afterwards.
    AlterColumn {
        table: String,
        from: Column,
        to: Column,
    },
    /// Other columns identify a row from now on. Of rows that are the same by the new key, the last written stays.
    SetKey {
        table: String,
        key: Vec<String>,
    },
}

impl SchemaChange {
    pub fn table(&self) -> &str {
        match self {
            SchemaChange::CreateTable(table) => &table.name,
            SchemaChange::AddColumn { table, .. }
            | SchemaChange::AlterColumn { table, .. }
            | SchemaChange::SetKey { table, .. } => table,
        }
    }

    /// Whether it changes only what is known of a column, and neither the table nor its values.
    pub fn is_note(&self) -> bool {
        matches!(self, SchemaChange::AlterColumn { from, to, .. } if from.kind == to.kind)
    }

    /// Whether a person who queries the table would notice.
    pub fn is_visible(&self) -> bool {
        match self {
            SchemaChange::AlterColumn { from, to, .. } => from.kind != to.kind && !from.seen.is_empty(),
            _ => true,
        }
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemaChange::CreateTable(table) => {
                write!(f, "new table `{}` with {} columns", table.name, table.columns.len())
            }
            SchemaChange::AddColumn { table, column } if column.variant_of().is_some() => {
                let (beside, kind) = (column.variant_of().unwrap_or_default(), kind_name(column.kind));
                write!(
                    f,
                    "column `{table}.{beside}` cannot become {kind}: such values go to `{}`",
                    column.name
                )
            }
            SchemaChange::AddColumn { table, column } => {
                write!(f, "new column `{table}.{}`: {}", column.name, kind_name(column.kind))
            }
            SchemaChange::AlterColumn { table, from, to } => {
                let (old, new) = (kind_name(from.kind), kind_name(to.kind));
                write!(f, "column `{table}.{}`: {old} becomes {new}", to.name)
            }
            SchemaChange::SetKey { table, key } if key.is_empty() => {
                write!(f, "table `{table}` has no key any more")
            }
            SchemaChange::SetKey { table, key } => write!(f, "key of table `{table}`: {}", key.join(", ")),
        }
    }
}
