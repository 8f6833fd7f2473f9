//! Joins extraction and loading: pages and state go to the load, what earlier loads kept comes back.

use serde_json::Value;

use crate::extract::{History, Kept, Sink, Whole};
use crate::load::{Keep, LoadError, Loader, WholeRead};
use crate::moment::Moment;
use crate::normalize::PageRows;
use crate::page::{Page, Partition};
use crate::record::{Outcome, Reading};

impl Sink for Loader {
    type Error = LoadError;

    type Rows = PageRows;

    fn read(&self, reading: Reading<'_>, partition: &Partition, text: &str) -> Outcome<PageRows> {
        Self::read(self, reading, partition, text)
    }

    async fn page(&self, page: Page<PageRows>) -> Result<(), LoadError> {
        self.rows(page, Vec::new()).await
    }

    async fn page_and_keep(&self, page: Page<PageRows>, kept: Kept) -> Result<(), LoadError> {
        self.rows(page, vec![keep_of(kept)]).await
    }

    async fn keep(&self, kept: Vec<Kept>) -> Result<(), LoadError> {
        Self::keep(self, kept.into_iter().map(keep_of).collect())
    }

    fn state(&self, partition: &Partition) -> Option<Value> {
        Self::state(self, partition.resource, &partition.bindings).cloned()
    }

    fn history(&self) -> History {
        let started_at = self.started_at();
        let past = self.past();
        History {
            load_id: self.load_id().to_owned(),
            started_at: Moment::from(started_at),
            first_at: Moment::from(past.first_at.unwrap_or(started_at)),
            unfinished: past.unfinished.clone(),
        }
    }
}

fn keep_of(kept: Kept) -> Keep {
    let Kept { partition, state, whole } = kept;
    let whole = whole.map(|Whole { since, from }| WholeRead { since, from });
    // A state of texts and numbers is always JSON.
    let state = state.and_then(|state| serde_json::to_value(state).ok());
    Keep { partition, state, whole }
}
