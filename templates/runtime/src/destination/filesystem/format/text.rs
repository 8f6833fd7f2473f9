//! Lines of text: a file is written line by line, and read as a whole, which is why none is large.

use std::io::{Read, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;
use flate2::Compression as Level;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use parquet::errors::ParquetError;

use super::cells::Builder;
use super::{Coded, Compression, Style, csv, jsonl};
use crate::destination::cells::Cells;
use crate::destination::filesystem::settings::FileFormat;
use crate::destination::objects::Store;
use crate::destination::parquet::external;
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::narrow::narrow;
use crate::schema::table::Column;
use crate::schema::widen::widen;

/// How many rows are read at a time.
const BATCH: usize = 4_096;

/// Lines on their way to a file.
pub(in super::super) struct Encoder {
    style: Style,
    columns: Vec<Column>,
    text: Vec<u8>,
    zip: Option<GzEncoder<Vec<u8>>>,
    /// Bytes of text.
    written: usize,
}

impl Encoder {
    pub(super) fn new(style: Style, columns: &[Column]) -> Self {
        let zip = (style.compression == Compression::Gzip).then(|| GzEncoder::new(Vec::new(), Level::fast()));
        let mut text = Vec::new();
        if style.format == FileFormat::Csv {
            csv::write_header(&mut text, columns);
        }
        Self { style, columns: columns.to_vec(), text, zip, written: 0 }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Coded<()> {
        let before = self.text.len();
        let of_another = || ParquetError::General("a column is of another type".to_owned());
        let columns = self.columns.iter().zip(batch.columns());
        let arrays: Option<Vec<ArrayRef>> =
            columns.map(|(column, array)| without_lists(array, column.kind)).collect();
        let arrays = arrays.ok_or_else(of_another)?;
        let cells =
            self.columns.iter().zip(&arrays).map(|(column, array)| Cells::of(array, as_text(column.kind)));
        let cells = cells.collect::<Option<Vec<_>>>().ok_or_else(of_another)?;
        match self.style.format {
            FileFormat::Csv => csv::write(&mut self.text, &cells, batch.num_rows()),
            _ => jsonl::write(&mut self.text, &self.columns, &cells, batch.num_rows()),
        }
        self.written += self.text.len() - before;
        if let Some(zip) = &mut self.zip {
            zip.write_all(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }

    pub(super) fn ready(&mut self) -> &mut Vec<u8> {
        match &mut self.zip {
            Some(zip) => zip.get_mut(),
            None => &mut self.text,
        }
    }

    pub(super) fn written(&self) -> usize {
        self.written
    }

    pub(super) fn finish(self) -> Coded<Vec<u8>> {
        match self.zip {
            Some(mut zip) => {
                zip.write_all(&self.text)?;
                Ok(zip.finish()?)
            }
            None => Ok(self.text),
        }
    }
}

/// The kind that a column has in text: lists are JSON.
fn as_text(kind: ColumnKind) -> ColumnKind {
    if matches!(kind, ColumnKind::List(_)) { ColumnKind::Json } else { kind }
}

fn without_lists(array: &ArrayRef, kind: ColumnKind) -> Option<ArrayRef> {
    if as_text(kind) == kind { Some(Arc::clone(array)) } else { widen(array, kind, as_text(kind)) }
}

/// JSON as the lists that it was.
fn with_lists(array: ArrayRef, kind: ColumnKind) -> Coded<ArrayRef> {
    if !matches!(kind, ColumnKind::List(_)) {
        return Ok(array);
    }
    let lists = narrow(&array, ColumnKind::Json, kind).filter(|(_, is_lost)| !is_lost.contains(&true));
    let lists = lists.map(|(lists, _)| lists);
    lists.ok_or_else(|| ParquetError::General("a list is not of its column's type".to_owned()))
}

pub(super) fn each_batch<E: From<ParquetError>>(
    (store, path): (&Store, &str),
    style: Style,
    columns: &[Column],
    visit: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let bytes = store.get(path).map_err(external)?;
    let bytes = match style.compression {
        Compression::Gzip => {
            let mut text = Vec::new();
            MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).map_err(ParquetError::from)?;
            text.into()
        }
        _ => bytes,
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| ParquetError::External(error.into()))?;
    let fields: Vec<_> = columns.iter().map(|column| field(&column.name, column.kind)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut builders = Builders::new(columns);
    let mut full = |builders: &mut Builders| -> Result<(), E> {
        if builders.rows >= BATCH {
            visit(builders.batch(&schema)?)?;
        }
        Ok(())
    };
    match style.format {
        FileFormat::Csv => {
            let mut rows = csv::Rows::of(text, columns);
            while rows.next(&mut builders)? {
                full(&mut builders)?;
            }
        }
        _ => {
            for line in text.lines() {
                jsonl::read(line, columns, &mut builders)?;
                full(&mut builders)?;
            }
        }
    }
    if builders.rows > 0 {
        visit(builders.batch(&schema)?)?;
    }
    Ok(())
}

/// The columns of a batch, as they are read.
pub(super) struct Builders {
    pub(super) columns: Vec<Builder>,
    kinds: Vec<ColumnKind>,
    rows: usize,
}

impl Builders {
    fn new(columns: &[Column]) -> Self {
        let kinds: Vec<ColumnKind> = columns.iter().map(|column| column.kind).collect();
        Self { columns: kinds.iter().copied().map(Builder::new).collect(), kinds, rows: 0 }
    }

    /// Ends a row; what it has not said is null.
    pub(super) fn end_row(&mut self) {
        self.rows += 1;
        self.columns.iter_mut().for_each(|column| column.fill_to(self.rows));
    }

    fn batch(&mut self, schema: &Arc<Schema>) -> Coded<RecordBatch> {
        let arrays = self.columns.iter_mut().map(Builder::take).zip(&self.kinds);
        let arrays = arrays.map(|(array, kind)| with_lists(array, *kind)).collect::<Coded<_>>()?;
        self.rows = 0;
        Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
    }
}
