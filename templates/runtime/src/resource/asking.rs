//! What a definition says of when its list need not be asked for.

use std::time::Duration;

/// Something that a record says of itself: a field has one of these values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// A dotted path.
    pub field: &'static str,
    /// As JSON writes them, texts without their quotes: `disabled`, `true`, `0`.
    pub values: &'static [&'static str],
}

impl Sign {
    pub const fn new(field: &'static str, values: &'static [&'static str]) -> Self {
        Self { field, values }
    }
}

/// How a record shows when something happened below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// The field that says when it was last.
    pub field: &'static str,
    /// What happens within so long after that time need not move it.
    pub grain: Duration,
}

/// A list that holds what GitLab writes beside what people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemNotes {
    /// What is sent so that only what people write comes.
    pub without: (&'static str, &'static str),
    /// What a record of the parent says when nobody has written anything.
    pub none: Option<Sign>,
}
