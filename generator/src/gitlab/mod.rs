//! What GitLab does and no document says. Each entry names its source; general inference comes first wherever it can.
//!
//! Patterns are paths below the API root in which `{}` stands for any placeholder and a leading `**` for any beginning.

mod audience;
mod filters;
mod owners;
mod pages;
mod presets;

pub(crate) use audience::{Audience, answers_in_files, audience};
pub(crate) use filters::{hidden_filters, needs};
pub(crate) use owners::{Ownership, identifies_by_iid, is_defined_per_environment, ownership};
pub(crate) use pages::{is_paged, keyset};
pub use presets::Preset;
pub(crate) use presets::presets;

use crate::endpoint::Path;

/// Whether a path lies where a pattern points.
fn lies_at(path: &Path, pattern: &str) -> bool {
    let slot = path.place();
    match pattern.strip_prefix("**") {
        Some(tail) => slot.ends_with(tail),
        None => slot == pattern,
    }
}
