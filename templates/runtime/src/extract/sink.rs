//! Where pages go, and where what is kept of partitions comes from and goes to.

use serde_json::Value;

use super::resume::History;
use crate::page::{Kept, Page, Partition};
use crate::record::{Outcome, Reading, Rows};
use crate::resource::Resource;

/// Takes the pages. The engine waits while it is busy.
pub trait Sink: Send + Sync + 'static {
    type Error: std::error::Error + Send + Sync + 'static;

    /// The records of a page, as they are kept until they are handed over.
    type Rows: Rows;

    /// Reads a body.
    fn read(&self, reading: Reading<'_>, partition: &Partition, text: &str) -> Outcome<Self::Rows>;

    /// Takes a page, and what is to be kept of its partition with it: both are durable or none is.
    fn page(
        &self,
        page: Page<Self::Rows>,
        kept: Option<Kept>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Keeps what is known of partitions, after everything that was handed over before.
    fn keep(&self, kept: Vec<Kept>) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = kept;
        async { Ok(()) }
    }

    /// What earlier runs kept of a partition.
    fn state(&self, partition: &Partition) -> Option<Value> {
        let _ = partition;
        None
    }

    /// Whether more of a resource is taken. If not, its lists are not read further, unless others hang on them.
    fn takes(&self, resource: &Resource) -> bool {
        let _ = resource;
        true
    }

    /// What is known of the loads before this one.
    fn history(&self) -> History {
        History::default()
    }
}
