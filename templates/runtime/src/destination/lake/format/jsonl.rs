//! A line of JSON for each row: an object with all columns, nulls as well.

use std::borrow::Cow;
use std::collections::HashMap;

use parquet::errors::ParquetError;
use serde_json::value::RawValue;

use super::Coded;
use super::cells::Builder;
use super::text::Builders;
use crate::destination::cells::Cells;
use crate::resource::ColumnKind;
use crate::schema::table::Column;

pub(super) fn write(out: &mut Vec<u8>, columns: &[Column], cells: &[Cells<'_>], rows: usize) {
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    for row in 0..rows {
        out.push(b'{');
        for (at, (name, cells)) in names.iter().zip(cells).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend(name.bytes());
            out.push(b':');
            if cells.is_null(row) {
                out.extend(b"null");
                continue;
            }
            match cells {
                // Between the values of a JSON text any space will do, and in them no line ends.
                Cells::Json(array) => out.extend(array.value(row).bytes().map(|byte| match byte {
                    b'\n' | b'\r' => b' ',
                    other => other,
                })),
                Cells::Text(array) => drop(serde_json::to_writer(&mut *out, array.value(row))),
                Cells::Date(_) | Cells::Timestamp(_) => {
                    out.push(b'"');
                    cells.write_plain(row, out);
                    out.push(b'"');
                }
                _ => cells.write_plain(row, out),
            }
        }
        out.extend(b"}\n");
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(super) fn read(line: &str, columns: &[Column], builders: &mut Builders) -> Coded<()> {
    let wrong = |error: serde_json::Error| ParquetError::External(error.into());
    let row: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(line).map_err(wrong)?;
    for (column, builder) in columns.iter().zip(&mut builders.columns) {
        let Some(value) = row.get(column.name.as_str()).map(|value| value.get()) else { continue };
        let is_json = matches!(column.kind, ColumnKind::Json | ColumnKind::List(_));
        match value {
            "null" => {}
            text if text.starts_with('"') && !is_json => {
                builder.push(&serde_json::from_str::<String>(text).map_err(wrong)?)?;
            }
            text => Builder::push(builder, text)?,
        }
    }
    builders.end_row();
    Ok(())
}
