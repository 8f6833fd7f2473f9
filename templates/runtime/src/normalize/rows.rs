//! The rows of a page, and how they become batches.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::filter::filter;
use arrow_select::take::take;

use crate::normalize::cells::repeated;
use crate::normalize::plan::{KeyPart, Plan, TablePlan};
use crate::normalize::repeats::Chosen;
use crate::normalize::{Layout, NormalizeError, Normalized, Stamp};
use crate::record::{Rows, Value};
use crate::resource::ColumnKind;
use crate::schema::arrow::instants;
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;
use crate::schema::widen::widen;

/// The rows of a page and of the lists in its records, as long as some of them may be left out.
#[derive(Debug)]
pub struct PageRows {
    pub(super) plan: Arc<Plan>,
    pub(super) layout: Arc<Layout>,
    pub(super) bindings: Vec<Value<'static>>,
    pub(super) tables: Vec<Filled>,
    /// For each record, if any has one.
    pub(super) digests: Vec<Option<u64>>,
}

/// The columns that the fields of one table made.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) rows: usize,
    pub(super) columns: Vec<ArrayRef>,
    /// For each row of a list: the row of its record.
    pub(super) records: Vec<u32>,
    /// And its places in the lists around it.
    pub(super) indexes: Vec<ArrayRef>,
}

impl Rows for PageRows {
    /// The rows of lists go with their records.
    fn retain(&mut self, keep: &[bool]) {
        if keep.iter().all(|keep| *keep) {
            return;
        }
        let mut kept = keep.iter();
        if !self.digests.is_empty() {
            self.digests.retain(|_| kept.next().copied().unwrap_or(true));
        }
        let (mut places, mut next) = (Vec::with_capacity(keep.len()), 0);
        for keep in keep {
            places.push(keep.then_some(next));
            next += u32::from(*keep);
        }
        for (at, table) in self.tables.iter_mut().enumerate() {
            if at == 0 {
                table.retain(&BooleanArray::from(keep.to_vec()));
                continue;
            }
            let place =
                |row: &u32| places.get(usize::try_from(*row).unwrap_or(usize::MAX)).copied().flatten();
            let records: Vec<Option<u32>> = table.records.iter().map(place).collect();
            table.retain(&records.iter().map(|record| Some(record.is_some())).collect());
            table.records = records.into_iter().flatten().collect();
        }
    }
}

impl Filled {
    fn retain(&mut self, mask: &BooleanArray) {
        for array in self.columns.iter_mut().chain(&mut self.indexes) {
            // The mask has as many values as the table has rows.
            if let Ok(kept) = filter(array, mask) {
                *array = kept;
            }
        }
        self.rows = mask.true_count();
    }
}

impl PageRows {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.tables.first().map_or(0, |table| table.rows)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn index_column(indexes: Vec<i64>) -> ArrayRef {
        Arc::new(Int64Array::from(indexes))
    }

    /// The tables, each record once. The records' own comes first.
    ///
    /// # Errors
    /// When the columns of a batch do not fit together: a fault of this module.
    pub fn finish(mut self, stamp: &Stamp<'_>) -> Result<Normalized, NormalizeError> {
        let own_key: Vec<ArrayRef> = self.own_key().cloned().collect();
        let Chosen { keep, without_key } =
            Chosen::of(&own_key, self.len(), &self.layout, self.plan.key.is_empty());
        if let Some(keep) = keep {
            self.retain(&keep);
        }
        let digests = std::mem::take(&mut self.digests);
        let digests: ArrayRef = match digests.is_empty() {
            true => arrow_array::new_null_array(&arrow_schema::DataType::Int64, self.len()),
            false => Arc::new(super::repeats::told_apart(&digests)),
        };
        let parts = Parts { rows: &self, stamp, digests };
        Ok(Normalized { tables: parts.tables()?, without_key })
    }

    /// The columns of the key that are made of fields.
    fn own_key(&self) -> impl Iterator<Item = &ArrayRef> {
        let columns = self.tables.first().map(|table| table.columns.as_slice()).unwrap_or_default();
        self.plan.key.iter().filter_map(|key| match key.part {
            KeyPart::Field(at) => columns.get(at),
            KeyPart::Binding(_) | KeyPart::Digest => None,
        })
    }
}

/// What the batches are put together from.
struct Parts<'r> {
    rows: &'r PageRows,
    stamp: &'r Stamp<'r>,
    digests: ArrayRef,
}

impl Parts<'_> {
    fn tables(&self) -> Result<Vec<TableRows>, NormalizeError> {
        let plan = &self.rows.plan;
        let records = self.rows.len();
        let bindings = self.bindings(records);
        let mut all = plan.tables.iter().zip(&self.rows.tables);
        let Some((own_plan, own)) = all.next() else {
            return Err(NormalizeError::unfit(&self.rows.layout.table));
        };
        let mut tables = vec![self.records(own_plan, own, &bindings)?];
        let mut keys = None;
        for (plan, filled) in all {
            let is_replaced = plan.parents_schema.is_some() && records > 0;
            if is_replaced || filled.rows > 0 {
                let keys = keys.get_or_insert_with(|| self.keys(own, &bindings));
                tables.push(self.list(plan, filled, keys)?);
            }
        }
        Ok(tables)
    }

    fn bindings(&self, rows: usize) -> Vec<ArrayRef> {
        let columns = self.rows.plan.bindings.iter().zip(&self.rows.bindings);
        columns.map(|(column, value)| repeated(value, column.kind, column.seen, rows)).collect()
    }

    fn records(
        &self,
        plan: &TablePlan,
        filled: &Filled,
        bindings: &[ArrayRef],
    ) -> Result<TableRows, NormalizeError> {
        if filled.rows == 0 {
            return Ok(self.empty(plan));
        }
        let digests = self.rows.plan.has_digests.then(|| Arc::clone(&self.digests));
        let arrays = bindings.iter().chain(&filled.columns).cloned().chain(digests);
        let [load_id, loaded_at] = self.stamp(filled.rows);
        let times = self.rows.layout.is_history.then(|| {
            let open = arrow_array::new_null_array(loaded_at.data_type(), filled.rows);
            [Arc::clone(&loaded_at), open]
        });
        let arrays = arrays.chain([load_id, loaded_at]).chain(times.into_iter().flatten()).collect();
        let batch = batch(plan, &plan.schema, arrays, filled.rows)?;
        Ok(TableRows { table: Arc::clone(&plan.table), batch, parents: None })
    }

    /// The columns of the key, one row per record.
    fn keys(&self, own: &Filled, bindings: &[ArrayRef]) -> Vec<(ColumnKind, ArrayRef)> {
        let records = self.rows.len();
        let key = |part| match part {
            KeyPart::Binding(at) => bindings.get(at).cloned(),
            KeyPart::Field(at) => own.columns.get(at).cloned(),
            KeyPart::Digest => Some(Arc::clone(&self.digests)),
        };
        let keys = self.rows.plan.key.iter().map(|part| {
            let null = || arrow_array::new_null_array(&crate::schema::data_type(part.column.kind), records);
            (part.column.kind, key(part.part).unwrap_or_else(null))
        });
        keys.collect()
    }

    fn list(
        &self,
        plan: &TablePlan,
        filled: &Filled,
        keys: &[(ColumnKind, ArrayRef)],
    ) -> Result<TableRows, NormalizeError> {
        let failed = |error| failed(plan, error);
        let widened = keys.iter().zip(&plan.parents);
        let widened: Vec<ArrayRef> = widened
            .map(|((from, array), to)| widen(array, *from, *to).unwrap_or_else(|| Arc::clone(array)))
            .collect();
        let parents = match &plan.parents_schema {
            Some(schema) => Some(batch(plan, schema, widened.clone(), self.rows.len())?),
            None => None,
        };
        if filled.rows == 0 {
            return Ok(TableRows { parents, ..self.empty(plan) });
        }
        let rows = UInt32Array::from(filled.records.clone());
        let mut arrays = Vec::with_capacity(plan.schema.fields().len());
        for array in &widened {
            arrays.push(take(array, &rows, None).map_err(failed)?);
        }
        arrays.extend(filled.indexes.iter().chain(&filled.columns).cloned());
        arrays.extend(self.stamp(filled.rows));
        let batch = batch(plan, &plan.schema, arrays, filled.rows)?;
        Ok(TableRows { table: Arc::clone(&plan.table), batch, parents })
    }

    fn empty(&self, plan: &TablePlan) -> TableRows {
        let batch = RecordBatch::new_empty(Arc::clone(&plan.schema));
        TableRows { table: Arc::clone(&plan.table), batch, parents: None }
    }

    fn stamp(&self, rows: usize) -> [ArrayRef; 2] {
        let load_id = repeated(&self.stamp.load_id.into(), ColumnKind::Text, Seen::Text, rows);
        let loaded_at = chrono::DateTime::<chrono::Utc>::from(self.stamp.loaded_at).timestamp_micros();
        [load_id, instants(std::iter::repeat_n(Some(loaded_at), rows))]
    }
}

fn batch(
    plan: &TablePlan,
    schema: &SchemaRef,
    arrays: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, NormalizeError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
        .map_err(|error| failed(plan, error))
}

fn failed(plan: &TablePlan, error: ArrowError) -> NormalizeError {
    NormalizeError { table: plan.table.name.clone(), source: Arc::new(error) }
}
