//! How an instance is set up and how badly it behaves.

use std::time::Duration;

use super::faults::Faults;
use super::limit::RateLimit;
use crate::world::{Edit, PUBLIC_URL};

/// By default nothing goes wrong and nothing is slow.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The address that links are built on: that of the instance's own configuration, whatever host the
    /// request was sent to. It may end in a relative root such as `/gitlab`.
    pub public_url: String,
    /// `page * per_page` above this is refused where keyset paging is offered.
    pub offset_limit: usize,
    /// Lists with more rows do not tell how many.
    pub totals_limit: usize,
    /// Whether keyset paging links to one more, empty page when the last one is full.
    pub empty_last_keyset_page: bool,
    pub latency: Duration,
    /// Off by default, as on self-managed instances; answers then carry no `RateLimit-*` headers either.
    pub rate_limit: Option<RateLimit>,
    pub faults: Faults,
    pub slow_pages: Vec<SlowPages>,
    /// A proxy in front decodes `%2F` in paths, and then finds nothing.
    pub decodes_slashes: bool,
    pub edits: Vec<ScheduledEdit>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: PUBLIC_URL.to_owned(),
            offset_limit: 50_000,
            totals_limit: 10_000,
            empty_last_keyset_page: false,
            latency: Duration::ZERO,
            rate_limit: None,
            faults: Faults::default(),
            slow_pages: Vec::new(),
            decodes_slashes: false,
            edits: Vec::new(),
        }
    }
}

/// Pages of this list with more than `largest` rows time out (504).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowPages {
    pub template: String,
    pub largest: usize,
}

/// A change that happens while rows are being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledEdit {
    /// Counts requests of this list only; of all when None.
    pub template: Option<String>,
    /// How many requests are answered before, counted since the settings were set.
    pub after: u64,
    pub edit: Edit,
}
