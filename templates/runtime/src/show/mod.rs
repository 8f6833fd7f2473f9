//! `show`: pages of what is loaded, for a browser on this machine.
//!
//! ```text
//! browser → server → guard → address → pages → destination::Reader
//!                                        └── history · picture · chart
//! ```
//!
//! A page is made when it is asked for, of one look at the destination, and holds nothing afterwards: so pages are true
//! while a load goes on, and take nothing from it. Only the guard knows who may look; only pages make HTML, by a macro
//! that escapes every value. Whatever comes from a table is text: never a link, a name of a file or part of a statement.

mod address;
mod chart;
mod guard;
mod history;
mod pages;
mod picture;
mod server;
mod words;

use std::time::SystemTime;

use crate::config;
use crate::destination::{DestinationError, OpenReader, Reader};
use crate::model::Source;
use crate::resource::Resource;
use crate::view::View;

pub(crate) use self::pages::export;
pub(crate) use self::server::{ShowError, Shown, serve};

/// What pages tell of.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) pipeline: &'static str,
    pub(crate) destination: config::Destination,
    pub(crate) sources: Vec<Source>,
    pub(crate) open: OpenReader,
    pub(crate) views: &'static [&'static View],
}

impl Site {
    fn look(&self) -> Result<Box<dyn Reader>, DestinationError> {
        (self.open)(&self.destination)
    }

    /// The resources whose records a table holds.
    fn sources_of<'s>(&'s self, table: &'s str) -> impl Iterator<Item = &'static Resource> + use<'s> {
        self.sources.iter().filter(move |source| source.table == table).map(|source| source.resource)
    }
}

/// What a page is told of: the site, and the moment at which it is made.
#[derive(Debug, Clone, Copy)]
struct Now<'s> {
    site: &'s Site,
    time: SystemTime,
}
