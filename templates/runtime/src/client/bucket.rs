//! One limit: what was sent and what the server said come in, when the next request may go comes out. Pure: the caller
//! brings the time.

use std::time::Duration;

use tokio::time::Instant;

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate {
    pub(super) requests: u32,
    pub(super) window: Duration,
}

/// What `RateLimit-*` say of the window that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Requests in the whole window.
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) resets_at: Instant,
}

/// When a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Now,
    At(Instant),
}

/// A limit that is fed by what happens. Empty, it holds nothing back.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// What counts while the server says nothing.
    rate: Option<Rate>,
    /// The rate before anything was learnt.
    known: Option<Rate>,
    learnt: Option<Learnt>,
    /// When a bucket that is filled at `rate` is full again.
    full_at: Option<Instant>,
    window: Option<Window>,
    in_flight: u64,
    last_sent: Option<Instant>,
    paused_until: Option<Instant>,
    trial: Trial,
    /// Answers since requests were last held back, and since when.
    accepted: u64,
    began: Option<Instant>,
}

/// A rate that was guessed from a refusal. Others may have used up the limit, so it is tried to go faster after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Learnt {
    since: Instant,
    /// Windows without a refusal before it goes faster. Every refusal makes it more careful.
    patience: u32,
}

/// GitLab has no limit of fewer requests in a minute.
const LEAST: u32 = 10;

/// After a pause, one request goes ahead of the others: what it brings says how many may follow.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Trial {
    #[default]
    None,
    Due,
    Running,
}

/// How long the others wait for one that went ahead.
const TRIAL: Duration = Duration::from_secs(5);

/// Resets are told in whole seconds: what is nearer than this is the same window.
const SAME: Duration = Duration::from_millis(1500);

impl Rate {
    /// A tenth may go at once, the rest at even steps: together never more than `requests` in any `window`.
    fn burst(self) -> u32 {
        (self.requests / 10).max(1)
    }

    fn step(self) -> Duration {
        self.window.mul_f64(1.0 / (f64::from(self.requests.max(1)) * 0.9))
    }
}

impl Bucket {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self { rate, known: rate, ..Self::default() }
    }

    /// The first request goes ahead, to learn what the server says of its limit.
    pub(super) fn with_trial(mut self) -> Self {
        self.trial = Trial::Due;
        self
    }

    /// When the next request may go, as far as is known now.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        self.expire(now);
        if let Some(until) = self.paused_until {
            return Turn::At(until);
        }
        if self.trial == Trial::Running {
            return self.after_last(TRIAL, now);
        }
        match self.window {
            Some(window) => self.turn_in(window, now),
            None => self.turn_at_rate(now),
        }
    }

    fn turn_in(&self, window: Window, now: Instant) -> Turn {
        // Requests on their way may be counted already; to take them as not yet counted errs on the safe side.
        let free = window.remaining.saturating_sub(self.in_flight);
        if free == 0 {
            return Turn::At(window.resets_at);
        }
        let is_plenty = window.remaining.saturating_mul(5) >= window.limit;
        let Some(last) = self.last_sent.filter(|_| !is_plenty) else { return Turn::Now };
        let parts = u32::try_from(free.saturating_add(1)).unwrap_or(u32::MAX);
        self.after_last(window.resets_at.saturating_duration_since(last) / parts, now)
    }

    fn turn_at_rate(&self, now: Instant) -> Turn {
        let (Some(rate), Some(full_at)) = (self.rate, self.full_at) else { return Turn::Now };
        let burst = rate.step() * (rate.burst() - 1);
        at(full_at.checked_sub(burst).unwrap_or(now), now)
    }

    fn after_last(&self, pause: Duration, now: Instant) -> Turn {
        self.last_sent.map_or(Turn::Now, |last| at(last + pause, now))
    }

    fn expire(&mut self, now: Instant) {
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
        }
        if self.window.is_some_and(|window| window.resets_at <= now) {
            self.window = None;
            self.trial = Trial::Due;
        }
        if let (Some(rate), Some(learnt)) = (self.rate, self.learnt)
            && now.saturating_duration_since(learnt.since) >= rate.window * learnt.patience
        {
            self.grow(rate, learnt, now);
        }
    }

    fn grow(&mut self, rate: Rate, learnt: Learnt, now: Instant) {
        let faster = Rate { requests: rate.requests.saturating_mul(2), ..rate };
        let is_back = self.known.is_some_and(|known| faster.step() <= known.step());
        (self.rate, self.learnt) =
            if is_back { (self.known, None) } else { (Some(faster), Some(Learnt { since: now, ..learnt })) };
    }

    /// Counts a request that goes now. Says whether it goes ahead of others.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.in_flight += 1;
        self.last_sent = Some(now);
        self.began.get_or_insert(now);
        if let Some(rate) = self.rate {
            self.full_at = Some(self.full_at.map_or(now, |full_at| full_at.max(now)) + rate.step());
        }
        let goes_ahead = self.trial == Trial::Due;
        if goes_ahead {
            self.trial = Trial::Running;
        }
        goes_ahead
    }

    /// A request has ended, whether or not it brought an answer.
    pub(super) fn release(&mut self, went_ahead: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if went_ahead && self.trial == Trial::Running {
            self.trial = Trial::None;
        }
    }

    /// An answer that was not refused, and what it says of the window.
    pub(super) fn accept(&mut self, window: Option<Window>) {
        self.accepted += 1;
        let Some(new) = window else { return };
        self.window = match self.window {
            Some(known) if new.resets_at + SAME < known.resets_at => Some(known),
            Some(known) if new.resets_at <= known.resets_at + SAME => {
                Some(Window { remaining: known.remaining.min(new.remaining), ..known })
            }
            _ => Some(new),
        };
    }

    /// A request was refused: nothing goes for `wait`. Where the server tells nothing of its limit, what it took
    /// before becomes the rate.
    pub(super) fn refuse(&mut self, wait: Duration, is_told: bool, now: Instant) {
        let is_first = self.paused_until.is_none_or(|until| until <= now);
        if is_first && !is_told {
            self.learn(wait, now);
        }
        let until = now + wait;
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
        self.window = None;
        self.trial = Trial::Due;
        (self.accepted, self.began) = (0, None);
    }

    fn learn(&mut self, wait: Duration, now: Instant) {
        let window = wait.max(Duration::from_millis(1));
        let elapsed = self.began.map_or(window, |began| now.saturating_duration_since(began)).max(window);
        let parts = elapsed.as_secs_f64() / window.as_secs_f64();
        let accepted = u32::try_from(self.accepted).unwrap_or(u32::MAX);
        // The whole numbers that fit: at least as many as were taken in one window out of several.
        let taken = (1..=accepted).rev().find(|taken| f64::from(*taken) * parts <= f64::from(accepted));
        // Refused again is too fast, whatever was counted.
        let most = self.learnt.and(self.rate).map_or(u32::MAX, |rate| (rate.requests / 4).saturating_mul(3));
        self.rate = Some(Rate { requests: taken.unwrap_or(1).min(most).max(LEAST), window });
        let patience = self.learnt.map_or(2, |learnt| learnt.patience.saturating_mul(4));
        self.learnt = Some(Learnt { since: now + wait, patience });
        self.full_at = None;
    }
}

fn at(when: Instant, now: Instant) -> Turn {
    if when <= now { Turn::Now } else { Turn::At(when) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// When the requests go that want to go as soon as they may, in seconds since the start; each is answered at once.
    fn sent(bucket: &mut Bucket, start: Instant, requests: usize) -> Vec<f64> {
        let mut now = start;
        let mut times = Vec::new();
        for _ in 0..requests {
            while let Turn::At(until) = bucket.turn(now) {
                now = until;
            }
            let went_ahead = bucket.take(now);
            bucket.release(went_ahead);
            bucket.accept(None);
            times.push((now - start).as_secs_f64());
        }
        times
    }

    #[test]
    fn a_rate_holds_in_every_window_and_is_nearly_used_up() {
        for requests in [1, 5, 40, 600] {
            let mut bucket = Bucket::new(Some(Rate { requests, window: 60 * SECOND }));
            let times = sent(&mut bucket, Instant::now(), 2000);
            let most = usize::try_from(requests).unwrap();
            for (first, beyond) in times.iter().zip(times.iter().skip(most)) {
                assert!(beyond - first >= 59.99, "{requests} a minute: {first} and {beyond}");
            }
            let minutes = times.last().unwrap() / 60.0;
            assert!(2000.0 / minutes >= f64::from(requests) * 0.85, "{requests} a minute: {minutes} minutes");
        }
    }

    #[test]
    fn what_the_server_has_left_is_not_exceeded_by_requests_on_their_way() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        let resets_at = now + 30 * SECOND;
        bucket.accept(Some(Window { limit: 10, remaining: 3, resets_at }));
        let turns: Vec<_> = (0..4).map(|_| (bucket.turn(now), bucket.take(now)).0).collect();
        assert_eq!(turns, [Turn::Now, Turn::Now, Turn::Now, Turn::At(resets_at)]);
        // An answer that is older than the last one raises nothing.
        bucket.release(false);
        bucket.accept(Some(Window { limit: 10, remaining: 5, resets_at }));
        assert_eq!(bucket.turn(now), Turn::At(resets_at));
    }

    #[test]
    fn below_a_fifth_the_rest_is_spread_over_the_rest_of_the_window() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        bucket.take(now);
        bucket.release(false);
        bucket.accept(Some(Window { limit: 100, remaining: 20, resets_at: now + 40 * SECOND }));
        assert_eq!(bucket.turn(now), Turn::Now);
        bucket.accept(Some(Window { limit: 100, remaining: 19, resets_at: now + 40 * SECOND }));
        assert_eq!(bucket.turn(now), Turn::At(now + 2 * SECOND));
    }

    #[test]
    fn after_a_pause_one_request_goes_ahead() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        bucket.refuse(SECOND, true, now);
        assert_eq!(bucket.turn(now), Turn::At(now + SECOND));
        let later = now + SECOND;
        assert_eq!(bucket.turn(later), Turn::Now);
        assert!(bucket.take(later));
        assert_eq!(bucket.turn(later), Turn::At(later + TRIAL));
        bucket.release(true);
        assert_eq!(bucket.turn(later), Turn::Now);
        assert!(!bucket.take(later));
    }

    #[test]
    fn a_window_that_is_over_holds_nothing_back() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        bucket.accept(Some(Window { limit: 10, remaining: 0, resets_at: now + SECOND }));
        assert_eq!(bucket.turn(now), Turn::At(now + SECOND));
        assert_eq!(bucket.turn(now + SECOND), Turn::Now);
    }

    #[test]
    fn what_others_used_up_is_tried_again() {
        let now = Instant::now();
        let rate = |requests| Some(Rate { requests, window: 60 * SECOND });
        let mut bucket = Bucket::new(rate(600));
        sent(&mut bucket, now, 3);
        bucket.refuse(60 * SECOND, false, now);
        assert_eq!(bucket.rate, rate(LEAST));
        for (minutes, requests) in [(3, 20), (5, 40), (7, 80), (9, 160), (11, 320), (13, 600), (60, 600)] {
            bucket.turn(now + 60 * SECOND * minutes);
            assert_eq!(bucket.rate, rate(requests), "after {minutes} minutes");
        }
    }

    #[test]
    fn a_limit_that_nobody_tells_is_learnt() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        sent(&mut bucket, now, 40);
        bucket.refuse(SECOND, false, now);
        assert_eq!(bucket.rate, Some(Rate { requests: 40, window: SECOND }));
        // A second refusal while it is paused says nothing new; one later does.
        bucket.refuse(SECOND, false, now);
        assert_eq!(bucket.rate, Some(Rate { requests: 40, window: SECOND }));
        let later = now + SECOND;
        sent(&mut bucket, later, 40);
        bucket.refuse(SECOND, false, later + SECOND);
        assert_eq!(bucket.rate, Some(Rate { requests: 30, window: SECOND }));
    }
}
