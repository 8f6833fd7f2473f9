//! The lowest and highest values of key columns: what lies apart cannot hold the same key.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::ColumnKind;
use crate::schema::table::Table;

/// Longer texts are no bounds.
const LONGEST: usize = 100;

/// By column. A column that is not named may hold anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct Bounds(BTreeMap<String, (Value, Value)>);

/// Bounds of what comes batch by batch.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Growing {
    /// `None` where a value has none.
    columns: BTreeMap<String, Option<(Value, Value)>>,
}

impl Bounds {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Columns with what lies lowest and highest in them.
    #[cfg(feature = "delta")]
    pub(in super::super) fn iter(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        self.0.iter().map(|(column, (low, high))| (column.as_str(), low, high))
    }

    /// Whether both may hold a key that is the same in these columns.
    pub(in super::super) fn may_meet(&self, other: &Self, columns: &[String]) -> bool {
        columns.iter().all(|column| match (self.0.get(column), other.0.get(column)) {
            (Some((low, high)), Some((from, to))) => !(is_less(high, from) || is_less(to, low)),
            _ => true,
        })
    }
}

#[cfg(feature = "delta")]
impl FromIterator<(String, Value, Value)> for Bounds {
    fn from_iter<I: IntoIterator<Item = (String, Value, Value)>>(bounds: I) -> Self {
        Self(bounds.into_iter().map(|(column, low, high)| (column, (low, high))).collect())
    }
}

impl Growing {
    pub(in super::super) fn add(&mut self, batch: &RecordBatch, columns: &[String], table: &Table) {
        for name in columns {
            let found = batch_bounds(batch, name, table);
            match (self.columns.get_mut(name), found) {
                (None, found) => drop(self.columns.insert(name.clone(), found)),
                (Some(bounds @ Some(_)), None) => *bounds = None,
                (Some(Some((low, high))), Some((from, to))) => {
                    if is_less(&from, low) {
                        *low = from;
                    }
                    if is_less(high, &to) {
                        *high = to;
                    }
                }
                (Some(None), _) => {}
            }
        }
    }

    pub(in super::super) fn bounds(&self) -> Bounds {
        let known = self.columns.iter().filter_map(|(name, bounds)| Some((name.clone(), bounds.clone()?)));
        Bounds(known.collect())
    }
}

fn batch_bounds(batch: &RecordBatch, name: &str, table: &Table) -> Option<(Value, Value)> {
    let (array, column) = (batch.column_by_name(name)?, table.column(name)?);
    if array.null_count() > 0 {
        return None;
    }
    match column.kind {
        ColumnKind::Int => {
            let ints = array.as_primitive_opt::<Int64Type>()?.values();
            Some((Value::from(*ints.iter().min()?), Value::from(*ints.iter().max()?)))
        }
        ColumnKind::Text => {
            let texts = array.as_string_opt::<i32>()?;
            let (low, high) = (texts.iter().flatten().min()?, texts.iter().flatten().max()?);
            (low.len().max(high.len()) <= LONGEST).then(|| (Value::from(low), Value::from(high)))
        }
        _ => None,
    }
}

/// Values of different kinds say nothing of each other.
fn is_less(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_i64() < right.as_i64(),
        (Value::String(left), Value::String(right)) => left < right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::table::TableRows;

    #[test]
    fn what_lies_apart_cannot_meet() {
        let columns = [("a", ColumnKind::Int), ("b", ColumnKind::Text)];
        let keys = ["a".to_owned(), "b".to_owned()];
        let bounds = |rows: &[Value]| {
            let rows = TableRows::of("t", &["a", "b"], &columns, rows);
            let mut growing = Growing::default();
            growing.add(&rows.batch, &keys, &rows.table);
            growing.bounds()
        };
        let one = bounds(&[json!([1, "m"]), json!([5, "x"])]);
        assert!(one.may_meet(&bounds(&[json!([5, "a"]), json!([9, "m"])]), &keys));
        assert!(!one.may_meet(&bounds(&[json!([6, "m"])]), &keys));
        assert!(!one.may_meet(&bounds(&[json!([1, "y"])]), &keys));
        assert!(one.may_meet(&bounds(&[json!([null, "m"])]), &keys), "a null has no place among the others");
    }
}
