//! A table as data: its columns, its key, and a batch of its rows.

use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::resource::ColumnKind;
use crate::schema::kind::Seen;

/// The column of what a record holds, as a number: it tells versions of a record apart, and records without a key.
pub const DIGEST: &str = "_digest";

/// Whether a column carries the digest of its record, or of the record whose list it belongs to.
pub(crate) fn is_digest(column: &str) -> bool {
    column.strip_prefix("_parent_").unwrap_or(column) == DIGEST
}

/// The column of when a whole read no longer found the row.
pub const DELETED_AT: &str = "_deleted_at";

/// The columns of a history: from when on and until when a version of a record held. That which holds has no end.
pub const VALID_FROM: &str = "_valid_from";
pub const VALID_TO: &str = "_valid_to";

/// Before the JSON Pointer of a field whose name is that of a column of the partition.
pub(crate) const RECORD: &str = "record/";

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
    /// what the pipeline adds (`partition/project_id`, `load/_load_id`). A column beside one that could not become
    /// wider has the kind and the name of that one: `variant/text/weight`.
    pub source: String,
}

/// Rows of one table, as they come from one page.
#[derive(Debug, Clone)]
pub struct TableRows {
    /// The table as far as these rows know it; its columns are those of `batch`, in the same order.
    pub table: Arc<Table>,
    pub batch: RecordBatch,
    /// For a child table: the keys of the records whose lists these rows make up, also of those with none. The
    /// columns are those columns of the table that carry the record's key.
    pub parents: Option<RecordBatch>,
}

/// Before the kind of a column and the name of that beside which it stands, because that could not become wider.
pub(crate) const VARIANT: &str = "variant/";

impl Column {
    /// The name of the column beside which it stands, for values that that one cannot hold.
    pub fn variant_of(&self) -> Option<&str> {
        self.source.strip_prefix(VARIANT)?.split_once('/').map(|(_, name)| name)
    }

    /// Whether its values come from the records.
    pub(crate) fn is_field(&self) -> bool {
        self.source.starts_with('/') || self.source.starts_with(RECORD)
    }
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
        use crate::schema::{field, kind_name};

        let cells = |at: usize| rows.iter().map(move |row| row.get(at).filter(|cell| !cell.is_null()));
        let arrays =
            columns.iter().enumerate().map(|(at, (_, kind))| array_of(*kind, &mut cells(at))).collect();
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
        TableRows {
            table: Arc::new(table),
            batch: RecordBatch::try_new(schema, arrays).unwrap(),
            parents: None,
        }
    }
}

#[cfg(test)]
fn array_of(
    kind: ColumnKind,
    cells: &mut dyn Iterator<Item = Option<&serde_json::Value>>,
) -> arrow_array::ArrayRef {
    use arrow_array::{BooleanArray, Date32Array, Float64Array, Int64Array, StringArray};
    use serde_json::Value;

    use crate::schema::arrow::instants;
    use crate::schema::time::{DAY, parse_loosely};

    let micros = |cell: &Value| cell.as_str().and_then(parse_loosely).map(|time| time.micros());
    let text = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    match kind {
        ColumnKind::Bool => Arc::new(cells.map(|cell| cell?.as_bool()).collect::<BooleanArray>()),
        ColumnKind::Int => Arc::new(cells.map(|cell| cell?.as_i64()).collect::<Int64Array>()),
        ColumnKind::Float => Arc::new(cells.map(|cell| cell?.as_f64()).collect::<Float64Array>()),
        ColumnKind::Date => {
            let days = cells.map(|cell| i32::try_from(micros(cell?)?.div_euclid(DAY)).ok());
            Arc::new(days.collect::<Date32Array>())
        }
        ColumnKind::Timestamp => instants(cells.map(|cell| micros(cell?))),
        ColumnKind::Text => Arc::new(cells.map(|cell| cell.map(text)).collect::<StringArray>()),
        ColumnKind::Json => Arc::new(cells.map(|cell| cell.map(Value::to_string)).collect::<StringArray>()),
        ColumnKind::List(item) => {
            let lists: Vec<Option<&Vec<Value>>> = cells.map(|cell| cell?.as_array()).collect();
            let items = lists.iter().flatten().copied().flatten();
            let mut items = items.map(|item| Some(item).filter(|item| !item.is_null()));
            let items = array_of(item.kind(), &mut items);
            let lengths = lists.iter().map(|list| list.map_or(0, Vec::len));
            let offsets = arrow_buffer::OffsetBuffer::from_lengths(lengths);
            let nulls = lists.iter().map(Option::is_some).collect();
            let field = crate::schema::arrow::item_field(item);
            Arc::new(arrow_array::ListArray::new(field, offsets, items, Some(nulls)))
        }
    }
}
