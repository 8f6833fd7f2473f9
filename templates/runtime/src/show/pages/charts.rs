//! Charts over time. Each is data, so that what makes one, be it the loads or a query, knows nothing of how it looks.

use maud::html;

use super::super::address::{Query, link};
use super::super::chart::{Bar, Chart};
use super::super::history::History;
use super::super::words::{ago, utc};
use super::{Content, LOADS, answers, frame};
use crate::destination::LoadEntry;
use crate::destination::reading::{Read, Reader};
use crate::show::Now;

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, _query: &Query) -> Read<Option<Content>> {
    let loads = reader.loads(LOADS)?;
    let charts = of_loads(now, &loads);
    let answers = if loads.is_empty() { None } else { answers::section(now, reader)? };
    let main = html! {
        h1 { "Charts" }
        @if loads.is_empty() {
            (frame::empty("There is nothing to draw yet", &html! {
                p { "Each load is a bar. The first one begins with" }
                pre.command { code { "cargo run --release -- run" } }
            }))
        } @else {
            @if let Some(answers) = &answers { (answers) }
            section.charts {
                h2 #of-loads { "Loads over time" }
                @for (number, chart) in charts.iter().enumerate() { (chart.figure(number, true)) }
            }
        }
    };
    Ok(Some(Content { title: "Charts".to_owned(), main }))
}

/// What of a load is drawn: `None` where it does not say.
type Measure = fn(&LoadEntry) -> Option<f64>;

/// What is drawn of loads: a title, what it means, and its unit.
const MEASURES: [(&str, &str, &str, Measure); 6] = [
    ("Rows", "Rows written, of all tables.", "rows", |load| Some(count(load.all_rows()))),
    ("Requests", "Requests that were answered.", "requests", |load| load.number("requests").map(count)),
    ("Duration", "From the first request to the last commit, in seconds.", "seconds", |load| {
        load.took().map(|time| time.as_secs_f64())
    }),
    ("Waiting", "Seconds in which a request waited for the rate limit.", "seconds", |load| {
        load.waited("rate_limit").map(|time| time.as_secs_f64())
    }),
    ("Retries", "Requests that were made again.", "retries", |load| load.number("retries").map(count)),
    ("Left out", "Parts that were skipped or failed.", "parts", |load| {
        Some(count(load.left_out().map(|left_out| left_out.partitions).sum()))
    }),
];

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn count(number: u64) -> f64 {
    number as f64
}

fn of_loads(now: Now<'_>, loads: &[LoadEntry]) -> Vec<Chart> {
    let end = |load: Option<&LoadEntry>| load.map(|load| ago(load.started_at, now.time)).unwrap_or_default();
    let drawn = |(title, says, unit, measure): &(&str, &str, &str, Measure)| {
        let bar = |load: &LoadEntry| {
            let value = measure(load)?;
            let says = format!("{}: {value} {unit}, {}", utc(load.started_at), load.status.name());
            let href = link("load", &[("id", &load.load_id)]);
            Some(Bar { value: value.max(0.0), says, class: load.status.name(), href })
        };
        let bars: Vec<Bar> = loads.iter().rev().filter_map(bar).collect();
        let ends = (end(loads.last()), if loads.len() > 1 { end(loads.first()) } else { String::new() });
        Chart { title: (*title).to_owned(), says: (*says).to_owned(), bars, ends }
    };
    MEASURES.iter().map(drawn).filter(|chart| !chart.bars.is_empty()).collect()
}
