//! How often and after which pause a request is sent again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::Fault;

/// Bounds of the retries of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retries after a fault that may pass.
    pub retries: usize,
    /// Before the first retry; it doubles, and up to as much again is added at random.
    pub first_delay: Duration,
    pub longest_delay: Duration,
    /// Waits after "too many requests", which are no fault of the request.
    pub rate_limit_waits: usize,
    /// When a 429 does not say how long.
    pub rate_limit_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 5,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            rate_limit_waits: 20,
            rate_limit_wait: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The schedule of one request. `can_shrink` when there is another way than to ask for the same again.
    pub(super) fn schedule(&self, can_shrink: bool) -> Schedule {
        let back_off = ExponentialBuilder::new()
            .with_min_delay(self.first_delay)
            .with_max_delay(self.longest_delay)
            .with_max_times(self.retries)
            .with_jitter()
            .build();
        Schedule {
            back_off,
            retries: 0,
            heavy_left: can_shrink.then_some(HEAVY),
            waits_left: self.rate_limit_waits,
            rate_limit_wait: self.rate_limit_wait,
        }
    }
}

/// What is left of the retries of one request.
#[derive(Debug)]
pub(super) struct Schedule {
    back_off: ExponentialBackoff,
    retries: usize,
    /// Retries after faults that a smaller page may mend; `None` when nothing smaller is left.
    heavy_left: Option<usize>,
    waits_left: usize,
    rate_limit_wait: Duration,
}

/// How often a page that is too much for the server is asked for again before it is made smaller.
const HEAVY: usize = 2;

impl Schedule {
    /// Retries so far, without the waits for a rate limit.
    pub(super) fn retries(&self) -> usize {
        self.retries
    }

    /// The pause before the next attempt; `None` when the fault stands.
    pub(super) fn delay_after(&mut self, fault: &Fault) -> Option<Duration> {
        if !fault.is_passing() {
            return None;
        }
        let Fault::RateLimited { wait, .. } = fault else {
            if fault.is_heavy()
                && let Some(left) = &mut self.heavy_left
            {
                *left = left.checked_sub(1)?;
            }
            self.retries += 1;
            return self.back_off.next();
        };
        self.waits_left = self.waits_left.checked_sub(1)?;
        Some(wait.unwrap_or(self.rate_limit_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Excerpt;

    fn server() -> Fault {
        Fault::Server { status: 502, message: Excerpt::new("") }
    }

    #[test]
    fn retries_end_and_grow() {
        let policy = RetryPolicy { retries: 3, ..RetryPolicy::default() };
        let mut schedule = policy.schedule(false);
        let delays: Vec<_> = std::iter::from_fn(|| schedule.delay_after(&server())).collect();
        assert_eq!(delays.len(), 3);
        assert!(delays[0] >= policy.first_delay && delays[2] > delays[0], "{delays:?}");
    }

    #[test]
    fn rate_limit_waits_use_up_no_retry() {
        let mut schedule =
            RetryPolicy { retries: 1, rate_limit_waits: 1, ..RetryPolicy::default() }.schedule(false);
        let limited = Fault::RateLimited { wait: Some(Duration::from_secs(7)), is_of_route: false };
        assert_eq!(schedule.delay_after(&limited), Some(Duration::from_secs(7)));
        assert_eq!(schedule.delay_after(&limited), None);
        assert!(schedule.delay_after(&server()).is_some());
    }

    #[test]
    fn a_page_that_can_be_smaller_is_not_asked_for_to_the_end() {
        let mut schedule = RetryPolicy::default().schedule(true);
        let delays: Vec<_> = std::iter::from_fn(|| schedule.delay_after(&server())).collect();
        assert_eq!(delays.len(), HEAVY);
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        let gone = Fault::NotFound { message: Excerpt::new("404") };
        assert_eq!(RetryPolicy::default().schedule(true).delay_after(&gone), None);
    }
}
