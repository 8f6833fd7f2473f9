//! When the next request may go: one [`Limiter`] per server, a bucket for all requests and one per route that has a limit
//! of its own.
//!
//! GitLab refuses in two ways. Its middleware answers with text and headers: the limit is that of the token, and
//! everybody waits. The application answers with JSON and no header: the limit is that of the route, and only requests
//! of that route wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::announced::Notice;
use super::bucket::{Bucket, Rate, Turn};
use super::limits::{known_in_all, known_of_route};
use super::waits::{Reason, Waits};

/// What is known of the limits before the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) is_gitlab_com: bool,
    pub(super) is_signed_in: bool,
    /// The user's own cap.
    pub(super) requests_per_minute: Option<u32>,
}

/// Shared by all requests to one server.
#[derive(Debug)]
pub(super) struct Limiter {
    known: Known,
    buckets: Mutex<Buckets>,
    changed: Notify,
}

#[derive(Debug)]
struct Buckets {
    cap: Bucket,
    all: Bucket,
    routes: BTreeMap<&'static str, Bucket>,
}

/// The right to send one request; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limiter: Arc<Limiter>,
    route: &'static str,
    goes_ahead: GoesAhead,
}

/// Whether a request goes ahead of others, in the bucket of all requests and in that of its route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GoesAhead {
    of_all: bool,
    of_route: bool,
}

impl Limiter {
    pub(super) fn new(known: Known) -> Self {
        let per_minute = |requests| Rate { requests, window: Duration::from_secs(60) };
        let buckets = Buckets {
            cap: Bucket::new(known.requests_per_minute.map(per_minute)),
            all: Bucket::new(known_in_all(known.is_gitlab_com, known.is_signed_in)).with_trial(),
            routes: BTreeMap::new(),
        };
        Self { known, buckets: Mutex::new(buckets), changed: Notify::new() }
    }

    /// Returns once a request of this route may go.
    pub(super) async fn ready(self: &Arc<Self>, route: &'static str, waits: &Arc<Waits>) -> Permit {
        loop {
            let changed = self.changed.notified();
            let until = match self.take(route) {
                Ok(permit) => return permit,
                Err(until) => until,
            };
            let _told = waits.tell(until, Reason::RateLimit);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = changed => {}
            }
        }
    }

    fn take(self: &Arc<Self>, route: &'static str) -> Result<Permit, Instant> {
        let goes_ahead = self.lock().take(route, self.known.is_gitlab_com, Instant::now())?;
        Ok(Permit { limiter: Arc::clone(self), route, goes_ahead })
    }

    /// Whether the limit of the route itself is used up for the moment.
    pub(super) fn is_held_back(&self, route: &'static str) -> bool {
        let mut buckets = self.lock();
        buckets.routes.get_mut(route).is_some_and(|own| own.turn(Instant::now()) != Turn::Now)
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buckets {
    /// Counts a request of this route that goes now, or says until when it has to wait.
    fn take(&mut self, route: &'static str, is_gitlab_com: bool, now: Instant) -> Result<GoesAhead, Instant> {
        let own =
            self.routes.entry(route).or_insert_with(|| Bucket::new(known_of_route(is_gitlab_com, route)));
        if let Turn::At(until) = self.cap.turn(now).max(self.all.turn(now)).max(own.turn(now)) {
            return Err(until);
        }
        self.cap.take(now);
        Ok(GoesAhead { of_all: self.all.take(now), of_route: own.take(now) })
    }

    fn accept(&mut self, route: &'static str, notice: Notice) {
        self.all.accept(notice.window.filter(|_| !notice.is_of_route));
        if let Some(own) = self.routes.get_mut(route) {
            own.accept(notice.window.filter(|_| notice.is_of_route));
        }
    }

    fn refuse(&mut self, route: &'static str, notice: Notice, wait: Duration, now: Instant) {
        let is_told = notice.window.is_some();
        if !notice.is_of_route {
            self.all.refuse(wait, is_told, now);
        } else if let Some(own) = self.routes.get_mut(route) {
            own.refuse(wait, is_told, now);
        }
    }

    fn release(&mut self, route: &'static str, goes_ahead: GoesAhead) {
        self.cap.release(false);
        self.all.release(goes_ahead.of_all);
        if let Some(own) = self.routes.get_mut(route) {
            own.release(goes_ahead.of_route);
        }
    }
}

impl Permit {
    /// The answer was not refused.
    pub(super) fn accepted(&self, notice: Notice) {
        self.limiter.lock().accept(self.route, notice);
    }

    /// "Too many requests": those that share the limit wait.
    pub(super) fn refused(&self, notice: Notice, wait: Duration) {
        self.limiter.lock().refuse(self.route, notice, wait, Instant::now());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.lock().release(self.route, self.goes_ahead);
        self.limiter.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::super::bucket::Window;
    use super::*;

    const ROUTE: &str = "/route";

    /// A server that counts in windows, as GitLab does.
    #[derive(Debug, Default)]
    struct Server {
        limit: u64,
        window: Duration,
        tells: bool,
        /// Requests of others with the same token, for each of ours.
        others: u64,
        current: u128,
        observed: u64,
        accepted: u64,
        refused: u64,
        refused_in_a_row: u64,
        worst: u64,
    }

    impl Server {
        fn new(limit: u64, seconds: u64, tells: bool) -> Self {
            Self { limit, window: Duration::from_secs(seconds), tells, ..Self::default() }
        }

        /// Whether the request is refused, and what the answer says.
        fn answer(&mut self, began: Instant, now: Instant) -> (bool, Notice) {
            let number = (now - began).as_nanos() / self.window.as_nanos();
            if self.current != number {
                (self.current, self.observed) = (number, 0);
            }
            self.observed += 1 + self.others;
            let resets_at = began + self.window * u32::try_from(number + 1).unwrap();
            let remaining = self.limit.saturating_sub(self.observed);
            let window = self.tells.then_some(Window { limit: self.limit, remaining, resets_at });
            let is_refused = self.observed > self.limit;
            if is_refused {
                self.refused += 1;
                self.refused_in_a_row += 1;
                self.worst = self.worst.max(self.refused_in_a_row);
            } else {
                self.accepted += 1;
                self.refused_in_a_row = 0;
            }
            (is_refused, Notice { window, is_of_route: !self.tells })
        }
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Wants,
        Arrives(GoesAhead),
        Answered(GoesAhead, bool, Notice),
    }

    /// Six workers ask without a pause for ten windows, on a clock that jumps from event to event. A request needs
    /// `latency` there and as long back; what the server took of each window comes out.
    fn asked(server: &mut Server, latency: u64) -> u64 {
        let began = Instant::now();
        let limiter = Arc::new(Limiter::new(KNOWN));
        let mut buckets = limiter.lock();
        let mut events: BTreeMap<(Instant, u64), Step> =
            (0..6).map(|worker| ((began, worker), Step::Wants)).collect();
        while let Some(((now, worker), step)) = events.pop_first() {
            let way = Duration::from_millis(latency + worker);
            match step {
                Step::Wants if now > began + server.window * 10 => {}
                Step::Wants => match buckets.take(ROUTE, false, now) {
                    Ok(goes_ahead) => {
                        events.insert((now + way, worker), Step::Arrives(goes_ahead));
                    }
                    // Woken by the next answer, or when the time has come.
                    Err(until) => {
                        let soon = now + Duration::from_millis(20);
                        events.insert((until.min(soon), worker), Step::Wants);
                    }
                },
                Step::Arrives(goes_ahead) => {
                    let (is_refused, notice) = server.answer(began, now);
                    events.insert((now + way, worker), Step::Answered(goes_ahead, is_refused, notice));
                }
                Step::Answered(goes_ahead, is_refused, notice) => {
                    if is_refused {
                        buckets.refuse(ROUTE, notice, server.window, now);
                    } else {
                        buckets.accept(ROUTE, notice);
                    }
                    buckets.release(ROUTE, goes_ahead);
                    events.insert((now, worker), Step::Wants);
                }
            }
        }
        server.accepted / 10
    }

    const KNOWN: Known = Known { is_gitlab_com: false, is_signed_in: true, requests_per_minute: None };

    #[test]
    fn a_told_limit_is_never_exceeded_and_nearly_used_up() {
        for (limit, seconds, latency) in [(60, 2, 5), (600, 60, 50), (2000, 60, 20)] {
            let mut server = Server::new(limit, seconds, true);
            let used = asked(&mut server, latency);
            assert_eq!(server.refused, 0, "{limit} in {seconds} s");
            assert!(used * 100 >= limit * 90, "{used} of {limit} in {seconds} s");
        }
    }

    #[test]
    fn a_limit_that_others_use_as_well_is_shared() {
        let mut server = Server { others: 1, ..Server::new(600, 60, true) };
        let used = asked(&mut server, 50);
        assert!(server.worst <= 1 && server.refused <= 10, "{server:?}");
        assert!(used >= 250, "{used} of 300");
    }

    #[test]
    fn a_limit_that_is_not_told_is_seldom_exceeded() {
        for (limit, seconds, latency) in [(60, 2, 5), (600, 60, 20)] {
            let mut server = Server::new(limit, seconds, false);
            let used = asked(&mut server, latency);
            // Those that were on their way when the first was refused; once more when it is tried to go faster.
            assert!((1..=12).contains(&server.refused), "{server:?}");
            assert!(server.worst <= 6, "{server:?}");
            assert!(used * 100 >= limit * 60, "{used} of {limit} in {seconds} s");
        }
    }

    #[test]
    fn a_route_that_is_used_up_holds_back_no_other() {
        let limiter = Limiter::new(KNOWN);
        let (mut buckets, now, wait) = (limiter.lock(), Instant::now(), Duration::from_secs(60));
        let goes_ahead = buckets.take("/a", false, now).unwrap();
        buckets.refuse("/a", Notice { window: None, is_of_route: true }, wait, now);
        buckets.release("/a", goes_ahead);
        assert_eq!(buckets.take("/a", false, now), Err(now + wait));
        assert!(buckets.take("/b", false, now).is_ok());
    }

    #[test]
    fn a_cap_is_kept() {
        let limiter = Limiter::new(Known { requests_per_minute: Some(60), ..KNOWN });
        let (mut buckets, began) = (limiter.lock(), Instant::now());
        let mut now = began;
        for _ in 0..=60 {
            while let Err(until) = buckets.take("/a", false, now) {
                now = until;
            }
            buckets.release("/a", GoesAhead { of_all: true, of_route: false });
        }
        let elapsed = (now - began).as_secs();
        assert!((60..70).contains(&elapsed), "{elapsed}");
    }
}
