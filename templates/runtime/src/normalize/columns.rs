//! The columns that the fields of a table make up.

use arrow_array::StringArray;
use serde_json::{Map, Value};

use crate::normalize::flatten::{Cells, Fields, Sheet};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::names::name_of;
use crate::schema::time::{Time, parse_instant, parse_loosely};

/// A field that may become a column.
#[derive(Debug)]
pub(super) struct FieldColumn<'s, 'a> {
    /// From the row's own object.
    pub(super) path: Vec<&'a str>,
    /// The name from the record on, also in a list: what hints call it.
    pub(super) full_name: String,
    pub(super) cells: &'s Cells<'a>,
    pub(super) is_key: bool,
}

/// No cells: for a key that no record of the page has.
static NO_CELLS: Cells<'static> =
    Cells { first: 0, values: Vec::new(), seen: Seen::Nothing, only_strings: true };

/// All fields that are not objects or lists only, those of the key first.
pub(super) fn field_columns<'s, 'a: 's>(fields: &'s Fields<'a>, key: &[&'a str]) -> Vec<FieldColumn<'s, 'a>> {
    let mut columns = Vec::new();
    collect(fields, fields.path.len(), key, &mut columns);
    for field in key {
        if columns.iter().all(|column| column.full_name != name_of([*field])) {
            let full_name = name_of([*field]);
            columns.push(FieldColumn { path: vec![*field], full_name, cells: &NO_CELLS, is_key: true });
        }
    }
    columns.sort_by_key(|column| !column.is_key);
    columns
}

fn collect<'s, 'a>(
    fields: &'s Fields<'a>,
    skip: usize,
    key: &[&str],
    columns: &mut Vec<FieldColumn<'s, 'a>>,
) {
    for slot in &fields.slots {
        let below = fields.path.iter().copied();
        let full_name = name_of(below.clone().chain([slot.name]));
        let is_key =
            key.iter().any(|field| *field == slot.name && skip == fields.path.len() || *field == full_name);
        let path = below.skip(skip).chain([slot.name]).collect();
        columns.push(FieldColumn { path, full_name, cells: &slot.cells, is_key });
        if let Some(object) = &slot.object {
            collect(object, skip, key, columns);
        }
    }
}

impl FieldColumn<'_, '_> {
    /// Whether there is anything to keep: a value, a key, or at least a hint what it would be.
    pub(super) fn is_wanted(&self, hint: Option<ColumnKind>) -> bool {
        self.is_key || hint.is_some() || !self.cells.values.is_empty()
    }

    /// The values as times, if all of them are: whole instants, or, where the document says so, any spelling of a
    /// date or a time.
    pub(super) fn times(&self, hint: Option<ColumnKind>, known: Seen) -> Option<(Seen, Vec<Option<i64>>)> {
        let cells = self.cells;
        if !cells.only_strings || cells.values.is_empty() || matches!(known, Seen::Text | Seen::Json) {
            return None;
        }
        let parse: fn(&str) -> Option<Time> = match hint {
            Some(ColumnKind::Text | ColumnKind::Json) => return None,
            Some(ColumnKind::Date | ColumnKind::Timestamp) => parse_loosely,
            _ => |text| parse_instant(text).map(Time::Instant),
        };
        let mut seen = Seen::Nothing;
        let mut times = Vec::with_capacity(cells.values.len());
        for cell in &cells.values {
            let time = match cell.and_then(Value::as_str) {
                None => None,
                Some(text) => Some(parse(text)?),
            };
            seen = seen.join(match time {
                None => Seen::Nothing,
                Some(Time::Date(_)) => Seen::Date,
                Some(Time::Instant(_)) => Seen::Timestamp,
            });
            times.push(time.map(Time::micros));
        }
        Some((seen, times))
    }
}

impl<'a> Fields<'a> {
    /// The lists of objects below, outer ones before those in them.
    pub(super) fn collect_lists<'s>(&'s self, lists: &mut Vec<&'s Sheet<'a>>) {
        for slot in &self.slots {
            if let Some(list) = &slot.list {
                lists.push(list);
                list.fields.collect_lists(lists);
            }
            if let Some(object) = &slot.object {
                object.collect_lists(lists);
            }
        }
    }
}

/// What found no room in columns of its own: per row an object from where it stood to what it was.
pub(super) fn overflow(columns: &[(String, &FieldColumn<'_, '_>)], rows: usize) -> StringArray {
    let cell = |row: usize| {
        let values = columns.iter().filter_map(|(source, column)| {
            let value = (*column.cells.values.get(row.checked_sub(column.cells.first)?)?)?;
            Some((source.clone(), value.clone()))
        });
        let values: Map<String, Value> = values.collect();
        (!values.is_empty()).then(|| Value::Object(values).to_string())
    };
    (0..rows).map(cell).collect()
}
