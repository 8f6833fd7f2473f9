//! Messages: each a line of JSON.

use serde_json::{Map, Value, json};

use crate::destination::cells::Cells;
use crate::resource::ColumnKind;
use crate::schema::json::json_type;
use crate::schema::table::{Column, Table};

/// The SCHEMA of a table of which a target is shown these columns.
pub(super) fn schema<'t>(table: &Table, key: &[String], columns: impl Iterator<Item = &'t Column>) -> String {
    let properties: Map<String, Value> =
        columns.map(|column| (column.name.clone(), type_of(column.kind))).collect();
    let schema = json!({"type": "object", "properties": properties});
    json!({"type": "SCHEMA", "stream": table.name, "schema": schema, "key_properties": key}).to_string()
}

/// A target is given JSON as text.
fn type_of(kind: ColumnKind) -> Value {
    json_type(if kind == ColumnKind::Json { ColumnKind::Text } else { kind })
}

/// What stands before and after the values of each RECORD of a stream.
pub(super) struct Frame {
    start: String,
    end: String,
    names: Vec<String>,
}

impl Frame {
    pub(super) fn new<'t>(
        stream: &str,
        version: Option<i64>,
        columns: impl Iterator<Item = &'t Column>,
    ) -> Self {
        let version = version.map(|version| format!(",\"version\":{version}")).unwrap_or_default();
        Self {
            start: format!("{{\"type\":\"RECORD\",\"stream\":{},\"record\":{{", quoted(stream)),
            end: format!("}}{version}}}\n"),
            names: columns.map(|column| format!("{}:", quoted(&column.name))).collect(),
        }
    }

    /// A RECORD; the cells are those of the columns.
    pub(super) fn write(&self, cells: &[Cells<'_>], row: usize, out: &mut Vec<u8>) {
        out.extend(self.start.bytes());
        for (at, (name, cells)) in self.names.iter().zip(cells).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend(name.bytes());
            write_value(*cells, row, out);
        }
        out.extend(self.end.bytes());
    }
}

fn write_value(cells: Cells<'_>, row: usize, out: &mut Vec<u8>) {
    if cells.is_null(row) {
        return out.extend(b"null");
    }
    match cells {
        // Nothing fails to be written to memory.
        Cells::Text(array) | Cells::Json(array) => drop(serde_json::to_writer(out, array.value(row))),
        Cells::Date(_) | Cells::Timestamp(_) => {
            out.push(b'"');
            cells.write_plain(row, out);
            out.push(b'"');
        }
        Cells::List(..) => {
            out.push(b'[');
            if let Some((items, rows)) = cells.items(row) {
                let first = rows.start;
                for row in rows {
                    if row > first {
                        out.push(b',');
                    }
                    write_value(items, row, out);
                }
            }
            out.push(b']');
        }
        Cells::Bool(_) | Cells::Int(_) | Cells::Float(_) => cells.write_plain(row, out),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// From now on the rows of this version are the table.
pub(super) fn activate_version(stream: &str, version: i64) -> String {
    json!({"type": "ACTIVATE_VERSION", "stream": stream, "version": version}).to_string()
}

pub(super) fn state(value: &str) -> String {
    format!("{{\"type\":\"STATE\",\"value\":{value}}}")
}
