//! A statement of one's own, which only reads.

use std::time::Instant;

use maud::{Markup, html};

use super::super::address::{Query, link};
use super::super::words::took;
use super::rows::Head;
use super::{Content, frame, rows};
use crate::destination::reading::{Answer, MOST_ROWS, PATIENCE, Read, ReadError, Reader};
use crate::report::counted;
use crate::schema::table::Table;
use crate::show::Now;

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, query: &Query) -> Read<Option<Content>> {
    let Some(dialect) = reader.dialect() else {
        let main = html! {
            h1 { "SQL" }
            (frame::empty("This destination speaks no SQL", &html! {
                p {
                    "The tables of " code { (now.site.destination.kind) } " are files. "
                    a href="tables" { "Look at their rows" }
                    ", or query them with a program that reads them, such as DuckDB."
                }
            }))
        };
        return Ok(Some(Content { title: "SQL".to_owned(), main }));
    };
    let tables = reader.tables()?;
    let sql = query.get("sql");
    let answered = sql.map(|sql| {
        let begun = Instant::now();
        (reader.query(sql), begun)
    });
    let main = html! {
        h1 { "SQL" }
        form.query action="query" {
            label for="sql" { "One statement that reads, in the SQL of " (dialect) }
            textarea #sql name="sql" rows="6" spellcheck="false" autocomplete="off" required { (sql.unwrap_or_default()) }
            div.line {
                button { "Run" }
                p.soft {
                    "Ctrl + Enter runs it. Nothing can be changed; at most " (counted(number(MOST_ROWS), "row"))
                    " within " (PATIENCE.as_secs()) " seconds."
                }
            }
        }
        @match answered {
            None => (beginnings(reader, &tables)),
            Some((Ok(answer), begun)) => (answer_of(&answer, begun)),
            Some((Err(error), _)) => (refused(dialect, &error)),
        }
    };
    Ok(Some(Content { title: "SQL".to_owned(), main }))
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn answer_of(answer: &Answer, begun: Instant) -> Markup {
    let head = |name: &String| Head { shown: html! { (name) }, sorted: None };
    let heads: Vec<Head> = answer.columns.iter().map(head).collect();
    let rows = counted(number(answer.rows.len()), "row");
    html! {
        section {
            h2 #answer { "Answer" }
            p.soft role="status" {
                @if answer.has_more { "The first " (rows) "; there are more" } @else { (rows) }
                ", " (took(begun.elapsed())) "."
            }
            (rows::shown("Rows of the answer", answer, &heads, &[]))
        }
    }
}

fn refused(dialect: &str, error: &ReadError) -> Markup {
    let hint = match error {
        ReadError::Said(said) => {
            return html! {
                div.trouble role="alert" { p { strong { (dialect) " says:" } } p { (said) } }
            };
        }
        ReadError::OnlyReads => {
            Some("Write one SELECT; a semicolon may stand at its end, and nothing after it")
        }
        ReadError::Slow => Some("Read fewer rows, or ask with a program of the database's own"),
        _ => None,
    };
    frame::trouble(error, hint)
}

/// Statements to begin with.
fn beginnings(reader: &dyn Reader, tables: &[Table]) -> Markup {
    html! {
        section {
            h2 #beginnings { "To begin with" }
            @if tables.is_empty() { p.soft { "There are no tables yet: the first load makes them." } }
            ul.beginnings {
                @for table in tables.iter().filter(|table| table.parent.is_none()).take(12) {
                    @let sql = beginning(reader, table);
                    li { a href=(link("query", &[("sql", &sql)])) { code { (sql) } } }
                }
            }
        }
    }
}

/// Some rows of a table.
pub(super) fn beginning(reader: &dyn Reader, table: &Table) -> String {
    format!("SELECT * FROM {} LIMIT 50", reader.written(&table.name))
}
