//! What GitLab does and no document says. Each entry names its source; general inference comes first wherever it can.
//!
//! Patterns are paths below the API root in which `{}` stands for any placeholder and a leading `**` for any beginning.

mod audience;
mod filters;
mod owners;
mod pages;
mod presets;
mod reading;

pub(crate) use audience::{Audience, answers_in_files, audience};
pub(crate) use filters::{hidden_filters, needs};
pub(crate) use owners::{Ownership, identifies_by_iid, is_defined_per_environment, ownership};
pub(crate) use pages::{is_paged, keyset};
pub use presets::Preset;
pub(crate) use presets::presets;
pub use reading::{Finality, NewestFirst, Start};
pub(crate) use reading::{finality, is_exclusive_date, lookback, newest_first, secret_fields, start};

use crate::endpoint::Path;

/// Whether a path lies where any of the patterns points.
fn lies_at_any(path: &Path, patterns: &[&str]) -> bool {
    let place = path.place();
    patterns.iter().any(|pattern| lies_at(&place, pattern))
}

/// Whether the place of a path is where a pattern points.
fn lies_at(place: &str, pattern: &str) -> bool {
    match pattern.strip_prefix("**") {
        Some(tail) => place.ends_with(tail),
        None => place == pattern,
    }
}
