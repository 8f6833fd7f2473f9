//! What a run is doing, on stderr: a bar on a terminal, elsewhere a line every few seconds, for people or for programs.
//!
//! `pace` knows how fast it goes and how long it will take, `words` how that reads. What is not known is not said.

mod pace;
mod words;

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::client::{Client, Reason};
use crate::extract::{Budget, LossKind, Outlook, Records, Tally};
use crate::report::grouped;
use pace::{Mark, Pace};
use words::{left_text, records_text, requests_text, time_text, wait_json, wait_text};

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    /// A bar on a terminal, lines elsewhere.
    Auto,
    /// Lines even on a terminal, where other lines would tear a bar apart.
    Lines,
    /// One JSON object per line.
    Json,
}

/// Between two lines.
const PAUSE: Duration = Duration::from_secs(5);

/// Shown until it is finished or dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    ticker: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

/// What is looked at.
#[derive(Debug)]
struct Watched {
    tally: Arc<Tally>,
    client: Client,
    budget: Budget,
    started: Instant,
    pace: Pace,
}

impl Progress {
    pub(crate) fn start(tally: Arc<Tally>, client: Client, budget: Budget, display: Display) -> Self {
        let started = Instant::now();
        let watched = Watched { tally, client, budget, started, pace: Pace::new(started) };
        if display != Display::Auto || !std::io::stderr().is_terminal() {
            return Self { ticker: tokio::spawn(print_lines(watched, display)), bar: None };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        // Of a line that is too long for the terminal, the end is cut off.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {prefix}\n{wide_msg}") {
            bar.set_style(style);
        }
        Self { ticker: tokio::spawn(move_bar(watched, bar.clone())), bar: Some(bar) }
    }

    /// For commands that load nothing: only long waits are told.
    pub(crate) fn of_waits(client: Client, display: Display) -> Self {
        Self { ticker: tokio::spawn(print_waits(client, display)), bar: None }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ticker.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

async fn print_lines(mut watched: Watched, display: Display) {
    loop {
        tokio::time::sleep(PAUSE).await;
        watched.mark();
        print(&match display {
            Display::Json => watched.json().to_string(),
            Display::Auto | Display::Lines => [watched.ahead(), watched.done()].concat().join(", "),
        });
    }
}

async fn print_waits(client: Client, display: Display) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(waiting) = client.waiting() else { continue };
        let now = SystemTime::now();
        print(&match display {
            Display::Json => json!({"event": "progress", "waiting": wait_json(&waiting, now)}).to_string(),
            Display::Auto | Display::Lines => wait_text(&waiting, now),
        });
    }
}

/// A closed stderr is no reason to stop a load.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The bar grows with what is known, and is never full while something is unknown.
async fn move_bar(mut watched: Watched, bar: ProgressBar) {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        watched.mark();
        let (records, outlook) = (watched.tally.records(), watched.tally.outlook().records);
        bar.set_length(outlook.number().max(records).saturating_add(u64::from(!outlook.is_known())));
        bar.set_position(records);
        bar.set_prefix(watched.ahead().join(", "));
        bar.set_message(watched.done().join(", "));
        tokio::time::sleep(PAUSE).await;
    }
}

impl Watched {
    fn mark(&mut self) {
        let (records, requests) = (self.tally.records(), self.tally.requests());
        self.pace.mark(Mark { at: Instant::now(), records, requests });
    }

    /// How far it is, and how long it will take.
    fn ahead(&self) -> Vec<String> {
        let outlook = self.tally.outlook();
        let records = records_text(self.tally.records(), outlook.records, self.pace.speed());
        std::iter::once(records).chain(self.left(outlook).map(left_text)).collect()
    }

    /// What was done, what not, and what is waited for.
    fn done(&self) -> Vec<String> {
        let (tally, budget) = (&self.tally, self.budget);
        let (done, all) = tally.done();
        let mut parts: Vec<String> =
            self.client.waiting().map(|waiting| wait_text(&waiting, SystemTime::now())).into_iter().collect();
        parts.extend([
            format!("{done} of {all} resources"),
            requests_text(tally.requests(), budget, self.pace.speed()),
            time_text(self.started.elapsed(), budget),
        ]);
        for (kind, word) in [(LossKind::Skipped, "skipped"), (LossKind::Failed, "failed")] {
            let lost = tally.lost(kind);
            if lost > 0 {
                parts.push(format!("{} {word}", grouped(lost)));
            }
        }
        parts
    }

    /// How long it will take, as far as what is known allows to say: not while lists wait of which nothing is known, and
    /// not while the server is away.
    fn left(&self, outlook: Outlook) -> Option<Duration> {
        if self.client.waiting().is_some_and(|waiting| waiting.reason == Reason::Server) {
            return None;
        }
        let requests = outlook.requests_left?;
        let Budget { max_requests, max_duration } = self.budget;
        let allowed = max_requests.map_or(requests, |most| most.saturating_sub(self.tally.requests()));
        let left = self.pace.left(requests.min(allowed), self.client.rate(None))?;
        Some(max_duration.map_or(left, |most| left.min(most.saturating_sub(self.started.elapsed()))))
    }

    fn json(&self) -> Value {
        let tally = &self.tally;
        let (outlook, speed, (done, all)) = (tally.outlook(), self.pace.speed(), tally.done());
        json!({
            "event": "progress", "records": tally.records(), "expected": outlook.records.number(),
            "expected_is": match outlook.records {
                Records::Known(_) => "known",
                Records::About(_) => "estimated",
                Records::AtLeast(_) => "at_least",
            },
            "resources": all, "resources_done": done,
            "requests": tally.requests(), "skipped": tally.lost(LossKind::Skipped),
            "failed": tally.lost(LossKind::Failed),
            "records_per_second": speed.map(|speed| speed.records),
            "requests_per_second": speed.map(|speed| speed.requests),
            "waiting": self.client.waiting().map(|waiting| wait_json(&waiting, SystemTime::now())),
            "seconds": self.started.elapsed().as_secs(),
            "seconds_left": self.left(outlook).map(|left| left.as_secs()),
        })
    }
}
