//! Joins extraction and loading: pages and state go to the load, what earlier loads kept comes back.

use serde_json::Value;

use crate::extract::{History, Sink};
use crate::load::{LoadError, Loader};
use crate::moment::Moment;
use crate::normalize::PageRows;
use crate::page::{Kept, Page, Partition};
use crate::record::{Outcome, Reading};
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
