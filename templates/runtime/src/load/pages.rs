//! Pages of records become rows: the one place where loading normalises.

use std::time::SystemTime;

use super::summary::LoadNote;
use super::{LoadError, Loader};
use crate::normalize::{Stamp, normalize};
use crate::page::{Kept, Page};

impl Loader {
    /// Normalises the page in the caller's task and queues its rows; waits while the writer is behind.
    pub async fn page(&self, page: Page) -> Result<(), LoadError> {
        self.page_and_keep(page, Vec::new()).await
    }

    /// The same, with what is to be kept of partitions: it is committed with the rows or after them.
    pub async fn page_and_keep(&self, page: Page, kept: Vec<Kept>) -> Result<(), LoadError> {
        let resource = page.partition.resource;
        let plan = self.shared.plan(resource);
        let stamp = Stamp { load_id: self.shared.load_id.clone(), loaded_at: SystemTime::now() };
        let normalized = normalize(&page, &plan.layout, &self.shared.catalog, &stamp)?;
        let note = (normalized.without_key > 0).then(|| LoadNote::EmptyKey {
            table: plan.layout.table.clone(),
            key: plan.layout.record_key.iter().map(|field| (*field).to_owned()).collect(),
        });
        drop(page);
        self.rows(resource, normalized.tables, kept, note.into_iter().collect()).await
    }
}
