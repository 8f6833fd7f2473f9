//! Takes spans to a collector while the run goes on, and the rest of them with its figures when it ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::figures::Figures;
use super::otlp;
use super::settings::Settings;
use super::trace::Trace;
use crate::client::{ClientError, Outside};
use crate::config::Secret;
use crate::report::counted;

/// Between two batches, however full they are.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a run that has ended waits for its telemetry to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Sender {
    end: oneshot::Sender<Figures>,
    task: JoinHandle<Lost>,
    trace: Arc<Trace>,
}

struct Delivery {
    settings: Settings,
    outside: Outside,
    trace: Arc<Trace>,
    lost: Lost,
    is_over: bool,
    is_given_up: bool,
}

/// What did not arrive.
#[derive(Debug, Default)]
struct Lost {
    spans: u64,
    figures: bool,
    /// Why, the first time.
    why: Option<String>,
}

impl Sender {
    pub(super) fn start(settings: Settings, trace: Arc<Trace>) -> Result<Self, ClientError> {
        let (end, ended) = oneshot::channel();
        let delivery = Delivery {
            settings,
            outside: Outside::open()?,
            trace: Arc::clone(&trace),
            lost: Lost::default(),
            is_over: false,
            is_given_up: false,
        };
        Ok(Self { end, task: tokio::spawn(delivery.run(ended)), trace })
    }

    /// Sends what is left. What was lost, in words.
    pub(super) async fn end(mut self, figures: Figures) -> Option<String> {
        // A task that is gone is found below.
        let _ = self.end.send(figures);
        let lost = match tokio::time::timeout(PATIENCE, &mut self.task).await {
            Ok(Ok(lost)) => lost,
            Ok(Err(_)) => return Some("telemetry has stopped".to_owned()),
            Err(_) => {
                self.task.abort();
                let why = format!("the collector takes longer than {} s", PATIENCE.as_secs());
                return Some(format!("telemetry is not whole: {why}"));
            }
        };
        lost.told(self.trace.dropped())
    }
}

impl Delivery {
    async fn run(mut self, mut ended: oneshot::Receiver<Figures>) -> Lost {
        let figures = loop {
            tokio::select! {
                figures = &mut ended => break figures.ok(),
                () = tokio::time::sleep(PAUSE) => {}
                () = self.trace.is_full.notified() => {}
            }
            self.send_spans().await;
        };
        self.is_over = true;
        while self.send_spans().await {}
        if let (Some(figures), Some(endpoint)) = (figures, self.settings.metrics.clone()) {
            let body = otlp::metrics(&self.settings.resource, figures.time, &figures.metrics);
            self.lost.figures = !self.post(&endpoint, &body).await;
        }
        self.lost
    }

    /// Whether there were some.
    async fn send_spans(&mut self) -> bool {
        let spans = self.trace.batch();
        let Some(endpoint) = self.settings.traces.clone().filter(|_| !spans.is_empty()) else { return false };
        let body = otlp::traces(&self.settings.resource, self.trace.id(), &spans);
        if !self.post(&endpoint, &body).await {
            self.lost.spans += u64::try_from(spans.len()).unwrap_or(u64::MAX);
        }
        true
    }

    async fn post(&mut self, endpoint: &Secret, body: &Value) -> bool {
        if self.is_given_up {
            return false;
        }
        match self.outside.post(endpoint, &self.settings.headers, body).await {
            Ok(()) => true,
            Err(unsent) => {
                // Nobody waits twice, at the end of a run, for a collector that is away.
                self.is_given_up = self.is_over;
                self.lost.why.get_or_insert_with(|| unsent.to_string());
                false
            }
        }
    }
}

impl Lost {
    fn told(self, dropped: u64) -> Option<String> {
        let spans = self.spans + dropped;
        if spans == 0 && !self.figures {
            return None;
        }
        let why = self.why.unwrap_or_else(|| "the collector takes fewer than there are".to_owned());
        let figures = if self.figures { ", and the figures of the run," } else { "" };
        Some(format!("{}{figures} did not reach the collector: {why}", counted(spans, "span")))
    }
}
