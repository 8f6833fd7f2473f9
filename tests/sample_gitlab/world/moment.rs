//! A point in time as GitLab writes it: UTC with milliseconds.

use std::fmt;

use jiff::civil;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

/// Milliseconds since 1970. The world never reads a clock: everything happens between
/// [`Moment::START`] and [`Moment::NOW`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
pub(crate) const DAY: i64 = 24 * HOUR;

impl Moment {
    /// 2024-01-01T00:00:00.000Z, when the first record was made.
    pub const START: Self = Self(1_704_067_200_000);
    /// 2025-01-01T00:00:00.000Z, after the last change. Later moments are for edits.
    pub const NOW: Self = Self(1_735_689_600_000);

    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub fn millis(self) -> i64 {
        self.0
    }

    pub fn plus(self, millis: i64) -> Self {
        Self(self.0 + millis)
    }

    /// Reads an ISO 8601 time with an offset, one without (taken as UTC), or a date.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(stamp) = text.parse::<Timestamp>() {
            return Some(Self(stamp.as_millisecond()));
        }
        let local = text.parse::<civil::DateTime>().ok()?;
        let stamp = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Self(stamp.as_millisecond()))
    }

    /// `2024-01-31`
    pub fn date(self) -> String {
        self.format("%Y-%m-%d", Offset::UTC)
    }

    /// Local time with its offset, as commits carry it: `2024-01-31T14:00:00.000+02:00`.
    pub(crate) fn with_offset(self, hours: i8) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.3f%:z", Offset::constant(hours))
    }

    fn format(self, pattern: &str, offset: Offset) -> String {
        let zoned = self.stamp().to_zoned(TimeZone::fixed(offset));
        strtime::format(pattern, &zoned).unwrap_or_default()
    }

    fn stamp(self) -> Timestamp {
        Timestamp::UNIX_EPOCH
            .saturating_add(SignedDuration::from_millis(self.0))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.stamp())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        assert_eq!(Moment::START.to_string(), "2024-01-01T00:00:00.000Z");
        assert_eq!(Moment::START.plus(1_234).to_string(), "2024-01-01T00:00:01.234Z");
        assert_eq!(Moment::NOW.date(), "2025-01-01");
    }

    #[test]
    fn an_offset_keeps_the_instant() {
        let written = Moment::START.with_offset(2);
        assert_eq!(written, "2024-01-01T02:00:00.000+02:00");
        assert_eq!(Moment::parse(&written), Some(Moment::START));
    }

    #[test]
    fn dates_and_local_times_are_read_as_utc() {
        assert_eq!(Moment::parse("2024-01-01"), Some(Moment::START));
        assert_eq!(Moment::parse("2024-01-01T00:00:00"), Some(Moment::START));
        assert_eq!(Moment::parse("yesterday"), None);
    }
}
