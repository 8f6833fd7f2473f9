//! Times and names as people read them.

use std::time::{Duration, SystemTime};

use crate::destination::LoadStatus;
use crate::moment::Moment;
use crate::report::grouped;

/// `2024-05-01 12:30:05 UTC`.
pub(super) fn utc(time: SystemTime) -> String {
    let text = Moment::from(time).to_string();
    let seconds = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
    format!("{} UTC", seconds.replace('T', " "))
}

/// `2024-05-01T12:30:05.000000Z`, for programs.
pub(super) fn machine(time: SystemTime) -> String {
    Moment::from(time).to_string()
}

/// `3 hours ago`.
pub(super) fn ago(time: SystemTime, now: SystemTime) -> String {
    let Ok(passed) = now.duration_since(time) else { return "in a moment".to_owned() };
    let seconds = passed.as_secs();
    let (number, noun) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        172_800..5_184_000 => (seconds / 86_400, "day"),
        5_184_000..63_072_000 => (seconds / 2_628_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    format!("{number} {noun}{} ago", if number == 1 { "" } else { "s" })
}

/// `12 ms`, `8.2 s`, `4 min 5 s`, `2 h 10 min`.
pub(super) fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// What a status means, in a few words.
pub(super) fn status_meaning(status: LoadStatus) -> &'static str {
    match status {
        LoadStatus::Running => "It is still loading; what is committed can be seen.",
        LoadStatus::Complete => "Everything that was asked for is loaded.",
        LoadStatus::Partial => {
            "Some parts failed or were cut off; what was read is loaded, and the next run brings the rest."
        }
        LoadStatus::Failed => "It ended with an error; what was committed before is loaded.",
        LoadStatus::Interrupted => {
            "It was cut off; what was committed before is loaded, and the next run goes on with it."
        }
        LoadStatus::Stopped => {
            "It ended when its budget was used up; what was read is loaded, and the next run goes on with it."
        }
    }
}

/// `12.3k`, for axes.
pub(super) fn short(number: f64) -> String {
    let (value, unit) = match number {
        number if number >= 1e9 => (number / 1e9, "G"),
        number if number >= 1e6 => (number / 1e6, "M"),
        number if number >= 1e3 => (number / 1e3, "k"),
        number => (number, ""),
    };
    let text =
        if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// `12.35`, `1,234`: no more digits than one reads.
pub(super) fn figure(number: f64) -> String {
    let digits = if number.abs() >= 100.0 { 0 } else { 2 };
    let text = format!("{number:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    let (whole, rest) =
        text.split_once('.').map_or((text, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    whole.parse().map_or_else(|_| text.to_owned(), |whole| format!("{sign}{}{rest}", grouped(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let told = |seconds| ago(now - Duration::from_secs(seconds), now);
        let cases = [(5, "just now"), (60, "1 minute ago"), (7_200, "2 hours ago"), (200_000, "2 days ago")];
        for (seconds, expected) in cases {
            assert_eq!(told(seconds), expected);
        }
        assert_eq!(told(6_000_000), "2 months ago");
        assert_eq!(utc(now), "2033-05-18 03:33:20 UTC");
    }

    #[test]
    fn long_and_large_things_are_short() {
        let figures = [0.0, 0.5, 12.345_6, 100.4, 1_234_567.0, -3.0].map(figure);
        assert_eq!(figures, ["0", "0.5", "12.35", "100", "1,234,567", "-3"]);
        assert_eq!([0.0, 950.0, 1_000.0, 12_345.0, 2.5e6].map(short), ["0", "950", "1k", "12.3k", "2.5M"]);
        let told = [0.25, 8.25, 61.0, 7_800.0].map(|seconds| took(Duration::from_secs_f64(seconds)));
        assert_eq!(told, ["250 ms", "8.2 s", "1 min 1 s", "2 h 10 min"]);
    }
}
