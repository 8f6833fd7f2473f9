//! Which rows a page holds and how the next one is found.

mod keyset;
mod offset;
mod selection;
mod sorted;

pub(crate) use selection::Selection;
pub(crate) use sorted::SortedPlaces;

use crate::http::Settings;
use crate::routes::{Call, Refusal, Route};
use crate::rows::Rows;

/// Records with the headers that speak about their neighbours.
#[derive(Debug)]
pub(crate) struct Page {
    /// A JSON array.
    pub(crate) body: Vec<u8>,
    pub(crate) records: usize,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) fn page(
    call: &Call,
    route: &Route,
    rows: Box<dyn Rows>,
    settings: &Settings,
) -> Result<Page, Refusal> {
    let selection = Selection::new(call, route, rows)?;
    match &route.keyset {
        Some(rule) if keyset::is_asked(call, rule) => keyset::page(call, route, rule, &selection, settings),
        _ => offset::page(call, route, &selection, settings),
    }
}

/// How many records a page holds: 20 unless asked, never more than 100.
fn per_page(call: &Call) -> Result<usize, Refusal> {
    match call.query.number("per_page")? {
        None => Ok(20),
        Some(asked) if asked >= 1 => Ok(usize::try_from(asked).unwrap_or(100).min(100)),
        Some(_) => Err(Refusal::invalid("per_page")),
    }
}

/// The address of a neighbour, on the host that the instance believes it has.
fn link(call: &Call, settings: &Settings, changes: &[(&str, Option<&str>)], rel: &str) -> String {
    let query = call.query.with(changes);
    format!("<{}{}?{query}>; rel=\"{rel}\"", settings.public_url, call.path)
}
