//! All tables: what each holds, and what fills it.

use maud::{Markup, html};

use super::super::address::{Query, link};
use super::super::history::freshness;
use super::overview::resources_of;
use super::{Content, LOADS, frame};
use crate::destination::LoadEntry;
use crate::destination::reading::{Read, Reader};
use crate::report::{counted, grouped};
use crate::schema::table::Table;
use crate::show::Now;

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, query: &Query) -> Read<Option<Content>> {
    let loads = reader.loads(LOADS)?;
    let all = reader.tables()?;
    let wanted = query.get("q").unwrap_or_default().trim().to_lowercase();
    let found: Vec<&Table> = all.iter().filter(|table| is_wanted(table, &wanted)).collect();
    let counts = reader.counts(&found)?;
    let main = html! {
        h1 { "Tables" }
        @if all.is_empty() {
            (frame::empty("There are no tables yet", &html! {
                p { "The first load makes them. It begins with" }
                pre.command { code { "cargo run --release -- run" } }
            }))
        } @else {
            (search(&wanted))
            p.soft data-count="" role="status" { (counted(u64::try_from(found.len()).unwrap_or_default(), "table")) }
            @if found.is_empty() {
                p { "No table and no column has " q { (wanted) } " in its name. " a href="tables" { "Show all tables" } }
            } @else { (listed(now, &loads, &found, &counts)) }
        }
    };
    Ok(Some(Content { title: "Tables".to_owned(), main }))
}

fn is_wanted(table: &Table, wanted: &str) -> bool {
    let names = std::iter::once(&table.name).chain(table.columns.iter().map(|column| &column.name));
    wanted.is_empty() || names.map(|name| name.to_lowercase()).any(|name| name.contains(wanted))
}

fn search(wanted: &str) -> Markup {
    html! {
        form.search role="search" action="tables" {
            label for="q" { "Find a table by its name, or by that of a column" }
            div.line {
                input #q name="q" type="search" value=(wanted) autocomplete="off" spellcheck="false";
                button { "Find" }
            }
        }
    }
}

fn listed(now: Now<'_>, loads: &[LoadEntry], tables: &[&Table], counts: &[Option<u64>]) -> Markup {
    let table = html! {
        table {
            caption.hidden { "Tables" }
            thead { tr {
                th scope="col" { "table" } th.number scope="col" { "rows" } th.number scope="col" { "columns" }
                th scope="col" { "rows came" } th scope="col" { "filled by" }
            } }
            tbody {
                @for (table, count) in tables.iter().zip(counts) {
                    tr {
                        th scope="row" { a href=(link("table", &[("name", &table.name)])) { (table.name) } }
                        td.number { (count.map_or_else(|| "many".to_owned(), grouped)) }
                        td.number { (table.columns.len()) }
                        td { (came(now, loads, table)) }
                        td { (source(now, table)) }
                    }
                }
            }
        }
    };
    frame::scrolling("Tables", &table)
}

/// Where the rows of a table come from.
pub(super) fn source(now: Now<'_>, table: &Table) -> Markup {
    if let Some(parent) = &table.parent {
        return html! { "the list " code { (table.source) } " in " a href=(link("table", &[("name", parent)])) { (parent) } };
    }
    let paths: Vec<&str> = now.site.sources_of(&table.name).map(|resource| resource.path).collect();
    html! {
        @if paths.is_empty() { "the resource " code { (table.source) } ", which is no part of this pipeline any more" }
        @for path in &paths { code.path { (path) } " " }
    }
}

fn came(now: Now<'_>, loads: &[LoadEntry], table: &Table) -> Markup {
    let fresh = freshness(loads, &table.name, &resources_of(now, table));
    fresh.came.map_or_else(|| html! { span.soft { "not lately" } }, |time| frame::time(time, now))
}
