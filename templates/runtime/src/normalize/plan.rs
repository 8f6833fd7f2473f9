//! The plan of a resource's tables: which field goes to which column of which table, worked out once.
//!
//! A plan never changes. What it does not foresee makes a new one, from all that is known by then. It holds whatever a
//! page would otherwise work out again: names, kinds, schemas, and where the engine looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arrow_schema::{Schema, SchemaRef};

use crate::normalize::catalog::{Catalog, OVERFLOW, Wanted};
use crate::normalize::scalar::{Bound, Times};
use crate::normalize::tree::{Fields, List, Place, Slot};
use crate::normalize::{Digests, Layout};
use crate::record::Taps;
use crate::resource::{ColumnKind, Resource};
use crate::schema::arrow::field;
use crate::schema::kind::Seen;
use crate::schema::names::{name_of, pointer_of};
use crate::schema::table::{Column, DIGEST, RECORD, Table, VALID_FROM, VALID_TO};

/// How the records of a resource become rows, as far as they are known.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) root: Fields,
    /// That of the records, those of their lists, and those of lists that only earlier loads or other resources know.
    pub(super) tables: Vec<TablePlan>,
    /// The columns of the partition.
    pub(super) bindings: Vec<Column>,
    /// What tells a record apart, and ties its lists to it.
    pub(super) key: Vec<KeyColumn>,
    pub(super) has_digests: bool,
    pub(super) sight: Sight,
    pub(super) slots: usize,
    pub(super) list_columns: bool,
    pub(super) lists: Arc<BTreeMap<String, String>>,
    /// How many rows the last page had.
    pub(super) usual_rows: AtomicUsize,
}

/// One table.
#[derive(Debug)]
pub(super) struct TablePlan {
    pub(super) table: Arc<Table>,
    pub(super) schema: SchemaRef,
    /// The columns that are made of fields.
    pub(super) fields: Vec<FieldColumn>,
    /// How many bytes of text each of them had in the last page that had rows.
    pub(super) usual_bytes: Vec<AtomicUsize>,
    pub(super) has_overflow: bool,
    /// How many lists deep its rows stand.
    pub(super) levels: usize,
    /// Of a list: the columns with the key of the record.
    pub(super) parents: Vec<ColumnKind>,
    /// Those columns alone, where a record's list takes the place of the one that it had.
    pub(super) parents_schema: Option<SchemaRef>,
}

/// A column that is made of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldColumn {
    pub(super) kind: ColumnKind,
    pub(super) seen: Seen,
    pub(super) times: Times,
}

/// A column of the records' key.
#[derive(Debug)]
pub(super) struct KeyColumn {
    pub(super) column: Column,
    pub(super) part: KeyPart,
    /// What the tables of lists call it.
    name: String,
}

/// Where the values of a key column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyPart {
    Binding(usize),
    Field(usize),
    Digest,
}

/// What the engine looks at while a record goes by.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) taps: Taps,
    /// The fields that are left out, as dotted paths.
    pub(super) omit: &'static [&'static str],
    /// Which of the values make the record's identity. Those of the taps come first, then what only the key needs.
    pub(super) key: Vec<usize>,
    pub(super) values: usize,
    /// Whether all of it stands where records are taken apart.
    pub(super) is_clear: bool,
}

/// What a plan is made from, beside the fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'m> {
    pub(super) resource: &'m Resource,
    pub(super) layout: &'m Layout,
    pub(super) catalog: &'m Catalog,
    pub(super) bindings: &'m [Bound],
    pub(super) taps: &'m Taps,
    pub(super) omit: &'static [&'static str],
    pub(super) has_digests: bool,
}

/// A table in the making.
#[derive(Debug, Default)]
struct Draft {
    columns: Vec<Column>,
    fields: Vec<FieldColumn>,
    has_overflow: bool,
    /// The columns of the record key, with their places among the fields.
    key: Vec<(usize, Column)>,
}

/// A field that needs a column, or is asked whether it does.
#[derive(Debug)]
struct Candidate {
    source: String,
    path: Vec<String>,
    hint: Option<ColumnKind>,
    seen: Seen,
    times: Times,
    key: Option<usize>,
    is_wanted: bool,
}

impl Maker<'_> {
    pub(super) fn plan(&self, mut root: Fields) -> Plan {
        let mut slots = 0;
        number(&mut root, &mut slots);
        let mut sight = look(&mut root, self.taps, self.resource.record_key);
        sight.is_clear &= self.omit.iter().all(|field| can_omit(&root, field));
        sight.omit = self.omit;
        let mut draft = Draft::default();
        for bound in self.bindings {
            let (seen, kind) =
                self.catalog.join(&self.layout.table, bound.column, bound.seen(), ColumnKind::Text);
            draft.add(bound.column, seen, kind, format!("partition/{}", bound.column));
        }
        let bindings = draft.columns.clone();
        self.add_fields(&mut draft, &self.layout.table, &mut root);
        let key = self.key(&draft, &bindings);
        let lists = self.catalog.lists(&self.layout.table);
        let mut tables = vec![self.records(draft, &key)];
        self.add_lists(&mut root, &key, &mut tables);
        if self.layout.replaces_lists() {
            for (source, table) in &*lists {
                if tables.iter().all(|plan| plan.table.name != *table) {
                    tables.push(self.emptied(source, table, &key));
                }
            }
        }
        // Those that are new are known by now.
        let lists = self.catalog.lists(&self.layout.table);
        Plan {
            root,
            tables,
            bindings,
            key,
            has_digests: self.has_digests,
            sight,
            slots,
            list_columns: self.catalog.list_columns(),
            lists,
            usual_rows: AtomicUsize::new(0),
        }
    }

    fn records(&self, mut draft: Draft, key: &[KeyColumn]) -> TablePlan {
        if self.has_digests {
            draft.add(DIGEST, Seen::BigInt, ColumnKind::Int, format!("load/{DIGEST}"));
        }
        draft.add_stamp();
        if self.layout.is_history {
            draft.add_times();
        }
        let has_key = self.layout.is_unique || self.layout.digests == Digests::Each;
        let key = key.iter().filter(|_| has_key).map(|part| part.column.name.clone()).collect();
        draft.finish(Table {
            name: self.layout.table.clone(),
            parent: None,
            source: self.resource.name.to_owned(),
            key,
            columns: Vec::new(),
        })
    }

    fn key(&self, draft: &Draft, bindings: &[Column]) -> Vec<KeyColumn> {
        let partition = self.layout.partition_key.iter();
        let partition = partition.filter_map(|name| bindings.iter().position(|column| column.name == *name));
        let partition = partition.filter_map(|at| Some((KeyPart::Binding(at), bindings.get(at)?.clone())));
        let own = draft.key.iter().map(|(at, column)| (KeyPart::Field(*at), column.clone()));
        let digest = self.has_digests.then(|| {
            let source = format!("load/{DIGEST}");
            (
                KeyPart::Digest,
                Column { name: DIGEST.to_owned(), kind: ColumnKind::Int, seen: Seen::BigInt, source },
            )
        });
        let parts = partition.chain(own).chain(digest);
        let part = |(part, column): (KeyPart, Column)| KeyColumn {
            name: self.catalog.naming().fitting(format!("_parent_{}", column.name), &column.source),
            column,
            part,
        };
        parts.map(part).collect()
    }

    /// Outer lists before those in them.
    fn add_lists(&self, fields: &mut Fields, key: &[KeyColumn], tables: &mut Vec<TablePlan>) {
        for slot in fields.slots.iter_mut().filter(|slot| !slot.is_left_out) {
            if let Some(list) = &mut slot.list {
                list.table = tables.len();
                tables.push(self.list(list, key));
                self.add_lists(&mut list.fields, key, tables);
            }
            if let Some(object) = &mut slot.object {
                self.add_lists(object, key, tables);
            }
        }
    }

    fn list(&self, list: &mut List, key: &[KeyColumn]) -> TablePlan {
        let path: Vec<&str> = list.fields.path.iter().map(String::as_str).collect();
        let source = pointer_of(path.iter().copied());
        let name = self.catalog.list_table(&self.layout.table, &source, &path);
        let mut draft = Draft::default();
        let parents = self.add_parents(&mut draft, &name, key);
        let levels = list.levels;
        for level in 1..=levels {
            let index = if level == levels { "_index".to_owned() } else { format!("_index_{level}") };
            draft.add(&index, Seen::Int, ColumnKind::Int, format!("list/{index}"));
        }
        let has_key = self.layout.is_unique || self.layout.digests == Digests::Each;
        let own_key = draft.columns.iter().filter(|_| has_key).map(|column| column.name.clone()).collect();
        let parents_schema = self.parents_schema(&draft, parents.len());
        self.add_fields(&mut draft, &name, &mut list.fields);
        draft.add_stamp();
        let parent = Some(self.layout.table.clone());
        let plan = draft.finish(Table { name, parent, source, key: own_key, columns: Vec::new() });
        TablePlan { levels, parents, parents_schema, ..plan }
    }

    /// A list that no record has: rows that an earlier load made for them have to go.
    fn emptied(&self, source: &str, table: &str, key: &[KeyColumn]) -> TablePlan {
        let mut draft = Draft::default();
        let parents = self.add_parents(&mut draft, table, key);
        let parents_schema = self.parents_schema(&draft, parents.len());
        let (name, source) = (table.to_owned(), source.to_owned());
        let parent = Some(self.layout.table.clone());
        let plan = draft.finish(Table { name, parent, source, key: Vec::new(), columns: Vec::new() });
        TablePlan { parents, parents_schema, ..plan }
    }

    fn add_parents(&self, draft: &mut Draft, table: &str, key: &[KeyColumn]) -> Vec<ColumnKind> {
        for KeyColumn { column, name, .. } in key {
            let (seen, kind) = self.catalog.join(table, name, column.seen, column.kind);
            draft.add(name, seen, kind, format!("parent/{}", column.name));
        }
        draft.columns.iter().map(|column| column.kind).collect()
    }

    fn parents_schema(&self, draft: &Draft, parents: usize) -> Option<SchemaRef> {
        let columns = draft.columns.iter().take(parents);
        self.layout.replaces_lists().then(|| schema_of(columns))
    }

    /// Gives columns to the fields that need one, those of the key first.
    fn add_fields(&self, draft: &mut Draft, table: &str, fields: &mut Fields) {
        let fixed: Vec<String> = draft.columns.iter().map(|column| column.name.clone()).collect();
        let fixed: Vec<&str> = fixed.iter().map(String::as_str).collect();
        let mut candidates = Vec::new();
        self.collect(fields, &fixed, &mut candidates);
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|at| candidates.get(*at).and_then(|one| one.key).unwrap_or(usize::MAX));
        let wanted: Vec<(usize, &Candidate)> = order
            .into_iter()
            .filter_map(|at| candidates.get(at).filter(|one| one.is_wanted).map(|one| (at, one)))
            .collect();
        let paths: Vec<Vec<&str>> =
            wanted.iter().map(|(_, one)| one.path.iter().map(String::as_str).collect()).collect();
        let asked = wanted.iter().zip(&paths).map(|((_, one), path)| Wanted { source: &one.source, path });
        let names = self.catalog.names(table, &fixed, &asked.collect::<Vec<_>>());
        let mut places: Vec<Place> = vec![Place::Nowhere; candidates.len()];
        for ((at, one), name) in wanted.into_iter().zip(names) {
            let place = match name {
                Some(name) => self.add_field(draft, table, one, &name),
                None => Place::Overflow(one.source.clone()),
            };
            draft.has_overflow |= matches!(place, Place::Overflow(_));
            if let Some(slot) = places.get_mut(at) {
                *slot = place;
            }
        }
        if draft.has_overflow {
            draft.add(OVERFLOW, Seen::Json, ColumnKind::Json, format!("load/{OVERFLOW}"));
        }
        set_places(fields, &mut places.into_iter());
    }

    fn add_field(&self, draft: &mut Draft, table: &str, one: &Candidate, name: &str) -> Place {
        let (seen, kind) = self.catalog.join(table, name, one.seen, one.hint.unwrap_or(ColumnKind::Text));
        draft.add(name, seen, kind, one.source.clone());
        let at = draft.fields.len();
        draft.fields.push(FieldColumn { kind, seen, times: one.times });
        if one.key.is_some() {
            draft.key.extend(draft.columns.last().map(|column| (at, column.clone())));
        }
        if seen == Seen::Nothing { Place::Nowhere } else { Place::Column(at) }
    }

    fn collect(&self, fields: &Fields, fixed: &[&str], candidates: &mut Vec<Candidate>) {
        for slot in &fields.slots {
            let from_record = fields.path.iter().map(String::as_str).chain([slot.name.as_str()]);
            let path: Vec<&str> = from_record.skip(fields.above).collect();
            let source = source_of(&path, fixed);
            // What only repeats the partition makes no column of its own.
            let is_hinted = slot.hint.is_some() && !source.starts_with(RECORD);
            let key =
                self.layout.record_key.iter().position(|key| *key == slot.name && fields.path.is_empty());
            let key = key.or_else(|| self.layout.record_key.iter().position(|key| *key == slot.full_name));
            candidates.push(Candidate {
                path: path.into_iter().map(str::to_owned).collect(),
                source,
                hint: slot.hint,
                seen: slot.seen,
                times: slot.times,
                key: key.filter(|_| slot.is_key),
                is_wanted: !slot.is_left_out && (slot.is_key || is_hinted || slot.seen != Seen::Nothing),
            });
            if let Some(object) = &slot.object {
                self.collect(object, fixed, candidates);
            }
        }
    }
}

impl Draft {
    fn add(&mut self, name: &str, seen: Seen, kind: ColumnKind, source: String) {
        self.columns.push(Column { name: name.to_owned(), kind, seen, source });
    }

    fn add_stamp(&mut self) {
        self.add("_load_id", Seen::Text, ColumnKind::Text, "load/_load_id".to_owned());
        self.add("_loaded_at", Seen::Timestamp, ColumnKind::Timestamp, "load/_loaded_at".to_owned());
    }

    fn add_times(&mut self) {
        for name in [VALID_FROM, VALID_TO] {
            self.add(name, Seen::Timestamp, ColumnKind::Timestamp, format!("load/{name}"));
        }
    }

    fn finish(self, table: Table) -> TablePlan {
        TablePlan {
            schema: schema_of(self.columns.iter()),
            usual_bytes: self.fields.iter().map(|_| AtomicUsize::new(0)).collect(),
            table: Arc::new(Table { columns: self.columns, ..table }),
            fields: self.fields,
            has_overflow: self.has_overflow,
            levels: 0,
            parents: Vec::new(),
            parents_schema: None,
        }
    }
}

impl Plan {
    /// Whether a page of a partition can be read by it: its columns have the same names and hold these values.
    pub(super) fn takes(&self, bindings: &[Bound], taps: &Taps, omit: &[&str]) -> bool {
        let takes = |(column, bound): (&Column, &Bound)| {
            column.name == bound.column && column.seen.join(bound.seen()) == column.seen
        };
        self.sight.taps.fields() == taps.fields()
            && self.sight.omit == omit
            && self.bindings.len() == bindings.len()
            && self.bindings.iter().zip(bindings).all(takes)
    }
}

/// Where the values of a column come from. A field of the same name as a fixed column is another source than the
/// same field where the table has no such column, because it gets another name.
fn source_of(path: &[&str], fixed: &[&str]) -> String {
    let pointer = pointer_of(path.iter().copied());
    if fixed.contains(&name_of(path.iter().copied()).as_str()) {
        return format!("{RECORD}{}", pointer.trim_start_matches('/'));
    }
    pointer
}

fn schema_of<'c>(columns: impl Iterator<Item = &'c Column>) -> SchemaRef {
    Arc::new(Schema::new(columns.map(|column| field(&column.name, column.kind)).collect::<Vec<_>>()))
}

/// Numbers all slots, also those in lists.
fn number(fields: &mut Fields, next: &mut usize) {
    for slot in &mut fields.slots {
        slot.number = *next;
        slot.tap = None;
        *next += 1;
        if let Some(object) = &mut slot.object {
            number(object, next);
        }
        if let Some(list) = &mut slot.list {
            number(&mut list.fields, next);
        }
    }
}

/// In the order in which the candidates were collected.
fn set_places(fields: &mut Fields, places: &mut impl Iterator<Item = Place>) {
    for slot in &mut fields.slots {
        slot.place = places.next().unwrap_or_default();
        if let Some(object) = &mut slot.object {
            set_places(object, places);
        }
    }
}

/// Marks the fields that the engine looks at.
fn look(root: &mut Fields, taps: &Taps, record_key: &[&str]) -> Sight {
    let mut sight =
        Sight { taps: taps.clone(), values: taps.fields().len(), is_clear: true, ..Sight::default() };
    for (at, field) in taps.fields().iter().enumerate() {
        let path: Vec<&str> = field.split('.').collect();
        sight.is_clear &= tap(root, &path, &mut |_| at);
    }
    for field in record_key {
        let nested: Vec<&str> = field.split("__").collect();
        let is_plain = root.slots.iter().any(|slot| slot.name == *field);
        let path = if is_plain { vec![*field] } else { nested };
        let (mut values, mut own) = (sight.values, None);
        sight.is_clear &= tap(root, &path, &mut |slot| {
            let at = slot.tap.unwrap_or_else(|| {
                values += 1;
                values - 1
            });
            own = Some(at);
            at
        });
        sight.values = values;
        // A field that was never seen is null.
        sight.key.push(own.unwrap_or(usize::MAX));
    }
    sight
}

/// Marks one field. False when it stands in something that is not taken apart.
fn tap(fields: &mut Fields, path: &[&str], at: &mut dyn FnMut(&Slot) -> usize) -> bool {
    let Some((first, below)) = path.split_first() else { return true };
    let Some(slot) = fields.slots.iter_mut().find(|slot| slot.name == *first) else { return true };
    if below.is_empty() {
        slot.tap = Some(at(slot));
        return true;
    }
    match &mut slot.object {
        _ if !slot.opens || slot.is_left_out => false,
        Some(object) => tap(object, below, at),
        None => true,
    }
}

/// Whether a field that is left out stands where records are taken apart, and is no part of the key.
fn can_omit(fields: &Fields, field: &str) -> bool {
    let (first, below) = field.split_once('.').unwrap_or((field, ""));
    let Some(slot) = fields.slots.iter().find(|slot| slot.name == first) else { return true };
    match &slot.object {
        _ if below.is_empty() => !slot.is_key,
        Some(object) => slot.opens && can_omit(object, below),
        None => slot.opens,
    }
}
