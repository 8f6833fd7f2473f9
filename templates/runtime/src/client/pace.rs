//! The cap that a user sets: an even pace. Pure: the caller brings the time.
//!
//! Who sets it wants to be gentle with a server, so requests are spread, other than under a limit of the server's own, of
//! which each window may go at once.

use std::time::Duration;

use tokio::time::Instant;

/// So many requests in any minute, the first few at once.
#[derive(Debug)]
pub(super) struct Pace {
    step: Duration,
    /// How far ahead of the even pace requests may be.
    ahead: Duration,
    /// When the next request would be due if all had come evenly.
    due: Option<Instant>,
}

impl Pace {
    /// A tenth may go at once, the rest at even steps: together never more than `requests` in any minute.
    pub(super) fn new(requests: u32) -> Self {
        let step = Duration::from_secs(60).mul_f64(1.0 / (f64::from(requests.max(1)) * 0.9));
        Self { step, ahead: step * (requests / 10).max(1).saturating_sub(1), due: None }
    }

    /// Until when the next request waits, if it does.
    pub(super) fn wait(&self, now: Instant) -> Option<Instant> {
        let until = self.due?.checked_sub(self.ahead)?;
        (until > now).then_some(until)
    }

    /// Counts a request that goes now.
    pub(super) fn take(&mut self, now: Instant) {
        self.due = Some(self.due.map_or(now, |due| due.max(now)) + self.step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_holds_in_every_minute_and_is_nearly_used_up() {
        for requests in [1, 5, 40, 600] {
            let mut pace = Pace::new(requests);
            let start = Instant::now();
            let mut now = start;
            let mut times = Vec::new();
            for _ in 0..2000 {
                now = pace.wait(now).unwrap_or(now);
                pace.take(now);
                times.push((now - start).as_secs_f64());
            }
            let most = usize::try_from(requests).unwrap();
            for (first, beyond) in times.iter().zip(times.iter().skip(most)) {
                assert!(beyond - first >= 59.99, "{requests} a minute: {first} and {beyond}");
            }
            let minutes = times.last().unwrap() / 60.0;
            assert!(2000.0 / minutes >= f64::from(requests) * 0.85, "{requests} a minute: {minutes} minutes");
        }
    }
}
