//! Kinds as JSON Schema has them, of values as JSON lines and streams of JSON write them.

use serde_json::{Value, json};

use crate::resource::ColumnKind;

/// Any value may be null. What was JSON is whatever it was, where it is not written as text.
pub(crate) fn json_type(kind: ColumnKind) -> Value {
    match kind {
        ColumnKind::Bool => json!({"type": ["null", "boolean"]}),
        ColumnKind::Int => json!({"type": ["null", "integer"]}),
        ColumnKind::Float => json!({"type": ["null", "number"]}),
        ColumnKind::Date => json!({"type": ["null", "string"], "format": "date"}),
        ColumnKind::Timestamp => json!({"type": ["null", "string"], "format": "date-time"}),
        ColumnKind::Text => json!({"type": ["null", "string"]}),
        ColumnKind::Json => json!({}),
        ColumnKind::List(item) => json!({"type": ["null", "array"], "items": json_type(item.kind())}),
    }
}
