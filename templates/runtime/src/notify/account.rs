//! How a run went, for those who were not there. Filled in while it goes; what a run did not come to stays empty.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::client::Client;
use crate::destination::{LoadEntry, LoadStatus};
use crate::extract::{LossKind, Tally};
use crate::load::LoadSummary;
use crate::shard::Shard;
use crate::told::ToldError;

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) pipeline: &'static str,
    pub(crate) started_at: SystemTime,
    began: Instant,
    pub(crate) shard: Option<Shard>,
    /// GitLab's API.
    pub(crate) source: Option<String>,
    /// The destination's own name for itself.
    pub(crate) place: Option<String>,
    /// What was asked for.
    pub(crate) read: Option<Read>,
    /// What was loaded.
    pub(crate) loaded: Option<LoadSummary>,
    /// The loads before it, the newest first.
    pub(crate) earlier: Arc<[LoadEntry]>,
    /// When the token ends; only where the day has come to speak of that.
    pub(crate) token_ends: Option<NaiveDate>,
    /// What is as bad as a failure.
    pub(crate) is_strict: bool,
    /// How it ended.
    pub(crate) exit_code: u8,
    pub(crate) error: Option<ToldError>,
    pub(crate) took: Duration,
}

/// What a run asked for and what that cost.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) tally: Arc<Tally>,
    pub(crate) client: Client,
}

/// Partitions that a run left out, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) resource: &'static str,
    pub(crate) reason: String,
    pub(crate) partitions: u64,
    pub(crate) example: String,
}

impl Account {
    pub(crate) fn new(pipeline: &'static str) -> Self {
        Self {
            pipeline,
            started_at: SystemTime::now(),
            began: Instant::now(),
            shard: None,
            source: None,
            place: None,
            read: None,
            loaded: None,
            earlier: Arc::new([]),
            token_ends: None,
            is_strict: false,
            exit_code: 0,
            error: None,
            took: Duration::ZERO,
        }
    }

    pub(crate) fn end(&mut self, exit_code: u8, error: Option<ToldError>) {
        (self.exit_code, self.error, self.took) = (exit_code, error, self.began.elapsed());
    }

    pub(crate) fn today(&self) -> NaiveDate {
        day_of(self.started_at)
    }

    /// Whether no run of this day, or of this shard of it, has come to its end before: what is told once a day was told then.
    pub(crate) fn is_first_of_the_day(&self) -> bool {
        let has_ended = |load: &LoadEntry| {
            matches!(load.status, LoadStatus::Complete | LoadStatus::Partial | LoadStatus::Stopped)
        };
        let is_of_today = |load: &LoadEntry| day_of(load.started_at) == self.today();
        let is_same = |load: &LoadEntry| load.shard() == self.shard;
        !self.earlier.iter().any(|load| is_same(load) && is_of_today(load) && has_ended(load))
    }

    pub(crate) fn left_out(&self, kind: LossKind) -> Vec<LeftOut> {
        let tally = self.read.iter().flat_map(|read| read.tally.resources());
        let losses = tally.flat_map(|(resource, counts)| {
            counts.losses().into_iter().map(move |(loss, losses)| (resource, loss, losses))
        });
        let losses = losses.filter(|(_, loss, _)| loss.kind == kind);
        losses
            .map(|(resource, loss, losses)| LeftOut {
                resource,
                reason: loss.reason,
                partitions: losses.partitions,
                example: losses.example,
            })
            .collect()
    }

    /// Of what GitLab refused, that which none of the loads before it was refused.
    pub(crate) fn newly_skipped(&self) -> Vec<LeftOut> {
        let is_known = |left_out: &LeftOut| {
            self.earlier.iter().any(|load| has_left_out(load, left_out.resource, &left_out.reason))
        };
        self.left_out(LossKind::Skipped).into_iter().filter(|left_out| !is_known(left_out)).collect()
    }

    pub(crate) fn rows(&self) -> u64 {
        let tables = self.loaded.iter().flat_map(|loaded| loaded.tables.values());
        tables.map(|written| written.inserted + written.updated).sum()
    }
}

/// As the report of a load keeps it, see `info`.
fn has_left_out(load: &LoadEntry, resource: &str, reason: &str) -> bool {
    let is = |one: &Value, name: &str, text: &str| one.get(name).and_then(Value::as_str) == Some(text);
    let kept = load.report.get("left_out").and_then(Value::as_array);
    kept.into_iter().flatten().any(|one| is(one, "resource", resource) && is(one, "reason", reason))
}

fn day_of(time: SystemTime) -> NaiveDate {
    DateTime::<Utc>::from(time).date_naive()
}
