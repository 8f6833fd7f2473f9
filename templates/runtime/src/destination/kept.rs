//! What destinations keep as text of columns and loads, and what it says.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{DestinationError, LoadEntry, LoadStatus, Result};
use crate::schema::kind::{Seen, kind_from_name};
use crate::schema::table::Column;

/// The error for a text that no pipeline of this version writes, and the column that it stands in.
pub(super) type Unreadable<'u> = &'u dyn Fn(&'static str, &str) -> DestinationError;

/// A column by its name, kind, what it has seen, and its source.
pub(super) fn column([name, kind, seen, source]: [String; 4], unreadable: Unreadable<'_>) -> Result<Column> {
    let kind = kind_from_name(&kind).ok_or_else(|| unreadable("kind", &kind))?;
    let seen = Seen::from_name(&seen).ok_or_else(|| unreadable("seen", &seen))?;
    Ok(Column { name, kind, seen, source })
}

/// A load by the columns of `_loads`, in their order.
pub(super) fn load(texts: Vec<Option<String>>, unreadable: Unreadable<'_>) -> Result<LoadEntry> {
    let mut texts = texts.into_iter();
    let mut next = || texts.next().flatten();
    let (load_id, pipeline) = (next().unwrap_or_default(), next().unwrap_or_default());
    let (started_at, finished_at) = (next().unwrap_or_default(), next());
    let (kept, rows, report) =
        (next().unwrap_or_default(), next().unwrap_or_default(), next().unwrap_or_default());
    Ok(LoadEntry {
        load_id,
        pipeline,
        started_at: time("started_at", &started_at, unreadable)?,
        finished_at: finished_at.map(|text| time("finished_at", &text, unreadable)).transpose()?,
        status: status(&kept, unreadable)?,
        rows: serde_json::from_str(&rows).map_err(|_| unreadable("rows", &rows))?,
        report: serde_json::from_str(&report).map_err(|_| unreadable("report", &report))?,
    })
}

pub(super) fn status(text: &str, unreadable: Unreadable<'_>) -> Result<LoadStatus> {
    LoadStatus::from_name(text).ok_or_else(|| unreadable("status", text))
}

/// What [`time_text`] wrote.
pub(super) fn time(column: &'static str, text: &str, unreadable: Unreadable<'_>) -> Result<SystemTime> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| unreadable(column, text))?;
    Ok(time.to_utc().into())
}

/// With six digits, in UTC, so that text sorts as time does.
pub(super) fn time_text(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}
