//! From nested records to cells: which values stand in which column of which table.
//!
//! The records of a page are walked once. Nothing is copied: a cell borrows its value. Columns are found by their
//! place, because the records of one answer have the same fields in the same order nearly always.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::normalize::NestedLists;
use crate::page::Binding;
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::names::{name_of, pointer_of};

/// How many child tables one table may have: a list under a field whose name is data would make ever more.
const MOST_CHILDREN: usize = 64;

/// What decides how a record is taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'r> {
    pub(super) lists: NestedLists,
    pub(super) max_depth: usize,
    pub(super) hints: &'r HashMap<&'static str, ColumnKind>,
    pub(super) bindings: &'r [Binding],
    /// The JSON Pointers of the lists that have a table already.
    pub(super) known_lists: &'r BTreeMap<String, String>,
}

/// The rows of one table: of the records themselves, or of a list in them.
#[derive(Debug, Default)]
pub(super) struct Sheet<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) rows: usize,
    /// For each row of a list: the row of the record that it stands in.
    pub(super) record_rows: Vec<usize>,
    /// For each row of a list: its index there; before it, for lists in lists, those of the lists around it.
    pub(super) indexes: Vec<Vec<i64>>,
}

/// The fields of an object, at one place in the records.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    /// From the record to this object.
    pub(super) path: Vec<&'a str>,
    pub(super) slots: Vec<Slot<'a>>,
    by_name: HashMap<&'a str, usize>,
}

/// What stood under one name: in most cases the same kind of thing in every record, but each of them is possible.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) name: &'a str,
    pub(super) cells: Cells<'a>,
    pub(super) object: Option<Box<Fields<'a>>>,
    pub(super) list: Option<Box<Sheet<'a>>>,
    /// The document says JSON: objects and lists are not taken apart.
    is_json: bool,
    /// The value of the partition's column of this name. It is not repeated.
    binding: Option<&'a Value>,
}

/// The values of a column, one per row from the first that has one to the last.
#[derive(Debug, Default)]
pub(super) struct Cells<'a> {
    /// The row of the first value.
    pub(super) first: usize,
    pub(super) values: Vec<Option<&'a Value>>,
    pub(super) seen: Seen,
    pub(super) only_strings: bool,
}

/// Where in a sheet the walk is.
#[derive(Debug, Clone, Copy)]
struct Place<'i> {
    record_row: usize,
    row: usize,
    depth: usize,
    indexes: &'i [i64],
}

/// Takes the records apart.
pub(super) fn flatten<'a>(records: &[&'a Map<String, Value>], rules: Rules<'a>) -> Sheet<'a> {
    let mut sheet = Sheet { rows: records.len(), ..Sheet::default() };
    let mut walk = Walk { rules, new_lists: 0 };
    for (row, record) in records.iter().enumerate() {
        walk.object(&mut sheet.fields, record, Place { record_row: row, row, depth: 0, indexes: &[] });
    }
    sheet
}

struct Walk<'r> {
    rules: Rules<'r>,
    new_lists: usize,
}

impl<'a> Walk<'a> {
    fn object(&mut self, fields: &mut Fields<'a>, object: &'a Map<String, Value>, place: Place<'_>) {
        let mut expected = 0;
        for (name, value) in object {
            let at = match fields.slots.get(expected) {
                Some(slot) if slot.name == name => expected,
                _ => self.find(fields, name),
            };
            expected = at + 1;
            let Fields { path, slots, .. } = fields;
            if let Some(slot) = slots.get_mut(at) {
                self.value(path, slot, value, place);
            }
        }
    }

    fn find(&self, fields: &mut Fields<'a>, name: &'a str) -> usize {
        if let Some(at) = fields.by_name.get(name) {
            return *at;
        }
        let at = fields.slots.len();
        let slot = self.slot(&fields.path, name);
        fields.slots.push(slot);
        fields.by_name.insert(name, at);
        at
    }

    fn slot(&self, path: &[&'a str], name: &'a str) -> Slot<'a> {
        let column = name_of(path.iter().copied().chain([name]));
        let binding = match path {
            [] => self.rules.bindings.iter().find(|binding| binding.column == column),
            _ => None,
        };
        Slot {
            name,
            cells: Cells { only_strings: true, ..Cells::default() },
            object: None,
            list: None,
            is_json: self.rules.hints.get(column.as_str()) == Some(&ColumnKind::Json),
            binding: binding.map(|binding| &binding.value),
        }
    }

    fn value(&mut self, path: &[&'a str], slot: &mut Slot<'a>, value: &'a Value, place: Place<'_>) {
        match value {
            Value::Null => {}
            Value::Object(object) if self.opens(slot, place) => {
                let inside = slot.object.get_or_insert_with(|| Box::new(Fields::below(path, slot.name)));
                self.object(inside, object, Place { depth: place.depth + 1, ..place });
            }
            Value::Array(list) if self.opens(slot, place) && self.rules.lists == NestedLists::Tables => {
                self.list(path, slot, value, list, place);
            }
            _ if slot.binding.is_some_and(|binding| is_same(binding, value)) => {}
            _ => slot.cells.push(place.row, value),
        }
    }

    fn opens(&self, slot: &Slot<'a>, place: Place<'_>) -> bool {
        !slot.is_json && place.depth < self.rules.max_depth
    }

    /// An empty list is null here: nothing tells whether it is one of objects, and the answer must not depend on
    /// what other pages hold.
    fn list(
        &mut self,
        path: &[&'a str],
        slot: &mut Slot<'a>,
        value: &'a Value,
        list: &'a [Value],
        place: Place<'_>,
    ) {
        if list.is_empty() {
            return;
        }
        if !list.iter().all(Value::is_object) || !self.may_have_table(path, slot) {
            slot.cells.push(place.row, value);
            return;
        }
        let sheet = slot.list.get_or_insert_with(|| Box::new(Sheet::below(path, slot.name)));
        for (item, index) in list.iter().filter_map(Value::as_object).zip(0_i64..) {
            let indexes: Vec<i64> = place.indexes.iter().copied().chain([index]).collect();
            let depth = place.depth + 1;
            let place = Place { record_row: place.record_row, row: sheet.rows, depth, indexes: &indexes };
            self.object(&mut sheet.fields, item, place);
            sheet.rows += 1;
            sheet.record_rows.push(place.record_row);
            sheet.indexes.push(indexes);
        }
    }

    fn may_have_table(&mut self, path: &[&'a str], slot: &Slot<'a>) -> bool {
        let known = &self.rules.known_lists;
        if slot.list.is_some() || known.contains_key(&pointer_of(path.iter().copied().chain([slot.name]))) {
            return true;
        }
        let room = known.len() + self.new_lists < MOST_CHILDREN;
        self.new_lists += usize::from(room);
        room
    }
}

impl<'a> Cells<'a> {
    fn push(&mut self, row: usize, value: &'a Value) {
        if self.values.is_empty() {
            self.first = row;
        }
        self.values.resize(row.saturating_sub(self.first), None);
        self.values.push(Some(value));
        self.seen = self.seen.join(Seen::of(value));
        self.only_strings &= value.is_string();
    }
}

impl<'a> Fields<'a> {
    fn below(path: &[&'a str], name: &'a str) -> Self {
        Fields { path: path.iter().copied().chain([name]).collect(), ..Fields::default() }
    }
}

impl<'a> Sheet<'a> {
    fn below(path: &[&'a str], name: &'a str) -> Self {
        Sheet { fields: Fields::below(path, name), ..Sheet::default() }
    }
}

/// Whether a record repeats what the path said: numbers and their text are the same.
fn is_same(binding: &Value, value: &Value) -> bool {
    binding == value
        || match (binding, value) {
            (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
                number.to_string() == *text
            }
            _ => false,
        }
}
