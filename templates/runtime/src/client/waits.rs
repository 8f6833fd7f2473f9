//! What requests are waiting for, for those who look on: a wait comes in, what is left of it goes out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Shorter waits are nobody's business.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Why requests wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    RateLimit,
    /// The server fails or is away.
    Server,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::RateLimit => "the rate limit",
            Self::Server => "GitLab to be well again",
        })
    }
}

/// The wait that ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub reason: Reason,
    pub left: Duration,
}

/// The waits of all requests.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<BTreeMap<(Instant, u64), Reason>>);

/// Told until it is dropped.
#[derive(Debug)]
pub(super) struct Told {
    waits: Arc<Waits>,
    key: (Instant, u64),
}

impl Waits {
    /// Tells of a wait that is long enough.
    pub(super) fn tell(self: &Arc<Self>, until: Instant, reason: Reason) -> Option<Told> {
        if until.saturating_duration_since(Instant::now()) < WORTH_TELLING {
            return None;
        }
        let mut waits = self.lock();
        let number = waits.keys().map(|(_, number)| number + 1).max().unwrap_or(0);
        waits.insert((until, number), reason);
        Some(Told { waits: Arc::clone(self), key: (until, number) })
    }

    pub(super) fn first(&self) -> Option<Waiting> {
        let waits = self.lock();
        let ((until, _), reason) = waits.first_key_value()?;
        Some(Waiting { reason: *reason, left: until.saturating_duration_since(Instant::now()) })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Reason>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.waits.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_that_ends_first_is_told_and_short_ones_are_not() {
        let waits = Arc::new(Waits::default());
        let now = Instant::now();
        let tell = |seconds, reason| waits.tell(now + Duration::from_secs(seconds), reason);
        assert!(tell(3, Reason::RateLimit).is_none());
        let long = tell(100, Reason::Server);
        let short = tell(41, Reason::RateLimit);
        let same = tell(41, Reason::RateLimit);
        let first = waits.first().unwrap();
        assert_eq!(first.reason, Reason::RateLimit);
        assert!((Duration::from_secs(39)..=Duration::from_secs(41)).contains(&first.left), "{first:?}");
        drop((short, same));
        assert_eq!(waits.first().map(|waiting| waiting.reason), Some(Reason::Server));
        drop(long);
        assert_eq!(waits.first(), None);
    }
}
