//! The figures of a run, by the names that they have in OpenTelemetry.

use std::time::SystemTime;

use serde_json::Value;

use super::otlp::{Attribute, Metric};
use crate::client::Reason;
use crate::extract::{Counts, LossKind};
use crate::notify::{Account, Read};

/// When the run began and ended, and what it came to.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) time: (SystemTime, SystemTime),
    pub(super) metrics: Vec<Metric>,
}

/// `dropped` spans were not kept.
pub(super) fn of(account: &Account, dropped: u64) -> Figures {
    let mut metrics = vec![
        one("gitlab_pipeline.duration", "s", false, account.took.as_secs_f64().into()),
        one("gitlab_pipeline.exit_code", "1", false, account.exit_code.into()),
        one("gitlab_pipeline.spans.dropped", "{span}", true, dropped.into()),
    ];
    if let Some(loaded) = &account.loaded {
        let tables = loaded.tables.iter();
        let points = tables.map(|(table, rows)| {
            (vec![("gitlab_pipeline.table", table.as_str().into())], (rows.inserted + rows.updated).into())
        });
        metrics.push(sum("gitlab_pipeline.rows", "{row}", points.collect()));
    }
    if let Some(read) = &account.read {
        metrics.extend(of_reading(read));
    }
    Figures { time: (account.started_at, account.started_at + account.took), metrics }
}

fn of_reading(read: &Read) -> Vec<Metric> {
    let each = |name, unit, figure: &dyn Fn(&Counts) -> u64| {
        let asked = read.tally.resources().filter(|(_, counts)| counts.requests() > 0);
        let points = asked.map(|(resource, counts)| {
            (vec![("gitlab_pipeline.resource", resource.into())], figure(counts).into())
        });
        sum(name, unit, points.collect())
    };
    let waited = [("rate_limit", Reason::RateLimit), ("server", Reason::Server)].map(|(name, reason)| {
        let seconds = read.client.waited(reason).as_secs_f64();
        (vec![("gitlab_pipeline.wait.for", name.into())], seconds.into())
    });
    vec![
        each("gitlab_pipeline.records", "{record}", &Counts::records),
        each("gitlab_pipeline.requests", "{request}", &Counts::requests),
        each("gitlab_pipeline.retries", "{request}", &Counts::retries),
        each("gitlab_pipeline.partitions.skipped", "{partition}", &|counts| counts.lost(LossKind::Skipped)),
        each("gitlab_pipeline.partitions.failed", "{partition}", &|counts| counts.lost(LossKind::Failed)),
        sum("gitlab_pipeline.wait", "s", waited.to_vec()),
    ]
}

fn one(name: &'static str, unit: &'static str, is_sum: bool, figure: Value) -> Metric {
    Metric { name, unit, is_sum, points: vec![(Vec::new(), figure)] }
}

fn sum(name: &'static str, unit: &'static str, points: Vec<(Vec<Attribute>, Value)>) -> Metric {
    Metric { name, unit, is_sum: true, points }
}
