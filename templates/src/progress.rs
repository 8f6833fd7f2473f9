//! What a run is doing, on stderr: a line that moves on a terminal, a plain line every few seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::extract::{LossKind, Tally};
use crate::report::{counted, grouped, seconds};

/// Shown until it is finished or dropped.
#[derive(Debug)]
pub struct Progress {
    ticker: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts to show the tally. `plain` asks for lines even on a terminal, where other lines would tear a bar apart.
    pub fn start(tally: Arc<Tally>, plain: bool) -> Self {
        if plain || !std::io::stderr().is_terminal() {
            return Self { ticker: tokio::spawn(print_lines(tally)), bar: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
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

async fn print_lines(tally: Arc<Tally>) {
    const PAUSE: Duration = Duration::from_secs(5);
    let started = Instant::now();
    loop {
        tokio::time::sleep(PAUSE).await;
        // A closed stderr is no reason to stop a load.
        let _ = writeln!(std::io::stderr(), "{}", line(&tally, started.elapsed()));
    }
}

async fn move_bar(tally: Arc<Tally>, bar: ProgressBar) {
    const PAUSE: Duration = Duration::from_millis(100);
    let started = Instant::now();
    loop {
        bar.set_message(line(&tally, started.elapsed()));
        bar.tick();
        tokio::time::sleep(PAUSE).await;
    }
}

fn line(tally: &Tally, elapsed: Duration) -> String {
    let mut line = format!(
        "{}, {}, {}",
        counted(tally.records(), "record"),
        counted(tally.requests(), "request"),
        seconds(elapsed)
    );
    for (kind, word) in [(LossKind::Skipped, "skipped"), (LossKind::Failed, "failed")] {
        let lost = tally.lost(kind);
        if lost > 0 {
            line.push_str(&format!(", {} {word}", grouped(lost)));
        }
    }
    line
}
