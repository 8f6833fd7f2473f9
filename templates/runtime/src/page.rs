//! What travels from extraction to loading: the records of one answer, whose they are, and what is kept of those.

use std::sync::Arc;

use serde_json::Value;

use crate::record::Record;
use crate::resource::{ParamSource, Resource};

/// One run of a resource for one parent record; a resource without parameters has a single one.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    pub resource: &'static Resource,
    /// One value per parameter of the resource, in the order of the path.
    pub bindings: Vec<Binding>,
    /// Fields of records further up that what hangs below takes, and the resource itself does not.
    pub carried: Vec<Carried>,
}

/// The value of one path parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The column that carries it in the table.
    pub column: &'static str,
    pub value: Value,
}

/// A value on its way down.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    pub source: ParamSource,
    /// Null where the record has none that identifies something.
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

/// What is to be kept of a partition once everything that was handed over before is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub partition: Arc<Partition>,
    /// What the next run needs to know; `None` forgets it.
    pub state: Option<Value>,
    /// Set when the partition was read whole.
    pub whole: Option<Whole>,
}

/// A list was read whole: rows of the partition that were in it and that no load has written since are not in it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The load in which the reading began.
    pub since: String,
    /// The first load that read this very list; `None`: all have. Rows of earlier ones may lie outside of it.
    pub from: Option<String>,
}
