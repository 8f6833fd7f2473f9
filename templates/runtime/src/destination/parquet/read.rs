//! A file is read a row group at a time, with the columns that are asked for.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, FieldRef, Schema, TimeUnit};
use bytes::{Buf, Bytes};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::Coded;
use crate::destination::objects::Store;
use crate::resource::ColumnKind;
use crate::schema::arrow::item_field;
use crate::schema::table::Column;
use crate::schema::{data_type, field};

/// How many rows are read at a time.
const BATCH: usize = 1_024;

/// The end of a file, in which most footers lie.
const TAIL: u64 = 64 << 10;

/// A file whose end is read.
#[derive(Clone)]
pub(in super::super) struct Footer {
    length: u64,
    pub(in super::super) metadata: ArrowReaderMetadata,
}

/// Parts of a file that are in memory.
#[derive(Clone)]
struct Parts {
    length: u64,
    parts: Arc<Vec<(u64, Bytes)>>,
}

impl Parts {
    fn find(&self, start: u64) -> Coded<Bytes> {
        let at = self.parts.partition_point(|(from, _)| *from <= start);
        let found = at.checked_sub(1).and_then(|at| self.parts.get(at)).and_then(|(from, bytes)| {
            let skip = usize::try_from(start - from).ok().filter(|skip| *skip <= bytes.len())?;
            Some(bytes.slice(skip..))
        });
        found.ok_or_else(|| ParquetError::EOF(format!("nothing was read from byte {start} on")))
    }
}

impl Length for Parts {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Parts {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Coded<Self::T> {
        Ok(self.find(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Coded<Bytes> {
        let found = self.find(start)?;
        if found.len() < length {
            return Err(ParquetError::EOF(format!("{length} bytes from byte {start} on were not read")));
        }
        Ok(found.slice(..length))
    }
}

pub(in super::super) fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// Reads the end of a file.
pub(in super::super) fn footer(store: &Store, path: &str) -> Coded<Footer> {
    let length = store.size(path).map_err(external)?;
    let mut tail = TAIL.min(length);
    let mut reader = ParquetMetaDataReader::new();
    loop {
        let start = length - tail;
        let bytes = store.range(path, start..length).map_err(external)?;
        let parts = Parts { length: tail, parts: Arc::new(vec![(0, bytes)]) };
        match reader.try_parse_sized(&parts, length) {
            Ok(()) => break,
            Err(ParquetError::NeedMoreData(needed)) if needed as u64 > tail && tail < length => {
                tail = (needed as u64).min(length);
            }
            Err(error) => return Err(error),
        }
    }
    let metadata = ArrowReaderMetadata::try_new(Arc::new(reader.finish()?), plain())?;
    Ok(Footer { length, metadata: as_instants(metadata)? })
}

/// Types are those of Parquet, whatever the program that wrote a file had in their place.
fn plain() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

/// Times of 96 bits, as Spark writes them, are read as microseconds: nanoseconds would reach from 1677 to 2262 alone.
fn as_instants(metadata: ArrowReaderMetadata) -> Coded<ArrowReaderMetadata> {
    let is_odd = |field: &FieldRef| *field.data_type() == DataType::Timestamp(TimeUnit::Nanosecond, None);
    let fields = metadata.schema().fields();
    if !fields.iter().any(is_odd) {
        return Ok(metadata);
    }
    let micros = data_type(ColumnKind::Timestamp);
    let fields = fields.iter().map(|field| match is_odd(field) {
        true => Field::clone(field).with_data_type(micros.clone()),
        false => Field::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), plain().with_schema(schema))
}

/// All of a file that is in memory.
pub(in super::super) fn batches(bytes: Bytes) -> Coded<impl Iterator<Item = Coded<RecordBatch>>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, plain())?.build()?;
    Ok(reader.map(|batch| batch.map_err(ParquetError::from)))
}

/// The columns at these places in one row group, batch by batch.
pub(in super::super) fn each_in_group<E: From<ParquetError>>(
    (store, path): (&Store, &str),
    footer: &Footer,
    group: usize,
    columns: &[usize],
    visit: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let metadata = footer.metadata.metadata();
    let mut ranges = ranges_of(metadata, group, columns);
    ranges.sort_by_key(|range| range.start);
    let bytes = store.ranges(path, ranges.clone()).map_err(external)?;
    let parts = Arc::new(ranges.iter().map(|range| range.start).zip(bytes).collect());
    let parts = Parts { length: footer.length, parts };
    let mask = ProjectionMask::leaves(footer.metadata.parquet_schema(), columns.iter().copied());
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(parts, footer.metadata.clone())
        .with_row_groups(vec![group])
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()?;
    for batch in reader {
        visit(batch.map_err(ParquetError::from)?)?;
    }
    Ok(())
}

fn ranges_of(metadata: &ParquetMetaData, group: usize, columns: &[usize]) -> Vec<Range<u64>> {
    let Some(group) = metadata.row_groups().get(group) else { return Vec::new() };
    let chunks = columns.iter().filter_map(|at| group.columns().get(*at));
    chunks
        .map(|chunk| {
            let (start, length) = chunk.byte_range();
            start..start + length
        })
        .collect()
}

pub(in super::super) fn each_batch<E: From<ParquetError>>(
    store: &Store,
    path: &str,
    columns: &[Column],
    visit: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let footer = footer(store, path)?;
    let names = footer.metadata.schema().fields();
    let place = |column: &Column| names.iter().position(|field| *field.name() == column.name);
    let places: Vec<usize> = columns.iter().filter_map(place).collect();
    let fields: Vec<_> = columns.iter().map(|column| field(&column.name, column.kind)).collect();
    let schema = Arc::new(Schema::new(fields));
    for group in 0..footer.metadata.metadata().num_row_groups() {
        let rows = footer.metadata.metadata().row_group(group).num_rows();
        if places.is_empty() {
            let rows = usize::try_from(rows).unwrap_or_default();
            visit(fitted(&RecordBatch::new_empty(Arc::new(Schema::empty())), rows, columns, &schema)?)?;
            continue;
        }
        each_in_group((store, path), &footer, group, &places, &mut |batch| {
            visit(fitted(&batch, batch.num_rows(), columns, &schema)?)
        })?;
    }
    Ok(())
}

/// What was read, with the columns in their order and those that are not there.
fn fitted(batch: &RecordBatch, rows: usize, columns: &[Column], schema: &Arc<Schema>) -> Coded<RecordBatch> {
    let arrays = columns.iter().map(|column| {
        let missing = || Ok(new_null_array(&data_type(column.kind), rows));
        batch.column_by_name(&column.name).map_or_else(missing, |array| named(array, column.kind))
    });
    let arrays = arrays.collect::<Coded<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

/// The items of a list are called differently by different programs.
fn named(array: &ArrayRef, kind: ColumnKind) -> Coded<ArrayRef> {
    let Some((list, ColumnKind::List(item))) = array.as_list_opt::<i32>().map(|list| (list, kind)) else {
        return Ok(Arc::clone(array));
    };
    let (offsets, values, nulls) = (list.offsets().clone(), Arc::clone(list.values()), list.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(item_field(item), offsets, values, nulls)?))
}

impl std::fmt::Debug for Footer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Footer").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::TimestampMicrosecondType;
    use parquet::data_type::{Int96, Int96Type};
    use parquet::errors::ParquetError;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::schema::Seen;
    use crate::schema::time::instant_text;

    #[test]
    fn times_of_96_bits_are_read_in_all_years() {
        let julian = |days: i64| Int96::from(vec![1_000, 0, u32::try_from(days + 2_440_588).unwrap()]);
        let days = [-719_162, 0, 2_932_896];
        let schema = parse_message_type("message m { required int96 at; }").unwrap();
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int96Type>().write_batch(&days.map(julian), None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::in_folder(folder.path().to_owned()).unwrap();
        store.put("file", writer.into_inner().unwrap().into()).unwrap();
        let (name, kind, source) = ("at".to_owned(), ColumnKind::Timestamp, String::new());
        let columns = [Column { name, kind, seen: Seen::Nothing, source }];
        let mut read = Vec::new();
        each_batch::<ParquetError>(&store, "file", &columns, &mut |batch| {
            let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            read.extend(times.values().iter().map(|micros| instant_text(*micros)));
            Ok(())
        })
        .unwrap();
        let expected =
            ["0001-01-01", "1970-01-01", "9999-12-31"].map(|day| format!("{day}T00:00:00.000001Z"));
        assert_eq!(read, expected);
    }
}
