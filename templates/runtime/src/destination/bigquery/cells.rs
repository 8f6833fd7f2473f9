//! Values of an answer as texts, by the fields that it names.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema>

use serde_json::{Map, Value};

use crate::schema::time::instant_text;

/// `None` for a null. Lists and records are JSON.
pub(super) fn text_of(value: &Value, field: &Value) -> Option<String> {
    match json_of(value, field) {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn json_of(value: &Value, field: &Value) -> Value {
    let said = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
    match value {
        Value::Array(items) => {
            items.iter().map(|item| json_of(item.get("v").unwrap_or(&Value::Null), field)).collect()
        }
        Value::Object(record) => {
            let cells = record.get("f").and_then(Value::as_array).into_iter().flatten();
            let fields = field.get("fields").and_then(Value::as_array).into_iter().flatten();
            let named = |(cell, field): (&Value, &Value)| {
                let name = field.get("name")?.as_str()?.to_owned();
                Some((name, json_of(cell.get("v").unwrap_or(&Value::Null), field)))
            };
            cells.zip(fields).filter_map(named).collect::<Map<String, Value>>().into()
        }
        Value::String(text) if said("type") == "TIMESTAMP" => {
            text.parse().map_or_else(|_| text.clone(), instant_text).into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::text_of;

    #[test]
    fn values_are_texts_by_their_fields() {
        let text = |value, field| text_of(&value, &field);
        let time = json!({"name": "at", "type": "TIMESTAMP"});
        assert_eq!(
            text(json!("1714566600123456"), time.clone()).as_deref(),
            Some("2024-05-01T12:30:00.123456Z")
        );
        assert_eq!(text(json!("0.1"), json!({"type": "FLOAT"})).as_deref(), Some("0.1"));
        assert_eq!(text(json!(null), time.clone()), None);
        let record =
            json!({"type": "RECORD", "mode": "REPEATED", "fields": [time, {"name": "n", "type": "INTEGER"}]});
        let value = json!([{"v": {"f": [{"v": "0"}, {"v": "7"}]}}, {"v": {"f": [{"v": null}, {"v": "8"}]}}]);
        let expected = r#"[{"at":"1970-01-01T00:00:00.000000Z","n":"7"},{"at":null,"n":"8"}]"#;
        assert_eq!(text(value, record).as_deref(), Some(expected));
    }
}
