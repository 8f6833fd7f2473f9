//! The run that partitions are read in: its load, and the clock that its times are told by.

use std::fmt;
use std::time::Duration;

use crate::moment::{Clock, Moment};

/// What a partition needs to know of its run when it ends.
pub(in crate::extract) struct Run {
    pub(super) load_id: String,
    pub(super) clock: Clock,
    behind: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Run {
    /// `behind` says how far the server's clock is behind that of this machine, as far as is known: what changes from
    /// now on has an earlier time there.
    pub(in crate::extract) fn new(
        load_id: &str,
        clock: Clock,
        behind: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        Self { load_id: load_id.to_owned(), clock, behind: Box::new(behind) }
    }

    /// A time of this machine's, as the server would not tell it later.
    pub(super) fn on_the_server(&self, moment: Moment) -> Moment {
        moment.minus((self.behind)())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Run").field("load_id", &self.load_id).finish_non_exhaustive()
    }
}
