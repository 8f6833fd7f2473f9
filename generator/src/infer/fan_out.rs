//! A query parameter without which there is no answer, and whose values are few and known: one request for each.

use crate::endpoint::QueryParam;

use super::draft::{Draft, Entry};
use super::key::{Key, KeyScope};

/// A required query parameter with a closed set of values. A partition asks once for each value, and the value is a
/// column of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOut {
    pub param: String,
    pub values: Vec<String>,
    /// The column that carries the value.
    pub column: String,
    /// Whether the value is part of the primary key: not where the record's own key is unique in the instance.
    pub in_key: bool,
    /// Why the values are all there are.
    pub reason: String,
}

/// More values than these cost too many requests to be asked for unasked.
const MOST: usize = 12;

/// Only where nothing else is required: otherwise somebody has to choose anyway, and then chooses this as well.
pub(super) fn infer_fan_out(_: &Draft<'_>, entry: Entry<'_>) -> Option<FanOut> {
    let sent = |param: &QueryParam| entry.own.query.iter().any(|(name, _)| *name == param.name);
    let mut needed = entry.endpoint.query.iter().filter(|param| param.is_needed() && !sent(param));
    let (Some(param), None) = (needed.next(), needed.next()) else { return None };
    if !entry.own.shape.value.is_many() {
        return None;
    }
    let (values, reason) = closed_set(param)?;
    Some(FanOut {
        param: param.name.clone(),
        values,
        column: super::words::words(&param.name).join("_"),
        in_key: !is_unique_alone(&entry.own.key.value),
        reason,
    })
}

fn is_unique_alone(key: &Key) -> bool {
    let is_id = |field: &String| matches!(field.as_str(), "id" | "uuid");
    key.scope == KeyScope::Global && matches!(key.fields.as_slice(), [field] if is_id(field))
}

/// The values that a parameter may have: those that it lists, or those that its description names as one of them.
fn closed_set(param: &QueryParam) -> Option<(Vec<String>, String)> {
    let is_closed = |values: &[String]| (2..=MOST).contains(&values.len());
    if is_closed(&param.values) {
        return Some((param.values.clone(), format!("`{}` lists its values", param.name)));
    }
    let described = described_values(&param.description);
    (param.values.is_empty() && is_closed(&described))
        .then(|| (described, format!("the description of `{}` names its values", param.name)))
}

/// "One of `a`, `b` or `c`": what stands in backticks, up to the end of the sentence.
fn described_values(description: &str) -> Vec<String> {
    let lower = description.to_ascii_lowercase();
    let Some(start) = lower.find("one of ") else { return Vec::new() };
    let sentence = description.get(start..).unwrap_or_default();
    let sentence = sentence.split(". ").next().unwrap_or_default();
    let quoted = sentence.split('`').skip(1).step_by(2);
    let is_value = |value: &&str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
    quoted.filter(is_value).map(str::to_owned).collect()
}
