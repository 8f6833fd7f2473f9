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
            Display::Auto | Display::Lines => format!("{}, {}", watched.records(), watched.rest()),
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

/// The bar grows with what is known: it is never full while something is unknown, and half full at most while nobody knows
/// how much that is.
async fn move_bar(mut watched: Watched, bar: ProgressBar) {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        watched.mark();
        let (records, outlook) = (watched.tally.records(), watched.tally.outlook().records);
        let all = outlook.number().max(records);
        bar.set_length(match outlook {
            Records::Known(_) => all,
            Records::About(_) => all.saturating_add(1),
            Records::AtLeast(_) => all.max(records.saturating_mul(2)).saturating_add(1),
        });
        bar.set_position(records);
        bar.set_prefix(watched.records());
        bar.set_message(watched.rest());
        tokio::time::sleep(PAUSE).await;
    }
}

impl Watched {
    fn mark(&mut self) {
        let (records, requests) = (self.tally.records(), self.tally.requests());
        self.pace.mark(Mark { at: Instant::now(), records, requests });
    }

    /// How far it is.
    fn records(&self) -> String {
        records_text(self.tally.records(), self.tally.outlook().records, self.pace.speed())
    }

    /// What is waited for, how long it will take, what was done, and what not.
    fn rest(&self) -> String {
        let (tally, budget, outlook) = (&self.tally, self.budget, self.tally.outlook());
        let (done, all) = tally.done();
        let waiting = self.client.waiting().map(|waiting| wait_text(&waiting, SystemTime::now()));
        let left = self.left(outlook).map(|left| left_text(left, outlook.records));
        let mut parts: Vec<String> = waiting.into_iter().chain(left).collect();
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
        parts.join(", ")
    }

    /// How long what is known will take; nothing while lists wait of a kind of which none was read, or the server is away.
    fn left(&self, outlook: Outlook) -> Option<Duration> {
        if self.client.waiting().is_some_and(|waiting| waiting.reason == Reason::Server) {
            return None;
        }
        let requests = outlook.requests_left.filter(|requests| *requests > 0)?;
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
