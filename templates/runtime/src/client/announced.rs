//! What an answer says of limits: its headers come in, a wait or a window goes out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use super::bucket::Window;

/// A clock that is wrong by more than this is not waited for.
const LONGEST: Duration = Duration::from_secs(3700);

/// How long a 429 says to wait: `Retry-After`, else `RateLimit-Reset`. GitLab's own limits say nothing.
pub(super) fn announced_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = number(headers, RETRY_AFTER.as_str()).map(Duration::from_secs);
    seconds.map(|wait| wait.min(LONGEST)).or_else(|| until_reset(headers))
}

/// What an answer says of the limit that it counts for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) window: Option<Window>,
    /// Whether that limit is one of its route; else it is that of all requests.
    pub(super) is_of_route: bool,
}

pub(super) fn notice(headers: &HeaderMap) -> Notice {
    Notice { window: window(headers), is_of_route: is_of_route(headers) }
}

fn window(headers: &HeaderMap) -> Option<Window> {
    let remaining = number(headers, "ratelimit-remaining")?;
    let wait = until_reset(headers)?;
    // `RateLimit-Limit` is scaled to a minute, whatever the window is; these two are not.
    let limit = remaining.saturating_add(number(headers, "ratelimit-observed").unwrap_or(0));
    Some(Window { limit, remaining, resets_at: Instant::now() + wait })
}

/// The middleware limits a few groups of routes apart from the others.
fn is_of_route(headers: &HeaderMap) -> bool {
    let name = headers.get("ratelimit-name").and_then(|name| name.to_str().ok()).unwrap_or_default();
    ["files_api", "packages_api", "deprecated_api", "git_lfs"].iter().any(|part| name.contains(part))
}

/// Whether the refusal is the middleware's. That of the application is JSON.
pub(super) fn is_by_middleware(headers: &HeaderMap, body: &[u8]) -> bool {
    let is_told = headers.contains_key(RETRY_AFTER) || headers.contains_key("ratelimit-limit");
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    is_told || !(kind.contains("json") || body.starts_with(b"{"))
}

/// The time until `RateLimit-Reset`, at least a moment: it is told in whole seconds, and may be over by a fraction.
fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    const MARGIN: Duration = Duration::from_millis(100);
    let reset = UNIX_EPOCH.checked_add(Duration::from_secs(number(headers, "ratelimit-reset")?))?;
    let wait = reset.duration_since(now_there(headers)).unwrap_or(Duration::from_millis(400));
    (wait <= LONGEST).then_some(wait + MARGIN)
}

/// The server's clock where it is clearly another than ours.
fn now_there(headers: &HeaderMap) -> SystemTime {
    const SAME: Duration = Duration::from_secs(3);
    let here = SystemTime::now();
    let text = headers.get(DATE).and_then(|date| date.to_str().ok());
    let date = text.and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
    let Some(there) = date.map(SystemTime::from) else { return here };
    let apart = here.duration_since(there).unwrap_or_else(|earlier| earlier.duration());
    if apart > SAME { there } else { here }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, String)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_reset_is_read_by_the_clock_of_the_server() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let seconds = |headers: &HeaderMap| until_reset(headers).map(|wait| wait.as_secs());
        let here = headers(&[("ratelimit-reset", (now + 31).to_string())]);
        assert!(matches!(seconds(&here), Some(30 | 31)));
        // Half an hour late: the reset is long ago by our clock.
        let there = chrono::DateTime::from_timestamp(i64::try_from(now).unwrap() - 1800, 0).unwrap();
        let late = headers(&[
            ("ratelimit-reset", (now - 1800 + 31).to_string()),
            ("date", there.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        ]);
        assert!(matches!(seconds(&late), Some(31)));
        assert_eq!(seconds(&headers(&[("ratelimit-reset", (now + 86_400).to_string())])), None);
    }

    #[test]
    fn the_two_kinds_of_refusal() {
        let json = headers(&[("content-type", "application/json".to_owned())]);
        assert!(!is_by_middleware(&json, br#"{"message":{"error":"x"}}"#));
        assert!(is_by_middleware(&HeaderMap::new(), b"Retry later"));
        assert!(is_by_middleware(&headers(&[("retry-after", "7".to_owned())]), b"{}"));
    }
}
