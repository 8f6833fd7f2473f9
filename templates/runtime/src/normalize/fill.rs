//! The rows of a page in the making: values go straight into the builders that the plan leads them to.
//!
//! It takes what the plan foresees and refuses anything else: a refusal costs one more reading of the page, by the
//! general way, and never a value.

use std::sync::atomic::Ordering;

use crate::normalize::cells::Cells;
use crate::normalize::plan::{Plan, TablePlan};
use crate::normalize::rows::{Filled, PageRows};
use crate::normalize::scalar::{Bound, Scalar, Times};
use crate::normalize::tree::{Place, Slot};
use crate::record::{Glimpse, Value, ValueVisitor, identity_of};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;

/// The rows of a page in the making.
#[derive(Debug)]
pub(super) struct Fill<'p> {
    pub(super) plan: &'p Plan,
    bindings: &'p [Bound],
    tables: Vec<Filling>,
    /// By the numbers of slots: one more than the row in which each was last.
    visited: Vec<usize>,
    /// Where in the lists around it the walk is.
    indexes: Vec<i64>,
    /// Whether a text is read, in which floats may be rounded and records are looked at as they go by.
    pub(super) is_text: bool,
    glimpses: Vec<Glimpse>,
    /// What the engine sees of the record.
    sight: Vec<serde_json::Value>,
}

/// The rows of one table.
#[derive(Debug, Default)]
struct Filling {
    rows: usize,
    columns: Vec<Cells>,
    overflow: Option<Overflow>,
    /// For each row of a list: the row of its record, and its places in the lists around it.
    records: Vec<u32>,
    indexes: Vec<Vec<i64>>,
}

/// What found no room: per row an object from where it stood to what it was.
#[derive(Debug)]
struct Overflow {
    cells: Cells,
    row: usize,
    json: String,
}

/// Where the walk is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) table: usize,
    pub(super) row: usize,
    /// The row of the record.
    pub(super) record: usize,
}

/// The page does not fit the plan.
#[derive(Debug)]
pub(super) struct Unfit;

impl<'p> Fill<'p> {
    pub(super) fn new(plan: &'p Plan, bindings: &'p [Bound], is_text: bool) -> Self {
        let rows = plan.usual_rows.load(Ordering::Relaxed);
        let mut tables: Vec<Filling> = Vec::new();
        tables.resize_with(plan.tables.len(), Filling::default);
        let mut fill = Self {
            plan,
            bindings,
            tables,
            visited: vec![0; plan.slots],
            indexes: Vec::new(),
            is_text,
            glimpses: Vec::with_capacity(if is_text { rows } else { 0 }),
            sight: Vec::new(),
        };
        fill.open(0, rows);
        fill
    }

    /// What makes values of what is kept as JSON.
    pub(super) fn values(&self) -> ValueVisitor {
        ValueVisitor { is_text: self.is_text }
    }

    /// Makes the builders of a table.
    fn open(&mut self, table: usize, rows: usize) {
        let Some((plan, filling)) = self.plan.tables.get(table).zip(self.tables.get_mut(table)) else {
            return;
        };
        let cells = plan.fields.iter().zip(&plan.usual_bytes).map(|(field, bytes)| {
            Cells::new(field.kind, field.seen, field.times, (rows, bytes.load(Ordering::Relaxed)))
        });
        filling.columns = cells.collect();
        filling.overflow = plan.has_overflow.then(|| Overflow::new(rows));
        filling.indexes.resize_with(plan.levels, Vec::new);
    }

    /// Begins a record.
    pub(super) fn begin_record(&mut self) -> Row {
        self.sight.clear();
        self.sight.resize(if self.is_text { self.plan.sight.values } else { 0 }, serde_json::Value::Null);
        let row = self.tables.first().map_or(0, |table| table.rows);
        Row { table: 0, row, record: row }
    }

    /// Ends a record. One that lacks a part of its key has to be known as a whole.
    pub(super) fn end_record(&mut self) -> Result<(), Unfit> {
        if let Some(table) = self.tables.first_mut() {
            table.rows += 1;
        }
        if !self.is_text {
            return Ok(());
        }
        let sight = &self.plan.sight;
        let key = || sight.key.iter().filter_map(|at| self.sight.get(*at).filter(|value| !value.is_null()));
        if key().count() < sight.key.len() {
            return Err(Unfit);
        }
        let identity = identity_of(key());
        let mut values = std::mem::take(&mut self.sight);
        values.truncate(sight.taps.fields().len());
        self.glimpses.push(Glimpse::tapped(&sight.taps, values, identity));
        Ok(())
    }

    /// Begins an item of a list.
    pub(super) fn begin_item(&mut self, table: usize, record: usize, index: i64) -> Result<Row, Unfit> {
        self.indexes.push(index);
        let is_first = self.tables.get(table).ok_or(Unfit)?.rows == 0;
        if is_first {
            self.open(table, 0);
        }
        let filling = self.tables.get_mut(table).ok_or(Unfit)?;
        filling.records.push(u32::try_from(record).map_err(|_| Unfit)?);
        filling.indexes.iter_mut().zip(&self.indexes).for_each(|(indexes, index)| indexes.push(*index));
        let row = filling.rows;
        filling.rows += 1;
        Ok(Row { table, row, record })
    }

    pub(super) fn end_item(&mut self) {
        self.indexes.pop();
    }

    /// Notes that a row has the field; a second time in one row, the last value would count.
    pub(super) fn visit(&mut self, slot: &Slot, row: usize) -> Result<(), Unfit> {
        let visited = self.visited.get_mut(slot.number).ok_or(Unfit)?;
        if *visited == row + 1 {
            return Err(Unfit);
        }
        *visited = row + 1;
        Ok(())
    }

    #[inline]
    pub(super) fn scalar(&mut self, slot: &Slot, at: Row, scalar: Scalar<'_>) -> Result<(), Unfit> {
        if let Some(seen) = slot.tap.and_then(|tap| self.sight.get_mut(tap)) {
            *seen = scalar.to_json();
        }
        if slot.is_left_out || self.repeats_binding(slot, scalar) {
            return Ok(());
        }
        let table = self.tables.get_mut(at.table).ok_or(Unfit)?;
        let fits = match &slot.place {
            Place::Column(column) => table.columns.get_mut(*column).ok_or(Unfit)?.push(at.row, scalar),
            Place::Nowhere => false,
            Place::Overflow(source) => {
                let value = match scalar {
                    Scalar::Digits(digits) => digits.to_owned(),
                    scalar => scalar.to_json().to_string(),
                };
                slot.seen.join(scalar.seen(slot.times)) == slot.seen && table.overflow(at.row, source, &value)
            }
        };
        if fits { Ok(()) } else { Err(Unfit) }
    }

    fn repeats_binding(&self, slot: &Slot, scalar: Scalar<'_>) -> bool {
        slot.binding.and_then(|at| self.bindings.get(at)).is_some_and(|bound| bound.is(scalar))
    }

    /// An object or a list that is kept as JSON.
    pub(super) fn json(&mut self, slot: &Slot, at: Row, value: &Value<'_>) -> Result<(), Unfit> {
        if slot.tap.is_some() && self.is_text {
            return Err(Unfit);
        }
        let table = self.tables.get_mut(at.table).ok_or(Unfit)?;
        let fits = match &slot.place {
            _ if slot.is_left_out => true,
            Place::Column(column) => table.columns.get_mut(*column).ok_or(Unfit)?.push_json(at.row, value),
            Place::Nowhere => false,
            Place::Overflow(source) => {
                let seen = slot.seen_whole(value, self.plan.list_columns);
                slot.seen.join(seen) == slot.seen && table.overflow(at.row, source, &value.to_string())
            }
        };
        if fits { Ok(()) } else { Err(Unfit) }
    }

    /// What the page became, and what the engine sees of each record.
    pub(super) fn finish(self) -> (Vec<Filled>, Vec<Glimpse>) {
        let rows = self.tables.first().map_or(0, |table| table.rows);
        self.plan.usual_rows.store(rows, Ordering::Relaxed);
        let tables = self.tables.into_iter().zip(&self.plan.tables);
        (tables.map(|(table, plan)| table.finish(plan)).collect(), self.glimpses)
    }
}

impl Filling {
    fn overflow(&mut self, row: usize, source: &str, json: &str) -> bool {
        let Some(overflow) = &mut self.overflow else { return false };
        overflow.push(row, source, json);
        true
    }

    fn finish(self, plan: &TablePlan) -> Filled {
        let rows = self.rows;
        if rows == 0 {
            return Filled::default();
        }
        debug_assert_eq!(self.columns.len(), plan.fields.len());
        for (cells, bytes) in self.columns.iter().zip(&plan.usual_bytes) {
            bytes.store(cells.bytes(), Ordering::Relaxed);
        }
        let overflow = self.overflow.map(Overflow::finish);
        let columns = self.columns.into_iter().chain(overflow).map(|cells| cells.finish(rows)).collect();
        let indexes = self.indexes.into_iter().map(PageRows::index_column).collect();
        Filled { rows, columns, records: self.records, indexes }
    }
}

impl Overflow {
    fn new(rows: usize) -> Self {
        let cells = Cells::new(ColumnKind::Json, Seen::Json, Times::Never, (rows, 0));
        Self { cells, row: 0, json: String::new() }
    }

    fn push(&mut self, row: usize, source: &str, json: &str) {
        if self.row != row {
            self.close();
        }
        self.row = row;
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        self.json.push_str(&Value::from(source).to_string());
        self.json.push(':');
        self.json.push_str(json);
    }

    fn close(&mut self) {
        if !self.json.is_empty() {
            self.json.push('}');
            self.cells.push_raw_json(self.row, &self.json);
            self.json.clear();
        }
    }

    fn finish(mut self) -> Cells {
        self.close();
        self.cells
    }
}
