//! The schema of the tables of a load: from what they have to what rows need, one plan for each table.
//!
//! Columns only ever come and widen; where the destination cannot widen one, another comes to stand beside it. Which type
//! the values of a column need together, the lattice in [`schema::kind`](crate::schema::kind) says. This is the only
//! place that knows what the destination's tables are.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::contract::Breach;
use crate::destination::{SchemaChange, Widening};
use crate::normalize::{Catalog, Renamed};
use crate::resource::{self, ColumnKind};
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table, TableRows, is_digest};

/// Where a hinted column comes from as long as no record has had its field.
pub(super) const HINT: &str = "hint/";

/// The tables of the destination, as they are once all planned changes are made.
#[derive(Debug)]
pub(super) struct Tables {
    tables: HashMap<String, Table>,
    widens: fn(ColumnKind, ColumnKind) -> Widening,
    catalog: Catalog,
    /// Those that this load has made: that their columns are new says nothing.
    made: BTreeSet<String>,
}

impl Tables {
    pub(super) fn new(
        tables: Vec<Table>,
        widens: fn(ColumnKind, ColumnKind) -> Widening,
        catalog: &Catalog,
    ) -> Self {
        let tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        Self { tables, widens, catalog: catalog.clone(), made: BTreeSet::new() }
    }

    /// Fields and lists that got other names than their own since this was asked last.
    pub(super) fn take_renamed(&self) -> Vec<Renamed> {
        self.catalog.take_renamed()
    }

    /// Takes the tables as others have made them. Fails with one in which a name has gone to another field than here.
    pub(super) fn look_again(&mut self, tables: Vec<Table>) -> Result<(), String> {
        self.catalog.look_again(&tables)?;
        self.tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// The tables of a table's lists, by name.
    pub(super) fn lists_of(&self, name: &str) -> BTreeSet<String> {
        let lists = self.tables.values().filter(|table| table.parent.as_deref() == Some(name));
        lists.map(|table| table.name.clone()).collect()
    }

    /// What has to change before these rows, all of one table, can be written. `identity` are the columns that tell them
    /// apart, which nothing can stand beside.
    pub(super) fn plan_for<'r>(
        &self,
        rows: impl Iterator<Item = &'r TableRows> + Clone,
        identity: &[String],
    ) -> Result<Vec<SchemaChange>, Breach> {
        let Some(first) = rows.clone().next() else { return Ok(Vec::new()) };
        let name = &first.table.name;
        let Some(before) = self.tables.get(name) else {
            let mut table = Table::clone(&first.table);
            for rows in distinct(rows).skip(1) {
                changes_for(&table, rows, &|_, _, _| None)
                    .iter()
                    .for_each(|change| apply(&mut table, change));
            }
            return Ok(vec![SchemaChange::CreateTable(table)]);
        };
        let mut table = before.clone();
        for rows in distinct(rows) {
            let changes = changes_for(&table, rows, &|table, from, to| self.variant(table, from, to));
            changes.iter().for_each(|change| apply(&mut table, change));
        }
        let changes = between(before, &table);
        let is_key = |name: &str| before.key.iter().chain(identity).any(|own| own == name);
        let stuck = changes.iter().find_map(|change| match change {
            SchemaChange::AddColumn { column, .. } => {
                let own = column.variant_of().filter(|own| is_key(own)).and_then(|own| before.column(own))?;
                Some(Breach::Key {
                    table: name.clone(),
                    column: own.name.clone(),
                    is: own.kind,
                    needs: column.kind,
                })
            }
            _ => None,
        });
        stuck.map_or(Ok(changes), Err)
    }

    /// The column beside one that cannot become wider; `None` where it can.
    fn variant(&self, table: &Table, from: &Column, to: &Column) -> Option<Column> {
        let is_free =
            from.seen == Seen::Nothing || from.seen.is_empty() && matches!(to.kind, ColumnKind::List(_));
        if from.kind == to.kind || is_free || (self.widens)(from.kind, to.kind) != Widening::No {
            return None;
        }
        let fixed: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let (name, source) = self.catalog.variant(&table.name, &from.name, to.kind, &fixed);
        Some(Column { name, kind: to.kind, seen: to.seen, source })
    }

    /// Whether this load has made the table.
    pub(super) fn has_made(&self, name: &str) -> bool {
        self.made.contains(name)
    }

    /// The columns that the document knows, where no record has ever been: SQL that is written for the empty table works
    /// when there are some.
    pub(super) fn plan_for_hints(&self, name: &str, hints: &[resource::Column]) -> Vec<SchemaChange> {
        let has_seen = |column: &Column| column.source.starts_with('/') && column.seen != Seen::Nothing;
        let empty = self.tables.get(name).filter(|table| !table.columns.iter().any(has_seen));
        // A name that the destination keeps for itself is none that a field gets.
        let is_free = |name: &str| !self.catalog.naming().is_reserved(name);
        let lacks = |name: &str| empty.is_some_and(|table| table.column(name).is_none());
        let missing = hints.iter().filter(|hint| lacks(hint.name) && is_free(hint.name));
        let added = missing.map(|hint| {
            let (seen, source) = (Seen::Nothing, format!("{HINT}{}", hint.name));
            let column = Column { name: hint.name.to_owned(), kind: hint.kind, seen, source };
            SchemaChange::AddColumn { table: name.to_owned(), column }
        });
        added.collect()
    }

    /// What has to change so that rows of a table can be marked as deleted.
    pub(super) fn plan_for_marks(&self, name: &str, mark: &str) -> Option<SchemaChange> {
        let table = self.tables.get(name).filter(|table| table.column(mark).is_none())?;
        let column = Column {
            name: mark.to_owned(),
            kind: ColumnKind::Timestamp,
            seen: Seen::Timestamp,
            source: format!("load/{mark}"),
        };
        Some(SchemaChange::AddColumn { table: table.name.clone(), column })
    }

    /// Notes a change as made; whether a person would notice it.
    pub(super) fn make(&mut self, change: &SchemaChange) -> bool {
        let name = change.table();
        if let SchemaChange::CreateTable(table) = change {
            self.tables.insert(name.to_owned(), table.clone());
            self.made.insert(name.to_owned());
            return true;
        }
        if let Some(table) = self.tables.get_mut(name) {
            apply(table, change);
        }
        change.is_visible() && !self.made.contains(name)
    }
}

/// Pages that were read by one plan know the table alike: one of them says all, and one with rows says it of the key.
fn distinct<'r>(rows: impl Iterator<Item = &'r TableRows>) -> impl Iterator<Item = &'r TableRows> {
    let mut last: Option<(&Arc<Table>, bool)> = None;
    rows.filter(move |rows| {
        let has_rows = rows.row_count() > 0;
        let is_same =
            last.is_some_and(|(table, had_rows)| Arc::ptr_eq(table, &rows.table) && had_rows == has_rows);
        last = Some((&rows.table, has_rows));
        !is_same
    })
}

/// Makes the column beside one of the table that cannot become another; `None` where it can.
type Beside<'b> = &'b dyn Fn(&Table, &Column, &Column) -> Option<Column>;

fn changes_for(table: &Table, rows: &TableRows, beside: Beside<'_>) -> Vec<SchemaChange> {
    let mut changes: Vec<_> =
        rows.table.columns.iter().flat_map(|column| changes_of(table, column, beside)).collect();
    let key = &rows.table.key;
    if rows.row_count() > 0 && !is_same_key(&table.key, key) {
        changes.push(SchemaChange::SetKey { table: table.name.clone(), key: key.clone() });
    }
    changes
}

/// A key keeps the digest that some rows need, also when others come that have none.
fn is_same_key(table: &[String], rows: &[String]) -> bool {
    table == rows || table.iter().filter(|name| rows.contains(name) || !is_digest(name)).eq(rows)
}

fn changes_of(table: &Table, column: &Column, beside: Beside<'_>) -> Vec<SchemaChange> {
    let add = |column: Column| SchemaChange::AddColumn { table: table.name.clone(), column };
    let Some(from) = table.column(&column.name) else { return vec![add(column.clone())] };
    let seen = from.seen.join(column.seen);
    let source = if from.source.starts_with(HINT) { &column.source } else { &from.source };
    let to = Column {
        seen,
        kind: seen.kind().unwrap_or(from.kind),
        source: source.clone(),
        name: from.name.clone(),
    };
    let variant = beside(table, from, &to);
    // What it has seen is more than it holds from then on.
    let to = if variant.is_some() { Column { kind: from.kind, ..to } } else { to };
    let alter = |to| SchemaChange::AlterColumn { table: table.name.clone(), from: from.clone(), to };
    let added = variant.filter(|variant| table.column(&variant.name).is_none()).map(add);
    (to != *from).then(|| alter(to)).into_iter().chain(added).collect()
}

fn apply(table: &mut Table, change: &SchemaChange) {
    match change {
        SchemaChange::CreateTable(_) => {}
        SchemaChange::AddColumn { column, .. } => table.columns.push(column.clone()),
        SchemaChange::AlterColumn { to, .. } => {
            if let Some(column) = table.columns.iter_mut().find(|column| column.name == to.name) {
                column.clone_from(to);
            }
        }
        SchemaChange::SetKey { key, .. } => table.key.clone_from(key),
    }
}

/// One step for each column, however many rows have asked for some.
fn between(before: &Table, after: &Table) -> Vec<SchemaChange> {
    let name = &before.name;
    let column = |to: &Column| match before.column(&to.name) {
        None => Some(SchemaChange::AddColumn { table: name.clone(), column: to.clone() }),
        Some(from) if from == to => None,
        Some(from) => {
            Some(SchemaChange::AlterColumn { table: name.clone(), from: from.clone(), to: to.clone() })
        }
    };
    let mut changes: Vec<SchemaChange> = after.columns.iter().filter_map(column).collect();
    if before.key != after.key {
        changes.push(SchemaChange::SetKey { table: name.clone(), key: after.key.clone() });
    }
    changes
}
