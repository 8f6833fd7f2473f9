//! One limit of the server: what was sent and what the server said come in, how long the next request waits comes out.
//! Pure: the caller brings the time.
//!
//! GitLab counts in fixed windows that are aligned to its clock: window 7 of a minute begins with the seventh minute since
//! 1970, and with a full allowance, whatever was sent before. So all of it may go at once. Near a boundary nobody knows in
//! which window a request is counted, so it counts in both.

use std::time::Duration;

use tokio::time::Instant;

use super::announced::Told;
use super::clock::Now;
use super::limits::{Rate, per_minute};

/// A limit that is fed by what happens. Where nothing is known of it, it holds nothing back.
#[derive(Debug)]
pub(super) struct Allowance {
    known: Option<Rate>,
    learnt: Option<Learnt>,
    /// What the server says that it allows, in the long run.
    announced: Option<Rate>,
    /// How long a window is.
    period: Duration,
    window: Window,
    /// Requests that have ended when the next window may have begun already.
    ended_late: u64,
    in_flight: u64,
    paused_until: Option<Instant>,
    trial: Trial,
}

/// What is counted in the window that is running.
#[derive(Debug, Default)]
struct Window {
    number: u64,
    /// Requests of whomever, as far as is known.
    spent: u64,
    /// Requests of this run that were let through.
    own: u64,
    told: Option<Told>,
    /// What had been spent before the server first told it.
    before: u64,
    /// Requests of others that have come with each of ours since.
    others: u64,
}

/// A limit that was guessed from a refusal. Others may have used up the window, so it is tried to go faster after a while.
#[derive(Debug, Clone, Copy)]
struct Learnt {
    requests: u64,
    /// The first window that it holds for.
    since: u64,
    /// Windows without a refusal before more is tried. Every refusal makes it more careful.
    patience: u64,
}

/// GitLab has no limit of fewer requests in a minute.
const LEAST: u64 = 10;

/// How far the clock that counts may be from the one that is told with answers.
const GUARD: Duration = Duration::from_millis(1500);

/// Resets are told in whole seconds: what is nearer than this is the same window.
const SAME: Duration = Duration::from_millis(1500);

/// After a pause, one request goes ahead of the others: what it brings says how many may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    None,
    Due,
    Running { since: Instant },
}

/// How long the others wait for one that went ahead.
const TRIAL: Duration = Duration::from_secs(5);

impl Allowance {
    /// `period` is how long a window is taken to be where no limit is known.
    pub(super) fn new(known: Option<Rate>, period: Duration) -> Self {
        Self {
            known,
            learnt: None,
            announced: None,
            period: known.map_or(period, |known| known.window).max(Duration::from_millis(1)),
            window: Window::default(),
            ended_late: 0,
            in_flight: 0,
            paused_until: None,
            trial: Trial::None,
        }
    }

    /// The first request goes ahead, to learn what the server says of its limit.
    pub(super) fn with_trial(mut self) -> Self {
        self.trial = Trial::Due;
        self
    }

    /// How many requests it lets through in the long run: as announced, as learnt or as known.
    pub(super) fn rate(&self) -> Option<Rate> {
        let learnt = self.learnt.and_then(|learnt| {
            Some(Rate { requests: learnt.requests.try_into().ok()?, window: self.period })
        });
        self.announced.or(learnt).or(self.known)
    }

    /// Until when the next request waits, as far as is known now.
    pub(super) fn wait(&mut self, now: Now) -> Option<Instant> {
        self.advance(now);
        if let Some(until) = self.paused_until {
            return Some(until);
        }
        if let Trial::Running { since } = self.trial {
            return Some(since + TRIAL).filter(|until| *until > now.here);
        }
        let is_used_up = self.limit().is_some_and(|limit| self.committed() >= limit);
        is_used_up.then(|| self.ends(now))
    }

    /// Requests in a window, by what says most.
    fn limit(&self) -> Option<u64> {
        let told = self.window.told.map(|told| told.limit);
        let learnt = self.learnt.map(|learnt| learnt.requests);
        told.or(learnt).or(self.known.map(|known| known.requests.into()))
    }

    /// What is spent, and what those on their way will: to take them as not yet counted errs on the safe side.
    fn committed(&self) -> u64 {
        let Window { spent, others, .. } = self.window;
        spent.saturating_add(self.in_flight.saturating_mul(1 + others))
    }

    /// When the next window has begun for sure.
    fn ends(&self, now: Now) -> Instant {
        if let Some(told) = self.window.told {
            return told.resets_at;
        }
        let next = u32::try_from(self.window.number + 1).map_or(Duration::MAX, |number| self.period * number);
        now.here + next.saturating_sub(now.least.saturating_sub(self.guard()))
    }

    /// The window that has begun for sure.
    fn surely(&self, now: Now) -> u64 {
        self.number_at(now.least.saturating_sub(self.guard()))
    }

    /// The window that may have begun.
    fn maybe(&self, now: Now) -> u64 {
        self.number_at(now.most + self.guard())
    }

    fn number_at(&self, there: Duration) -> u64 {
        u64::try_from(there.as_nanos() / self.period.as_nanos()).unwrap_or(u64::MAX)
    }

    fn guard(&self) -> Duration {
        GUARD.min(self.period / 10)
    }

    fn advance(&mut self, now: Now) {
        if self.paused_until.is_some_and(|until| until <= now.here) {
            self.paused_until = None;
        }
        let number = self.surely(now);
        match self.window.told {
            Some(told) if told.resets_at > now.here => return,
            Some(_) => {
                // Only the server knows how long its windows are.
                (self.window, self.ended_late) = (Window { number, ..Window::default() }, 0);
                self.trial = Trial::Due;
            }
            None if number > self.window.number => {
                let spent = std::mem::take(&mut self.ended_late);
                self.window = Window { number, spent, ..Window::default() };
            }
            // What the server's clock is becomes clearer, and may be earlier.
            None => self.window.number = number,
        }
        self.try_more(number);
    }

    fn try_more(&mut self, number: u64) {
        let Some(learnt) = self.learnt.filter(|learnt| number >= learnt.since + learnt.patience) else {
            return;
        };
        let requests = learnt.requests.saturating_mul(2);
        let is_back = self.known.is_some_and(|known| requests >= known.requests.into());
        self.learnt = (!is_back).then_some(Learnt { requests, since: number, ..learnt });
    }

    /// Counts a request that goes now. Says whether it goes ahead of others.
    pub(super) fn take(&mut self, now: Now) -> bool {
        self.in_flight += 1;
        let goes_ahead = self.trial == Trial::Due;
        if goes_ahead {
            self.trial = Trial::Running { since: now.here };
        }
        goes_ahead
    }

    /// An answer that was not refused, and what it says of the window.
    pub(super) fn accept(&mut self, told: Option<Told>) {
        self.window.own += 1;
        let Some(new) = told else { return };
        self.announced = new.a_minute.map(per_minute).or(self.announced);
        let spent = new.limit.saturating_sub(new.remaining);
        let window = &mut self.window;
        match window.told {
            Some(known) if new.resets_at + SAME < known.resets_at => {}
            Some(known) if new.resets_at <= known.resets_at + SAME => {
                window.spent = window.spent.max(spent);
                let ours = window.before + window.own + self.in_flight.saturating_sub(1);
                window.others = window.spent.saturating_sub(ours).div_ceil(window.own);
            }
            _ => {
                let before = spent.saturating_sub(1);
                self.window =
                    Window { spent, own: 1, before, told: Some(new), others: 0, number: window.number };
            }
        }
    }

    /// A request was refused: nothing goes for `wait`; no longer than until the next window where the server did not say
    /// how long, and the limit is a known one.
    /// Where it tells nothing of its limit, what it took before becomes the limit.
    pub(super) fn refuse(&mut self, wait: Duration, is_told: bool, now: Now) {
        let until = now.here + wait;
        let until = if is_told || self.known.is_none() { until } else { until.min(self.ends(now)) };
        if self.paused_until.is_none() && !is_told {
            self.learn();
        }
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
        self.window = Window { number: self.window.number, ..Window::default() };
        self.trial = Trial::Due;
    }

    /// That a request was refused right after a pause says nothing but that the pause was too short.
    fn learn(&mut self) {
        let Window { own, number, .. } = self.window;
        if own > 0 {
            let patience = self.learnt.map_or(2, |learnt| learnt.patience.saturating_mul(4));
            self.learnt = Some(Learnt { requests: own.max(LEAST), since: number + 1, patience });
        }
    }

    /// A request has ended, whether or not it brought an answer.
    pub(super) fn release(&mut self, went_ahead: bool, now: Now) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if went_ahead && matches!(self.trial, Trial::Running { .. }) {
            self.trial = Trial::None;
        }
        if self.window.told.is_none() {
            self.window.spent += 1;
            self.ended_late += u64::from(self.maybe(now) > self.window.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    /// A clock that agrees with the server's, some seconds into a minute.
    struct Start(Instant);

    impl Start {
        fn after(&self, seconds: f64) -> Now {
            let elapsed = Duration::from_secs_f64(seconds);
            let there = MINUTE * 1000 + elapsed;
            Now { here: self.0 + elapsed, least: there, most: there }
        }

        fn at(&self, seconds: f64) -> Instant {
            self.after(seconds).here
        }
    }

    fn start() -> Start {
        Start(Instant::now())
    }

    fn a_minute(requests: u32) -> Allowance {
        Allowance::new(Some(Rate { requests, window: MINUTE }), MINUTE)
    }

    fn unknown() -> Allowance {
        Allowance::new(None, MINUTE)
    }

    /// Requests that are answered at once, as many as may go.
    fn sent(allowance: &mut Allowance, now: Now, most: usize) -> usize {
        let mut sent = 0;
        while sent < most && allowance.wait(now).is_none() {
            let went_ahead = allowance.take(now);
            allowance.accept(None);
            allowance.release(went_ahead, now);
            sent += 1;
        }
        sent
    }

    #[test]
    fn a_window_may_go_at_once_and_the_next_begins_at_the_boundary() {
        let (start, mut allowance) = (start(), a_minute(600));
        assert_eq!(sent(&mut allowance, start.after(20.0), 2000), 600);
        assert_eq!(allowance.wait(start.after(21.0)), Some(start.at(61.5)));
        assert_eq!(sent(&mut allowance, start.after(61.4), 2000), 0);
        assert_eq!(sent(&mut allowance, start.after(61.5), 2000), 600);
    }

    #[test]
    fn near_the_boundary_a_request_counts_in_both_windows() {
        let (start, mut allowance) = (start(), a_minute(100));
        assert_eq!(sent(&mut allowance, start.after(50.0), 30), 30);
        assert_eq!(sent(&mut allowance, start.after(59.0), 40), 40);
        let late = start.after(60.5);
        assert!(!allowance.take(late), "on its way over the boundary");
        assert_eq!(sent(&mut allowance, late, 2000), 29);
        assert_eq!(sent(&mut allowance, start.after(61.5), 2000), 100 - 40 - 29 - 1);
    }

    #[test]
    fn what_the_server_has_left_is_not_exceeded_by_requests_on_their_way() {
        let (start, mut allowance) = (start(), unknown());
        let (now, resets_at) = (start.after(0.0), start.at(30.0));
        let told = |remaining| Some(Told { limit: 10, remaining, resets_at, a_minute: None });
        allowance.take(now);
        allowance.accept(told(3));
        allowance.release(false, now);
        let waits: Vec<_> = (0..4).map(|_| (allowance.wait(now), allowance.take(now)).0).collect();
        assert_eq!(waits, [None, None, None, Some(resets_at)]);
        // An answer that is older than the last one raises nothing.
        allowance.release(false, now);
        allowance.accept(told(5));
        assert_eq!(allowance.wait(now), Some(resets_at));
    }

    #[test]
    fn others_that_use_a_told_limit_are_reckoned_with() {
        let (start, mut allowance) = (start(), unknown());
        let now = start.after(0.0);
        let told =
            |remaining| Some(Told { limit: 1000, remaining, resets_at: start.at(30.0), a_minute: None });
        // Most was used before; since then, two of others come with each of ours.
        for remaining in [100, 97, 94, 91, 88] {
            allowance.take(now);
            allowance.accept(told(remaining));
            allowance.release(false, now);
        }
        let mut on_their_way = 0;
        while allowance.wait(now).is_none() {
            allowance.take(now);
            on_their_way += 1;
        }
        assert!((29..=45).contains(&on_their_way), "{on_their_way} of 88");
    }

    #[test]
    fn after_a_pause_one_request_goes_ahead() {
        let (start, mut allowance) = (start(), unknown());
        allowance.refuse(SECOND, true, start.after(0.0));
        assert_eq!(allowance.wait(start.after(0.0)), Some(start.at(1.0)));
        let later = start.after(1.0);
        assert_eq!(allowance.wait(later), None);
        assert!(allowance.take(later));
        assert_eq!(allowance.wait(later), Some(start.at(6.0)));
        allowance.release(true, later);
        assert_eq!(allowance.wait(later), None);
        assert!(!allowance.take(later));
    }

    #[test]
    fn a_told_window_that_is_over_holds_nothing_back() {
        let (start, mut allowance) = (start(), unknown());
        allowance.accept(Some(Told { limit: 10, remaining: 0, resets_at: start.at(1.0), a_minute: None }));
        assert_eq!(allowance.wait(start.after(0.0)), Some(start.at(1.0)));
        assert_eq!(allowance.wait(start.after(1.0)), None);
    }

    #[test]
    fn a_refusal_without_a_word_waits_for_the_next_window_and_no_longer() {
        let (start, mut allowance) = (start(), a_minute(600));
        allowance.wait(start.after(40.0));
        allowance.refuse(MINUTE, false, start.after(40.0));
        assert_eq!(allowance.wait(start.after(40.0)), Some(start.at(61.5)));
        let mut long = Allowance::new(Some(Rate { requests: 600, window: 10 * MINUTE }), MINUTE);
        long.wait(start.after(40.0));
        long.refuse(MINUTE, false, start.after(40.0));
        assert_eq!(long.wait(start.after(40.0)), Some(start.at(100.0)));
    }

    #[test]
    fn what_others_used_up_is_tried_again() {
        let (start, mut allowance) = (start(), a_minute(600));
        sent(&mut allowance, start.after(0.0), 3);
        allowance.refuse(MINUTE, false, start.after(0.0));
        for (minutes, limit) in
            [(1, 10), (3, 20), (5, 40), (7, 80), (9, 160), (11, 320), (13, 600), (60, 600)]
        {
            allowance.wait(start.after(60.0 * f64::from(minutes) + 2.0));
            assert_eq!(allowance.limit(), Some(limit), "after {minutes} minutes");
        }
    }

    #[test]
    fn a_limit_that_nobody_tells_is_learnt() {
        let (start, mut allowance) = (start(), unknown());
        sent(&mut allowance, start.after(2.0), 40);
        allowance.refuse(MINUTE, false, start.after(2.0));
        assert_eq!(allowance.limit(), Some(40));
        // A second refusal while it is paused says nothing new; one later does.
        sent(&mut allowance, start.after(2.0), 40);
        allowance.refuse(MINUTE, false, start.after(2.0));
        assert_eq!(allowance.limit(), Some(40));
        let later = start.after(62.0);
        assert_eq!(sent(&mut allowance, later, 30), 30);
        allowance.refuse(MINUTE, false, later);
        assert_eq!(allowance.limit(), Some(30));
        // Nor does one that comes at once: only that the pause was too short.
        let too_early = start.after(122.0);
        assert_eq!(allowance.wait(too_early), None);
        allowance.refuse(MINUTE, false, too_early);
        assert_eq!(allowance.limit(), Some(30));
    }
}
