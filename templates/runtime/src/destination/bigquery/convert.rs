//! Rows as a Parquet file that a load job takes.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::basic::{Compression, ZstdLevel};

use super::Result;
use super::fault::Place;
use crate::destination::DestinationError;
use crate::destination::parquet::encoder;
use crate::resource::ColumnKind;
use crate::schema::field;
use crate::schema::table::Column;

/// JSON is text without a mark: what the service would make of the mark is another type than the table's.
fn plain(columns: &[Column]) -> Vec<Column> {
    let text = |column: &Column| match column.kind {
        ColumnKind::Json | ColumnKind::List(_) => Column { kind: ColumnKind::Text, ..column.clone() },
        _ => column.clone(),
    };
    columns.iter().map(text).collect()
}

/// The file of a batch, which has exactly these columns.
pub(super) fn parquet(rows: &RecordBatch, columns: &[Column], table: &str, place: &Place) -> Result<Vec<u8>> {
    let columns = plain(columns);
    let own = rows.schema_ref().fields();
    let odd = own.iter().zip(&columns).find(|(own, column)| *own.name() != column.name);
    if let Some((field, _)) = odd {
        return Err(DestinationError::mismatch(table, field.name()));
    }
    let schema =
        Schema::new(columns.iter().map(|column| field(&column.name, column.kind)).collect::<Vec<_>>());
    let batch = RecordBatch::try_new(Arc::new(schema), rows.columns().to_vec()).map_err(|_| {
        let differs = |column: &&Column| rows.column_by_name(&column.name).is_none();
        DestinationError::mismatch(table, columns.iter().find(differs).map_or("", |column| &column.name))
    })?;
    let encoded = encoder(&columns, Compression::ZSTD(ZstdLevel::default())).and_then(|mut writer| {
        writer.write(&batch)?;
        writer.into_inner()
    });
    encoded.map_err(|error| {
        let (place, table) = (place.name(), table.to_owned());
        DestinationError::Table { place, action: "write to", table, source: error.into() }
    })
}
