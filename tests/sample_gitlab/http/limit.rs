//! Requests per window, with either of the two answers that GitLab has for too many.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub requests: u64,
    pub window: Duration,
    pub answer: TooMany,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// From the middleware: `Retry later` as text, with `Retry-After` and `RateLimit-*`.
    PlainText,
    /// From a gateway in front of GitLab: text, and on every answer how many seconds there are to go.
    Gateway,
    /// From the application: JSON, without any header that says how long to wait.
    Json,
}

/// Those of GitLab are aligned to its clock; a gateway's begins with the first request.
#[derive(Debug, Default)]
pub(super) struct Window {
    began: Option<Duration>,
    requests: u64,
}

/// Where a request stands in its window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    limit: RateLimit,
    observed: u64,
    left: Duration,
}

impl Window {
    pub(super) fn count(&mut self, limit: RateLimit) -> Standing {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let running = self.began.filter(|began| now.saturating_sub(*began) < limit.window);
        let began = running.unwrap_or_else(|| {
            self.requests = 0;
            if limit.answer == TooMany::Gateway { now } else { now - past(now, limit.window) }
        });
        self.began = Some(began);
        self.requests += 1;
        let left = limit.window.saturating_sub(now.saturating_sub(began));
        Standing { limit, observed: self.requests, left }
    }
}

/// How much of a window that is aligned to the clock is over.
fn past(now: Duration, window: Duration) -> Duration {
    let past = now.as_nanos().checked_rem(window.as_nanos()).unwrap_or_default();
    Duration::from_nanos(u64::try_from(past).unwrap_or(u64::MAX))
}

impl Standing {
    pub(super) fn is_over(self) -> bool {
        self.observed > self.limit.requests
    }

    pub(super) fn answer(self) -> TooMany {
        self.limit.answer
    }

    /// Sent with every answer while a limit is on; the last two only with a refusal.
    pub(super) fn headers(self) -> Vec<(&'static str, String)> {
        if self.limit.answer == TooMany::Json {
            return Vec::new();
        }
        if self.limit.answer == TooMany::Gateway {
            let remaining = self.limit.requests.saturating_sub(self.observed);
            let seconds = self.left.as_secs() + 1;
            return vec![
                ("ratelimit-limit", self.limit.requests.to_string()),
                ("ratelimit-remaining", remaining.to_string()),
                ("ratelimit-reset", seconds.to_string()),
            ];
        }
        let reset_at = (SystemTime::now() + self.left).duration_since(UNIX_EPOCH).unwrap_or_default();
        // Never before the window is over: GitLab's windows end on whole seconds.
        let reset = reset_at.as_secs() + u64::from(reset_at.subsec_nanos() > 0);
        let seconds = self.left.as_secs() + u64::from(self.left.subsec_nanos() > 0);
        let a_minute = self.limit.requests.saturating_mul(60) / self.limit.window.as_secs().max(1);
        let mut headers = vec![
            ("ratelimit-limit", a_minute.to_string()),
            ("ratelimit-name", "throttle_authenticated_api".to_owned()),
            ("ratelimit-observed", self.observed.to_string()),
            ("ratelimit-remaining", self.limit.requests.saturating_sub(self.observed).to_string()),
            ("ratelimit-reset", reset.to_string()),
        ];
        if self.is_over() {
            headers.push(("ratelimit-resettime", httpdate(reset)));
            headers.push(("retry-after", seconds.to_string()));
        }
        headers
    }
}

fn httpdate(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(0);
    let stamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&stamp).unwrap_or_default()
}
