//! Batches as files of Parquet: with the names that the warehouse gives to columns, and the kinds in which they wait.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema as ArrowSchema;
use parquet::basic::Compression;

use super::fault::{Answer, Fault};
use super::schema::Schema;
use super::session::{Session, count};
use crate::destination::parquet::{Encoder, encoder};
use crate::destination::{Claim, Result};
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table};
use crate::schema::widen::widen;

/// How much is held in memory of a file, roughly, in bytes: warehouses load files of some ten megabytes best, and every
/// writer has one for each table.
const LARGEST: usize = 16 << 20;

/// A file that is being written.
pub(super) struct File {
    columns: Vec<Column>,
    /// The kinds that batches have.
    kinds: Vec<ColumnKind>,
    encoder: Encoder,
}

/// The columns of a table as they wait.
pub(super) fn waiting(schema: &Schema, columns: &[Column]) -> Vec<Column> {
    let kind = |column: &Column| schema.warehouse.waiting_kind(column.kind);
    columns.iter().map(|column| Column { kind: kind(column), ..column.clone() }).collect()
}

impl File {
    pub(super) fn new(schema: &Schema, columns: &[Column]) -> Answer<Self> {
        let kinds = columns.iter().map(|column| column.kind).collect();
        let mut columns = waiting(schema, columns);
        columns.iter_mut().for_each(|column| column.name = schema.warehouse.named(&column.name));
        let encoder = encoder(&columns, Compression::SNAPPY).map_err(Fault::other)?;
        Ok(Self { columns, kinds, encoder })
    }

    /// Whether it is as large as a file should be.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Answer<bool> {
        let fields: Vec<_> = self.columns.iter().map(|column| field(&column.name, column.kind)).collect();
        let schema = Arc::new(ArrowSchema::new(fields));
        let kinds = self.kinds.iter().zip(&self.columns).map(|(from, to)| (*from, to.kind));
        let arrays = batch.columns().iter().zip(kinds).map(|(array, (from, to))| match (from, to) {
            (ColumnKind::Json, ColumnKind::Text) => Ok(Arc::clone(array)),
            (from, to) if from == to => Ok(Arc::clone(array)),
            (from, to) => {
                widen(array, from, to).ok_or_else(|| Fault::other("a column of another type than its own"))
            }
        });
        let arrays = arrays.collect::<Answer<Vec<_>>>()?;
        let batch = RecordBatch::try_new(schema, arrays).map_err(Fault::other)?;
        self.encoder.write(&batch).map_err(Fault::other)?;
        Ok(self.encoder.memory_size() + self.encoder.bytes_written() >= LARGEST)
    }

    pub(super) fn bytes(self) -> Answer<Vec<u8>> {
        self.encoder.into_inner().map_err(Fault::other)
    }
}

/// Brings a row into a table that is not kept, all the way that rows take.
pub(super) fn probe(schema: &Schema, session: &mut dyn Session) -> Result<()> {
    let place = schema.place();
    schema.create(session).map_err(place.package_failed("make the schema"))?;
    let own = Claim::new("").token.to_lowercase();
    let name = schema.hidden("_new_", &own, "probe");
    let column =
        Column { name: "id".to_owned(), kind: ColumnKind::Int, seen: Seen::Int, source: String::new() };
    let (parent, source, key) = (None, String::new(), Vec::new());
    let table = Table { name: name.clone(), parent, source, key, columns: vec![column] };
    let made = schema.make_passing(session, &name, &table);
    made.map_err(place.package_failed("make a table in the schema"))?;
    let came = bring(schema, session, &table).map_err(place.package_failed("bring files of rows"));
    schema.warehouse.sweep(Some(&name)).map_err(place.package_failed("remove files of rows"))?;
    schema.drop_table(session, &name).map_err(place.package_failed("drop a table"))?;
    came
}

fn bring(schema: &Schema, session: &mut dyn Session, table: &Table) -> Answer<()> {
    let mut file = File::new(schema, &table.columns)?;
    let ids: arrow_array::ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("id", ids)]).map_err(Fault::other)?;
    file.push(&batch)?;
    schema.warehouse.put(session, &table.name, "probe", file.bytes()?)?;
    session.run(&schema.warehouse.copy(&table.name, schema)?)?;
    let own = schema.table(&table.name);
    match count(session, &format!("SELECT CAST(COUNT(*) AS VARCHAR) FROM {own}"))? {
        1 => Ok(()),
        _ => Err(Fault::other("the row has not come")),
    }
}
