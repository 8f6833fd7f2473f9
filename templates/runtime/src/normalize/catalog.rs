//! What all pages of a load agree on: which field has which column, and what each column has seen.
//!
//! It starts from the tables that the destination holds, so that a name, once given, stays. Only who makes a plan asks
//! it; a page that fits its plan does not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::resource::ColumnKind;
use crate::schema::kind::{Seen, kind_name};
use crate::schema::names::{Naming, name_of};
use crate::schema::table::{Column, DELETED_AT, DIGEST, Table, VALID_FROM, VALID_TO, VARIANT};

/// How many columns a table may have; what comes beyond goes into [`OVERFLOW`]. PostgreSQL's limit is 1,600.
const MOST_COLUMNS: usize = 1000;

/// Names that no field can have, because the pipeline uses them.
const RESERVED: [&str; 8] =
    ["_load_id", "_loaded_at", DELETED_AT, DIGEST, VALID_FROM, VALID_TO, "_index", OVERFLOW];

/// The JSON column for fields that found no room: an object from their JSON Pointers to their values.
pub(super) const OVERFLOW: &str = "_more";

/// What all pages of a load agree on. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Catalog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    tables: Mutex<HashMap<String, Known>>,
    /// Grows with each list that gets a table.
    lists: AtomicUsize,
    allowed: Allowed,
    renamed: Mutex<Vec<Renamed>>,
}

/// What the columns of the destination can be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowed {
    pub naming: Naming,
    /// Whether a column can hold a list of single values.
    pub list_columns: bool,
}

/// A field, or a list, that got another name than its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Renamed {
    pub table: String,
    /// Where it stands in the records: a JSON Pointer.
    pub source: String,
    /// What it would have been called.
    pub wanted: String,
    pub name: String,
    pub why: Why,
}

/// Why a name cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Another field has it, which came first.
    Taken,
    TooLong,
    /// The destination keeps it for itself.
    Reserved,
}

/// What is known of one table.
#[derive(Debug, Default)]
struct Known {
    /// From the source of a column to its name.
    names: HashMap<String, String>,
    taken: HashSet<String>,
    seen: HashMap<String, (Seen, ColumnKind)>,
    /// From the JSON Pointers of lists to the tables of their items. Replaced, never changed: pages hold it.
    lists: Arc<BTreeMap<String, String>>,
}

/// A field that needs a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'w> {
    pub(super) source: &'w str,
    /// From the table's own records: without the path of the list that they stand in.
    pub(super) path: &'w [&'w str],
}

impl Catalog {
    /// Starts from what earlier loads made.
    pub fn from_tables(tables: &[Table], allowed: Allowed) -> Catalog {
        let mut all: HashMap<String, Known> = HashMap::new();
        for table in tables {
            let known = all.entry(table.name.clone()).or_default();
            for column in &table.columns {
                if column.is_field() || column.variant_of().is_some() {
                    known.names.insert(column.source.clone(), column.name.clone());
                    known.taken.insert(column.name.clone());
                }
                known.seen.insert(column.name.clone(), (column.seen, column.kind));
            }
        }
        for table in tables {
            if let Some(parent) = &table.parent {
                let known = all.entry(parent.clone()).or_default();
                Arc::make_mut(&mut known.lists).insert(table.source.clone(), table.name.clone());
            }
        }
        Catalog(Arc::new(Shared { tables: Mutex::new(all), allowed, ..Shared::default() }))
    }

    /// Takes what other loads have made since. Fails with a table in which a name has gone to another field than here.
    pub(crate) fn look_again(&self, tables: &[Table]) -> Result<(), String> {
        let mut all = self.lock();
        for table in tables {
            let known = all.entry(table.name.clone()).or_default();
            for column in &table.columns {
                if (column.is_field() || column.variant_of().is_some()) && !known.agrees(column) {
                    return Err(table.name.clone());
                }
                let seen = known.seen.entry(column.name.clone()).or_insert((column.seen, column.kind));
                seen.0 = seen.0.join(column.seen);
                seen.1 = seen.0.kind().unwrap_or(column.kind);
            }
            let Some(parent) = &table.parent else { continue };
            let is_other = |(source, name): (&String, &String)| {
                (*source == table.source) != (*name == table.name)
                    && (*source == table.source || *name == table.name)
            };
            let known = all.entry(parent.clone()).or_default();
            if known.lists.iter().any(is_other) {
                return Err(table.name.clone());
            }
            if !known.lists.contains_key(&table.source) {
                Arc::make_mut(&mut known.lists).insert(table.source.clone(), table.name.clone());
                self.0.lists.fetch_add(1, Ordering::Release);
            }
        }
        Ok(())
    }

    /// Keeps names for tables that are not those of lists.
    pub fn keep_names<'n>(&self, names: impl IntoIterator<Item = &'n str>) {
        let mut tables = self.lock();
        for name in names {
            tables.entry(name.to_owned()).or_default();
        }
    }

    pub(super) fn list_columns(&self) -> bool {
        self.0.allowed.list_columns
    }

    pub(crate) fn naming(&self) -> &Naming {
        &self.0.allowed.naming
    }

    /// What has got another name than its own since this was asked last.
    pub(crate) fn take_renamed(&self) -> Vec<Renamed> {
        std::mem::take(&mut *self.0.renamed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_renamed(&self, renamed: impl IntoIterator<Item = Renamed>) {
        self.0.renamed.lock().unwrap_or_else(PoisonError::into_inner).extend(renamed);
    }

    /// The column for values that another one of the table cannot take; `fixed` are the names of all columns there are.
    pub(crate) fn variant(
        &self,
        table: &str,
        column: &str,
        kind: ColumnKind,
        fixed: &[&str],
    ) -> (String, String) {
        let kind = kind_name(kind).replace(' ', "_");
        let source = format!("{VARIANT}{kind}/{column}");
        let mut tables = self.lock();
        let known = tables.entry(table.to_owned()).or_default();
        if !known.names.contains_key(&source) {
            known.claim(format!("{column}__{kind}"), &source, fixed, self.naming());
        }
        let name = known.names.get(&source).cloned();
        (name.unwrap_or_default(), source)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many lists have got a table so far.
    pub(super) fn list_count(&self) -> usize {
        self.0.lists.load(Ordering::Acquire)
    }

    /// The tables of a table's lists, by the JSON Pointers of the lists.
    pub(super) fn lists(&self, table: &str) -> Arc<BTreeMap<String, String>> {
        self.lock().get(table).map(|known| Arc::clone(&known.lists)).unwrap_or_default()
    }

    /// The table for the items of a list, named after its place: `project_issues__assignees`.
    pub(super) fn list_table(&self, table: &str, source: &str, path: &[&str]) -> String {
        let mut tables = self.lock();
        if let Some(name) = tables.get(table).and_then(|known| known.lists.get(source)) {
            return name.clone();
        }
        let (naming, wanted) = (self.naming(), format!("{table}__{}", name_of(path.iter().copied())));
        let place = format!("{table}{source}");
        let mut name = naming.fitting(wanted.clone(), &place);
        let mut why = (name != wanted).then_some(Why::TooLong);
        if tables.keys().any(|table| table.eq_ignore_ascii_case(&name)) {
            (name, why) = (naming.with_hash(&name, &place), Some(Why::Taken));
        }
        let (of, source_of_list) = (table.to_owned(), source.to_owned());
        self.note_renamed(why.map(|why| Renamed {
            table: of,
            source: source_of_list,
            wanted,
            name: name.clone(),
            why,
        }));
        tables.entry(name.clone()).or_default();
        let known = tables.entry(table.to_owned()).or_default();
        Arc::make_mut(&mut known.lists).insert(source.to_owned(), name.clone());
        self.0.lists.fetch_add(1, Ordering::Release);
        name
    }

    /// The column names for some fields of a table; `None` where the table has no room for another column.
    ///
    /// `fixed` are the names of columns that do not come from fields. Among fields that come at once, one whose
    /// name needs no change has the right to it; otherwise the first that comes has.
    pub(super) fn names(&self, table: &str, fixed: &[&str], wanted: &[Wanted<'_>]) -> Vec<Option<String>> {
        let mut tables = self.lock();
        let known = tables.entry(table.to_owned()).or_default();
        for as_it_is in [true, false] {
            for Wanted { source, path } in wanted {
                if known.names.contains_key(*source) || known.taken.len() >= MOST_COLUMNS {
                    continue;
                }
                let preferred = name_of(path.iter().copied());
                if as_it_is == (preferred == path.join("__")) {
                    let why = known.name(preferred.clone(), source, fixed, self.naming());
                    let name = known.names.get(*source).cloned().unwrap_or_default();
                    let (table, source) = (table.to_owned(), (*source).to_owned());
                    self.note_renamed(why.map(|why| Renamed { table, source, wanted: preferred, name, why }));
                }
            }
        }
        wanted.iter().map(|field| known.names.get(field.source).cloned()).collect()
    }

    /// Adds what a page has seen of a column, and tells what the column is with it. `hint` is its kind as long as
    /// there was no value.
    pub(super) fn join(&self, table: &str, name: &str, seen: Seen, hint: ColumnKind) -> (Seen, ColumnKind) {
        let mut tables = self.lock();
        let known = tables.entry(table.to_owned()).or_default();
        let entry = match known.seen.get_mut(name) {
            Some(entry) => entry,
            None => known.seen.entry(name.to_owned()).or_insert((Seen::Nothing, hint)),
        };
        entry.0 = entry.0.join(seen);
        entry.1 = entry.0.kind().unwrap_or(entry.1);
        *entry
    }
}

impl Known {
    /// Notes whose name that of a column is; whether it is nobody else's.
    fn agrees(&mut self, column: &Column) -> bool {
        if let Some(own) = self.names.get(&column.source) {
            return *own == column.name;
        }
        self.names.insert(column.source.clone(), column.name.clone());
        self.taken.insert(column.name.clone())
    }

    /// Gives a name to a field, and tells why it is another than its own.
    fn name(&mut self, preferred: String, source: &str, fixed: &[&str], naming: &Naming) -> Option<Why> {
        let is_reserved = naming.is_reserved(&preferred);
        let own = match fixed.contains(&preferred.as_str()) {
            true => format!("record_{preferred}"),
            false if is_reserved => format!("field_{preferred}"),
            false => preferred,
        };
        self.claim(own, source, fixed, naming).or(is_reserved.then_some(Why::Reserved))
    }

    /// Takes the name, or one with a hash where it cannot be had.
    fn claim(&mut self, own: String, source: &str, fixed: &[&str], naming: &Naming) -> Option<Why> {
        let is_free = |name: &String| {
            let name = name.as_str();
            !self.taken.contains(name) && !RESERVED.contains(&name) && !fixed.contains(&name)
        };
        let mut why = (own.len() > naming.longest).then_some(Why::TooLong);
        let mut name = naming.fitting(own, source);
        let mut salt = source.to_owned();
        while !is_free(&name) {
            why = Some(Why::Taken);
            name = naming.with_hash(&name_of([name.as_str()]), &salt);
            salt.push('#');
        }
        self.taken.insert(name.clone());
        self.names.insert(source.to_owned(), name);
        why
    }
}
