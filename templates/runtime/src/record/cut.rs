//! Cuts the text of a list whose records belong to several partitions into one list for each of them: every text is then
//! read as if it had come alone.

use serde_json::value::RawValue;
use serde_json::{Value, from_str};

use super::decode::{DecodeError, decode_records};
use super::parse::{Fields, parse};
use crate::resource::Shape;

/// The records of a list that have the same value in one field.
#[derive(Debug, PartialEq)]
pub(crate) struct Cut {
    /// Null where they have none.
    pub(crate) value: Value,
    /// Where they stand in the list that they were cut from.
    pub(crate) places: Vec<usize>,
    /// A list of them.
    pub(crate) text: String,
}

/// The records of a list by the value of a field, in the order in which these come. What is null is no record.
///
/// # Errors
/// When the text is not JSON; inside, when it is no list.
pub(crate) fn cut(text: &str, field: &str) -> Result<Result<Vec<Cut>, DecodeError>, serde_json::Error> {
    let Ok(records) = from_str::<Vec<&RawValue>>(text) else {
        return Ok(decode_records(Shape::List, parse(text)?).map(|_| Vec::new()));
    };
    let mut cuts: Vec<Cut> = Vec::new();
    for (place, record) in
        records.iter().map(|record| record.get()).filter(|text| *text != "null").enumerate()
    {
        let value = value_of(record, field);
        let at = cuts.iter().position(|cut| cut.value == value).unwrap_or_else(|| {
            cuts.push(Cut { value, places: Vec::new(), text: String::new() });
            cuts.len() - 1
        });
        if let Some(cut) = cuts.get_mut(at) {
            cut.text.push(if cut.places.is_empty() { '[' } else { ',' });
            cut.text.push_str(record);
            cut.places.push(place);
        }
    }
    cuts.iter_mut().for_each(|cut| cut.text.push(']'));
    Ok(Ok(cuts))
}

/// Of fields with the same name the last counts.
fn value_of(record: &str, field: &str) -> Value {
    let Ok(Fields(fields)) = from_str::<Fields<'_>>(record) else { return Value::Null };
    let found = fields.iter().rev().find(|(name, _)| name == field);
    found.and_then(|(_, raw)| from_str(raw.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_come_apart_by_what_they_belong_to() {
        let text = r#" [{"id":1,"project_id":7}, null, {"id":2,"project_id":8},{"project_id":0,"id":3,"project_id":7},
            {"id":4, "project": {"project_id": 7}}] "#;
        let cuts = cut(text, "project_id").unwrap().unwrap();
        let shown: Vec<_> =
            cuts.iter().map(|cut| (cut.value.clone(), cut.places.as_slice(), &*cut.text)).collect();
        assert_eq!(
            shown,
            [
                (
                    json!(7),
                    &[0, 2][..],
                    r#"[{"id":1,"project_id":7},{"project_id":0,"id":3,"project_id":7}]"#
                ),
                (json!(8), &[1], r#"[{"id":2,"project_id":8}]"#),
                (Value::Null, &[3], r#"[{"id":4, "project": {"project_id": 7}}]"#),
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_told_as_ever() {
        assert!(cut("[{", "id").is_err());
        assert_eq!(cut("null", "id").unwrap(), Ok(Vec::new()));
        assert!(matches!(cut(r#"{"message":"no"}"#, "id").unwrap(), Err(DecodeError::NotAList { .. })));
    }
}
