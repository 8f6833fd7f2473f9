//! What a run is doing, on stderr: a bar on a terminal, elsewhere a line every few seconds, for people or for programs.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::client::{Client, Reason, Waiting};
use crate::extract::{LossKind, Outlook, Tally};
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
    started: Instant,
}

impl Progress {
    pub(crate) fn start(tally: Arc<Tally>, client: Client, display: Display) -> Self {
        let watched = Watched { tally, client, started: Instant::now() };
        if display != Display::Auto || !std::io::stderr().is_terminal() {
            return Self { ticker: tokio::spawn(print_lines(watched, display)), bar: None };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
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

async fn print_lines(watched: Watched, display: Display) {
    loop {
        tokio::time::sleep(PAUSE).await;
        print(&match display {
            Display::Json => watched.json().to_string(),
            Display::Auto | Display::Lines => watched.line(),
        });
    }
}

async fn print_waits(client: Client, display: Display) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(waiting) = client.waiting() else { continue };
        print(&match display {
            Display::Json => json!({"event": "progress", "waiting": json_of(waiting)}).to_string(),
            Display::Auto | Display::Lines => wait_text(waiting, SystemTime::now()),
        });
    }
}

/// A closed stderr is no reason to stop a load.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The bar grows with what is known, and is never full while something is unknown.
async fn move_bar(watched: Watched, bar: ProgressBar) {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        let (records, outlook) = (watched.tally.records(), watched.tally.outlook());
        bar.set_length(outlook.records().max(records).saturating_add(u64::from(!outlook.is_known())));
        bar.set_position(records);
        bar.set_message(watched.line());
        tokio::time::sleep(PAUSE).await;
    }
}

impl Watched {
    fn line(&self) -> String {
        let tally = &self.tally;
        let records = records_text(tally.records(), tally.outlook());
        let mut line = format!(
            "{records}, {}, {}",
            counted(tally.requests(), "request"),
            seconds(self.started.elapsed())
        );
        for (kind, word) in [(LossKind::Skipped, "skipped"), (LossKind::Failed, "failed")] {
            let lost = tally.lost(kind);
            if lost > 0 {
                line.push_str(&format!(", {} {word}", grouped(lost)));
            }
        }
        if let Some(waiting) = self.client.waiting() {
            line.push_str(", ");
            line.push_str(&wait_text(waiting, SystemTime::now()));
        }
        line
    }

    fn json(&self) -> Value {
        let tally = &self.tally;
        let outlook = tally.outlook();
        json!({
            "event": "progress", "records": tally.records(), "expected": outlook.records(),
            "expected_is": match outlook {
                Outlook::Known(_) => "known",
                Outlook::About(_) => "estimated",
                Outlook::AtLeast(_) => "at_least",
            },
            "requests": tally.requests(), "skipped": tally.lost(LossKind::Skipped),
            "failed": tally.lost(LossKind::Failed), "waiting": self.client.waiting().map(json_of),
            "seconds": self.started.elapsed().as_secs(),
        })
    }
}

/// How many records there are of how many.
fn records_text(records: u64, outlook: Outlook) -> String {
    match outlook {
        Outlook::Known(all) if all > records => format!("{} of {}", grouped(records), counted(all, "record")),
        Outlook::About(all) if all > records => {
            format!("{} of about {}", grouped(records), counted(rounded(all), "record"))
        }
        Outlook::AtLeast(all) => {
            format!("{} of at least {}", grouped(records), counted(all.max(records), "record"))
        }
        Outlook::Known(_) | Outlook::About(_) => counted(records, "record"),
    }
}

/// To two digits: an estimate knows no more.
fn rounded(number: u64) -> u64 {
    let step = 10_u64.saturating_pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    number.saturating_add(step / 2) / step * step
}

/// `waiting for the rate limit, 41 s`; of a long wait also when it ends.
fn wait_text(waiting: Waiting, now: SystemTime) -> String {
    const LONG: Duration = Duration::from_secs(120);
    let left = Duration::from_secs(waiting.left.as_secs() + u64::from(waiting.left.subsec_nanos() > 0));
    let text = format!("waiting for {}", waiting.reason);
    if left < LONG {
        return format!("{text}, {} s", left.as_secs());
    }
    let until = now.checked_add(left).map(DateTime::<Utc>::from);
    let until = until.map(|time| format!(" (until {})", time.format("%H:%M UTC"))).unwrap_or_default();
    format!("{text}, {}{until}", humantime::format_duration(left))
}

fn json_of(waiting: Waiting) -> Value {
    let reason = match waiting.reason {
        Reason::RateLimit => "rate_limit",
        Reason::Server => "server",
    };
    json!({"for": reason, "seconds": waiting.left.as_secs()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let shown = [
            records_text(1_493, Outlook::Known(1_496)),
            records_text(1_493, Outlook::About(57_812)),
            records_text(1_493, Outlook::AtLeast(1_496)),
            records_text(1_496, Outlook::Known(1_496)),
        ];
        let expected = [
            "1,493 of 1,496 records",
            "1,493 of about 58,000 records",
            "1,493 of at least 1,496 records",
            "1,496 records",
        ];
        assert_eq!(shown, expected);
        assert_eq!([0, 7, 99, 104, 1_049, 995].map(rounded), [0, 7, 99, 100, 1_000, 1_000]);
    }

    #[test]
    fn a_wait_counts_down_and_a_long_one_has_an_end() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10 * 3600);
        let text = |millis, reason| wait_text(Waiting { reason, left: Duration::from_millis(millis) }, now);
        assert_eq!(text(40_200, Reason::RateLimit), "waiting for the rate limit, 41 s");
        assert_eq!(
            text(2_995_000, Reason::RateLimit),
            "waiting for the rate limit, 49m 55s (until 10:49 UTC)"
        );
        assert_eq!(text(7_000, Reason::Server), "waiting for GitLab to be well again, 7 s");
    }
}
