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
    if let Some(micros) = parse_usual(text.as_bytes()) {
        return Some(micros);
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
    if let Some(micros) = parse_usual(text.as_bytes()) {
        return Some(Time::Instant(micros));
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

/// Reads the way GitLab writes nearly all instants, `2024-05-01T12:30:00.123Z` or with an offset, in a tenth of the time
/// that the general parser takes. `None` says nothing: the general parser decides.
fn parse_usual(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(11)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T'] = *date else { return None };
    let (time, rest) = rest.split_at_checked(8)?;
    let [h1, h2, b':', i1, i2, b':', s1, s2] = *time else { return None };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[i1, i2])?, number(&[s1, s2])?);
    let (micros, zone) = match rest.split_first()? {
        (b'.', rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (fraction, zone) = rest.split_at_checked(digits)?;
            let scale = 10_i64.pow(6_u32.checked_sub(u32::try_from(digits).ok()?)?);
            (number(fraction).filter(|_| digits > 0)? * scale, zone)
        }
        _ => (0, rest),
    };
    let offset = match *zone {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
            let seconds = (hours * 60 + minutes) * 60;
            if hours > 23 || minutes > 59 {
                return None;
            }
            if sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = (days_before(year, month, day)? * 24 + hour) * 3600 + minute * 60 + second - offset;
    Some(seconds * 1_000_000 + micros)
}

fn number(digits: &[u8]) -> Option<i64> {
    let add = |sum: i64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'));
    digits.iter().try_fold(0, add)
}

/// From 1970 to a day of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March have the odd day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(days + (153 * month + 2) / 5 + day - 1 - 719_468)
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
    usual_text(micros).unwrap_or_else(|| general_text(micros))
}

fn general_text(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map_or_else(|| micros.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// The same for the years that people live in, in a tenth of the time that the general writer takes.
fn usual_text(micros: i64) -> Option<String> {
    let (days, mut rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (year, month, day) = date_of(days);
    if !(0..10_000).contains(&year) {
        return None;
    }
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let mut put = |end: usize, digits: usize, mut number: i64| {
        for place in text.iter_mut().take(end).rev().take(digits) {
            *place = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    };
    put(4, 4, year);
    put(7, 2, month);
    put(10, 2, day);
    for (end, digits, unit) in [(26, 6, 1_000_000), (19, 2, 60), (16, 2, 60), (13, 2, 24)] {
        put(end, digits, rest % unit);
        rest /= unit;
    }
    String::from_utf8(text.to_vec()).ok()
}

/// The day of the Gregorian calendar so many days after 1970.
fn date_of(days: i64) -> (i64, i64, i64) {
    // From 1 March of year 0: periods of 400 years, and years that have the odd day at their end.
    let days = days + 719_468;
    let (period, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let year = period * 400 + year + i64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, day - (153 * month + 2) / 5 + 1)
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
    fn the_short_way_agrees_with_the_general_one() {
        let mut rng = fastrand::Rng::with_seed(1);
        let general = |text: &str| {
            looks_like_time(text)
                .then(|| exact_micros(text, DateTime::parse_from_rfc3339(text).ok()?.to_utc()))?
        };
        let (mut usual, mut times) = (0, 0);
        for _ in 0..200_000 {
            let (year, month, day) = (rng.u32(0..10_000), rng.u32(0..14), rng.u32(0..33));
            let (hour, minute, second) = (rng.u32(0..25), rng.u32(0..61), rng.u32(0..62));
            let fraction = ["", ".", ".1", ".123", ".123456", ".1234560", ".1234567"][rng.usize(..7)];
            let zone =
                ["Z", "Z", "+02:00", "-07:30", "+23:59", "+24:00", "-00:00", "+0200", "z", "", "+1:00"];
            let zone = zone[rng.usize(..zone.len())];
            let text =
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}");
            let short = parse_usual(text.as_bytes());
            assert!(short.is_none() || short == general(&text), "{text}");
            assert_eq!(parse_instant(&text), general(&text), "{text}");
            usual += u32::from(short.is_some());
            times += u32::from(general(&text).is_some());
        }
        assert!(usual * 10 > times * 6, "{usual} of {times}");
    }

    #[test]
    fn the_short_way_to_write_agrees_with_the_general_one() {
        let mut rng = fastrand::Rng::with_seed(2);
        let years = 400_000_000_000_000_000;
        for _ in 0..100_000 {
            let micros = rng.i64(-years..years) / [1, 1000, 1_000_000][rng.usize(..3)];
            assert_eq!(instant_text(micros), general_text(micros));
        }
        for day in -1_000_000..1_000_000 {
            let (year, month, date) = date_of(day);
            assert_eq!(days_before(year, month, date), Some(day));
        }
        for edge in [i64::MIN, i64::MAX, -1, 0, 253_402_300_799_999_999, 253_402_300_800_000_000] {
            assert_eq!(instant_text(edge), general_text(edge));
        }
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
