//! The schema contract: what a page brings that its tables do not have is let in, left out, or ends the resource.
//!
//! It holds once a resource was read to its end for the first time: until then its tables are in the making. What the
//! pipeline adds by itself is no change, and a new column without a value is none either.

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::Schema;
use arrow_select::filter::filter_record_batch;

use super::evolve::Tables;
use crate::config::{Contract, OnChange};
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::keys::Keys;
use crate::schema::kind::{Seen, kind_name};
use crate::schema::narrow::narrow;
use crate::schema::table::{Column, Table, TableRows};

/// A change that may not be made: the resource fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    #[error("table `{table}` would be new, and `schema.tables` is frozen")]
    Table { table: String },
    #[error(
        "column `{table}.{column}` would be new, with values of kind {}, and `schema.columns` is frozen",
        kind_name(*kind)
    )]
    Column { table: String, column: String, kind: ColumnKind },
    #[error(
        "column `{table}.{column}` is {}, a value needs {}, and `schema.types` is frozen",
        kind_name(*is),
        kind_name(*needs)
    )]
    Type { table: String, column: String, is: ColumnKind, needs: ColumnKind },
    #[error(
        "column `{table}.{column}` is {}, a value needs {}, and a column of a key cannot become that there",
        kind_name(*is),
        kind_name(*needs)
    )]
    Key { table: String, column: String, is: ColumnKind, needs: ColumnKind },
}

impl Breach {
    /// What to do next, in a line.
    pub fn hint(&self, resource: &str) -> String {
        let key = match self {
            Self::Table { .. } => "tables",
            Self::Column { .. } => "columns",
            Self::Type { .. } => "types",
            Self::Key { table, .. } => return format!("load `{resource}` into another table than `{table}`"),
        };
        format!("to let it in, set in config.toml `{key} = \"evolve\"` under `[resources.{resource}.schema]`")
    }
}

/// What was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Discarded {
    pub table: String,
    /// The column that would have changed; `None`: the table would have been new.
    pub column: Option<String>,
    /// Whether whole rows were left out.
    pub are_rows: bool,
}

impl Discarded {
    /// How much it was, for people.
    pub fn told(&self, count: u64) -> String {
        let what = if self.are_rows { "row" } else { "value" };
        let plural = if count == 1 { "" } else { "s" };
        match &self.column {
            Some(column) => format!("{count} {what}{plural} for column `{}.{column}`", self.table),
            None => format!("{count} {what}{plural} for table `{}`", self.table),
        }
    }
}

/// A page as the contract lets it in.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    pub(super) page: Vec<TableRows>,
    pub(super) discarded: BTreeMap<Discarded, u64>,
    /// Whether records were left out, and not only parts of some.
    pub(super) lacks_records: bool,
}

/// What of a page may be loaded. `page` has the records first.
pub(super) fn admit(tables: &Tables, contract: Contract, page: Vec<TableRows>) -> Result<Admitted, Breach> {
    let mut admitted = Admitted::default();
    let mut lost: Vec<Lost> = Vec::new();
    for (at, rows) in page.into_iter().enumerate() {
        let Some(known) = tables.get(&rows.table.name) else {
            if contract.tables == OnChange::Evolve || rows.row_count() == 0 || at == 0 {
                admitted.page.push(rows);
            } else if contract.tables == OnChange::Freeze {
                return Err(Breach::Table { table: rows.table.name.clone() });
            } else {
                let what = Discarded { table: rows.table.name.clone(), column: None, are_rows: true };
                admitted.count(what, rows.row_count());
            }
            continue;
        };
        let mut check =
            Check { known, contract, drops: vec![false; rows.row_count()], admitted: &mut admitted };
        let rows = check.columns(rows)?;
        let drops = check.drops;
        admitted.lacks_records |= at == 0 && drops.contains(&true);
        if drops.contains(&true) {
            lost.push(Lost {
                table: Arc::clone(&rows.table),
                rows: rows.batch.clone(),
                is_lost: drops.clone(),
            });
        }
        admitted.page.push(without(rows, &drops));
    }
    let hasher = RandomState::new();
    for lost in &lost {
        admitted.page =
            std::mem::take(&mut admitted.page).into_iter().map(|rows| lost.below(rows, &hasher)).collect();
    }
    Ok(admitted)
}

impl Admitted {
    fn count(&mut self, what: Discarded, rows: usize) {
        *self.discarded.entry(what).or_default() += u64::try_from(rows).unwrap_or(u64::MAX);
    }
}

/// The rows of a table on their way through the contract.
struct Check<'c> {
    known: &'c Table,
    contract: Contract,
    /// Which rows are left out.
    drops: Vec<bool>,
    admitted: &'c mut Admitted,
}

impl Check<'_> {
    fn columns(&mut self, rows: TableRows) -> Result<TableRows, Breach> {
        let mut kept: Vec<(Column, ArrayRef)> = Vec::with_capacity(rows.table.columns.len());
        for (column, array) in rows.table.columns.iter().zip(rows.batch.columns()) {
            let is_key = rows.table.key.contains(&column.name);
            if let Some(one) = self.column(column, array, is_key)? {
                kept.push(one);
            }
        }
        let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) = kept.into_iter().unzip();
        let fields: Vec<_> = columns.iter().map(|column| field(&column.name, column.kind)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.row_count()));
        let schema = Arc::new(Schema::new(fields));
        // Each array has the kind of its column, so these do fit together.
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options).unwrap_or(rows.batch);
        Ok(TableRows {
            table: Arc::new(Table { columns, ..Table::clone(&rows.table) }),
            batch,
            parents: rows.parents,
        })
    }

    /// The column as it may be loaded; `None`: not at all.
    fn column(
        &mut self,
        column: &Column,
        array: &ArrayRef,
        is_key: bool,
    ) -> Result<Option<(Column, ArrayRef)>, Breach> {
        let as_it_is = || Ok(Some((column.clone(), Arc::clone(array))));
        if !column.is_field() {
            return as_it_is();
        }
        let Some(to) = self.known.column(&column.name) else { return self.new_column(column, array) };
        let needs = to.seen.join(column.seen).kind().unwrap_or(to.kind);
        let is_beside = |one: &Column| one.variant_of() == Some(&to.name) && one.kind == needs;
        let has_room =
            needs == to.kind || to.seen == Seen::Nothing || self.known.columns.iter().any(is_beside);
        if has_room || self.contract.types == OnChange::Evolve {
            return as_it_is();
        }
        let Some((narrow, is_lost)) = narrow(array, column.kind, to.kind) else { return as_it_is() };
        let (table, name) = (&self.known.name, &column.name);
        if is_lost.contains(&true) && self.contract.types == OnChange::Freeze {
            let (table, column) = (table.clone(), name.clone());
            return Err(Breach::Type { table, column, is: to.kind, needs });
        }
        // A row is nothing without its key.
        self.discard(column, &is_lost, is_key || self.contract.types == OnChange::DiscardRow);
        Ok(Some((to.clone(), narrow)))
    }

    fn new_column(
        &mut self,
        column: &Column,
        array: &ArrayRef,
    ) -> Result<Option<(Column, ArrayRef)>, Breach> {
        if self.contract.columns == OnChange::Evolve {
            return Ok(Some((column.clone(), Arc::clone(array))));
        }
        if array.null_count() == array.len() {
            return Ok(None);
        }
        if self.contract.columns == OnChange::Freeze {
            let (table, name) = (self.known.name.clone(), column.name.clone());
            return Err(Breach::Column { table, column: name, kind: column.kind });
        }
        let is_lost: Vec<bool> = (0..array.len()).map(|row| array.is_valid(row)).collect();
        self.discard(column, &is_lost, self.contract.columns == OnChange::DiscardRow);
        Ok(None)
    }

    fn discard(&mut self, column: &Column, is_lost: &[bool], are_rows: bool) {
        let count = is_lost.iter().filter(|is_lost| **is_lost).count();
        if count == 0 {
            return;
        }
        let (table, name) = (self.known.name.clone(), Some(column.name.clone()));
        self.admitted.count(Discarded { table, column: name, are_rows }, count);
        if are_rows {
            self.drops.iter_mut().zip(is_lost).for_each(|(drop, is_lost)| *drop |= is_lost);
        }
    }
}

/// Rows of a table of which some are left out.
struct Lost {
    table: Arc<Table>,
    rows: RecordBatch,
    is_lost: Vec<bool>,
}

impl Lost {
    /// The rows of a list without those that stand in rows which are left out.
    fn below(&self, rows: TableRows, hasher: &RandomState) -> TableRows {
        let is_list = rows.table.parent.as_deref() == Some(self.table.name.as_str());
        let is_inner =
            rows.table.source.strip_prefix(&self.table.source).is_some_and(|rest| rest.starts_with('/'));
        let is_below =
            is_list || rows.table.parent == self.table.parent && self.table.parent.is_some() && is_inner;
        let own = Keys::of(&self.rows, &self.table.key, &self.table, hasher);
        if !is_below || own.is_empty() {
            return rows;
        }
        let lost: Vec<&[u8]> =
            own.iter().zip(&self.is_lost).filter(|(_, is_lost)| **is_lost).map(|(key, _)| key).collect();
        let drops = |batch: &RecordBatch, columns: &[String]| -> Vec<bool> {
            Keys::of(batch, columns, &rows.table, hasher).iter().map(|key| lost.contains(&key)).collect()
        };
        let first = rows.table.key.get(..self.table.key.len()).unwrap_or_default();
        let of_rows = drops(&rows.batch, first);
        // The record's earlier rows stay as well.
        let parents = rows.parents.as_ref().filter(|_| is_list).map(|parents| {
            let columns: Vec<String> =
                parents.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
            filtered(parents, &drops(parents, &columns))
        });
        let parents = parents.or_else(|| rows.parents.clone());
        without(TableRows { parents, ..rows }, &of_rows)
    }
}

fn without(rows: TableRows, drops: &[bool]) -> TableRows {
    let batch = if drops.contains(&true) { filtered(&rows.batch, drops) } else { rows.batch };
    TableRows { batch, ..rows }
}

fn filtered(batch: &RecordBatch, drops: &[bool]) -> RecordBatch {
    let mask: BooleanArray = drops.iter().map(|drop| Some(!drop)).collect();
    // The mask has as many values as there are rows.
    filter_record_batch(batch, &mask).unwrap_or_else(|_| batch.clone())
}
