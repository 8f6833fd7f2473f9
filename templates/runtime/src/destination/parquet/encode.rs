//! A file is written a row group at a time.

use std::sync::Arc;

use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::Coded;
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::table::Column;

pub(in super::super) type Encoder = ArrowWriter<Vec<u8>>;

/// What DuckDB reads in parallel, and what fits in memory beside others.
const ROW_GROUP: usize = 122_880;

/// Whoever reads rows of all columns holds a page and a dictionary of each, unpacked: with a hundred columns and the usual
/// size of 1 MiB, 200 MiB.
const PAGE: usize = 128 << 10;

/// Comparing every text with the least and the greatest so far takes a quarter of the time, and of most columns of texts a
/// row group has all from `A` to `Z`.
const NO_BOUNDS: EnabledStatistics = EnabledStatistics::None;

pub(in super::super) fn encoder(columns: &[Column], compression: Compression) -> Coded<Encoder> {
    let properties = properties(compression).set_max_row_group_row_count(Some(ROW_GROUP));
    let texts = columns.iter().filter(|column| matches!(column.kind, ColumnKind::Text | ColumnKind::Json));
    let properties = texts.fold(properties, |properties, text| {
        properties.set_column_statistics_enabled(ColumnPath::from(text.name.as_str()), NO_BOUNDS)
    });
    let fields: Vec<_> = columns.iter().map(|column| field(&column.name, column.kind)).collect();
    ArrowWriter::try_new(Vec::new(), Arc::new(Schema::new(fields)), Some(properties.build()))
}

pub(in super::super) fn properties(compression: Compression) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(compression)
        .set_data_page_size_limit(PAGE)
        .set_dictionary_page_size_limit(PAGE)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned())
}
