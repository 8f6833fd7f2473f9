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
    /// How long a server that has answered before is waited for when it answers nothing any more.
    pub outage: Duration,
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
            outage: Duration::from_secs(180),
            rate_limit_waits: 20,
            rate_limit_wait: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The schedule of one request. `can_shrink` when there is another way than to ask for the same again; `is_reached`
    /// when the server has answered before.
    pub(super) fn schedule(&self, can_shrink: bool, is_reached: bool) -> Schedule {
        let back_off = ExponentialBuilder::new()
            .with_min_delay(self.first_delay)
            .with_max_delay(self.longest_delay)
            .without_max_times()
            .with_jitter()
            .build();
        Schedule {
            back_off,
            first_delay: self.first_delay,
            retries_left: self.retries,
            heavy_left: can_shrink.then_some(HEAVY),
            strange_left: if is_reached { usize::MAX } else { STRANGE },
            refusals_left: if is_reached { REFUSALS } else { 0 },
            waits_left: self.rate_limit_waits,
            rate_limit_wait: self.rate_limit_wait,
        }
    }
}

/// What is left of the retries of one request.
#[derive(Debug)]
pub(super) struct Schedule {
    back_off: ExponentialBackoff,
    first_delay: Duration,
    retries_left: usize,
    /// Retries after faults that a smaller page may mend; `None` when nothing smaller is left.
    heavy_left: Option<usize>,
    /// Retries after faults that say that it may not be GitLab that was asked.
    strange_left: usize,
    /// Retries of a request whose token is refused, and was good before.
    refusals_left: usize,
    waits_left: usize,
    rate_limit_wait: Duration,
}

/// How often a page that is too much for the server is asked for again before it is made smaller.
const HEAVY: usize = 2;

/// A server that has never answered is rather misspelt than down: nobody is kept waiting for all retries.
const STRANGE: usize = 2;

/// A lagging replica or a cache that fell over is back soon.
const REFUSALS: usize = 2;

/// What becomes of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is sent again after a pause.
    Again(Duration),
    /// It was tried often enough, unless it is the server that is not well.
    UsedUp,
    /// No retry would mend it.
    Stands,
}

impl Schedule {
    pub(super) fn after(&mut self, fault: &Fault) -> Next {
        match fault {
            Fault::RateLimited { wait, .. } => match self.waits_left.checked_sub(1) {
                Some(left) => {
                    self.waits_left = left;
                    Next::Again(wait.unwrap_or(self.rate_limit_wait))
                }
                None => Next::Stands,
            },
            Fault::Unauthorized { .. } => match self.refusals_left.checked_sub(1) {
                Some(left) => {
                    self.refusals_left = left;
                    Next::Again(self.pause())
                }
                None => Next::UsedUp,
            },
            fault if !fault.is_passing() => Next::UsedUp,
            fault => self.after_passing(fault),
        }
    }

    fn after_passing(&mut self, fault: &Fault) -> Next {
        if fault.is_heavy()
            && let Some(left) = &mut self.heavy_left
        {
            let Some(rest) = left.checked_sub(1) else { return Next::Stands };
            *left = rest;
        }
        if fault.is_connect() || matches!(fault, Fault::NotJson { .. } | Fault::Intercepted { .. }) {
            let Some(rest) = self.strange_left.checked_sub(1) else { return Next::UsedUp };
            self.strange_left = rest;
        }
        let Some(left) = self.retries_left.checked_sub(1) else { return Next::UsedUp };
        self.retries_left = left;
        let pause = self.pause();
        match fault {
            Fault::Server { wait: Some(wait), .. } => Next::Again(pause.max(*wait)),
            _ => Next::Again(pause),
        }
    }

    /// The pause before the next attempt; it grows.
    pub(super) fn pause(&mut self) -> Duration {
        self.back_off.next().unwrap_or(self.first_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Excerpt, Missing, TransportKind};

    fn server(status: u16) -> Fault {
        Fault::Server { status, message: Excerpt::new(""), is_late: false, wait: None }
    }

    /// The pauses until it is not tried again, and how that ends.
    fn tried(mut schedule: Schedule, fault: &Fault) -> (Vec<Duration>, Next) {
        let mut pauses = Vec::new();
        loop {
            match schedule.after(fault) {
                Next::Again(pause) => pauses.push(pause),
                end => return (pauses, end),
            }
        }
    }

    #[test]
    fn retries_end_and_grow() {
        let policy = RetryPolicy { retries: 3, ..RetryPolicy::default() };
        let (pauses, end) = tried(policy.schedule(false, true), &server(502));
        assert_eq!((pauses.len(), end), (3, Next::UsedUp));
        assert!(pauses[0] >= policy.first_delay && pauses[2] > pauses[0], "{pauses:?}");
    }

    #[test]
    fn rate_limit_waits_use_up_no_retry() {
        let policy = RetryPolicy { retries: 1, rate_limit_waits: 1, ..RetryPolicy::default() };
        let mut schedule = policy.schedule(false, true);
        let limited = Fault::RateLimited { wait: Some(Duration::from_secs(7)), is_of_route: false };
        assert_eq!(schedule.after(&limited), Next::Again(Duration::from_secs(7)));
        assert_eq!(schedule.after(&limited), Next::Stands);
        assert!(matches!(schedule.after(&server(502)), Next::Again(_)));
    }

    #[test]
    fn only_what_takes_too_long_is_soon_made_smaller() {
        let policy = RetryPolicy::default();
        let tries = |status| tried(policy.schedule(true, true), &server(status));
        assert_eq!((tries(504).0.len(), tries(504).1), (HEAVY, Next::Stands));
        assert_eq!((tries(503).0.len(), tries(503).1), (policy.retries, Next::UsedUp));
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        let gone = Fault::NotFound { missing: Missing::Thing, message: Excerpt::new("404") };
        assert_eq!(tried(RetryPolicy::default().schedule(true, true), &gone), (Vec::new(), Next::UsedUp));
    }

    #[test]
    fn what_has_never_answered_is_soon_given_up() {
        let refused = Fault::Transport { kind: TransportKind::Connect, detail: Excerpt::new("refused") };
        let unauthorized = Fault::Unauthorized { message: Excerpt::new("401") };
        let tries =
            |fault, is_reached| tried(RetryPolicy::default().schedule(false, is_reached), fault).0.len();
        assert_eq!((tries(&refused, false), tries(&refused, true)), (STRANGE, 5));
        assert_eq!((tries(&unauthorized, false), tries(&unauthorized, true)), (0, REFUSALS));
    }

    #[test]
    fn a_server_that_says_when_it_is_back_is_left_alone_until_then() {
        let wait = Some(Duration::from_secs(120));
        let fault = Fault::Server { status: 503, message: Excerpt::new(""), is_late: false, wait };
        let (pauses, _) = tried(RetryPolicy::default().schedule(false, true), &fault);
        assert!(pauses.iter().all(|pause| *pause == Duration::from_secs(120)), "{pauses:?}");
    }
}
