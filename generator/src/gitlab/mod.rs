//! What GitLab does and no document says. Each entry names its source; general inference comes first wherever it can.
//!
//! Tables are looked up by [`Place`], and patterns are positions below the API root in which `{}` stands for any
//! placeholder and a leading `**` for any beginning.

mod aliases;
mod audience;
mod dialect;
mod features;
mod filters;
mod freshness;
mod identifiers;
mod naming;
mod owners;
mod pages;
mod place;
mod presets;
mod reading;
mod views;
mod wide;

pub(crate) use aliases::alias;
pub(crate) use audience::{Audience, answers_in_files, audience};
pub(crate) use dialect::{API_ROOT, implied_lists, is_gitlab, wraps_lists};
pub use features::{Sign, SystemNotes};
pub(crate) use features::{frozen, shows_projects, system_notes, unless};
pub(crate) use filters::{hidden_filters, needs, takes_none_or_any};
pub use freshness::{Activity, Refresh};
pub(crate) use freshness::{activity, refresh};
pub(crate) use identifiers::identifier;
use naming::topic;
pub(crate) use naming::{has_several_homes, is_noise};
pub(crate) use owners::{Ownership, is_defined_per_environment, is_of_group, natural_keys, ownership};
pub(crate) use pages::{is_credential, is_paged, keyset};
pub(crate) use place::Place;
pub use presets::Preset;
pub(crate) use presets::{presets, wants_detail};
pub use reading::{Finality, NewestFirst, Start};
pub(crate) use reading::{finality, is_exclusive_date, lookback, newest_first, secret_fields, start};
pub(crate) use views::{Chart, Fold, Need, Source, VIEWS, View};
pub(crate) use wide::{differs_widely, relative_fields};
