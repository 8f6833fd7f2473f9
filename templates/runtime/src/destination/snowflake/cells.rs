//! Values of a result as texts, of whatever types the driver gives them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use crate::destination::warehouse::{Answer, Fault};
use crate::schema::time::{date_text, instant_text};
use crate::schema::widen::float_text;

pub(super) fn text_of(column: &ArrayRef, row: usize) -> Answer<Option<String>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let text = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).to_owned(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal128(..) => column.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Float64 => float_text(column.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => date_text(column.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(TimeUnit::Nanosecond) => {
            time_text(column.as_primitive::<Time64NanosecondType>().value(row))
        }
        DataType::Timestamp(unit, zone) => {
            let text = instant_text(micros(column, row, *unit));
            // One without a zone is of no place.
            if zone.is_some() { text } else { text.trim_end_matches('Z').to_owned() }
        }
        DataType::Binary => format!("{} bytes", column.as_binary::<i32>().value(row).len()),
        DataType::Null => return Ok(None),
        other => return Err(Fault::other(format!("a column of the type {other} is not shown"))),
    };
    Ok(Some(text))
}

fn micros(column: &ArrayRef, row: usize, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000),
        TimeUnit::Millisecond => {
            column.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1_000)
        }
        TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000),
    }
}

/// A time of day.
fn time_text(nanos: i64) -> String {
    let (seconds, micros) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000) / 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{micros:06}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BooleanArray, Decimal128Array, Float64Array, Time64NanosecondArray, TimestampNanosecondArray,
    };

    use super::*;

    #[test]
    fn every_value_is_a_text() {
        let text = |array: ArrayRef| text_of(&array, 0).unwrap();
        let decimal = Decimal128Array::from(vec![12_345]).with_precision_and_scale(38, 2).unwrap();
        assert_eq!(text(Arc::new(decimal)).as_deref(), Some("123.45"));
        assert_eq!(text(Arc::new(Float64Array::from(vec![0.1]))).as_deref(), Some("0.1"));
        assert_eq!(text(Arc::new(BooleanArray::from(vec![None]))), None);
        let time = TimestampNanosecondArray::from(vec![1_714_566_600_123_456_789]);
        assert_eq!(text(Arc::new(time.clone())).as_deref(), Some("2024-05-01T12:30:00.123456"));
        assert_eq!(text(Arc::new(time.with_timezone("UTC"))).as_deref(), Some("2024-05-01T12:30:00.123456Z"));
        let time = Time64NanosecondArray::from(vec![45_296_000_007_000]);
        assert_eq!(text(Arc::new(time)).as_deref(), Some("12:34:56.000007"));
    }
}
