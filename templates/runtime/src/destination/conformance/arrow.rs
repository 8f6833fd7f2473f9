//! Batches that were read back, as JSON.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use serde_json::{Value, json};

use crate::resource::ColumnKind;
use crate::schema::Seen;
use crate::schema::table::Column;
use crate::schema::time::{date_text, instant_text};
use crate::schema::widen::widen;

/// Columns of these names and kinds, of which nothing else is known.
pub fn columns_of(columns: &[(&str, ColumnKind)]) -> Vec<Column> {
    let column = |(name, kind): &(&str, ColumnKind)| Column {
        name: (*name).to_owned(),
        kind: *kind,
        seen: Seen::Nothing,
        source: String::new(),
    };
    columns.iter().map(column).collect()
}

/// The rows of a batch that has exactly these columns.
pub fn values_of(batch: &RecordBatch, columns: &[Column]) -> Vec<Value> {
    let row = |row| {
        let cells = columns.iter().zip(batch.columns());
        cells.map(|(column, array)| value_of(array, column.kind, row)).collect::<Value>()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn value_of(array: &ArrayRef, kind: ColumnKind, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match kind {
        ColumnKind::Bool => json!(array.as_boolean().value(row)),
        ColumnKind::Int => json!(array.as_primitive::<Int64Type>().value(row)),
        ColumnKind::Float => json!(array.as_primitive::<Float64Type>().value(row)),
        ColumnKind::Date => json!(date_text(array.as_primitive::<Date32Type>().value(row))),
        ColumnKind::Timestamp => {
            json!(instant_text(array.as_primitive::<TimestampMicrosecondType>().value(row)))
        }
        ColumnKind::Text => json!(array.as_string::<i32>().value(row)),
        ColumnKind::Json => serde_json::from_str(array.as_string::<i32>().value(row)).unwrap(),
        ColumnKind::List(_) => {
            let json = widen(array, kind, ColumnKind::Json).unwrap();
            serde_json::from_str(json.as_string::<i32>().value(row)).unwrap()
        }
    }
}
