//! The overview: how the last load went, those before it, and how fresh each table is.

use maud::{Markup, html};

use super::super::address::{Query, link};
use super::super::chart::{Bar, Chart, sparkline};
use super::super::history::{History, freshness};
use super::super::words::{ago, status_meaning, took, utc};
use super::{Content, LOADS, frame};
use crate::destination::reading::{Read, Reader};
use crate::destination::{DestinationError, LoadEntry, LoadStatus};
use crate::report::{counted, grouped};
use crate::schema::table::Table;
use crate::show::Now;

/// How many loads the table of loads has, and the line of each table.
const SHOWN: usize = 12;

/// How many loads tell what they changed, and how many lines stand open of each.
const CHANGED: usize = 5;
const CHANGES: usize = 5;

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, _query: &Query) -> Read<Option<Content>> {
    Ok(Some(of(now, reader, true)?))
}

/// The same without a way to other pages.
pub(super) fn report(now: Now<'_>, reader: &mut dyn Reader) -> Result<Content, DestinationError> {
    of(now, reader, false)
}

/// `links` is whether there are pages to lead to.
fn of(now: Now<'_>, reader: &mut dyn Reader, links: bool) -> Result<Content, DestinationError> {
    let loads = reader.loads(LOADS)?;
    let tables = reader.tables()?;
    let main = match loads.first() {
        None => html! { h1 { "Overview" } (nothing(now)) },
        Some(last) => html! {
            h1 { "Overview" }
            (latest(now, last, links))
            (left_out(last))
            (history(now, &loads, links))
            (changes(now, &loads, links))
            (tables_of(now, &loads, &tables, links))
        },
    };
    Ok(Content { title: "Overview".to_owned(), main })
}

fn nothing(now: Now<'_>) -> Markup {
    frame::empty(
        "Nothing is loaded yet",
        &html! {
            p { "The first load fills this page. It begins with" }
            pre.command { code { "cargo run --release -- run" } }
            p.soft {
                "Tables go to the destination " code { (now.site.destination.kind) } ", as "
                code { "config.toml" } " says."
            }
        },
    )
}

fn latest(now: Now<'_>, load: &LoadEntry, links: bool) -> Markup {
    let when = load.finished_at.unwrap_or(load.started_at);
    html! {
        section.latest {
            div.line {
                h2 #latest { (headline(load)) }
                p { (frame::time(when, now)) " " span.soft { (utc(when)) } }
            }
            p.soft { (status_meaning(load.status)) }
            (figures(load))
            @if links {
                p { a href=(link("load", &[("id", &load.load_id)])) { "All that this load tells" } }
            }
        }
    }
}

fn headline(load: &LoadEntry) -> Markup {
    let words = match load.status {
        LoadStatus::Running => "A load is running",
        LoadStatus::Complete => "The last load is complete",
        LoadStatus::Partial => "The last load is partial",
        LoadStatus::Failed => "The last load failed",
        LoadStatus::Interrupted => "The last load was interrupted",
        LoadStatus::Stopped => "The last load has used up its budget",
    };
    html! { span class=(format!("dot {}", load.status.name())) aria-hidden="true" {} (words) }
}

/// The numbers of a load.
pub(super) fn figures(load: &LoadEntry) -> Markup {
    let number = |name: &str| load.number(name).map(grouped);
    let left_out: u64 = load.left_out().map(|left_out| left_out.partitions).sum();
    let figures = [
        ("rows", Some(grouped(load.all_rows()))),
        ("tables with rows", Some(load.rows.len().to_string())),
        ("requests", number("requests")),
        ("retries", number("retries")),
        ("waited for the rate limit", load.waited("rate_limit").map(took)),
        ("waited for GitLab", load.waited("server").filter(|waited| waited.as_secs() > 0).map(took)),
        ("left out", Some(grouped(left_out))),
        ("took", load.took().map(took)),
    ];
    html! {
        dl.figures {
            @for (name, value) in figures {
                @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// What was not read, and why.
pub(super) fn left_out(load: &LoadEntry) -> Markup {
    let left_out: Vec<_> = load.left_out().collect();
    if left_out.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption.hidden { "What the load left out" }
            thead { tr {
                th scope="col" { "resource" } th scope="col" { "what" } th.number scope="col" { "parts" }
                th scope="col" { "why" } th scope="col" { "for example" }
            } }
            tbody {
                @for one in &left_out {
                    tr {
                        th scope="row" { code { (one.resource) } }
                        td { span class=(format!("status {}", one.kind)) { (one.kind) } }
                        td.number { (grouped(one.partitions)) }
                        td.words { (one.reason) }
                        td.words.soft { (one.example) }
                    }
                }
            }
        }
    };
    html! {
        section {
            h2 #left-out { "Left out, and why" }
            p.soft { "Skipped is what GitLab refuses or does not have; what failed, the next run asks for again." }
            (frame::scrolling("What was left out", &table))
        }
    }
}

fn history(now: Now<'_>, loads: &[LoadEntry], links: bool) -> Markup {
    let table = html! {
        table {
            caption.hidden { "The last loads" }
            thead { tr {
                th scope="col" { "begun" } th scope="col" { "status" } th.number scope="col" { "took" }
                th.number scope="col" { "rows" } th.number scope="col" { "requests" } th.number scope="col" { "left out" }
                th.number scope="col" { "changes of tables" }
            } }
            tbody { @for load in loads.iter().take(SHOWN) { (line(now, load, links)) } }
        }
    };
    html! {
        section {
            h2 #loads { "Loads" }
            (timeline(now, loads).figure(0, links))
            (frame::scrolling("The last loads", &table))
        }
    }
}

fn line(now: Now<'_>, load: &LoadEntry, links: bool) -> Markup {
    let left_out: u64 = load.left_out().map(|left_out| left_out.partitions).sum();
    let changes = load.lines("schema_changes").count();
    html! {
        tr {
            th scope="row" {
                @if links {
                    a href=(link("load", &[("id", &load.load_id)])) { (frame::time(load.started_at, now)) }
                } @else { (frame::time(load.started_at, now)) }
            }
            td {
                (frame::status(load.status))
                @if let Some(shard) = load.shard() { " " span.soft { "shard " (shard) } }
            }
            td.number { (load.took().map(took).unwrap_or_default()) }
            td.number { (grouped(load.all_rows())) }
            td.number { (load.number("requests").map(grouped).unwrap_or_default()) }
            td.number { (grouped(left_out)) }
            td.number { (changes) }
        }
    }
}

/// The rows of each load.
fn timeline(now: Now<'_>, loads: &[LoadEntry]) -> Chart {
    let bar = |load: &LoadEntry| {
        let rows = load.all_rows();
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let value = rows as f64;
        let took = load.took().map(|time| format!(" in {}", took(time))).unwrap_or_default();
        let says =
            format!("{}: {}, {}{took}", utc(load.started_at), load.status.name(), counted(rows, "row"));
        Bar { value, says, class: load.status.name(), href: link("load", &[("id", &load.load_id)]) }
    };
    let end = |load: Option<&LoadEntry>| load.map(|load| ago(load.started_at, now.time)).unwrap_or_default();
    Chart {
        title: "Rows of each load".to_owned(),
        says: "One bar a load, the latest to the right.".to_owned(),
        bars: loads.iter().rev().map(bar).collect(),
        ends: (end(loads.last()), if loads.len() > 1 { end(loads.first()) } else { String::new() }),
    }
}

fn changes(now: Now<'_>, loads: &[LoadEntry], links: bool) -> Markup {
    let changed: Vec<_> = loads.iter().filter(|load| load.lines("schema_changes").next().is_some()).collect();
    html! {
        section {
            h2 #changes { "Changes of tables" }
            @if changed.is_empty() {
                p.soft { "None in the last " (counted(u64::try_from(loads.len()).unwrap_or_default(), "load")) "." }
            }
            @for load in changed.iter().take(CHANGED) {
                @let lines: Vec<&str> = load.lines("schema_changes").collect();
                div.changed {
                    p {
                        @if links {
                            a href=(link("load", &[("id", &load.load_id)])) { (frame::time(load.started_at, now)) }
                        } @else { (frame::time(load.started_at, now)) }
                    }
                    ul.changes { @for line in lines.iter().take(CHANGES) { li.words { (line) } } }
                    @if lines.len() > CHANGES {
                        details {
                            summary { "and " (lines.len() - CHANGES) " more" }
                            ul.changes { @for line in lines.iter().skip(CHANGES) { li.words { (line) } } }
                        }
                    }
                }
            }
        }
    }
}

fn tables_of(now: Now<'_>, loads: &[LoadEntry], tables: &[Table], links: bool) -> Markup {
    let table = html! {
        table {
            caption.hidden { "How fresh each table is" }
            thead { tr {
                th scope="col" { "table" } th scope="col" { "asked for" } th scope="col" { "rows came" }
                th.number scope="col" { "rows in the last load" } th scope="col" { "rows of the last loads" }
            } }
            tbody { @for table in tables { (fresh_line(now, loads, table, links)) } }
        }
    };
    html! {
        section {
            h2 #fresh { "Freshness of each table" }
            p.soft { "Asked for is when a load last asked GitLab. A table may be up to date without new rows." }
            (frame::scrolling("How fresh each table is", &table))
        }
    }
}

fn fresh_line(now: Now<'_>, loads: &[LoadEntry], table: &Table, links: bool) -> Markup {
    let resources = resources_of(now, table);
    let fresh = freshness(loads, &table.name, &resources);
    let mut recent: Vec<u64> =
        loads.iter().take(SHOWN).map(|load| load.rows_of(&table.name).unwrap_or_default()).collect();
    let last = recent.first().copied().unwrap_or_default();
    recent.reverse();
    let numbers: Vec<String> = recent.iter().copied().map(grouped).collect();
    let says = format!("rows of the last loads, the latest last: {}", numbers.join(", "));
    html! {
        tr {
            th scope="row" {
                @if links { a href=(link("table", &[("name", &table.name)])) { (table.name) } }
                @else { (table.name) }
            }
            td { (fresh.asked.map_or_else(|| html! { span.soft { "not lately" } }, |time| frame::time(time, now))) }
            td { (fresh.came.map_or_else(|| html! { span.soft { "not lately" } }, |time| frame::time(time, now))) }
            td.number { (grouped(last)) }
            td { (sparkline(&recent, SHOWN, &says)) }
        }
    }
}

/// The resources that fill a table; that of a list is filled with the records that it stands in.
pub(super) fn resources_of(now: Now<'_>, table: &Table) -> Vec<&'static str> {
    let own = now.site.sources_of(&table.name).map(|resource| resource.name);
    let above = table.parent.as_deref().into_iter();
    let above = above.flat_map(|parent| {
        now.site.sources.iter().filter(move |source| {
            parent == source.table
                || parent.strip_prefix(source.table.as_str()).is_some_and(|rest| rest.starts_with("__"))
        })
    });
    own.chain(above.map(|source| source.resource.name)).collect()
}
