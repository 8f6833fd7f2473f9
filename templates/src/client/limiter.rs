//! When the next request may go: nothing is sent while GitLab has said to wait.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

/// Shared by all requests of a client.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    paused_until: Mutex<Option<Instant>>,
}

impl Limiter {
    /// Returns once requests may go.
    pub(super) async fn ready(&self) {
        while let Some(until) = self.pause_end() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Holds all requests back. A longer pause that is on already stays.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut paused = self.paused_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |earlier| earlier.max(until)));
    }

    /// Waits for the next window when the answer says that this one is used up.
    pub(super) fn observe(&self, headers: &HeaderMap) {
        if number(headers, "ratelimit-remaining") == Some(0)
            && let Some(wait) = until_reset(headers)
        {
            self.pause(wait);
        }
    }

    fn pause_end(&self) -> Option<Instant> {
        let mut paused = self.paused_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *paused = paused.filter(|until| *until > Instant::now());
        *paused
    }
}

/// How long a 429 says to wait: `Retry-After`, else `RateLimit-Reset`. GitLab's own limits say nothing.
pub(super) fn announced_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map(Duration::from_secs).or_else(|| until_reset(headers))
}

/// The time until `RateLimit-Reset`, rounded up. A clock that is wrong by hours is not waited for.
fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(3700);
    let reset = UNIX_EPOCH.checked_add(Duration::from_secs(number(headers, "ratelimit-reset")?))?;
    let wait = reset.duration_since(SystemTime::now()).ok()?;
    (wait <= LONGEST).then(|| wait + Duration::from_millis(100))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
