//! Gathers the spans of a run: those of requests as they end, those of resources and of the run when that ends. What waits
//! to be sent is bounded; what comes beyond is counted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::Notify;

use super::otlp::{Attribute, Span};
use super::settings::{Parent, Settings};
use crate::extract::{Counts, LossKind};
use crate::notify::Account;

/// Spans that may wait, and that go at once.
const MOST: usize = 2048;
pub(super) const BATCH: usize = 512;

#[derive(Debug)]
pub(super) struct Trace {
    id: String,
    run: String,
    parent: Option<Parent>,
    pipeline: String,
    server: String,
    gathered: Mutex<Gathered>,
    /// Told when a batch is full.
    pub(super) is_full: Notify,
}

#[derive(Debug, Default)]
struct Gathered {
    waiting: Vec<Span>,
    dropped: u64,
    resources: BTreeMap<&'static str, Open>,
}

/// A resource that something was asked for of.
#[derive(Debug)]
struct Open {
    id: String,
    began: SystemTime,
    ended: SystemTime,
}

impl Trace {
    pub(super) fn new(settings: &Settings, server: &str) -> Self {
        Self {
            id: settings.parent.as_ref().map_or_else(hex::<16>, |parent| parent.trace.clone()),
            run: hex::<8>(),
            parent: settings.parent.clone(),
            pipeline: settings.pipeline.clone(),
            server: server.to_owned(),
            gathered: Mutex::default(),
            is_full: Notify::new(),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Spans that were not kept so far.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    pub(super) fn request(
        &self,
        resource: &'static str,
        route: &'static str,
        began: SystemTime,
        attributes: Vec<Attribute>,
        error: Option<String>,
    ) {
        if !self.is_sampled() {
            return;
        }
        let ended = SystemTime::now();
        let mut gathered = self.lock();
        let parent = match gathered.resources.entry(resource) {
            Entry::Occupied(mut open) => {
                open.get_mut().ended = ended;
                open.get().id.clone()
            }
            Entry::Vacant(open) => open.insert(Open { id: hex::<8>(), began, ended }).id.clone(),
        };
        gathered.add(Span {
            id: hex::<8>(),
            parent: Some(parent),
            name: format!("GET {route}"),
            is_client: true,
            began,
            ended,
            attributes,
            error,
        });
        if gathered.waiting.len() >= BATCH {
            self.is_full.notify_one();
        }
    }

    /// Adds the spans of resources and of the run.
    pub(super) fn end(&self, account: &Account) {
        if !self.is_sampled() {
            return;
        }
        let mut gathered = self.lock();
        for (resource, Open { id, began, ended }) in std::mem::take(&mut gathered.resources) {
            let counts = account.read.iter().flat_map(|read| read.tally.resources());
            let counts = counts.into_iter().find(|(name, _)| *name == resource).map(|(_, counts)| counts);
            let failed = counts.map_or(0, |counts| counts.lost(LossKind::Failed));
            // However full it is: a trace is read from its top.
            gathered.waiting.push(Span {
                id,
                parent: Some(self.run.clone()),
                name: resource.to_owned(),
                is_client: false,
                began,
                ended,
                attributes: counts.map(of_resource).unwrap_or_default(),
                error: (failed > 0).then(|| format!("{failed} partitions failed")),
            });
        }
        gathered.waiting.push(Span {
            id: self.run.clone(),
            parent: self.parent.as_ref().map(|parent| parent.span.clone()),
            name: format!("run {}", self.pipeline),
            is_client: false,
            began: account.started_at,
            ended: account.started_at + account.took,
            attributes: of_run(account),
            error: (account.exit_code != 0).then(|| match &account.error {
                Some(error) => error.message.clone(),
                None => "some partitions failed".to_owned(),
            }),
        });
    }

    /// The next ones to send.
    pub(super) fn batch(&self) -> Vec<Span> {
        let mut gathered = self.lock();
        let next = gathered.waiting.len().min(BATCH);
        gathered.waiting.drain(..next).collect()
    }

    fn is_sampled(&self) -> bool {
        self.parent.as_ref().is_none_or(|parent| parent.is_sampled)
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    fn add(&mut self, span: Span) {
        if self.waiting.len() < MOST { self.waiting.push(span) } else { self.dropped += 1 }
    }
}

fn of_resource(counts: &Counts) -> Vec<Attribute> {
    vec![
        ("gitlab_pipeline.records", counts.records().into()),
        ("gitlab_pipeline.requests", counts.requests().into()),
        ("gitlab_pipeline.retries", counts.retries().into()),
        ("gitlab_pipeline.skipped", counts.lost(LossKind::Skipped).into()),
        ("gitlab_pipeline.failed", counts.lost(LossKind::Failed).into()),
    ]
}

fn of_run(account: &Account) -> Vec<Attribute> {
    let texts = [
        ("gitlab_pipeline.shard", account.shard.map(|shard| shard.to_string())),
        ("gitlab_pipeline.load_id", account.loaded.as_ref().map(|loaded| loaded.load_id.clone())),
        ("error.type", account.error.as_ref().and_then(|error| error.class).map(str::to_owned)),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::from(text?))));
    [("gitlab_pipeline.exit_code", account.exit_code.into()), ("gitlab_pipeline.rows", account.rows().into())]
        .into_iter()
        .chain(texts)
        .collect()
}

/// Random bytes in hex. They tell spans apart and are no secret.
fn hex<const BYTES: usize>() -> String {
    (0..BYTES).map(|_| format!("{:02x}", fastrand::u8(..))).collect()
}
