//! Values between Arrow and text. Lists are JSON there, and come and go as that.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray};
use parquet::errors::ParquetError;

use super::Coded;
use crate::destination::cells::Cells;
use crate::resource::ColumnKind;
use crate::schema::arrow::instants;
use crate::schema::time::{DAY, parse_loosely};

/// The text of text and JSON.
pub(super) fn text_of(cells: Cells<'_>, row: usize) -> Option<&str> {
    match cells {
        Cells::Text(array) | Cells::Json(array) => Some(array.value(row)),
        _ => None,
    }
}

/// A column, as it is read.
pub(super) enum Builder {
    Bool(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Date(Vec<Option<i32>>),
    Timestamp(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

impl Builder {
    pub(super) fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Bool => Self::Bool(Vec::new()),
            ColumnKind::Int => Self::Int(Vec::new()),
            ColumnKind::Float => Self::Float(Vec::new()),
            ColumnKind::Date => Self::Date(Vec::new()),
            ColumnKind::Timestamp => Self::Timestamp(Vec::new()),
            ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_) => Self::Text(Vec::new()),
        }
    }

    /// Reads a value from its text, which is not that of a null.
    pub(super) fn push(&mut self, text: &str) -> Coded<()> {
        let wrong = || ParquetError::General("a value is not of its column's type".to_owned());
        let micros = || parse_loosely(text).map(|time| time.micros());
        match self {
            Self::Bool(values) => values.push(Some(text.parse().map_err(|_| wrong())?)),
            Self::Int(values) => values.push(Some(text.parse().map_err(|_| wrong())?)),
            Self::Float(values) => values.push(Some(text.parse().map_err(|_| wrong())?)),
            Self::Date(values) => {
                let days = micros().and_then(|micros| i32::try_from(micros.div_euclid(DAY)).ok());
                values.push(Some(days.ok_or_else(wrong)?));
            }
            Self::Timestamp(values) => values.push(Some(micros().ok_or_else(wrong)?)),
            Self::Text(values) => values.push(Some(text.to_owned())),
        }
        Ok(())
    }

    /// Nulls, up to so many rows.
    pub(super) fn fill_to(&mut self, rows: usize) {
        match self {
            Self::Bool(values) => values.resize(rows, None),
            Self::Int(values) | Self::Timestamp(values) => values.resize(rows, None),
            Self::Float(values) => values.resize(rows, None),
            Self::Date(values) => values.resize(rows, None),
            Self::Text(values) => values.resize(rows, None),
        }
    }

    pub(super) fn take(&mut self) -> ArrayRef {
        match self {
            Self::Bool(values) => Arc::new(values.drain(..).collect::<BooleanArray>()),
            Self::Int(values) => Arc::new(values.drain(..).collect::<Int64Array>()),
            Self::Float(values) => Arc::new(values.drain(..).collect::<Float64Array>()),
            Self::Date(values) => Arc::new(values.drain(..).collect::<Date32Array>()),
            Self::Timestamp(values) => instants(values.drain(..)),
            Self::Text(values) => Arc::new(values.drain(..).collect::<StringArray>()),
        }
    }
}
