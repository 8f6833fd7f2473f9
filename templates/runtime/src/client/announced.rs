//! What an answer says of limits: its headers come in, a wait or a window goes out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

/// A clock that is wrong by more than this is not waited for.
const LONGEST: Duration = Duration::from_secs(3700);

/// How long an answer says to wait: `Retry-After`, else `RateLimit-Reset`. GitLab's own limits say nothing.
pub(super) fn announced_wait(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers).or_else(|| until_reset(headers))
}

/// Seconds, or the time until which to wait.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER.as_str())?;
    if let Some(seconds) = seconds(text) {
        return Some(seconds.min(LONGEST));
    }
    let until = SystemTime::from(http_date(text)?);
    // The fraction of a second that a date does not have.
    let wait = until.duration_since(now_there(headers)).unwrap_or_default();
    Some(wait.min(LONGEST) + Duration::from_secs(1))
}

/// What `RateLimit-*` say of the window that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// Requests in the whole window.
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) resets_at: Instant,
    /// What that makes in a minute, however long the window is.
    pub(super) a_minute: Option<u32>,
}

/// What an answer says of the limit that it counts for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) told: Option<Told>,
    /// Whether that limit is one of its route; else it is that of all requests.
    pub(super) is_of_route: bool,
}

pub(super) fn notice(headers: &HeaderMap) -> Notice {
    Notice { told: told(headers), is_of_route: is_of_route(headers) }
}

fn told(headers: &HeaderMap) -> Option<Told> {
    let remaining = number(headers, "ratelimit-remaining")?;
    let wait = until_reset(headers)?;
    // GitLab scales `RateLimit-Limit` to a minute, whatever the window is; these two are not.
    let observed = number(headers, "ratelimit-observed");
    let a_minute = observed.and(number(headers, "ratelimit-limit")).and_then(|limit| limit.try_into().ok());
    let limit = match observed {
        Some(observed) => remaining.saturating_add(observed),
        None => number(headers, "ratelimit-limit").unwrap_or(remaining).max(remaining),
    };
    Some(Told { limit, remaining, resets_at: Instant::now() + wait, a_minute })
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
    let wait = match reset(text(headers, "ratelimit-reset")?)? {
        Reset::In(wait) => wait,
        Reset::At(time) => time.duration_since(now_there(headers)).unwrap_or(Duration::from_millis(400)),
    };
    (wait <= LONGEST).then_some(wait + MARGIN)
}

/// GitLab tells a time. Gateways tell the seconds to go, as the draft of the IETF has it, or times in other forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reset {
    In(Duration),
    At(SystemTime),
}

fn reset(text: &str) -> Option<Reset> {
    const CENTURY: Duration = Duration::from_secs(978_307_200);
    const MILLIS: Duration = Duration::from_secs(100_000_000_000);
    match seconds(text) {
        Some(number) if number < CENTURY => Some(Reset::In(number)),
        Some(number) if number < MILLIS => UNIX_EPOCH.checked_add(number).map(Reset::At),
        Some(number) => UNIX_EPOCH.checked_add(number / 1000).map(Reset::At),
        None => http_date(text).map(|time| Reset::At(time.into())),
    }
}

/// The server's clock where it is clearly another than ours.
fn now_there(headers: &HeaderMap) -> SystemTime {
    const SAME: Duration = Duration::from_secs(3);
    let here = SystemTime::now();
    let Some(there) = text(headers, DATE.as_str()).and_then(http_date).map(SystemTime::from) else {
        return here;
    };
    let apart = here.duration_since(there).unwrap_or_else(|earlier| earlier.duration());
    if apart > SAME { there } else { here }
}

/// A date in one of the three forms of HTTP, or in that of ISO 8601.
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let usual = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text));
    if let Ok(date) = usual {
        return Some(date.to_utc());
    }
    let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    old.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|date| date.and_utc())
}

/// A number of seconds, with or without a fraction.
fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
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
    fn a_reset_that_is_no_time_of_this_century_is_seconds_to_go() {
        let wait = |reset: &str| until_reset(&headers(&[("ratelimit-reset", reset.to_owned())]));
        let margin = Duration::from_millis(100);
        assert_eq!(wait("42"), Some(Duration::from_secs(42) + margin));
        assert_eq!(wait("0.5"), Some(Duration::from_millis(600)));
        assert_eq!((wait("900000000"), wait("soon"), wait("-3")), (None, None, None));
        let soon =
            (SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(31)).as_millis();
        assert!(matches!(wait(&soon.to_string()).map(|wait| wait.as_secs()), Some(29..=31)));
    }

    #[test]
    fn a_date_to_wait_until_is_read_by_the_clock_of_the_server() {
        // Years away from the clock of this machine.
        let told = |date: &str, until: &str| {
            announced_wait(&headers(&[("date", date.to_owned()), ("retry-after", until.to_owned())]))
        };
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for until in
            ["Sun, 06 Nov 1994 08:50:17 GMT", "Sunday, 06-Nov-94 08:50:17 GMT", "Sun Nov  6 08:50:17 1994"]
        {
            assert_eq!(told(date, until), Some(Duration::from_secs(41)), "{until}");
        }
        assert_eq!(told(date, "Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::from_secs(1)), "it is over");
        assert_eq!(told(date, "3000"), Some(Duration::from_secs(3000)));
        assert_eq!(told(date, "later"), None);
    }

    #[test]
    fn the_two_kinds_of_refusal() {
        let json = headers(&[("content-type", "application/json".to_owned())]);
        assert!(!is_by_middleware(&json, br#"{"message":{"error":"x"}}"#));
        assert!(is_by_middleware(&HeaderMap::new(), b"Retry later"));
        assert!(is_by_middleware(&headers(&[("retry-after", "7".to_owned())]), b"{}"));
    }
}
