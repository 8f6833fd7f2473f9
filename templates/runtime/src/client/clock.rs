//! The server's clock: what `Date` says comes in, how far it is from ours goes out.
//!
//! `Date` is in whole seconds and was written between sending and receiving, so every answer gives two bounds; together
//! they are narrow. Where answers contradict each other, as of several machines, the earlier clock counts: what is asked
//! for from an earlier time on is read again, from a later one it is missed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AGE, DATE, HeaderMap};
use tokio::time::Instant;

use super::announced::http_date;

/// Ours goes on steadily from where it was at the start, whatever is done to the clock of the machine.
#[derive(Debug)]
pub(super) struct Clock {
    began: DateTime<Utc>,
    began_at: Instant,
    offset: Mutex<Option<Bounds>>,
}

/// One moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) here: Instant,
    /// The time on the server since 1970, at least and at most.
    pub(super) least: Duration,
    pub(super) most: Duration,
}

/// How far the server's clock is ahead of ours, at least and at most.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    least: TimeDelta,
    most: TimeDelta,
}

impl Default for Clock {
    fn default() -> Self {
        Self { began: SystemTime::now().into(), began_at: Instant::now(), offset: Mutex::default() }
    }
}

impl Clock {
    /// Takes an answer to a request that was sent at `sent` and whose answer has just begun.
    pub(super) fn note(&self, headers: &HeaderMap, sent: Instant) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // What a cache kept has the time at which it was made.
        let is_kept = text(AGE).is_some_and(|age| age.trim() != "0");
        let Some(date) = text(DATE).and_then(http_date).filter(|_| !is_kept) else { return };
        self.add(date, self.ours(sent), self.ours(Instant::now()));
    }

    fn add(&self, date: DateTime<Utc>, sent: DateTime<Utc>, received: DateTime<Utc>) {
        let new = Bounds { least: date - received, most: date + TimeDelta::seconds(1) - sent };
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        *offset = Some(offset.map_or(new, |known| known.with(new)));
    }

    /// How far the server's clock is ahead of ours at least; negative when it is behind. `None` before it was heard of.
    pub(super) fn offset(&self) -> Option<TimeDelta> {
        self.bounds().map(|bounds| bounds.least)
    }

    /// Our own clock stands for the server's until that was heard of.
    pub(super) fn now(&self) -> Now {
        let here = Instant::now();
        let Bounds { least, most } = self.bounds().unwrap_or_default();
        let there = |offset: TimeDelta| {
            (self.ours(here) + offset - DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
        };
        Now { here, least: there(least), most: there(most) }
    }

    fn bounds(&self) -> Option<Bounds> {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that it is at least on the server.
    pub(super) fn now_there(&self) -> Option<SystemTime> {
        self.offset().map(|offset| (self.ours(Instant::now()) + offset).into())
    }

    fn ours(&self, moment: Instant) -> DateTime<Utc> {
        let elapsed = TimeDelta::from_std(moment.saturating_duration_since(self.began_at));
        self.began + elapsed.unwrap_or_default()
    }
}

impl Bounds {
    fn with(self, new: Self) -> Self {
        let both = Self { least: self.least.max(new.least), most: self.most.min(new.most) };
        if both.least <= both.most {
            return both;
        }
        if new.least < self.least { new } else { self }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn millis(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn answers_together_tell_the_clock_to_less_than_a_second() {
        let clock = Clock::default();
        assert_eq!(clock.offset(), None);
        // The server is two hours and 250 ms behind.
        for (date, sent, received) in [
            ("2026-01-01T10:00:00Z", "2026-01-01T12:00:00.700Z", "2026-01-01T12:00:00.800Z"),
            ("2026-01-01T10:00:01Z", "2026-01-01T12:00:01.300Z", "2026-01-01T12:00:01.320Z"),
            ("2026-01-01T10:00:02Z", "2026-01-01T12:00:03.220Z", "2026-01-01T12:00:03.240Z"),
        ] {
            clock.add(millis(date), millis(sent), millis(received));
        }
        let offset = clock.offset().unwrap() + TimeDelta::hours(2);
        assert!(offset <= TimeDelta::milliseconds(-250), "never later than it is: {offset}");
        assert!(offset >= TimeDelta::milliseconds(-350), "{offset}");
    }

    #[test]
    fn of_clocks_that_contradict_each_other_the_earlier_counts() {
        let clock = Clock::default();
        let at = millis("2026-01-01T12:00:00Z");
        for seconds in [0, 30, -30, 0] {
            clock.add(at + TimeDelta::seconds(seconds), at, at);
        }
        assert_eq!(clock.offset(), Some(TimeDelta::seconds(-30)));
    }

    #[test]
    fn a_kept_answer_says_nothing_of_the_time() {
        let clock = Clock::default();
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        let mut headers = HeaderMap::from_iter([(DATE, date), (AGE, HeaderValue::from_static("12"))]);
        clock.note(&headers, Instant::now());
        assert_eq!(clock.now_there(), None);
        headers.remove(AGE);
        clock.note(&headers, Instant::now());
        let there: DateTime<Utc> = clock.now_there().unwrap().into();
        let second = millis("1994-11-06T08:49:37Z");
        assert!((second..second + TimeDelta::seconds(5)).contains(&there), "{there}");
    }
}
