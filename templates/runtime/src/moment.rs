//! A point in time as requests and state write it: UTC, to the microsecond.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::schema::time::{instant_text, parse_loosely};

/// What tells the time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(Option<Moment>);

impl Clock {
    /// One that stands still.
    pub fn stopped(at: Moment) -> Self {
        Self(Some(at))
    }

    /// This machine's time, unless it stands still.
    pub fn now(self) -> Moment {
        self.0.unwrap_or_else(Moment::now)
    }
}

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

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The first time after this one that lies whole steps behind `start`.
    #[must_use]
    pub fn next_step(self, start: Self, step: Duration) -> Self {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
        let steps = self.0.saturating_sub(start.0).div_euclid(step).saturating_add(1);
        Self(start.0.saturating_add(steps.saturating_mul(step)))
    }

    /// `2024-05-01T12:30Z`, for people.
    pub fn minute_text(self) -> String {
        self.utc().map_or_else(|| self.to_string(), |time| time.format("%Y-%m-%dT%H:%MZ").to_string())
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

    #[test]
    fn steps_are_counted_from_a_start() {
        let at = |text| Moment::parse(text).unwrap();
        let (start, day) = (at("2024-05-01T10:00:00Z"), Duration::from_hours(24));
        assert_eq!(at("2024-05-03T09:00:00Z").next_step(start, day), at("2024-05-03T10:00:00Z"));
        assert_eq!(at("2024-05-03T10:00:00Z").next_step(start, day), at("2024-05-04T10:00:00Z"));
        assert_eq!(at("2024-04-30T11:00:00Z").next_step(start, day), start);
        assert_eq!(start.next_step(start, Duration::MAX), Moment(i64::MAX));
    }
}
