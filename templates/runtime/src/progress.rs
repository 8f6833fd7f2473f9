//! What a run is doing, on stderr: a bar on a terminal, elsewhere a line every few seconds, for people or for programs.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::extract::{LossKind, Tally};
use crate::report::{counted, grouped, seconds};

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

/// Shown until it is finished or dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    ticker: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn start(tally: Arc<Tally>, display: Display) -> Self {
        if display != Display::Auto || !std::io::stderr().is_terminal() {
            return Self { ticker: tokio::spawn(print_lines(tally, display)), bar: None };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        Self { ticker: tokio::spawn(move_bar(tally, bar.clone())), bar: Some(bar) }
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

async fn print_lines(tally: Arc<Tally>, display: Display) {
    const PAUSE: Duration = Duration::from_secs(5);
    let started = Instant::now();
    loop {
        tokio::time::sleep(PAUSE).await;
        let line = match display {
            Display::Json => json_line(&tally, started.elapsed()),
            Display::Auto | Display::Lines => line(&tally, started.elapsed()),
        };
        // A closed stderr is no reason to stop a load.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// The bar grows with what is known of the lists that were begun.
async fn move_bar(tally: Arc<Tally>, bar: ProgressBar) {
    const PAUSE: Duration = Duration::from_millis(100);
    let started = Instant::now();
    loop {
        bar.set_length(tally.expected().max(tally.records()));
        bar.set_position(tally.records());
        bar.set_message(line(&tally, started.elapsed()));
        tokio::time::sleep(PAUSE).await;
    }
}

fn line(tally: &Tally, elapsed: Duration) -> String {
    let records = match (tally.records(), tally.expected()) {
        (records, expected) if expected > records => {
            format!("{} of {}", grouped(records), counted(expected, "record"))
        }
        (records, _) => counted(records, "record"),
    };
    let mut line = format!("{records}, {}, {}", counted(tally.requests(), "request"), seconds(elapsed));
    for (kind, word) in [(LossKind::Skipped, "skipped"), (LossKind::Failed, "failed")] {
        let lost = tally.lost(kind);
        if lost > 0 {
            line.push_str(&format!(", {} {word}", grouped(lost)));
        }
    }
    line
}

fn json_line(tally: &Tally, elapsed: Duration) -> String {
    let progress = json!({
        "event": "progress", "records": tally.records(), "expected": tally.expected(), "requests": tally.requests(),
        "skipped": tally.lost(LossKind::Skipped), "failed": tally.lost(LossKind::Failed),
        "seconds": elapsed.as_secs(),
    });
    progress.to_string()
}
