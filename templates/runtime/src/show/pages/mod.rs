//! The pages: what is asked for comes in, HTML goes out. One file per page.

mod answers;
mod charts;
mod frame;
mod load;
mod overview;
mod query;
mod refusal;
mod rows;
mod schema;
mod table;
mod tables;

use std::time::SystemTime;

use hyper::StatusCode;
use maud::Markup;

use super::address::Query;
use super::{Now, Site};
use crate::destination::DestinationError;
use crate::destination::reading::{Read, ReadError, Reader};

pub(super) use self::refusal::{closed, fault, only_get, stranger, welcome};

/// How all pages look.
pub(super) const STYLE: &str = include_str!("../assets/style.css");

/// How many loads pages look back.
const LOADS: usize = 60;

/// What a browser gets.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

/// What stands on a page.
struct Content {
    title: String,
    main: Markup,
}

/// Which of the pages that the head of each links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Overview,
    Tables,
    Schema,
    Charts,
    Query,
}

/// Makes what stands on a page; `None` where there is no such thing.
type Make = fn(Now<'_>, &mut dyn Reader, &Query) -> Read<Option<Content>>;

/// The page at a path below the folder of pages.
pub(super) fn page(site: &Site, path: &str, query: &Query) -> Page {
    let now = Now { site, time: SystemTime::now() };
    let (part, make): (Part, Make) = match path {
        "" => (Part::Overview, overview::content),
        "load" => (Part::Overview, load::content),
        "tables" => (Part::Tables, tables::content),
        "table" => (Part::Tables, table::content),
        "schema" => (Part::Schema, schema::content),
        "charts" => (Part::Charts, charts::content),
        "query" => (Part::Query, query::content),
        _ => return refusal::missing(now),
    };
    let made = site.look().map_err(ReadError::from).and_then(|mut reader| make(now, reader.as_mut(), query));
    match made {
        Ok(Some(content)) => {
            Page { status: StatusCode::OK, body: frame::page(now, Some(part), &content).into_string() }
        }
        Ok(None) => refusal::missing(now),
        Err(error) => refusal::unread(now, part, &error),
    }
}

/// The overview as one file, which loads nothing.
pub(crate) fn export(site: &Site) -> Result<String, DestinationError> {
    let now = Now { site, time: SystemTime::now() };
    let mut reader = site.look()?;
    let content = overview::report(now, reader.as_mut())?;
    Ok(frame::file(now, &content).into_string())
}
