//! What the views of the pipeline say, as charts: each is one query over a view, and leads to the rows behind it.

use maud::{Markup, html};

use super::super::address::link;
use super::super::chart::{Bar, Chart, ranks};
use super::super::words::figure;
use super::frame;
use crate::destination::reading::{self, Read, ReadError, Reader};
use crate::show::Now;
use crate::view::{self, Fold, View};

/// How many bars over time there are at most, and how many ranks.
const BARS: usize = 60;
const RANKS: usize = 12;

/// What a view says of one value of the column that a chart is by.
struct Point {
    label: String,
    value: f64,
    /// The address of the rows behind it.
    rows: String,
}

/// A chart, and its points in the order in which they are drawn.
struct Answer {
    view: &'static View,
    chart: &'static view::Chart,
    points: Vec<Point>,
}

/// All that there is; `None` where the destination has no SQL to ask in, or the pipeline no views.
pub(super) fn section(now: Now<'_>, reader: &mut dyn Reader) -> Read<Option<Markup>> {
    if reader.dialect().is_none() || now.site.views.is_empty() {
        return Ok(None);
    }
    let charts: Vec<(&View, &view::Chart)> =
        now.site.views.iter().flat_map(|view| view.charts.iter().map(move |chart| (*view, chart))).collect();
    let statements: Vec<String> = charts.iter().map(|(view, chart)| query_of(reader, view, chart)).collect();
    let (mut answers, mut left) = (Vec::new(), Vec::new());
    for ((view, chart), answer) in charts.into_iter().zip(reader.answers(&statements)) {
        match answer {
            Ok(answer) => answers.push(Answer { view, chart, points: points(reader, view, chart, answer) }),
            // There is no such view.
            Err(ReadError::Said(_)) => {}
            Err(ReadError::Slow) => left.push(chart.title),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(html! {
        section.charts {
            h2 #answers { "What the views say" }
            @if !answers.is_empty() {
                p.soft.wide { "Weeks and months in which there is nothing have no bar. A bar leads to the rows behind it." }
            }
            @if answers.is_empty() && left.is_empty() {
                p.soft.wide {
                    "There are no views yet: " code { "views = true" } " under " code { "[load]" } " in config.toml has the next run make them."
                }
            }
            @for (number, answer) in answers.iter().enumerate() { (answer.figure(number)) }
            @if !left.is_empty() {
                p.soft.wide { "Not drawn, as the database takes long: " (left.join(", ")) "." }
            }
        }
    }))
}

/// What is drawn of an answer.
fn points(reader: &dyn Reader, view: &View, chart: &view::Chart, answer: reading::Answer) -> Vec<Point> {
    let point = |row: Vec<Option<String>>| {
        let [label, value] = <[Option<String>; 2]>::try_from(row).ok()?;
        let (label, value) = (label?, value?.parse().ok()?);
        let rows = rows_behind(reader, view, chart, &label);
        Some(Point { label, value, rows })
    };
    let mut points: Vec<Point> = answer.rows.into_iter().filter_map(point).collect();
    // A query within another need not keep its order.
    if chart.is_ranked {
        points.sort_by(|one, other| other.value.total_cmp(&one.value));
    } else {
        points.sort_by(|one, other| one.label.cmp(&other.label));
    }
    points
}

fn query_of(reader: &dyn Reader, view: &View, chart: &view::Chart) -> String {
    let quoted = |name: &str| reader.quoted(name);
    let (name, by, value) = (quoted(view.name), quoted(chart.by), quoted(chart.value));
    let folded = match chart.fold {
        Fold::Sum => format!("SUM({value})"),
        Fold::Average => format!("AVG({value})"),
        Fold::Count => format!("COUNT({value})"),
        Fold::Per(of) => format!("SUM({value}) * 1.0 / NULLIF(SUM({}), 0)", quoted(of)),
    };
    let (order, most) = if chart.is_ranked { ("2 DESC, 1", RANKS) } else { ("1 DESC", BARS) };
    format!(
        "SELECT {by}, {folded} AS folded FROM {name} WHERE {by} IS NOT NULL GROUP BY {by} \
         HAVING {folded} IS NOT NULL ORDER BY {order} LIMIT {most}"
    )
}

fn rows_behind(reader: &dyn Reader, view: &View, chart: &view::Chart, label: &str) -> String {
    let (name, by, value) = (reader.quoted(view.name), reader.quoted(chart.by), reader.literal(label));
    link("query", &[("sql", &format!("SELECT * FROM {name} WHERE {by} = {value}"))])
}

impl Answer {
    fn figure(&self, number: usize) -> Markup {
        let (title, says) = (self.chart.title, format!("{}: {}.", self.view.says, self.chart.unit));
        let id = format!("answer-{number}");
        if self.points.is_empty() || self.chart.is_ranked {
            let points =
                self.points.iter().map(|point| (point.label.as_str(), point.value, point.rows.clone()));
            return html! {
                figure.chart {
                    figcaption { h3 id=(id) { (title) } p.soft.says { (says) } }
                    @if self.points.is_empty() { p.none { "Nothing yet." } }
                    @else { (ranks(title, self.chart.by, self.chart.value, &points.collect::<Vec<_>>())) }
                }
            };
        }
        let bar = |point: &Point| Bar {
            value: point.value.max(0.0),
            says: format!("{}: {} {}", point.label, figure(point.value), self.chart.unit),
            class: "",
            href: point.rows.clone(),
        };
        let end = |point: Option<&Point>| point.map(|point| point.label.clone()).unwrap_or_default();
        let last = if self.points.len() > 1 { end(self.points.last()) } else { String::new() };
        let ends = (end(self.points.first()), last);
        let bars = self.points.iter().map(bar).collect();
        let chart = Chart { title: title.to_owned(), says, bars, ends };
        chart.figure_with(&id, true, &self.table())
    }

    /// The same for those who do not see bars.
    fn table(&self) -> Markup {
        let table = html! {
            table {
                caption.hidden { (self.chart.title) }
                thead { tr { th scope="col" { (self.chart.by) } th.number scope="col" { (self.chart.value) } } }
                tbody {
                    @for point in self.points.iter().rev() {
                        tr { th scope="row" { (point.label) } td.number { (figure(point.value)) } }
                    }
                }
            }
        };
        html! {
            details.columns {
                summary { "Figures" span.hidden { " of " (self.chart.title) } }
                (frame::scrolling(&format!("Figures of {}", self.chart.title), &table))
            }
        }
    }
}
