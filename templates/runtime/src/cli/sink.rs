//! Joins extraction and loading: pages and state go to the load, what earlier loads kept comes back.

use serde_json::Value;

use crate::extract::{History, Kept, Sink, Whole};
use crate::load::{Keep, LoadError, Loader, WholeRead};
use crate::moment::Moment;
use crate::page::{Page, Partition};

impl Sink for Loader {
    type Error = LoadError;

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
