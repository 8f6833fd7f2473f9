//! What is known of the records of a resource: which fields stand where, and what their values have been. It grows with
//! what comes and never shrinks.

use std::collections::{BTreeMap, HashMap};

use crate::normalize::scalar::{Bound, Scalar, Times};
use crate::normalize::{Layout, NestedLists};
use crate::record::{Record, Value};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::names::{name_of, pointer_of};

/// How many child tables one table may have: a list under a field whose name is data would make ever more.
const MOST_CHILDREN: usize = 64;

/// How far ahead of its usual place a field is looked for before it is looked up.
const AHEAD: usize = 4;

/// The fields of an object, at one place in the records.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    /// From the record to this object.
    pub(super) path: Vec<String>,
    /// How much of the path leads to the list whose items these are.
    pub(super) above: usize,
    /// How many lists that path leads through.
    levels: usize,
    pub(super) slots: Vec<Slot>,
    by_name: HashMap<String, usize>,
    depth: usize,
}

/// What stands under one name: in most cases the same kind of thing in every record, but each of them is possible.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) name: String,
    /// The name from the record on, also in a list: what hints call it.
    pub(super) full_name: String,
    pub(super) hint: Option<ColumnKind>,
    pub(super) seen: Seen,
    pub(super) times: Times,
    pub(super) object: Option<Box<Fields>>,
    pub(super) list: Option<Box<List>>,
    /// Whether objects and lists of objects in it are taken apart.
    pub(super) opens: bool,
    pub(super) lists: NestedLists,
    /// A list of objects in it has no table, because there are too many.
    pub(super) is_refused: bool,
    pub(super) is_left_out: bool,
    pub(super) is_key: bool,
    /// The column of the partition that has its name. What it repeats of that is not kept.
    pub(super) binding: Option<usize>,
    /// Where values go; set by the plan.
    pub(super) place: Place,
    /// Which of the tapped values it is; set by the plan.
    pub(super) tap: Option<usize>,
    /// Tells it from all others; set by the plan.
    pub(super) number: usize,
}

/// A list of objects.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) fields: Fields,
    /// How many lists deep its items stand.
    pub(super) levels: usize,
    /// Which of the plan's tables its items go to; set by the plan.
    pub(super) table: usize,
}

/// Where the values of a field go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// There was none so far.
    #[default]
    Nowhere,
    /// Into a column of its table.
    Column(usize),
    /// Into the JSON column of what found no room, under this JSON Pointer.
    Overflow(String),
}

/// What decides how records are taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'r> {
    pub(super) layout: &'r Layout,
    pub(super) bindings: &'r [Bound],
    /// The fields that are left out, as dotted paths.
    pub(super) omit: &'r [&'r str],
    /// The JSON Pointers of the lists that have a table already.
    pub(super) known_lists: &'r BTreeMap<String, String>,
    /// Whether a column can hold a list of single values.
    pub(super) list_columns: bool,
}

impl Slot {
    /// What a column has seen that holds an object or a list as it is. A key stays comparable, so it is JSON.
    pub(super) fn seen_whole(&self, value: &Value<'_>, list_columns: bool) -> Seen {
        let items = value.as_list().filter(|_| list_columns && !self.is_key);
        let seen = |item: &Value<'_>| match Scalar::of(item) {
            Some(scalar) => scalar.seen(self.times),
            None if item.is_null() => Seen::Nothing,
            None => Seen::Json,
        };
        let joined = items.map(|items| items.iter().map(seen).fold(Seen::Nothing, Seen::join));
        joined.and_then(Seen::list_of).unwrap_or(Seen::Json)
    }
}

impl Fields {
    /// The place of a field; it is probably the one expected, or soon after it.
    pub(super) fn find(&self, name: &str, expected: usize) -> Option<usize> {
        let ahead = self.slots.get(expected..).unwrap_or_default().iter().take(AHEAD);
        match ahead.into_iter().position(|slot| slot.name == name) {
            Some(at) => Some(expected + at),
            None => self.by_name.get(name).copied(),
        }
    }

    /// Adds what the records of a page hold.
    pub(super) fn learn(&mut self, records: &[Record<'_>], rules: Rules<'_>) {
        for slot in &mut self.slots {
            slot.binding = rules.bindings.iter().position(|bound| bound.column == slot.full_name);
        }
        let mut learner = Learner { rules, new_lists: 0 };
        records.iter().for_each(|record| learner.object(self, record));
        for field in rules.omit {
            learner.omit(self, field);
        }
        for field in &rules.layout.record_key {
            let name = name_of([*field]);
            if !self.any(&|slot| slot.full_name == name) {
                learner.slot(self, field, 0);
            }
        }
    }

    fn any(&self, is_it: &dyn Fn(&Slot) -> bool) -> bool {
        let below = |slot: &Slot| slot.object.as_ref().is_some_and(|object| object.any(is_it));
        self.slots.iter().any(|slot| is_it(slot) || below(slot))
    }

    fn below(&self, name: &str) -> Self {
        let path = self.path.iter().cloned().chain([name.to_owned()]).collect();
        Self { path, above: self.above, levels: self.levels, depth: self.depth + 1, ..Self::default() }
    }

    fn add(&mut self, name: &str, rules: Rules<'_>) -> usize {
        let Rules { layout, bindings, .. } = rules;
        let full_name = name_of(self.path.iter().map(String::as_str).chain([name]));
        let is_top = self.path.is_empty();
        let is_one_of = |names: &[&str]| names.iter().any(|own| is_top && *own == name || *own == full_name);
        let hint = layout.hints.get(full_name.as_str()).copied();
        let is_key = self.above == 0 && is_one_of(&layout.record_key);
        let slot = Slot {
            name: name.to_owned(),
            hint,
            seen: Seen::Nothing,
            times: Times::hinted(hint),
            object: None,
            list: None,
            opens: hint != Some(ColumnKind::Json) && self.depth < layout.max_depth,
            lists: if layout.has_key() { layout.lists } else { NestedLists::Json },
            is_refused: false,
            is_left_out: false,
            is_key,
            binding: bindings.iter().position(|bound| is_top && bound.column == full_name),
            full_name,
            place: Place::Nowhere,
            tap: None,
            number: 0,
        };
        let at = self.slots.len();
        self.by_name.insert(name.to_owned(), at);
        self.slots.push(slot);
        at
    }
}

struct Learner<'r> {
    rules: Rules<'r>,
    new_lists: usize,
}

impl Learner<'_> {
    fn object(&mut self, fields: &mut Fields, object: &Record<'_>) {
        let mut expected = 0;
        for (name, value) in object.iter() {
            let at = self.slot(fields, name, expected);
            expected = at + 1;
            self.value(fields, at, value);
        }
    }

    fn slot(&self, fields: &mut Fields, name: &str, expected: usize) -> usize {
        fields.find(name, expected).unwrap_or_else(|| fields.add(name, self.rules))
    }

    /// Notes that a field is left out. The records here lack it already; the text of a body does not.
    fn omit(&self, fields: &mut Fields, field: &str) {
        let (first, below) = field.split_once('.').unwrap_or((field, ""));
        if below.is_empty() {
            let at = self.slot(fields, first, 0);
            if let Some(slot) = fields.slots.get_mut(at) {
                slot.is_left_out = true;
            }
            return;
        }
        let object = fields.slots.iter_mut().find(|slot| slot.name == first);
        if let Some(object) = object.and_then(|slot| slot.object.as_mut()) {
            self.omit(object, below);
        }
    }

    fn value(&mut self, fields: &mut Fields, at: usize, value: &Value<'_>) {
        let Some(slot) = fields.slots.get_mut(at).filter(|slot| !slot.is_left_out) else { return };
        if let Some(scalar) = Scalar::of(value) {
            let is_repeated = slot.binding.and_then(|at| self.rules.bindings.get(at));
            if !is_repeated.is_some_and(|bound| bound.is(scalar)) && !matches!(slot.seen, Seen::Json) {
                slot.seen = slot.seen.join(scalar.seen(slot.times));
            }
            return;
        }
        match value {
            Value::Object(object) if slot.opens => self.inside(fields, at, object),
            Value::List(items) if slot.opens && slot.lists == NestedLists::Tables => {
                self.list(fields, at, value, items);
            }
            Value::Null => {}
            _ => slot.seen = slot.seen.join(slot.seen_whole(value, self.rules.list_columns)),
        }
    }

    fn inside(&mut self, fields: &mut Fields, at: usize, object: &Record<'_>) {
        let Some(name) = fields.slots.get(at).map(|slot| slot.name.clone()) else { return };
        let inside = fields.below(&name);
        if let Some(slot) = fields.slots.get_mut(at) {
            self.object(slot.object.get_or_insert_with(|| Box::new(inside)), object);
        }
    }

    /// An empty list is null here: nothing tells whether it is one of objects, and the answer must not depend on
    /// what other pages hold.
    fn list(&mut self, fields: &mut Fields, at: usize, value: &Value<'_>, items: &[Value<'_>]) {
        let Some(name) = fields.slots.get(at).map(|slot| slot.name.clone()) else { return };
        let inside = fields.below(&name);
        let pointer = pointer_of(inside.path.iter().map(String::as_str));
        let Some(slot) = fields.slots.get_mut(at).filter(|_| !items.is_empty()) else { return };
        if slot.list.is_none() && !slot.is_refused && items.iter().all(|item| item.as_object().is_some()) {
            let known = self.rules.known_lists;
            let is_known = known.contains_key(&pointer);
            slot.is_refused = !is_known && known.len() + self.new_lists >= MOST_CHILDREN;
            self.new_lists += usize::from(!is_known && !slot.is_refused);
        }
        if slot.is_refused || !items.iter().all(|item| item.as_object().is_some()) {
            slot.seen = slot.seen.join(slot.seen_whole(value, self.rules.list_columns));
            return;
        }
        let above = inside.path.len();
        let levels = inside.levels + 1;
        let list = slot.list.get_or_insert_with(|| {
            Box::new(List { fields: Fields { above, levels, ..inside }, levels, table: 0 })
        });
        items.iter().filter_map(Value::as_object).for_each(|item| self.object(&mut list.fields, item));
    }
}
