//! A point in time as requests and state write it: UTC, to the microsecond.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::schema::time::{instant_text, parse_loosely};

/// Microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// Reads a date or a time in any form that GitLab writes; without an offset it is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        parse_loosely(text.trim()).map(|time| Self(time.micros()))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The millisecond that it lies in: GitLab shows no more and keeps more.
    #[must_use]
    pub fn floor_to_millis(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(1_000)))
    }

    /// `2024-05-01T12:30:00.123Z`, as a query carries it.
    pub fn millis_text(self) -> String {
        self.utc().map_or_else(|| self.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// `2024-05-01`
    pub fn date_text(self) -> String {
        self.utc().map_or_else(|| self.to_string(), |time| time.date_naive().to_string())
    }

    fn utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(DateTime::<Utc>::from(time).timestamp_micros())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&instant_text(self.0))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a date or a time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_and_written() {
        let moment = Moment::parse("2024-05-01T14:30:00.123456+02:00").unwrap();
        assert_eq!(moment.to_string(), "2024-05-01T12:30:00.123456Z");
        assert_eq!(moment.floor_to_millis().to_string(), "2024-05-01T12:30:00.123000Z");
        assert_eq!(moment.millis_text(), "2024-05-01T12:30:00.123Z");
        assert_eq!(moment.minus(Duration::from_secs(86_400)).date_text(), "2024-04-30");
        assert_eq!(Moment::parse("2024-05-01").unwrap().millis_text(), "2024-05-01T00:00:00.000Z");
        assert_eq!(Moment::parse("soon"), None);
    }
}
