//! The schema as a picture: tables, and the keys that tie them. The same stands below it in words.

use maud::{Markup, html};

use super::super::address::{Query, link};
use super::super::picture::{NODE_HEIGHT, Node, Picture, picture};
use super::{Content, frame};
use crate::destination::reading::{Read, Reader};
use crate::model::{Tie, ties};
use crate::report::counted;
use crate::schema::table::Table;
use crate::show::Now;

/// How far from a table its lines part, and how round they turn.
const TRUNK: usize = 30;
const TURN: usize = 10;

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, _query: &Query) -> Read<Option<Content>> {
    let tables = reader.tables()?;
    let ties = ties(&now.site.sources, &tables);
    let main = html! {
        h1 { "Schema" }
        @if tables.is_empty() {
            (frame::empty("There are no tables yet", &html! {
                p { "The first load makes them. It begins with" }
                pre.command { code { "cargo run --release -- run" } }
            }))
        } @else {
            p.soft {
                "A line leads from a table to those that hang on it. "
                (counted(u64::try_from(tables.len()).unwrap_or_default(), "table")) "; each leads to its rows."
            }
            (tools())
            div.canvas role="region" aria-label="Picture of the schema" tabindex="0" { (drawn(&tables, &ties)) }
            (in_words(&ties))
        }
    };
    Ok(Some(Content { title: "Schema".to_owned(), main }))
}

/// They need the script; without it they are not there.
fn tools() -> Markup {
    html! {
        div.tools hidden {
            div.grow {
                label for="find" { "Find a table" }
                input #find type="search" autocomplete="off" spellcheck="false";
            }
            div.buttons role="group" aria-label="Size of the picture" {
                button type="button" data-zoom="0.8" aria-label="Smaller" { "−" }
                button type="button" data-zoom="fit" { "Fit" }
                button type="button" data-zoom="1" { "100 %" }
                button type="button" data-zoom="1.25" aria-label="Larger" { "+" }
            }
            p.soft #found role="status" {}
        }
    }
}

fn drawn(tables: &[Table], ties: &[Tie]) -> Markup {
    let letters = |table: &Table| table.name.chars().count().max(below(table).chars().count());
    let sizes: Vec<(&str, usize)> =
        tables.iter().map(|table| (table.name.as_str(), letters(table))).collect();
    let picture = picture(&sizes, ties);
    html! {
        svg.schema width=(picture.width) height=(picture.height)
            viewBox=(format!("0 0 {} {}", picture.width, picture.height)) role="group" aria-label="Tables" {
            g.ties aria-hidden="true" { @for tie in ties { (line(&picture, tie)) } }
            @for table in tables {
                @if let Some(node) = picture.node(&table.name) { (box_of(node, table)) }
            }
        }
    }
}

fn box_of(node: &Node, table: &Table) -> Markup {
    html! {
        a.node href=(link("table", &[("name", &table.name)])) data-table=(table.name) {
            rect x=(node.x) y=(node.y) width=(node.width) height=(NODE_HEIGHT) rx="8" {}
            text.name x=(node.x + 14) y=(node.y + 20) { (table.name) }
            text.below x=(node.x + 14) y=(node.y + 36) { (below(table)) }
        }
    }
}

/// What stands below the name.
fn below(table: &Table) -> String {
    const MOST: usize = 34;
    let key = if table.key.is_empty() { "no key".to_owned() } else { table.key.join(", ") };
    match key.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", key.get(..end).unwrap_or_default()),
        None => key,
    }
}

/// From the right of the table above to the left of that below it; what leads over others is not drawn.
fn line(picture: &Picture, tie: &Tie) -> Markup {
    let (Some(above), Some(below)) = (picture.node(&tie.to), picture.node(&tie.from)) else {
        return html! {};
    };
    if !tie.is_nearest || below.x <= above.x {
        return html! {};
    }
    let (from, to) = (above.x + above.width, below.x);
    let (from_y, to_y) = (above.y + NODE_HEIGHT / 2, below.y + NODE_HEIGHT / 2);
    // Lines of one table share a trunk, and turn off to each that hangs on it.
    let (trunk, turn) = (from + TRUNK, TURN.min(from_y.abs_diff(to_y)));
    let before = if to_y < from_y { to_y + turn } else { to_y - turn };
    let path = format!("M{from} {from_y}H{trunk}V{before}Q{trunk} {to_y} {} {to_y}H{to}", trunk + turn);
    html! { path d=(path) data-from=(tie.from) data-to=(tie.to) {} }
}

fn in_words(ties: &[Tie]) -> Markup {
    let table = html! {
        table {
            caption.hidden { "What ties tables together" }
            thead { tr {
                th scope="col" { "table" } th scope="col" { "its columns" }
                th scope="col" { "equal those of" } th scope="col" { "columns" }
            } }
            tbody {
                @for tie in ties {
                    tr {
                        th scope="row" { a href=(link("table", &[("name", &tie.from)])) { (tie.from) } }
                        td { @for (own, _) in &tie.columns { code { (own) } " " } }
                        td { a href=(link("table", &[("name", &tie.to)])) { (tie.to) } }
                        td { @for (_, other) in &tie.columns { code { (other) } " " } }
                    }
                }
            }
        }
    };
    html! {
        details.columns {
            summary { "The same in words: " (counted(u64::try_from(ties.len()).unwrap_or_default(), "tie")) }
            (frame::scrolling("What ties tables together", &table))
        }
    }
}
