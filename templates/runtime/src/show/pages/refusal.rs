//! Pages for those who may not look, and for what cannot be shown.

use hyper::StatusCode;
use maud::{Markup, html};

use super::{Content, Page, Part, frame};
use crate::destination::reading::ReadError;
use crate::show::Now;

fn alone(status: StatusCode, title: &str, main: &Markup) -> Page {
    let main = html! { h1 { (title) } (main) };
    Page { status, body: frame::alone(&Content { title: title.to_owned(), main }).into_string() }
}

/// The secret of the link was right. The browser goes on by itself: a redirect would be part of the way from wherever the
/// link stood, and browsers then keep the cookie back.
pub(in super::super) fn welcome(folder: &str) -> Page {
    let main = html! {
        meta http-equiv="refresh" content=(format!("0; url={folder}"));
        p { a href=(folder) { "Go to the overview" } }
    };
    alone(StatusCode::OK, "Welcome", &main)
}

pub(in super::super) fn closed() -> Page {
    let main = html! {
        p { "These pages open with the link that " code { "show" } " has printed. It opens them once, in one browser." }
        p { "If it was opened already, end " code { "show" } " with Ctrl-C and start it again: it prints a new one." }
    };
    alone(StatusCode::FORBIDDEN, "This page is closed", &main)
}

pub(in super::super) fn stranger() -> Page {
    let main = html! { p { "Open the pages by the address that " code { "show" } " has printed." } };
    alone(StatusCode::MISDIRECTED_REQUEST, "This is not the address of these pages", &main)
}

pub(in super::super) fn only_get() -> Page {
    alone(StatusCode::METHOD_NOT_ALLOWED, "Nothing can be changed here", &html! {})
}

pub(in super::super) fn fault() -> Page {
    let main = html! { p { "The program has a fault. The terminal in which it runs says where." } };
    alone(StatusCode::INTERNAL_SERVER_ERROR, "This page could not be made", &main)
}

pub(super) fn missing(now: Now<'_>) -> Page {
    let title = "There is no such page".to_owned();
    let main = html! {
        h1 { (title) }
        p { "A table or a load that was here may be gone. " a href="./" { "Go to the overview" } "." }
    };
    let body = frame::page(now, None, &Content { title, main }).into_string();
    Page { status: StatusCode::NOT_FOUND, body }
}

/// The destination could not be read.
pub(super) fn unread(now: Now<'_>, part: Part, error: &ReadError) -> Page {
    let hint = match error {
        ReadError::Destination(error) => error.hint(),
        _ => None,
    };
    let title = "This cannot be shown now".to_owned();
    let main = html! {
        h1 { (title) }
        (frame::trouble(error, hint.as_deref()))
        p { a.button href="" { "Try again" } }
    };
    let body = frame::page(now, Some(part), &Content { title, main }).into_string();
    Page { status: StatusCode::SERVICE_UNAVAILABLE, body }
}
