//! What travels from extraction to loading: the records of one answer, and whose they are.

use std::sync::Arc;

use serde_json::Value;

use crate::record::Record;
use crate::resource::Resource;

/// One run of a resource for one parent record; a resource without parameters has a single one.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    pub resource: &'static Resource,
    /// One value per parameter of the resource, in the order of the path.
    pub bindings: Vec<Binding>,
}

/// The value of one path parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The column that carries it in the table.
    pub column: &'static str,
    pub value: Value,
}

/// The records of one answer.
#[derive(Debug, Clone)]
pub struct Page<R = Vec<Record<'static>>> {
    pub partition: Arc<Partition>,
    pub records: R,
    /// Whether the partition is complete with this page.
    pub last: bool,
}
