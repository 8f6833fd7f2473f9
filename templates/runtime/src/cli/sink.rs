//! Joins extraction and loading: pages and state go to the load, what earlier loads kept comes back. For a plan, only the
//! latter.

use serde_json::Value;

use crate::extract::{History, Sink};
use crate::load::{LoadError, Loader, Outset};
use crate::moment::{Clock, Moment};
use crate::normalize::PageRows;
use crate::page::{Kept, Page, Partition};
use crate::record::{Outcome, Reading, Record, read_records};
use crate::resource::Resource;

impl Sink for Loader {
    type Error = LoadError;

    type Rows = PageRows;

    fn read(&self, reading: Reading<'_>, partition: &Partition, text: &str) -> Outcome<PageRows> {
        Self::read(self, reading, partition, text)
    }

    async fn page(&self, page: Page<PageRows>, kept: Option<Kept>) -> Result<(), LoadError> {
        self.page_rows(page, kept.into_iter().collect()).await
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), LoadError> {
        Self::keep(self, kept)
    }

    fn state(&self, partition: &Partition) -> Option<Value> {
        // A load that could not look it up takes no page any more.
        Self::state(self, partition.resource, &partition.bindings).ok().flatten()
    }

    fn takes(&self, resource: &Resource) -> bool {
        Self::takes(self, resource)
    }

    fn history(&self) -> History {
        let past = self.past();
        History {
            load_id: self.load_id().to_owned(),
            started_at: Moment::from(self.started_at()),
            first_at: past.first_at,
            unfinished: past.unfinished.clone(),
            clock: self.clock(),
        }
    }
}

/// What a run would go on from, and nowhere to load to.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) outset: Outset,
    pub(super) started_at: Moment,
}

impl Sink for Planned {
    type Error = LoadError;

    type Rows = Vec<Record<'static>>;

    fn read(&self, reading: Reading<'_>, _: &Partition, text: &str) -> Outcome<Self::Rows> {
        read_records(reading, text)
    }

    async fn page(&self, _: Page, _: Option<Kept>) -> Result<(), LoadError> {
        Ok(())
    }

    fn state(&self, partition: &Partition) -> Option<Value> {
        self.outset.state(partition)
    }

    fn history(&self) -> History {
        let past = &self.outset.past;
        History {
            load_id: "plan".to_owned(),
            started_at: self.started_at,
            first_at: past.first_at,
            unfinished: past.unfinished.clone(),
            clock: Clock::default(),
        }
    }
}
