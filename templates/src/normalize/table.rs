//! A table as data: its columns, its key, and a batch of its rows.

use arrow_array::RecordBatch;

use crate::normalize::kind::Seen;
use crate::resource::ColumnKind;

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    /// The table of the records that the list stood in; `None` for the table of a resource.
    pub parent: Option<String>,
    /// Where the rows come from: the name of the resource, or the JSON Pointer of a list in its records.
    pub source: String,
    /// The columns that identify a row. Empty when nothing does.
    pub key: Vec<String>,
    pub columns: Vec<Column>,
}

/// What is known of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// The type it has in the destination.
    pub kind: ColumnKind,
    /// What its values have been so far: decides which kind it needs when others come.
    pub seen: Seen,
    /// Where its values come from: a JSON Pointer into the record (`/author/username`), or a word and a name for
    /// what the pipeline adds (`partition/project_id`, `load/_load_id`).
    pub source: String,
}

/// Rows of one table, as they come from one page.
#[derive(Debug, Clone)]
pub struct TableRows {
    /// The table as far as these rows know it; its columns are those of `batch`, in the same order.
    pub table: Table,
    pub batch: RecordBatch,
    /// For a child table: the keys of the records whose lists these rows make up, also of those with none. The
    /// columns are those columns of the table that carry the record's key.
    pub parents: Option<RecordBatch>,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl TableRows {
    pub fn row_count(&self) -> usize {
        self.batch.num_rows()
    }

    /// Roughly what the rows take in memory, in bytes.
    pub fn size(&self) -> usize {
        self.batch.get_array_memory_size()
    }
}

#[cfg(test)]
impl TableRows {
    /// Rows for tests: `columns` with the kinds they have, one JSON array per row.
    pub(crate) fn of(
        name: &str,
        key: &[&str],
        columns: &[(&str, ColumnKind)],
        rows: &[serde_json::Value],
    ) -> Self {
        use std::sync::Arc;

        use serde_json::Value;

        use crate::normalize::arrays::{Values, field};
        use crate::normalize::kind::{Seen, kind_name};
        use crate::normalize::time::parse_loosely;

        let mut arrays = Vec::new();
        for (at, (_, kind)) in columns.iter().enumerate() {
            let cells: Vec<Option<&Value>> =
                rows.iter().map(|row| row.get(at).filter(|cell| !cell.is_null())).collect();
            let time = |cell: &Option<&Value>| {
                cell.and_then(Value::as_str).and_then(parse_loosely).map(|time| time.micros())
            };
            let times: Vec<Option<i64>> = cells.iter().map(time).collect();
            arrays
                .push(Values { first: 0, cells: &cells, times: Some(&times), rows: rows.len() }.array(*kind));
        }
        let fields: Vec<_> = columns.iter().map(|(name, kind)| field(name, *kind)).collect();
        let columns = columns.iter().map(|(name, kind)| Column {
            name: (*name).to_owned(),
            kind: *kind,
            seen: Seen::from_name(kind_name(*kind)).unwrap(),
            source: format!("/{name}"),
        });
        let table = Table {
            name: name.to_owned(),
            parent: None,
            source: "test".to_owned(),
            key: key.iter().map(|column| (*column).to_owned()).collect(),
            columns: columns.collect(),
        };
        let schema = Arc::new(arrow_schema::Schema::new(fields));
        TableRows { table, batch: RecordBatch::try_new(schema, arrays).unwrap(), parents: None }
    }
}
