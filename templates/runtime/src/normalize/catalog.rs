//! What all pages of a load agree on: which field has which column, and what each column has seen.
//!
//! It starts from the tables that the destination holds, so that a name, once given, stays. Only who makes a plan asks
//! it; a page that fits its plan does not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::names::{fitting, name_of, with_hash};
use crate::schema::table::{DELETED_AT, DIGEST, Table};

/// How many columns a table may have; what comes beyond goes into [`OVERFLOW`]. PostgreSQL's limit is 1,600.
const MOST_COLUMNS: usize = 1000;

/// Names that no field can have, because the pipeline uses them.
const RESERVED: [&str; 6] = ["_load_id", "_loaded_at", DELETED_AT, DIGEST, "_index", OVERFLOW];

/// The JSON column for fields that found no room: an object from their JSON Pointers to their values.
pub(super) const OVERFLOW: &str = "_more";

/// Before the JSON Pointer of a field whose name is that of a column of the partition.
pub(super) const RECORD: &str = "record/";

/// What all pages of a load agree on. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Catalog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    tables: Mutex<HashMap<String, Known>>,
    /// Grows with each list that gets a table.
    lists: AtomicUsize,
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
    pub fn from_tables(tables: &[Table]) -> Catalog {
        let mut all: HashMap<String, Known> = HashMap::new();
        for table in tables {
            let known = all.entry(table.name.clone()).or_default();
            for column in &table.columns {
                if column.source.starts_with('/') || column.source.starts_with(RECORD) {
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
        Catalog(Arc::new(Shared { tables: Mutex::new(all), lists: AtomicUsize::new(0) }))
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
        let mut name =
            fitting(format!("{table}__{}", name_of(path.iter().copied())), &format!("{table}{source}"));
        if tables.contains_key(&name) {
            name = with_hash(&name, &format!("{table}{source}"));
        }
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
                    known.claim(preferred, source, fixed);
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
    fn claim(&mut self, preferred: String, source: &str, fixed: &[&str]) {
        let own = if fixed.contains(&preferred.as_str()) { format!("record_{preferred}") } else { preferred };
        let is_free = |name: &String| {
            let name = name.as_str();
            !self.taken.contains(name) && !RESERVED.contains(&name) && !fixed.contains(&name)
        };
        let mut name = fitting(own, source);
        let mut salt = source.to_owned();
        while !is_free(&name) {
            name = with_hash(&name_of([name.as_str()]), &salt);
            salt.push('#');
        }
        self.taken.insert(name.clone());
        self.names.insert(source.to_owned(), name);
    }
}
