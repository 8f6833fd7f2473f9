//! Bars, as SVG that stretches to the room it gets: shapes alone, so nothing that is written is stretched with them.

use maud::{Markup, html};

use super::words::{figure, short};

/// The height of a chart in its own units.
const HEIGHT: f64 = 100.0;

/// How low a bar may be that is not nothing.
const LEAST: f64 = 1.5;

/// Of a bar and the room to the next.
const STEP: usize = 10;
const WIDTH: usize = 8;

/// One value.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) value: f64,
    /// What it says, in words.
    pub(super) says: String,
    /// How it is coloured: a class of the style.
    pub(super) class: &'static str,
    /// The page that tells more.
    pub(super) href: String,
}

/// Values over time, from the oldest.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) title: String,
    /// What the values mean, and their unit.
    pub(super) says: String,
    pub(super) bars: Vec<Bar>,
    /// What stands below the first and the last.
    pub(super) ends: (String, String),
}

impl Chart {
    /// `number` tells it from other charts of the page; `links` is whether bars lead to pages.
    pub(super) fn figure(&self, number: usize, links: bool) -> Markup {
        self.figure_with(&format!("chart-{number}"), links, &html! {})
    }

    /// The same with something below.
    pub(super) fn figure_with(&self, id: &str, links: bool, below: &Markup) -> Markup {
        let most = self.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        html! {
            figure.chart {
                figcaption {
                    h3 id=(id) { (self.title) }
                    p.soft.says { (self.says) }
                }
                @if most > 0.0 {
                    div.plot {
                        div.axis aria-hidden="true" { span { (short(most)) } span { "0" } }
                        (self.svg(most, id, links))
                    }
                    div.ends aria-hidden="true" { span { (self.ends.0) } span { (self.ends.1) } }
                } @else { p.none { "None, in all of them." } }
                (below)
            }
        }
    }

    fn svg(&self, most: f64, id: &str, links: bool) -> Markup {
        // A few bars are no wider than many, and the latest stands at the right.
        let room = self.bars.len().max(24);
        let (width, first) = (room * STEP, room - self.bars.len());
        html! {
            svg.bars viewBox=(format!("0 0 {width} {HEIGHT}")) preserveAspectRatio="none" role="group" aria-labelledby=(id) {
                @for (at, bar) in self.bars.iter().enumerate() {
                    @if links {
                        a href=(bar.href) aria-label=(bar.says) data-tip=(bar.says) { (bar.shape(first + at, most)) }
                    } @else {
                        g role="img" aria-label=(bar.says) { (bar.shape(first + at, most)) }
                    }
                }
            }
        }
    }
}

impl Bar {
    fn shape(&self, at: usize, most: f64) -> Markup {
        let height = height(self.value, most);
        html! {
            // The room above a low bar leads to the same place.
            rect.room x=(at * STEP) y="0" width=(STEP) height=(HEIGHT) {}
            rect class=(format!("bar {}", self.class)) x=(at * STEP + 1) y=(format!("{:.2}", HEIGHT - height))
                width=(WIDTH) height=(format!("{height:.2}")) {}
            title { (self.says) }
        }
    }
}

/// Names with a value each, and the page that tells more; the greatest first.
pub(super) fn ranks(title: &str, name: &str, unit: &str, ranked: &[(&str, f64, String)]) -> Markup {
    let most = ranked.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
    html! {
        table.ranks {
            caption.hidden { (title) }
            thead { tr { th scope="col" { (name) } th.number scope="col" { (unit) } } }
            tbody {
                @for (label, value, href) in ranked {
                    tr {
                        th scope="row" { a href=(href) { (label) } }
                        td.number {
                            (figure(*value))
                            svg.meter viewBox=(format!("0 0 {HEIGHT} 1")) preserveAspectRatio="none" aria-hidden="true" {
                                rect.bar width=(format!("{:.2}", height(*value, most))) height="1" {}
                            }
                        }
                    }
                }
            }
        }
    }
}

fn height(value: f64, most: f64) -> f64 {
    if value <= 0.0 || most <= 0.0 { 0.0 } else { (value / most * HEIGHT).max(LEAST) }
}

/// A few values in a line of text, from the oldest; the latest of `room` stands at the right.
pub(super) fn sparkline(values: &[u64], room: usize, says: &str) -> Markup {
    let first = room.saturating_sub(values.len());
    let most = values.iter().copied().max().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let height = |value: u64| height(value as f64, most as f64);
    html! {
        svg.spark viewBox=(format!("0 0 {} {HEIGHT}", room * STEP)) preserveAspectRatio="none"
            role="img" aria-label=(says) {
            @for (at, value) in values.iter().enumerate().map(|(at, value)| (first + at, value)) {
                rect.ground x=(at * STEP + 1) y=(HEIGHT - LEAST * 2.0) width=(WIDTH) height=(LEAST * 2.0) {}
                rect.bar x=(at * STEP + 1) y=(format!("{:.2}", HEIGHT - height(*value))) width=(WIDTH)
                    height=(format!("{:.2}", height(*value))) {}
            }
        }
    }
}
