//! Joins extraction and loading: pages and state go to the load, what earlier loads kept comes back.

use serde_json::Value;

use crate::extract::{History, Kept, Sink};
use crate::load::{LoadError, Loader};
use crate::moment::Moment;
use crate::page::{self, Page, Partition};
use crate::record::{Outcome, Reading, Record, read_records};

impl Sink for Loader {
    type Error = LoadError;

    type Rows = Vec<Record>;

    fn read(&self, reading: Reading<'_>, _: &Partition, text: &str) -> Outcome<Self::Rows> {
        read_records(reading, text)
    }

    async fn page(&self, page: Page) -> Result<(), LoadError> {
        Self::page(self, page).await
    }

    async fn page_and_keep(&self, page: Page, kept: Kept) -> Result<(), LoadError> {
        Self::page_and_keep(self, page, vec![keep_of(kept)]).await
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), LoadError> {
        Self::keep(self, kept.into_iter().map(keep_of).collect())
    }

    fn state(&self, partition: &Partition) -> Option<Value> {
        // A load that could not look it up takes no page any more.
        Self::state(self, partition.resource, &partition.bindings).ok().flatten()
    }

    fn history(&self) -> History {
        let past = self.past();
        History {
            load_id: self.load_id().to_owned(),
            started_at: Moment::from(self.started_at()),
            first_at: past.first_at,
            unfinished: past.unfinished.clone(),
        }
    }
}

fn keep_of(Kept { partition, state, whole }: Kept) -> page::Kept {
    // A state of texts and numbers is always JSON.
    let state = state.and_then(|state| serde_json::to_value(state).ok());
    page::Kept { partition, state, whole }
}
