//! What happens to rows that a table already holds.

use super::fact::Fact;
use super::key::KeyScope;
use super::{Facts, Shape};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteDisposition {
    #[default]
    Replace,
    Merge,
}

impl WriteDisposition {
    pub fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

pub(super) fn infer_disposition(own: &Facts) -> Fact<WriteDisposition> {
    let one_per_parent = own.shape.value == Shape::Object && own.key.value.scope == KeyScope::Parent;
    if own.key.value.fields.is_empty() && !one_per_parent {
        Fact::sure(WriteDisposition::Replace, "without a key, rows cannot be told apart")
    } else {
        Fact::sure(WriteDisposition::Merge, "its key tells which row a record updates")
    }
}
