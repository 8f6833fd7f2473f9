//! How fast a run goes, and how long it will take: what was done by when comes in. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::client::Rate;

/// What was done by some moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) at: Instant,
    pub(super) records: u64,
    pub(super) requests: u64,
}

/// The last while of a run.
#[derive(Debug)]
pub(super) struct Pace {
    marks: VecDeque<Mark>,
}

/// In a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Speed {
    pub(super) records: f64,
    pub(super) requests: f64,
}

/// A window of GitLab's limits: requests that go at once and those that wait are seen together.
const WHILE: Duration = Duration::from_secs(60);

/// Between two marks that are kept.
const STEP: Duration = Duration::from_secs(1);

/// Before that, and with fewer requests, nothing is said.
const SOONEST: Duration = Duration::from_secs(5);
const FEWEST: u64 = 20;

impl Pace {
    pub(super) fn new(start: Instant) -> Self {
        Self { marks: VecDeque::from([Mark { at: start, records: 0, requests: 0 }]) }
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        if self.marks.back().is_some_and(|last| mark.at.duration_since(last.at) < STEP) {
            return;
        }
        self.marks.push_back(mark);
        // The one before the while begins is the start of it.
        while self.marks.get(1).is_some_and(|second| mark.at.duration_since(second.at) >= WHILE) {
            self.marks.pop_front();
        }
    }

    /// `None` while it is too early to say.
    pub(super) fn speed(&self) -> Option<Speed> {
        let (first, last) = (self.marks.front()?, self.marks.back()?);
        let took = last.at.duration_since(first.at);
        let each = |from: u64, to: u64| {
            let done = u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
            f64::from(done) / took.as_secs_f64()
        };
        (took >= SOONEST).then(|| Speed {
            records: each(first.records, last.records),
            requests: each(first.requests, last.requests),
        })
    }

    /// How long so many requests take at this speed, and at the limit of the server where that is slower. `None` where
    /// nothing honest can be said.
    pub(super) fn left(&self, requests: u64, limit: Option<Rate>) -> Option<Duration> {
        let speed = self.speed()?.requests;
        let is_early = self.marks.back()?.requests < FEWEST;
        if is_early || speed <= 0.0 {
            return None;
        }
        let requests_left = f64::from(u32::try_from(requests).ok()?);
        let at_this_speed = Duration::try_from_secs_f64(requests_left / speed).ok()?;
        Some(limit.map_or(at_this_speed, |limit| at_this_speed.max(limit.wait(requests))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(marks: &[(u64, u64)]) -> Pace {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for (second, requests) in marks {
            let at = start + Duration::from_secs(*second);
            pace.mark(Mark { at, records: requests * 10, requests: *requests });
        }
        pace
    }

    #[test]
    fn it_is_that_of_the_last_minute() {
        assert_eq!(pace(&[(1, 100)]).speed(), None, "too early");
        assert_eq!(pace(&[(5, 50)]).speed(), Some(Speed { records: 100.0, requests: 10.0 }));
        let slower: Vec<(u64, u64)> = (1..=200).map(|second| (second, 1_000 + second)).collect();
        assert_eq!(pace(&slower).speed(), Some(Speed { records: 10.0, requests: 1.0 }));
        assert!(pace(&slower).marks.len() <= 62);
    }

    #[test]
    fn what_is_left_is_told_when_it_can_be() {
        let limit = Some(Rate { requests: 600, window: Duration::from_secs(60) });
        let left = |marks: &[(u64, u64)], requests, limit| {
            pace(marks).left(requests, limit).map(|left| left.as_secs())
        };
        assert_eq!(left(&[(5, 19)], 100, None), None, "too few to go by");
        assert_eq!(left(&[(10, 100)], 300, None), Some(30));
        // Six hundred went at once; the rest needs five more minutes.
        assert_eq!(left(&[(10, 600)], 3_600, limit), Some(300));
        let stuck: Vec<(u64, u64)> = (1..=100).map(|second| (second, 50)).collect();
        assert_eq!(left(&stuck, 300, None), None, "nothing goes");
    }
}
