//! One load: all that it tells of itself.

use maud::{Markup, html};

use super::super::address::{Query, link};
use super::super::history::History;
use super::super::words::status_meaning;
use super::overview::{figures, left_out};
use super::{Content, frame};
use crate::destination::LoadEntry;
use crate::destination::reading::{Read, Reader};
use crate::report::grouped;
use crate::show::Now;

/// How far back a load is looked for.
const FAR: usize = 1_000;

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, query: &Query) -> Read<Option<Content>> {
    let Some(id) = query.get("id") else { return Ok(None) };
    let loads = reader.loads(FAR)?;
    let Some(load) = loads.iter().find(|load| load.load_id == id) else { return Ok(None) };
    let main = html! {
        p.path { a href="./" { "Overview" } }
        h1 { "Load " (load.load_id) }
        p.line {
            (frame::status(load.status))
            @if let Some(shard) = load.shard() { span { "shard " (shard) } }
            span { "begun " (frame::full_time(load.started_at, now)) }
        }
        p.soft { (status_meaning(load.status)) }
        (figures(load))
        (left_out(load))
        (told(load, "breaches", "Failed, as tables may not change so"))
        (told(load, "schema_changes", "Changes of tables"))
        (told(load, "discarded", "Left out by the schema contract"))
        (told(load, "notes", "Worth knowing"))
        (rows(load))
        (asked(load))
    };
    Ok(Some(Content { title: format!("Load {}", load.load_id), main }))
}

/// A list of lines under a title, if there are any.
fn told(load: &LoadEntry, name: &str, title: &str) -> Markup {
    let lines: Vec<&str> = load.lines(name).collect();
    if lines.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 id=(name) { (title) }
            ul.changes { @for line in lines { li { span.words { (line) } } } }
        }
    }
}

fn rows(load: &LoadEntry) -> Markup {
    let rows: Vec<(&String, u64)> =
        load.rows.iter().map(|(table, rows)| (table, rows.as_u64().unwrap_or_default())).collect();
    let table = html! {
        table {
            caption.hidden { "Rows by table" }
            thead { tr { th scope="col" { "table" } th.number scope="col" { "rows" } } }
            tbody {
                @for (table, rows) in &rows {
                    tr {
                        th scope="row" { a href=(link("table", &[("name", table)])) { (table) } }
                        td.number { (grouped(*rows)) }
                    }
                }
            }
        }
    };
    html! {
        section {
            h2 #rows { "Rows by table" }
            @if rows.is_empty() { p.soft { "It has written none." } }
            @else { (frame::scrolling("Rows by table", &table)) }
        }
    }
}

fn asked(load: &LoadEntry) -> Markup {
    let asked: Vec<_> = load.asked().collect();
    let table = html! {
        table {
            caption.hidden { "Requests by resource" }
            thead { tr {
                th scope="col" { "resource" } th.number scope="col" { "records" }
                th.number scope="col" { "requests" } th.number scope="col" { "retries" }
            } }
            tbody {
                @for one in &asked {
                    tr {
                        th scope="row" { code { (one.resource) } }
                        td.number { (grouped(one.records)) }
                        td.number { (grouped(one.requests)) }
                        td.number { (grouped(one.retries)) }
                    }
                }
            }
        }
    };
    html! {
        section {
            h2 #asked { "Requests by resource" }
            @if asked.is_empty() { p.soft { "It has not told yet: a load does so at its end." } }
            @else { (frame::scrolling("Requests by resource", &table)) }
        }
    }
}
