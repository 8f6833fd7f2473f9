//! How the state of a run reads, in words and as JSON. Pure.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::pace::Speed;
use crate::client::{Reason, Waiting};
use crate::extract::{Budget, Records};
use crate::moment::Moment;
use crate::report::{counted, grouped, seconds};

/// How many records there are of how many, and how fast they come.
pub(super) fn records_text(records: u64, outlook: Records, speed: Option<Speed>) -> String {
    let text = match outlook {
        Records::Known(all) if all > records => format!("{} of {}", grouped(records), counted(all, "record")),
        Records::About(all) if all > records => {
            format!("{} of about {}", grouped(records), counted(rounded(all), "record"))
        }
        Records::AtLeast(all) if all > records => {
            format!("{} of at least {}", grouped(records), counted(all, "record"))
        }
        Records::AtLeast(_) => format!("{} so far", counted(records, "record")),
        Records::Known(_) | Records::About(_) => counted(records, "record"),
    };
    text + &speed.map(|speed| speed_text(speed.records)).unwrap_or_default()
}

pub(super) fn requests_text(requests: u64, budget: Budget, speed: Option<Speed>) -> String {
    let text = match budget.max_requests {
        Some(most) => format!("{} of at most {}", grouped(requests), counted(most, "request")),
        None => counted(requests, "request"),
    };
    text + &speed.map(|speed| speed_text(speed.requests)).unwrap_or_default()
}

pub(super) fn time_text(passed: Duration, budget: Budget) -> String {
    match budget.max_duration {
        Some(most) => format!("{} of at most {}", seconds(passed), seconds(most)),
        None => seconds(passed),
    }
}

fn speed_text(speed: f64) -> String {
    if speed < 10.0 { format!(" ({speed:.1}/s)") } else { format!(" ({}/s)", grouped(whole(speed))) }
}

/// An estimate, said as one: to ten seconds, to a minute, or to ten of them.
pub(super) fn left_text(left: Duration, outlook: Records) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let step = match left.as_secs() {
        ..90 => 10,
        90..HOUR => MINUTE,
        _ => 10 * MINUTE,
    };
    let left = Duration::from_secs(left.as_secs().div_ceil(step).max(1) * step);
    let of = if matches!(outlook, Records::AtLeast(_)) { " of what is known" } else { "" };
    format!("about {} left{of}", humantime::format_duration(left))
}

/// To two digits: an estimate knows no more.
fn rounded(number: u64) -> u64 {
    let step = 10_u64.saturating_pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    number.saturating_add(step / 2) / step * step
}

/// `waiting for the rate limit, 41 s (until 10:49:12 UTC)`, and what came before it.
pub(super) fn wait_text(waiting: &Waiting, now: SystemTime) -> String {
    const LONG: Duration = Duration::from_secs(120);
    let left = whole_seconds(waiting.left);
    let text = match left < LONG {
        true => format!("{} s", left.as_secs()),
        false => humantime::format_duration(left).to_string(),
    };
    let until = end(left, now).map(|end| format!(" (until {})", end.format("%H:%M:%S UTC")));
    let after = waiting.after.as_ref().map(|after| format!(", as {after}")).unwrap_or_default();
    format!("waiting for {}, {text}{}{after}", waiting.reason, until.unwrap_or_default())
}

pub(super) fn wait_json(waiting: &Waiting, now: SystemTime) -> Value {
    let reason = match waiting.reason {
        Reason::RateLimit => "rate_limit",
        Reason::Server => "server",
    };
    let until = now.checked_add(waiting.left).map(|until| Moment::from(until).to_string());
    json!({"for": reason, "seconds": whole_seconds(waiting.left).as_secs(), "until": until, "after": waiting.after})
}

/// Rounded up: a wait of 0 s is over.
fn whole_seconds(left: Duration) -> Duration {
    Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}

fn end(left: Duration, now: SystemTime) -> Option<DateTime<Utc>> {
    now.checked_add(left).map(DateTime::<Utc>::from)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative, and shown")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let shown = [
            records_text(1_493, Records::Known(1_496), None),
            records_text(1_493, Records::About(57_812), Some(Speed { records: 310.4, requests: 4.0 })),
            records_text(1_493, Records::AtLeast(1_496), None),
            records_text(1_496, Records::Known(1_496), None),
            records_text(1_496, Records::AtLeast(1_496), None),
        ];
        let expected = [
            "1,493 of 1,496 records",
            "1,493 of about 58,000 records (310/s)",
            "1,493 of at least 1,496 records",
            "1,496 records",
            "1,496 records so far",
        ];
        assert_eq!(shown, expected);
        assert_eq!([0, 7, 99, 104, 1_049, 995].map(rounded), [0, 7, 99, 100, 1_000, 1_000]);
    }

    #[test]
    fn a_budget_is_named() {
        let budget = Budget { max_requests: Some(500), max_duration: Some(Duration::from_secs(1800)) };
        let speed = Some(Speed { records: 0.0, requests: 4.0 });
        assert_eq!(requests_text(120, budget, speed), "120 of at most 500 requests (4.0/s)");
        assert_eq!(requests_text(1, Budget::default(), None), "1 request");
        assert_eq!(time_text(Duration::from_millis(12_340), budget), "12.3 s of at most 30m");
    }

    #[test]
    fn an_estimate_knows_no_seconds() {
        let told = |left| left_text(Duration::from_secs(left), Records::About(1));
        assert_eq!([0, 34, 89].map(told), ["about 10s left", "about 40s left", "about 1m 30s left"]);
        assert_eq!([185, 3_590, 8_000].map(told), ["about 4m left", "about 1h left", "about 2h 20m left"]);
        assert_eq!(
            left_text(Duration::from_secs(34), Records::AtLeast(1)),
            "about 40s left of what is known"
        );
    }

    #[test]
    fn a_wait_counts_down_and_has_an_end_and_a_cause() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10 * 3600);
        let text = |millis, reason, after: Option<&str>| {
            let after = after.map(str::to_owned);
            wait_text(&Waiting { reason, after, left: Duration::from_millis(millis) }, now)
        };
        assert_eq!(
            text(40_200, Reason::RateLimit, None),
            "waiting for the rate limit, 41 s (until 10:00:41 UTC)"
        );
        assert_eq!(
            text(2_995_000, Reason::RateLimit, None),
            "waiting for the rate limit, 49m 55s (until 10:49:55 UTC)"
        );
        assert_eq!(
            text(7_000, Reason::Server, Some("GitLab fails with status 502: the page `Bad gateway`")),
            "waiting for GitLab to be well again, 7 s (until 10:00:07 UTC), as GitLab fails with status 502: the page `Bad gateway`"
        );
    }
}
