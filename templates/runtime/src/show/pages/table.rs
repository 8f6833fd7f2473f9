//! One table: where it comes from, its columns, and its rows, filtered, sorted and page by page.

use maud::{Markup, html};

use super::super::address::{Query, link};
use super::rows::Head;
use super::{Content, frame, query, rows, tables};
use crate::destination::reading::{Answer, Filter, Read, Reader, Test, Window};
use crate::model::{Tie, ties};
use crate::report::{counted, grouped};
use crate::schema::kind_name;
use crate::schema::table::{Column, Table};
use crate::show::Now;

/// How many rows a page has.
const ROWS: usize = 50;

/// Further on nobody pages.
const PAGES: u64 = 1 << 32;

/// What of a table is asked for.
struct Wanted<'q> {
    table: &'q Table,
    column: Option<&'q Column>,
    test: Test,
    written: &'q str,
    filter: Option<Filter>,
    sort: Option<(&'q str, bool)>,
    /// From 1 on.
    page: u64,
    /// Whether rows can be filtered and sorted.
    arranges: bool,
}

pub(super) fn content(now: Now<'_>, reader: &mut dyn Reader, query: &Query) -> Read<Option<Content>> {
    let all = reader.tables()?;
    let name = query.get("name").unwrap_or_default();
    let Some(table) = all.iter().find(|table| table.name == name) else { return Ok(None) };
    let wanted = Wanted::of(table, query, reader.arranges());
    let count = reader.count(table, wanted.filter.as_ref())?;
    let skip = (wanted.page - 1).saturating_mul(u64::try_from(ROWS).unwrap_or_default());
    let window = Window { filter: wanted.filter.as_ref(), sort: wanted.sort, skip, most: ROWS };
    let answer = reader.rows(table, &window)?;
    let ties = ties(&now.site.sources, &all);
    let beginning = reader.dialect().map(|_| query::beginning(reader, table));
    let main = html! {
        p.path { a href="tables" { "Tables" } }
        h1.name { (table.name) }
        (facts(now, table, &ties, beginning.as_deref()))
        (columns(table))
        section {
            h2 #rows { "Rows" }
            @if wanted.arranges { (wanted.form()) } @else {
                p.soft {
                    "Rows come as they lie in the files. A program that reads them, such as DuckDB, sorts and filters them."
                }
            }
            (wanted.told(count, skip, &answer))
            @if answer.rows.is_empty() { (wanted.nothing()) } @else {
                (rows::shown("Rows of the table", &answer, &wanted.heads(), &kinds(table)))
                (wanted.pages(&answer))
            }
        }
    };
    Ok(Some(Content { title: table.name.clone(), main }))
}

fn kinds(table: &Table) -> Vec<Option<crate::resource::ColumnKind>> {
    table.columns.iter().map(|column| Some(column.kind)).collect()
}

fn facts(now: Now<'_>, table: &Table, ties: &[Tie], beginning: Option<&str>) -> Markup {
    let towards: Vec<&Tie> = ties.iter().filter(|tie| tie.from == table.name).collect();
    let from: Vec<&Tie> = ties.iter().filter(|tie| tie.to == table.name).collect();
    html! {
        dl.facts {
            div { dt { "filled by" } dd { (tables::source(now, table)) } }
            div { dt { "key" } dd {
                @if table.key.is_empty() { span.soft { "none: nothing tells one row from another" } }
                @for column in &table.key { code { (column) } " " }
            } }
            @if !towards.is_empty() { div { dt { "belongs to" } dd { (tied(&towards, |tie| &tie.to)) } } }
            @if !from.is_empty() { div { dt { "has" } dd { (tied(&from, |tie| &tie.from)) } } }
        }
        @if let Some(sql) = beginning { p { a href=(link("query", &[("sql", sql)])) { "Query it with SQL" } } }
    }
}

fn tied(ties: &[&Tie], other: fn(&Tie) -> &String) -> Markup {
    html! {
        ul.inline {
            @for tie in ties {
                @let by: Vec<&str> = tie.columns.iter().map(|(own, _)| own.as_str()).collect();
                li {
                    a href=(link("table", &[("name", other(tie))])) { (other(tie)) }
                    " " span.soft { "by " (by.join(", ")) }
                }
            }
        }
    }
}

fn columns(table: &Table) -> Markup {
    let listing = html! {
        table {
            caption.hidden { "Columns" }
            thead { tr {
                th scope="col" { "column" } th scope="col" { "type" } th scope="col" { "where it comes from" }
            } }
            tbody {
                @for column in &table.columns {
                    tr {
                        th scope="row" {
                            code { (column.name) }
                            @if table.key.contains(&column.name) { " " span.tag { "key" } }
                        }
                        td { (kind_name(column.kind)) }
                        td { (origin(column)) }
                    }
                }
            }
        }
    };
    html! {
        details.columns {
            summary {
                (counted(u64::try_from(table.columns.len()).unwrap_or_default(), "column"))
                ", their types and where they come from"
            }
            (frame::scrolling("Columns", &listing))
        }
    }
}

/// What the source of a column says, in words.
fn origin(column: &Column) -> Markup {
    let source = column.source.as_str();
    match source.split_once('/') {
        Some(("", _)) => html! { "the field " code { (source) } },
        Some(("record", field)) => html! { "the field " code { "/" (field.trim_start_matches('/')) } },
        Some(("partition", _)) => html! { "the parent whose list was read" },
        Some(("variant", _)) => html! {
            "values that " code { (column.variant_of().unwrap_or_default()) } " cannot hold"
        },
        _ => html! { "the pipeline" },
    }
}

impl<'q> Wanted<'q> {
    fn of(table: &'q Table, query: &'q Query, arranges: bool) -> Self {
        let column = query.get("column").filter(|_| arranges).and_then(|name| table.column(name));
        let test = query.get("test").and_then(Test::from_name).unwrap_or(Test::Contains);
        let written = query.get("value").unwrap_or_default();
        let says_something = !test.needs_value() || !written.is_empty();
        let filter = column.filter(|_| says_something).and_then(|column| Filter::new(column, test, written));
        let sort = query
            .get("sort")
            .filter(|_| arranges)
            .and_then(|name| table.column(name))
            .map(|column| column.name.as_str());
        let sort = sort.map(|column| (column, query.get("order") == Some("down")));
        let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, PAGES);
        Self { table, column, test, written, filter, sort, page, arranges }
    }

    /// The address of the same with another order or page.
    fn link(&self, sort: Option<(&str, bool)>, page: u64) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let (column, order) =
            sort.map_or(("", ""), |(column, down)| (column, if down { "down" } else { "up" }));
        let mut pairs = vec![("name", self.table.name.as_str())];
        if let Some(column) = self.column {
            pairs.extend([
                ("column", column.name.as_str()),
                ("test", self.test.name()),
                ("value", self.written),
            ]);
        }
        pairs.extend([("sort", column), ("order", order), ("page", &page)]);
        link("table", &pairs)
    }

    fn form(&self) -> Markup {
        html! {
            form.filter action="table" {
                input type="hidden" name="name" value=(self.table.name);
                @if let Some((column, down)) = self.sort {
                    input type="hidden" name="sort" value=(column);
                    input type="hidden" name="order" value=(if down { "down" } else { "up" });
                }
                div {
                    label for="column" { "Column" }
                    select #column name="column" {
                        @for column in &self.table.columns {
                            option value=(column.name) selected[self.column == Some(column)] { (column.name) }
                        }
                    }
                }
                div {
                    label for="test" { "has a value that" }
                    select #test name="test" {
                        @for test in Test::ALL { option value=(test.name()) selected[self.test == test] { (test.name()) } }
                    }
                }
                div.grow {
                    label for="value" { "this" }
                    input #value name="value" value=(self.written) autocomplete="off" spellcheck="false";
                }
                button { "Filter" }
                @if self.filter.is_some() { a.button.quiet href=(link("table", &[("name", &self.table.name)])) { "All rows" } }
            }
        }
    }

    /// How many rows there are, and which of them these are.
    fn told(&self, count: Option<u64>, skip: u64, answer: &Answer) -> Markup {
        let end = skip + u64::try_from(answer.rows.len()).unwrap_or_default();
        let is_misread = self.filter.is_none() && self.column.is_some() && !self.written.is_empty();
        html! {
            @if let (true, Some(column)) = (is_misread, self.column) {
                div.trouble role="alert" { p {
                    strong { q { (self.written) } " is no value of the type " (kind_name(column.kind)) }
                    ", which " code { (column.name) } " has. All rows are shown."
                } }
            }
            p.soft role="status" {
                @if !answer.rows.is_empty() { (grouped(skip + 1)) "–" (grouped(end)) " of " }
                (count.map_or_else(|| "many rows".to_owned(), |count| counted(count, "row")))
                @if self.filter.is_some() { " that pass the filter" }
                @if let Some((column, down)) = self.sort { ", by " (column) (if down { ", the greatest first" } else { "" }) }
            }
        }
    }

    fn nothing(&self) -> Markup {
        html! {
            p {
                @if self.filter.is_some() { "No row passes the filter. " }
                @else if self.page > 1 { "There are no rows on this page. " }
                @else { "The table has no rows." }
                @if self.filter.is_some() || self.page > 1 { a href=(link("table", &[("name", &self.table.name)])) { "Show all rows" } }
            }
        }
    }

    /// Each column's name sorts by it, and then the other way round.
    fn heads(&self) -> Vec<Head> {
        let head = |column: &Column| {
            let name = column.name.as_str();
            let now = self.sort.filter(|(sorted, _)| *sorted == name).map(|(_, down)| down);
            let next = (name, now == Some(false));
            let shown = html! {
                @if self.arranges {
                    a href=(self.link(Some(next), 1)) {
                        (name)
                        @if let Some(down) = now { span aria-hidden="true" { (if down { " ↓" } else { " ↑" }) } }
                    }
                } @else { span.head { (name) } }
                span.kind { (kind_name(column.kind)) }
            };
            Head { shown, sorted: now.map(|down| if down { "descending" } else { "ascending" }) }
        };
        self.table.columns.iter().map(head).collect()
    }

    fn pages(&self, answer: &Answer) -> Markup {
        html! {
            @if self.page > 1 || answer.has_more {
                nav.pages aria-label="Pages of rows" {
                    @if self.page > 1 {
                        a.button rel="prev" href=(self.link(self.sort, self.page - 1)) { "Earlier rows" }
                    }
                    span.soft { "page " (grouped(self.page)) }
                    @if answer.has_more {
                        a.button rel="next" href=(self.link(self.sort, self.page + 1)) { "Next rows" }
                    }
                }
            }
        }
    }
}
