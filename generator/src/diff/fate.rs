//! What becomes of the rows that a resource has loaded, when it is read in another way.
//!
//! The engine keeps with its state what the state speaks for, and reads a resource anew when that is another. What is
//! told here is what it does then.

use serde::Serialize;

use super::change::{Aspect, Change};
use super::outline::Outline;

/// What happens to the rows of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// They stay in the table, and no run changes them any more.
    Left,
    /// Of rows with the same new key the last one stays, and the list is read from its start.
    Rekeyed,
    /// They stay in the old table; the new one is filled from the start.
    Moved,
    /// They stay, and the list is read from its start, as what is asked for is another.
    ReadAnew,
}

impl Fate {
    pub(super) fn of(old: &Outline, new: &Outline, changes: &[Change]) -> Option<Self> {
        let has = |aspect| changes.iter().any(|change| change.aspect == aspect);
        match () {
            // What no run has taken has no rows.
            () if !old.is_on => None,
            () if !new.is_on => Some(Self::Left),
            () if has(Aspect::Table) => Some(Self::Moved),
            () if has(Aspect::Key) => Some(Self::Rekeyed),
            () => changes.iter().any(|change| change.aspect.decides_rows()).then_some(Self::ReadAnew),
        }
    }
}
