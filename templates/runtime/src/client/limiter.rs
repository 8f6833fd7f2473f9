//! When the next request may go: one [`Limiter`] per server, an allowance for all requests and one per route, beside the
//! pace that the user may have set.
//!
//! GitLab refuses in two ways. Its middleware answers with text and headers: the limit is that of the token, and
//! everybody waits. The application answers with JSON and no header: the limit is that of the route, and only requests
//! of that route wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::allowance::Allowance;
use super::announced::Notice;
use super::clock::{Clock, Now};
use super::limits::{Rate, known_in_all, known_of_route};
use super::pace::Pace;
use super::waits::{Reason, Waits};

/// What is known of the limits before the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) is_gitlab_com: bool,
    pub(super) is_signed_in: bool,
    /// The user's own cap.
    pub(super) requests_per_minute: Option<u32>,
    /// How long a window is taken to be where nothing is known of it.
    pub(super) window: Duration,
}

/// Shared by all requests to one server.
#[derive(Debug)]
pub(super) struct Limiter {
    clock: Arc<Clock>,
    allowances: Mutex<Allowances>,
    changed: Notify,
}

#[derive(Debug)]
struct Allowances {
    known: Known,
    pace: Option<Pace>,
    all: Allowance,
    routes: BTreeMap<&'static str, Allowance>,
}

/// The right to send one request; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limiter: Arc<Limiter>,
    route: &'static str,
    goes_ahead: GoesAhead,
}

/// Whether a request goes ahead of others, of all and of those of its route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GoesAhead {
    of_all: bool,
    of_route: bool,
}

impl Limiter {
    pub(super) fn new(known: Known, clock: Arc<Clock>) -> Self {
        Self { clock, allowances: Mutex::new(Allowances::new(known)), changed: Notify::new() }
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
        let goes_ahead = self.lock().take(route, self.clock.now())?;
        Ok(Permit { limiter: Arc::clone(self), route, goes_ahead })
    }

    /// Whether the limit of the route itself is used up for the moment.
    pub(super) fn is_held_back(&self, route: &'static str) -> bool {
        let now = self.clock.now();
        self.lock().routes.get_mut(route).is_some_and(|own| own.wait(now).is_some())
    }

    /// What is allowed in the long run, as far as is known: in all, or of one route.
    pub(super) fn rate(&self, route: Option<&'static str>) -> Option<Rate> {
        let allowances = self.lock();
        match route {
            None => allowances.all.rate(),
            Some(route) => match allowances.routes.get(route) {
                Some(own) => own.rate(),
                None => known_of_route(allowances.known.is_gitlab_com, route),
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Allowances> {
        self.allowances.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Allowances {
    fn new(known: Known) -> Self {
        let in_all = known_in_all(known.is_gitlab_com, known.is_signed_in);
        Self {
            known,
            pace: known.requests_per_minute.map(Pace::new),
            all: Allowance::new(in_all, known.window).with_trial(),
            routes: BTreeMap::new(),
        }
    }

    /// Counts a request of this route that goes now, or says until when it has to wait.
    fn take(&mut self, route: &'static str, now: Now) -> Result<GoesAhead, Instant> {
        let Known { is_gitlab_com, window, .. } = self.known;
        let new = || Allowance::new(known_of_route(is_gitlab_com, route), window);
        let own = self.routes.entry(route).or_insert_with(new);
        let paced = self.pace.as_ref().and_then(|pace| pace.wait(now.here));
        if let Some(until) = paced.max(self.all.wait(now)).max(own.wait(now)) {
            return Err(until);
        }
        if let Some(pace) = &mut self.pace {
            pace.take(now.here);
        }
        Ok(GoesAhead { of_all: self.all.take(now), of_route: own.take(now) })
    }

    fn accept(&mut self, route: &'static str, notice: Notice) {
        self.all.accept(notice.told.filter(|_| !notice.is_of_route));
        if let Some(own) = self.routes.get_mut(route) {
            own.accept(notice.told.filter(|_| notice.is_of_route));
        }
    }

    fn refuse(&mut self, route: &'static str, notice: Notice, wait: Duration, now: Now) {
        let is_told = notice.told.is_some();
        if !notice.is_of_route {
            self.all.refuse(wait, is_told, now);
        } else if let Some(own) = self.routes.get_mut(route) {
            own.refuse(wait, is_told, now);
        }
    }

    fn release(&mut self, route: &'static str, goes_ahead: GoesAhead, now: Now) {
        self.all.release(goes_ahead.of_all, now);
        if let Some(own) = self.routes.get_mut(route) {
            own.release(goes_ahead.of_route, now);
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
        let now = self.limiter.clock.now();
        self.limiter.lock().refuse(self.route, notice, wait, now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = self.limiter.clock.now();
        self.limiter.lock().release(self.route, self.goes_ahead, now);
        self.limiter.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::super::announced::Told;
    use super::*;

    const ROUTE: &str = "/route";
    const JOBS: &str = "/projects/{id}/jobs";
    const MINUTE: Duration = Duration::from_secs(60);

    /// A server that counts in windows of its clock, as GitLab does.
    #[derive(Debug)]
    struct Server {
        limit: u64,
        window: Duration,
        tells: bool,
        /// Requests of others with the same token, for each of ours.
        others: u64,
        /// How far into a window the load begins.
        phase: Duration,
        /// How far the clock that counts is ahead of the one that we know.
        error: f64,
        current: u128,
        observed: u64,
        accepted: u64,
        refused: u64,
        refused_in_a_row: u64,
        worst: u64,
    }

    /// What a load met.
    #[derive(Debug)]
    struct Met {
        server: Server,
        took: Duration,
    }

    /// A load of so many requests by six workers, each of which needs `latency` there and as long back.
    #[derive(Debug, Clone, Copy)]
    struct Load {
        route: &'static str,
        requests: u64,
        latency: Duration,
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Wants,
        Arrives(GoesAhead),
        Answered(GoesAhead, bool, Notice),
    }

    /// The server's clock when a load begins: long after 1970, at the beginning of a window of whole seconds.
    const EPOCH: Duration = Duration::from_secs(600 * 3_000_000);

    impl Server {
        fn new(limit: u64, seconds: u64, tells: bool) -> Self {
            Self {
                limit,
                window: Duration::from_secs(seconds),
                tells,
                others: 0,
                phase: Duration::ZERO,
                error: 0.0,
                current: 0,
                observed: 0,
                accepted: 0,
                refused: 0,
                refused_in_a_row: 0,
                worst: 0,
            }
        }

        /// Whether the request is refused, and what the answer says.
        fn answer(&mut self, began: Instant, now: Instant) -> (bool, Notice) {
            let there = (EPOCH + self.phase + (now - began)).as_secs_f64() + self.error;
            let there = Duration::from_secs_f64(there);
            let number = there.as_nanos() / self.window.as_nanos();
            if self.current != number {
                (self.current, self.observed) = (number, 0);
            }
            self.observed += 1 + self.others;
            let next = self.window * u32::try_from(number + 1).unwrap();
            let remaining = self.limit.saturating_sub(self.observed);
            let resets_at = now + (next - there);
            let told = Told { limit: self.limit, remaining, resets_at, a_minute: None };
            let is_refused = self.observed > self.limit;
            if is_refused {
                self.refused += 1;
                self.refused_in_a_row += 1;
                self.worst = self.worst.max(self.refused_in_a_row);
            } else {
                self.accepted += 1;
                self.refused_in_a_row = 0;
            }
            (is_refused, Notice { told: self.tells.then_some(told), is_of_route: !self.tells })
        }
    }

    impl Load {
        /// On a clock that jumps from event to event.
        fn meets(self, mut server: Server) -> Met {
            let began = Instant::now();
            let phase = server.phase;
            let now_at = |here: Instant| {
                let there = EPOCH + phase + (here - began);
                Now { here, least: there, most: there }
            };
            let mut allowances = Allowances::new(Known { window: server.window, ..KNOWN });
            let mut events: BTreeMap<(Instant, u64), Step> =
                (0..6).map(|worker| ((began, worker), Step::Wants)).collect();
            let (mut left, mut took) = (self.requests, Duration::ZERO);
            while let Some(((here, worker), step)) = events.pop_first() {
                let way = self.latency + Duration::from_millis(worker);
                let now = now_at(here);
                match step {
                    Step::Wants if left == 0 => {}
                    Step::Wants => match allowances.take(self.route, now) {
                        Ok(goes_ahead) => {
                            left -= 1;
                            events.insert((here + way, worker), Step::Arrives(goes_ahead));
                        }
                        Err(until) => {
                            events.insert((until, worker), Step::Wants);
                        }
                    },
                    Step::Arrives(goes_ahead) => {
                        let (is_refused, notice) = server.answer(began, here);
                        events.insert((here + way, worker), Step::Answered(goes_ahead, is_refused, notice));
                    }
                    Step::Answered(goes_ahead, is_refused, notice) => {
                        if is_refused {
                            left += 1;
                            allowances.refuse(self.route, notice, server.window, now);
                        } else {
                            allowances.accept(self.route, notice);
                        }
                        allowances.release(self.route, goes_ahead, now);
                        let waiting = events.extract_if((here, 0).., |_, step| matches!(step, Step::Wants));
                        let woken: Vec<_> =
                            waiting.map(|((_, worker), step)| ((here, worker), step)).collect();
                        events.extend(woken);
                        events.insert((here, worker), Step::Wants);
                        took = here - began;
                    }
                }
            }
            Met { server, took }
        }
    }

    fn load(route: &'static str, requests: u64, latency: u64) -> Load {
        Load { route, requests, latency: Duration::from_millis(latency) }
    }

    const KNOWN: Known =
        Known { is_gitlab_com: false, is_signed_in: true, requests_per_minute: None, window: MINUTE };

    /// Phases and errors of clocks, in all combinations.
    fn clocks(window: u64) -> impl Iterator<Item = (Duration, f64)> {
        let phases = [0.0, 0.01, 0.31, 0.5, 0.77, 0.97, 0.999];
        let errors = [-1.5, -0.7, 0.0, 0.4, 1.5];
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let seconds = window as f64;
        phases.into_iter().flat_map(move |phase| {
            let phase = Duration::from_secs_f64(phase * seconds);
            errors.into_iter().map(move |error: f64| (phase, error.clamp(-0.1 * seconds, 0.1 * seconds)))
        })
    }

    #[test]
    fn a_load_that_fits_a_window_never_waits() {
        for (phase, error) in clocks(60) {
            for tells in [false, true] {
                let server = Server { phase, error, ..Server::new(600, 60, tells) };
                let met = load(JOBS, 600, 40).meets(server);
                assert_eq!(met.server.refused, 0, "{met:?}");
                // A hundred rounds of six; where the server tells of its windows, one more goes ahead in each.
                assert!(met.took < Duration::from_millis(9_500), "{met:?}");
            }
        }
    }

    #[test]
    fn a_known_limit_is_never_exceeded_and_nearly_used_up() {
        for (phase, error) in clocks(60) {
            for latency in [5, 50, 2000] {
                let server = Server { phase, error, ..Server::new(600, 60, false) };
                let requests = if latency == 2000 { 900 } else { 3000 };
                let met = load(JOBS, requests, latency).meets(server);
                assert_eq!(met.server.refused, 0, "{latency} {met:?}");
                let by_rounds =
                    Duration::from_millis(2 * latency + 10) * u32::try_from(requests / 6).unwrap();
                // What is left of the first window, then three or four whole ones, then what is left.
                assert!(met.took < (5 * MINUTE).max(by_rounds + MINUTE), "{latency} {met:?}");
            }
        }
    }

    #[test]
    fn a_told_limit_is_never_exceeded_and_nearly_used_up() {
        for (limit, seconds, latency) in [(60, 2, 5), (600, 60, 50), (2000, 60, 20)] {
            for (phase, error) in clocks(seconds) {
                let server = Server { phase, error, ..Server::new(limit, seconds, true) };
                let window = server.window;
                let met = load(ROUTE, limit * 5, latency).meets(server);
                assert_eq!(met.server.refused, 0, "{limit} in {seconds} s: {met:?}");
                assert!(met.took < 5 * window + window / 2, "{limit} in {seconds} s: {met:?}");
            }
        }
    }

    #[test]
    fn a_limit_that_others_use_as_well_is_shared() {
        for (phase, error) in clocks(60) {
            let server = Server { others: 1, phase, error, ..Server::new(600, 60, true) };
            let met = load(ROUTE, 3000, 50).meets(server);
            assert!(met.server.worst <= 1 && met.server.refused <= 10, "{met:?}");
            assert!(met.took < 11 * MINUTE, "{met:?}");
        }
    }

    #[test]
    fn a_limit_that_is_not_told_is_seldom_exceeded() {
        for (limit, seconds, latency) in [(60, 2, 5), (300, 60, 20)] {
            for (phase, error) in clocks(seconds) {
                let server = Server { phase, error, ..Server::new(limit, seconds, false) };
                let window = server.window;
                let met = load(ROUTE, limit * 10, latency).meets(server);
                // Those that were on their way when the first was refused; again when it is tried to go faster.
                assert!((1..=18).contains(&met.server.refused), "{met:?}");
                assert!(met.server.worst <= 7, "{met:?}");
                assert!(met.took < 14 * window, "{met:?}");
            }
        }
    }

    fn now() -> Now {
        let there = EPOCH + Duration::from_secs(10);
        Now { here: Instant::now(), least: there, most: there }
    }

    #[test]
    fn a_route_that_is_used_up_holds_back_no_other() {
        let (mut allowances, now) = (Allowances::new(KNOWN), now());
        let wait = Duration::from_secs(30);
        let goes_ahead = allowances.take("/a", now).unwrap();
        allowances.refuse("/a", Notice { told: None, is_of_route: true }, wait, now);
        allowances.release("/a", goes_ahead, now);
        assert_eq!(allowances.take("/a", now), Err(now.here + wait));
        assert!(allowances.take("/b", now).is_ok());
    }

    #[test]
    fn the_pace_that_a_user_sets_is_kept() {
        let mut allowances = Allowances::new(Known { requests_per_minute: Some(60), ..KNOWN });
        let began = now();
        let mut now = began;
        for _ in 0..=60 {
            while let Err(until) = allowances.take("/a", now) {
                let elapsed = until - began.here;
                now = Now { here: until, least: began.least + elapsed, most: began.most + elapsed };
            }
            allowances.release("/a", GoesAhead { of_all: true, of_route: false }, now);
        }
        let elapsed = (now.here - began.here).as_secs();
        assert!((60..70).contains(&elapsed), "{elapsed}");
    }
}
