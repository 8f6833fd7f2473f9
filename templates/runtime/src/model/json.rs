//! Tables as JSON Schema, draft 2020-12: of rows as they are written to files and streams of JSON.

use serde_json::{Map, Value, json};

use super::Model;
use crate::resource::ColumnKind;
use crate::schema::table::{Column, Table};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema of all tables by name, each a list of rows; that of a row is `#/$defs/TABLE`.
pub(crate) fn render(model: &Model) -> String {
    let name = |table: &Table| table.name.clone();
    let lists = model.tables.iter().map(|table| {
        let pointer = format!("#/$defs/{}", escaped(&table.name));
        (name(table), json!({"type": "array", "items": {"$ref": pointer}}))
    });
    let rows = model.tables.iter().map(|table| (name(table), row(model, table)));
    let schema = json!({
        "$schema": DRAFT,
        "$comment": model.origin,
        "type": "object",
        "properties": lists.collect::<Map<_, _>>(),
        "additionalProperties": false,
        "$defs": rows.collect::<Map<_, _>>(),
    });
    format!("{schema:#}\n")
}

fn row(model: &Model, table: &Table) -> Value {
    let columns = table.columns.iter().map(|column| {
        let mut schema = of_column(column);
        let about = model.about_column(table, &column.name);
        if !about.is_empty() {
            schema.insert("description".to_owned(), about.into());
        }
        (column.name.clone(), Value::Object(schema))
    });
    json!({
        "description": model.about(table),
        "type": "object",
        "properties": columns.collect::<Map<_, _>>(),
        "required": table.key,
        "additionalProperties": false,
    })
}

/// Any value may be null, and JSON is whatever it was.
fn of_column(column: &Column) -> Map<String, Value> {
    match column.kind {
        ColumnKind::Json => Map::new(),
        ColumnKind::List(item) => {
            let items = Value::Object(of_single(item.kind()));
            Map::from_iter([("type".to_owned(), json!(["array", "null"])), ("items".to_owned(), items)])
        }
        kind => of_single(kind),
    }
}

fn of_single(kind: ColumnKind) -> Map<String, Value> {
    let (name, format) = match kind {
        ColumnKind::Bool => ("boolean", None),
        ColumnKind::Int => ("integer", None),
        ColumnKind::Float => ("number", None),
        ColumnKind::Date => ("string", Some("date")),
        ColumnKind::Timestamp => ("string", Some("date-time")),
        ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_) => ("string", None),
    };
    let format = format.map(|format| ("format".to_owned(), format.into()));
    Map::from_iter([("type".to_owned(), json!([name, "null"]))].into_iter().chain(format))
}

/// A name within a JSON Pointer within a URI.
fn escaped(name: &str) -> String {
    let pointer = name.replace('~', "~0").replace('/', "~1");
    percent_encoding::utf8_percent_encode(&pointer, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%5F", "_")
        .replace("%7E", "~")
}
