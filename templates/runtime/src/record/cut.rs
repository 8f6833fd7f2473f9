//! Cuts the text of a list whose records belong to several partitions into one list for each of them: every text is then
//! read as if it had come alone.

use std::borrow::Cow;

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

/// The records of a list by the value of a field, in the order in which these come. What is null is no record. The
/// fields of `relative` get the values of others.
///
/// # Errors
/// When the text is not JSON; inside, when it is no list.
pub(crate) fn cut(
    text: &str,
    field: &str,
    relative: &[(&str, &str)],
) -> Result<Result<Vec<Cut>, DecodeError>, serde_json::Error> {
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
            let as_of_its_own = relative.iter().fold(Cow::Borrowed(record), |record, (field, other)| {
                with(&record, field, other).map_or(record, Cow::Owned)
            });
            cut.text.push_str(&as_of_its_own);
            cut.places.push(place);
        }
    }
    cuts.iter_mut().for_each(|cut| cut.text.push(']'));
    Ok(Ok(cuts))
}

fn value_of(record: &str, field: &str) -> Value {
    at(record, field).and_then(|text| from_str(text).ok()).unwrap_or_default()
}

/// The text of a field at a dotted path. Of fields with the same name the last counts.
fn at<'r>(record: &'r str, field: &str) -> Option<&'r str> {
    let (name, inside) = field.split_once('.').map_or((field, None), |(name, inside)| (name, Some(inside)));
    let Fields(fields) = from_str(record).ok()?;
    let (_, raw) = fields.iter().rev().find(|(own, _)| own == name)?;
    inside.map_or(Some(raw.get()), |inside| at(raw.get(), inside))
}

/// The record with the value of one field in the place of another's; `None` where it lacks one of them.
fn with(record: &str, field: &str, other: &str) -> Option<String> {
    let (old, new) = (at(record, field)?, at(record, other)?);
    // A field's text is a part of the record's.
    let start = (old.as_ptr() as usize).checked_sub(record.as_ptr() as usize)?;
    let (before, after) = (record.get(..start)?, record.get(start + old.len()..)?);
    Some([before, new, after].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_come_apart_by_what_they_belong_to() {
        let text = r#" [{"id":1,"project_id":7}, null, {"id":2,"project_id":8},{"project_id":0,"id":3,"project_id":7},
            {"id":4, "project": {"project_id": 7}}] "#;
        let cuts = cut(text, "project_id", &[]).unwrap().unwrap();
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
        assert!(cut("[{", "id", &[]).is_err());
        assert_eq!(cut("null", "id", &[]).unwrap(), Ok(Vec::new()));
        assert!(matches!(cut(r#"{"message":"no"}"#, "id", &[]).unwrap(), Err(DecodeError::NotAList { .. })));
    }

    #[test]
    fn what_is_told_from_where_the_list_stands_is_told_from_the_parent() {
        let text = r##"[{"id":1,"references":{"short":"#1","relative":"shop#1", "full":"acme/shop#1"}},{"id":2},
            {"id":3,"references":{"relative":"shop#3"}}]"##;
        let cuts = cut(text, "none", &[("references.relative", "references.short")]).unwrap().unwrap();
        assert_eq!(
            cuts[0].text,
            r##"[{"id":1,"references":{"short":"#1","relative":"#1", "full":"acme/shop#1"}},{"id":2},{"id":3,"references":{"relative":"shop#3"}}]"##
        );
    }
}
