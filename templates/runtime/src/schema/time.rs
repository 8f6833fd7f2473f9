//! Times in records: ISO 8601 text to microseconds in UTC, and back.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;

/// A string that names a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// A day, as microseconds from 1970 to its midnight.
    Date(i64),
    /// An instant, in microseconds from 1970, UTC.
    Instant(i64),
}

impl Time {
    pub fn micros(self) -> i64 {
        match self {
            Time::Date(micros) | Time::Instant(micros) => micros,
        }
    }
}

/// Reads `2024-05-01T12:30:00.123Z` or the same with an offset. Anything else, and anything that microseconds
/// cannot hold exactly, is `None`.
pub fn parse_instant(text: &str) -> Option<i64> {
    if !looks_like_time(text) {
        return None;
    }
    exact_micros(text, DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// Reads what [`parse_instant`] reads, and dates, blanks for the `T`, offsets without a colon, ` UTC`, and times
/// without an offset, which are taken for UTC. For columns that the document calls times.
pub fn parse_loosely(text: &str) -> Option<Time> {
    if matches!(text.as_bytes(), [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _]) {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        return Some(Time::Date(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()));
    }
    if !looks_like_time(text) {
        return None;
    }
    let zoned = |format| DateTime::parse_from_str(text, format).ok().map(|time| time.to_utc());
    let bare = |format| NaiveDateTime::parse_from_str(text, format).ok().map(|time| time.and_utc());
    let time = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
        .or_else(|| zoned("%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|| zoned("%Y-%m-%d %H:%M:%S%.f %z"))
        .or_else(|| bare("%Y-%m-%d %H:%M:%S%.f UTC"))
        .or_else(|| bare("%Y-%m-%dT%H:%M:%S%.f"))?;
    exact_micros(text, time).map(Time::Instant)
}

/// A cheap look that spares almost all text the parser.
fn looks_like_time(text: &str) -> bool {
    matches!(text.as_bytes(), [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', ..])
}

/// `None` for a leap second, for what is finer than a microsecond, and for fractions that the parser cut off.
fn exact_micros(text: &str, time: DateTime<Utc>) -> Option<i64> {
    let nanos = time.timestamp_subsec_nanos();
    let digits =
        text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    (nanos < 1_000_000_000 && nanos.is_multiple_of(1000) && digits <= 9).then(|| time.timestamp_micros())
}

/// `2024-05-01T12:30:00.123000Z`: always six digits, so that text sorts as time does.
pub fn instant_text(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map_or_else(|| micros.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// `2024-05-01`, from days since 1970.
pub fn date_text(days: i32) -> String {
    DateTime::from_timestamp_micros(i64::from(days).saturating_mul(DAY))
        .map_or_else(|| days.to_string(), |time| time.date_naive().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_becomes_utc() {
        let noon = parse_instant("2024-05-01T12:00:00Z").unwrap();
        assert_eq!(parse_instant("2024-05-01T14:00:00.000+02:00"), Some(noon));
        assert_eq!(parse_instant("2024-05-01T04:30:00-07:30"), Some(noon));
        assert_eq!(parse_loosely("2024-05-01T14:00:00+0200"), Some(Time::Instant(noon)));
        assert_eq!(parse_loosely("2024-05-01 12:00:00 UTC"), Some(Time::Instant(noon)));
        assert_eq!(parse_loosely("2024-05-01T12:00:00"), Some(Time::Instant(noon)));
        assert_eq!(instant_text(noon), "2024-05-01T12:00:00.000000Z");
    }

    #[test]
    fn what_a_microsecond_cannot_hold_is_not_a_time() {
        assert_eq!(
            parse_instant("2024-05-01T12:00:00.123456Z").map(instant_text).unwrap(),
            "2024-05-01T12:00:00.123456Z"
        );
        assert!(parse_instant("2024-05-01T12:00:00.1234560Z").is_some());
        for text in
            ["2024-05-01T12:00:00.1234567Z", "2024-05-01T12:00:00.1234560001Z", "2016-12-31T23:59:60Z"]
        {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn dates_and_titles_are_not_instants() {
        for text in
            ["2024-05-01", "", "2024-05-01T", "2024-13-01T00:00:00Z", "2024-05-01T12:00:00", "v2024-05-01T1"]
        {
            assert_eq!(parse_instant(text), None, "{text}");
        }
        assert_eq!(parse_loosely("2024-05-01").map(|time| time.micros() % DAY), Some(0));
        for text in ["2024-02-30", "-999-01-01", "+999-01-01", "2024-5-001"] {
            assert_eq!(parse_loosely(text), None, "{text}");
        }
        assert_eq!(date_text(-1), "1969-12-31");
    }
}
