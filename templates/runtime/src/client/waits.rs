//! What requests are waiting for, for those who look on: a wait comes in, what is left of it goes out, and in the end how
//! long there was one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Fault;

/// Shorter waits are nobody's business.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Why requests wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub reason: Reason,
    /// What came before it, where that says more.
    pub after: Option<String>,
    pub left: Duration,
}

/// The waits of all requests.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Those that are worth telling, by when they end.
    told: BTreeMap<(Instant, u64), (Reason, Option<String>)>,
    sums: BTreeMap<Reason, Sum>,
    next: u64,
}

/// How long at least one request has waited.
#[derive(Debug, Default)]
struct Sum {
    waiting: usize,
    since: Option<Instant>,
    over: Duration,
}

/// A wait until it is dropped.
#[derive(Debug)]
pub(super) struct Told {
    waits: Arc<Waits>,
    reason: Reason,
    key: (Instant, u64),
}

impl Waits {
    /// Counts a wait, and tells of it where it is long enough.
    pub(super) fn tell(self: &Arc<Self>, until: Instant, reason: Reason) -> Told {
        self.tell_after(until, reason, None)
    }

    /// The same, of a wait that has a cause.
    pub(super) fn tell_after(
        self: &Arc<Self>,
        until: Instant,
        reason: Reason,
        after: Option<&Fault>,
    ) -> Told {
        let (now, mut kept) = (Instant::now(), self.lock());
        let sum = kept.sums.entry(reason).or_default();
        sum.waiting += 1;
        sum.since.get_or_insert(now);
        let key = (until, kept.next);
        kept.next += 1;
        if until.saturating_duration_since(now) >= WORTH_TELLING {
            kept.told.insert(key, (reason, after.map(ToString::to_string)));
        }
        Told { waits: Arc::clone(self), reason, key }
    }

    pub(super) fn first(&self) -> Option<Waiting> {
        let kept = self.lock();
        let ((until, _), (reason, after)) = kept.told.first_key_value()?;
        let left = until.saturating_duration_since(Instant::now());
        Some(Waiting { reason: *reason, after: after.clone(), left })
    }

    /// How long at least one request has waited for this so far.
    pub(super) fn waited(&self, reason: Reason) -> Duration {
        let kept = self.lock();
        let so_far = |sum: &Sum| sum.over + sum.since.map(|since| since.elapsed()).unwrap_or_default();
        kept.sums.get(&reason).map(so_far).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let mut kept = self.waits.lock();
        kept.told.remove(&self.key);
        let Some(sum) = kept.sums.get_mut(&self.reason) else { return };
        sum.waiting = sum.waiting.saturating_sub(1);
        if sum.waiting == 0 {
            sum.over += sum.since.take().map(|since| since.elapsed()).unwrap_or_default();
        }
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
        let brief = tell(3, Reason::RateLimit);
        assert_eq!(waits.first(), None);
        drop(brief);
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

    #[test]
    fn time_in_which_several_wait_counts_once() {
        let (waits, moment) = (Arc::new(Waits::default()), Duration::from_millis(20));
        let pause = || std::thread::sleep(moment);
        let until = Instant::now() + Duration::from_secs(9);
        let begun = Instant::now();
        let one = waits.tell(until, Reason::RateLimit);
        pause();
        let other = waits.tell(until, Reason::RateLimit);
        drop(one);
        pause();
        drop(other);
        let (waited, passed) = (waits.waited(Reason::RateLimit), begun.elapsed());
        assert!(moment * 2 <= waited && waited <= passed, "{waited:?} of {passed:?}");
        pause();
        assert_eq!(waits.waited(Reason::RateLimit), waited);
        assert_eq!(waits.waited(Reason::Server), Duration::ZERO);
    }
}
