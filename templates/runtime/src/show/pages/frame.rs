//! What stands around the content of each page.

use std::error::Error;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Content, Part, STYLE};
use crate::destination::LoadStatus;
use crate::show::Now;
use crate::show::words::{ago, machine, utc};

const PARTS: [(Part, &str, &str); 5] = [
    (Part::Overview, "./", "Overview"),
    (Part::Tables, "tables", "Tables"),
    (Part::Schema, "schema", "Schema"),
    (Part::Charts, "charts", "Charts"),
    (Part::Query, "query", "SQL"),
];

/// What a file may do that is opened anywhere: look as it does.
const FILE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn page(now: Now<'_>, part: Option<Part>, content: &Content) -> Markup {
    let head = html! {
        link rel="icon" href="../icon.svg" type="image/svg+xml";
        link rel="stylesheet" href="../style.css";
        script src="../show.js" defer {}
    };
    let name = html! { a.brand href="./" { (now.site.pipeline) } };
    let nav = html! {
        nav aria-label="Pages" {
            ul {
                @for (own, href, name) in PARTS {
                    li { a href=(href) aria-current=[(part == Some(own)).then_some("page")] { (name) } }
                }
            }
        }
    };
    document(
        &format!("{} · {}", content.title, now.site.pipeline),
        &head,
        &html! { (name) (nav) },
        &content.main,
    )
}

/// As one file.
pub(super) fn file(now: Now<'_>, content: &Content) -> Markup {
    let head = html! {
        meta http-equiv="Content-Security-Policy" content=(FILE_POLICY);
        // Written by this program alone.
        style { (PreEscaped(STYLE)) }
    };
    let name = html! {
        span.brand { (now.site.pipeline) }
        span.soft { "written " (utc(now.time)) }
    };
    document(&format!("{} · {}", content.title, now.site.pipeline), &head, &name, &content.main)
}

/// A page without a way to others.
pub(super) fn alone(content: &Content) -> Markup {
    let head = html! { link rel="icon" href="/icon.svg" type="image/svg+xml"; link rel="stylesheet" href="/style.css"; };
    document(&content.title, &head, &html! {}, &content.main)
}

fn document(title: &str, head: &Markup, top: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                (head)
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top { div.inner { (top) } }
                main #main tabindex="-1" { (main) }
            }
        }
    }
}

/// A time: how long ago, and exactly when one looks closer.
pub(super) fn time(time: std::time::SystemTime, now: Now<'_>) -> Markup {
    html! { time datetime=(machine(time)) title=(utc(time)) { (ago(time, now.time)) } }
}

/// A time in full, and how long ago it was.
pub(super) fn full_time(time: std::time::SystemTime, now: Now<'_>) -> Markup {
    html! { time datetime=(machine(time)) { (utc(time)) } " " span.soft { "(" (ago(time, now.time)) ")" } }
}

/// How a load went, in a word.
pub(super) fn status(status: LoadStatus) -> Markup {
    html! { span class=(format!("status {}", status.name())) { (status.name()) } }
}

/// Something that scrolls by itself, also by keys.
pub(super) fn scrolling(label: &str, inner: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (inner) } }
}

/// Nothing is there, and what one does about it.
pub(super) fn empty(title: &str, inner: &Markup) -> Markup {
    html! { div.empty { h2 { (title) } (inner) } }
}

/// What went wrong, why, and what to do.
pub(super) fn trouble(error: &dyn Error, hint: Option<&str>) -> Markup {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    html! {
        div.trouble role="alert" {
            p { strong { (error) } }
            @for cause in causes { p.soft { "because " (cause) } }
            @if let Some(hint) = hint { p { (hint) "." } }
        }
    }
}
