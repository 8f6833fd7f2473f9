//! How a column travels: the Arrow type and field of each kind. The items of a list may be null.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::{DataType, Field, FieldRef, TimeUnit};

use crate::resource::{ColumnKind, ItemKind};

/// The key and the value in a field's metadata that tell JSON from other text.
const EXTENSION: (&str, &str) = ("ARROW:extension:name", "arrow.json");

/// The Arrow type that carries a kind.
pub fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Bool => DataType::Boolean,
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Date => DataType::Date32,
        ColumnKind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnKind::Text | ColumnKind::Json => DataType::Utf8,
        ColumnKind::List(item) => DataType::List(item_field(item)),
    }
}

/// The Arrow field of the items of a list.
pub(crate) fn item_field(item: ItemKind) -> FieldRef {
    Arc::new(Field::new_list_field(data_type(item.kind()), true))
}

/// The Arrow field of a column.
pub fn field(name: &str, kind: ColumnKind) -> Field {
    let field = Field::new(name, data_type(kind), true);
    match kind {
        ColumnKind::Json => {
            field.with_metadata(HashMap::from([(EXTENSION.0.to_owned(), EXTENSION.1.to_owned())]))
        }
        _ => field,
    }
}

/// An array of instants, in microseconds.
pub(crate) fn instants(micros: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from_iter(micros).with_timezone("UTC"))
}
