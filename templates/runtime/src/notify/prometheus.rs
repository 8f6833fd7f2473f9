//! The figures of the last run as a file that node_exporter's
//! [textfile collector](https://github.com/prometheus/node_exporter#textfile-collector) reads, in the
//! [text format](https://prometheus.io/docs/instrumenting/exposition_formats/) of Prometheus.
//!
//! A run that fails writes it as well. When one last went well, the file itself remembers.

use std::fmt::{Display, Write as _};
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::account::{Account, Read};
use crate::client::Reason;
use crate::extract::{Counts, LossKind};

const LAST_SUCCESS: &str = "gitlab_pipeline_last_success_timestamp_seconds";

/// Writes the file in one step: whoever reads it finds the old one or the new one.
pub(crate) fn write(path: &Path, account: &Account) -> io::Result<()> {
    let before = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Collectors read files that end in `.prom`.
    name.push(".new");
    let new = path.with_file_name(name);
    fs::write(&new, figures(account, &before))?;
    fs::rename(&new, path)
}

/// The text of the file; `before` is that of the run before.
fn figures(account: &Account, before: &str) -> String {
    let shard = account.shard.map(|shard| shard.to_string());
    let labels: Vec<(&str, &str)> = std::iter::once(("pipeline", account.pipeline))
        .chain(shard.as_deref().map(|shard| ("shard", shard)))
        .collect();
    let mut text = Figures { text: String::new(), labels };
    let ended_at = timestamp(account.started_at + account.took);
    text.one("gitlab_pipeline_last_run_timestamp_seconds", "When the last run ended.", &ended_at);
    let success = if account.exit_code == 0 { Some(ended_at) } else { text.kept(LAST_SUCCESS, before) };
    if let Some(success) = success {
        text.one(LAST_SUCCESS, "When the last run ended that went well.", &success);
    }
    let exit_code = "The exit code of the last run: 0 when it went well.";
    text.one("gitlab_pipeline_last_run_exit_code", exit_code, &account.exit_code);
    let took = account.took.as_secs_f64();
    text.one("gitlab_pipeline_last_run_duration_seconds", "How long the last run took.", &took);
    if let Some(loaded) = &account.loaded {
        let rows = loaded.tables.iter().map(|(table, rows)| (table.as_str(), rows.inserted + rows.updated));
        text.each("gitlab_pipeline_last_run_rows", "Rows that the last run wrote.", "table", rows);
    }
    if let Some(read) = &account.read {
        text.read(read);
    }
    text.text
}

struct Figures<'a> {
    text: String,
    /// Of every figure.
    labels: Vec<(&'a str, &'a str)>,
}

impl Figures<'_> {
    fn read(&mut self, read: &Read) {
        let tally = &read.tally;
        let asked: Vec<(&str, &Counts)> =
            tally.resources().filter(|(_, counts)| counts.requests() > 0).collect();
        let mut each = |name: &str, help: &str, figure: &dyn Fn(&Counts) -> u64| {
            let figures = asked.iter().map(|(resource, counts)| (*resource, figure(counts)));
            self.each(name, help, "resource", figures);
        };
        each("gitlab_pipeline_last_run_records", "Records that the last run read.", &Counts::records);
        each("gitlab_pipeline_last_run_requests", "Requests of the last run.", &Counts::requests);
        each("gitlab_pipeline_last_run_retries", "Requests that it sent again.", &Counts::retries);
        each(
            "gitlab_pipeline_last_run_skipped_partitions",
            "Partitions that GitLab refused the last run.",
            &|counts| counts.lost(LossKind::Skipped),
        );
        each(
            "gitlab_pipeline_last_run_failed_partitions",
            "Partitions that failed in the last run.",
            &|counts| counts.lost(LossKind::Failed),
        );
        let waited = [("rate_limit", Reason::RateLimit), ("server", Reason::Server)];
        let waited = waited.map(|(name, reason)| (name, read.client.waited(reason).as_secs_f64()));
        let help = "How long requests of the last run waited, by what for.";
        self.each("gitlab_pipeline_last_run_wait_seconds", help, "for", waited);
    }

    fn one(&mut self, name: &str, help: &str, figure: &dyn Display) {
        self.begin(name, help);
        let _ = writeln!(self.text, "{name}{} {figure}", self.labelled(None));
    }

    fn each<T: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        figures: impl IntoIterator<Item = (impl AsRef<str>, T)>,
    ) {
        let mut figures = figures.into_iter().peekable();
        if figures.peek().is_some() {
            self.begin(name, help);
        }
        for (of, figure) in figures {
            let _ = writeln!(self.text, "{name}{} {figure}", self.labelled(Some((label, of.as_ref()))));
        }
    }

    fn begin(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn labelled(&self, more: Option<(&str, &str)>) -> String {
        let labels = self.labels.iter().copied().chain(more);
        let labels: Vec<String> =
            labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        format!("{{{}}}", labels.join(","))
    }

    /// What the file of the run before says, as it says it.
    fn kept(&self, name: &str, before: &str) -> Option<String> {
        let start = format!("{name}{} ", self.labelled(None));
        let figure = before.lines().find_map(|line| line.strip_prefix(&start))?;
        figure.parse::<f64>().is_ok().then(|| figure.to_owned())
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Seconds since 1970, to the millisecond.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(exit_code: u8) -> Account {
        let mut account = Account::new("of \"acme\"\\\n");
        account.end(exit_code, None);
        account.started_at = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        account.took = Duration::from_millis(1_500);
        account
    }

    #[test]
    fn a_failed_run_keeps_when_one_last_went_well() {
        let first = figures(&ended(3), "");
        assert!(!first.contains(LAST_SUCCESS), "{first}");
        let well = figures(&ended(0), &first);
        let line = format!("{LAST_SUCCESS}{{pipeline=\"of \\\"acme\\\"\\\\\\n\"}} 1700000001.500\n");
        assert!(well.contains(&line), "{well}");
        let mut later = ended(1);
        later.started_at += Duration::from_secs(3600);
        let failed = figures(&later, &well);
        assert!(failed.contains(&line), "{failed}");
        assert!(failed.contains("_exit_code{pipeline=\"of \\\"acme\\\"\\\\\\n\"} 1\n"), "{failed}");
        assert!(
            figures(&later, &well.replace(" 17", " x17")).contains("exit_code"),
            "what is no figure is left"
        );
    }

    #[test]
    fn the_file_is_exchanged_in_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gitlab.prom");
        write(&path, &ended(0)).unwrap();
        write(&path, &ended(1)).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(fs::read_to_string(&path).unwrap().contains(LAST_SUCCESS));
        assert!(write(&folder.path().join("none/gitlab.prom"), &ended(0)).is_err());
    }
}
