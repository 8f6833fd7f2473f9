//! What is loaded again and what not: `[load]`, and what a resource says of the same.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

use super::settings::{Scalars, text_of};
use crate::moment::Moment;
use crate::normalize::NestedLists;

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys of `[load]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LoadSettings {
    pub(super) start_date: StartDate,
    pub(super) lookback: Option<Period>,
    pub(super) full_sweep_every: Option<Period>,
    pub(super) refresh_every: Option<Period>,
    pub(super) system_notes: Option<bool>,
    pub(super) resume_within: Option<Period>,
    pub(super) lock_timeout: Option<Period>,
    pub(super) mark_deleted: bool,
    pub(super) nested_lists: NestedLists,
    pub(super) views: bool,
    pub(super) max_depth: Option<u8>,
    pub(super) package_rows: Option<usize>,
    pub(super) package_time: Option<Period>,
}

/// What a later run loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Of lists with a time bound: nothing that did not change since is loaded.
    pub start: StartDate,
    /// How far back behind the last run a list is read again; `None`: an hour, and a week for commits.
    pub lookback: Option<Duration>,
    /// How often a list is read from its start although it could be asked for changes. `None`: never.
    pub full_sweep_every: Option<Duration>,
    /// How long lists are left alone of which the definition says so. `None`: as long as it says; zero: every run asks for
    /// everything.
    pub refresh_every: Option<Duration>,
    /// Whether what GitLab writes beside what people write is loaded.
    pub system_notes: bool,
    /// How old an interrupted load may be to be gone on with. `None`: no load is.
    pub resume_within: Option<Duration>,
    /// How long another load that holds the place is waited for. `None`: as long as it takes.
    pub lock_timeout: Option<Duration>,
    /// Whether rows that a complete read no longer finds are marked.
    pub mark_deleted: bool,
    /// What becomes of lists of objects.
    pub nested_lists: NestedLists,
    /// Whether the views of the pipeline are made.
    pub views: bool,
    /// How many objects deep columns are made; what is nested deeper is JSON. `None`: as the loader finds best.
    pub max_depth: Option<usize>,
    /// After how many rows they are made durable. `None`: as the loader finds best.
    pub package_rows: Option<usize>,
    /// How long rows may wait for that.
    pub package_time: Option<Duration>,
}

/// From when on changes are loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartDate {
    /// Everything.
    #[default]
    Beginning,
    At(Moment),
    /// From the first load on.
    Now,
}

/// A length of time; `"never"` or `"off"` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(pub(super) Option<Duration>);

impl Period {
    /// Where "never" is a time that does not end.
    pub(super) fn or_for_ever(self) -> Duration {
        self.0.unwrap_or(Duration::MAX)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_of(&Value::deserialize(deserializer)?);
        if matches!(text.as_str(), "never" | "off") {
            return Ok(Self(None));
        }
        let expected = "expected a duration such as `1h` or `7d`, or `never`";
        humantime::parse_duration(&text)
            .map(|length| Self(Some(length)))
            .map_err(|_| D::Error::custom(expected))
    }
}

impl<'de> Deserialize<'de> for StartDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = Scalars::deserialize(deserializer)?.values.first().map(text_of).unwrap_or_default();
        match said.as_str() {
            "" => Ok(Self::Beginning),
            "now" => Ok(Self::Now),
            text => Moment::parse(text)
                .map(Self::At)
                .ok_or_else(|| D::Error::custom("expected a date such as `2024-01-31`, a time, or `now`")),
        }
    }
}

pub(super) fn derive_load(said: LoadSettings) -> Load {
    let period = |said: Option<Period>, default: Option<Duration>| said.map_or(default, |period| period.0);
    Load {
        start: said.start_date,
        lookback: said.lookback.map(|period| period.0.unwrap_or_default()),
        full_sweep_every: period(said.full_sweep_every, Some(7 * DAY)),
        refresh_every: said.refresh_every.map(Period::or_for_ever),
        system_notes: said.system_notes.unwrap_or(true),
        resume_within: period(said.resume_within, Some(DAY)),
        lock_timeout: period(said.lock_timeout, Some(Duration::ZERO)),
        mark_deleted: said.mark_deleted,
        nested_lists: said.nested_lists,
        views: said.views,
        max_depth: said.max_depth.map(usize::from),
        package_rows: said.package_rows,
        package_time: said.package_time.and_then(|period| period.0),
    }
}
