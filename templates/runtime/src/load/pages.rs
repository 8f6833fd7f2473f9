//! Pages become rows: the one place where loading normalises.

use std::sync::Arc;
use std::time::SystemTime;

use super::summary::LoadNote;
use super::{LoadError, Loader};
use crate::normalize::{PageRows, Reader, Stamp};
use crate::page::{Kept, Page, Partition};
use crate::record::{Outcome, Reading, Record};
use crate::resource::Resource;

impl Loader {
    /// Reads a body of a partition into rows, in the caller's task.
    pub fn read(&self, reading: Reading<'_>, partition: &Partition, text: &str) -> Outcome<PageRows> {
        self.reader(partition.resource).read(reading, &partition.bindings, text)
    }

    /// Queues rows, with what is to be kept of partitions: it is committed with the rows or after them. Waits while the
    /// writer is behind.
    pub async fn page_rows(&self, page: Page<PageRows>, kept: Vec<Kept>) -> Result<(), LoadError> {
        let resource = page.partition.resource;
        let stamp = Stamp { load_id: &self.shared.load_id, loaded_at: SystemTime::now() };
        let normalized = page.records.finish(&stamp)?;
        let note = (normalized.without_key > 0).then(|| {
            let reader = self.reader(resource);
            let layout = reader.layout();
            LoadNote::EmptyKey {
                table: layout.table.clone(),
                key: layout.record_key.iter().map(|field| (*field).to_owned()).collect(),
            }
        });
        self.rows(resource, normalized.tables, kept, note.into_iter().collect()).await
    }

    /// The same, of records that are there already.
    pub async fn page_and_keep(&self, page: Page<Vec<Record<'_>>>, kept: Vec<Kept>) -> Result<(), LoadError> {
        let Page { partition, records, last } = page;
        let records = self.reader(partition.resource).rows(&partition.bindings, &records);
        self.page_rows(Page { partition, records, last }, kept).await
    }

    /// The same, with nothing to keep.
    pub async fn page(&self, page: Page<Vec<Record<'_>>>) -> Result<(), LoadError> {
        self.page_and_keep(page, Vec::new()).await
    }

    fn reader(&self, resource: &'static Resource) -> Arc<Reader> {
        Arc::clone(self.shared.plan(resource).reader(&self.shared.catalog))
    }
}
