//! What a run did, for people: a line per resource, what was left out and why, and what that means.

use std::fmt::Write;
use std::time::Duration;

use crate::client::Excerpt;
use crate::destination::SchemaChange;
use crate::extract::{Counts, LossKind, Spent, Tally};
use crate::load::LoadSummary;
use crate::shard::Shard;

/// The table and the notes below it, of a whole run or of a shard. `attempts` are the requests that were sent, with retries and redirects.
pub(crate) fn render_report(tally: &Tally, attempts: u64, shard: Option<Shard>) -> String {
    let head =
        ["resource", "records", "requests", "retries", "skipped", "failed"].map(str::to_owned).to_vec();
    let row = |(name, counts): (&str, &Counts)| {
        let [skipped, failed] = [LossKind::Skipped, LossKind::Failed].map(|kind| counts.lost(kind));
        let numbers = [counts.records(), counts.requests(), counts.retries(), skipped, failed];
        std::iter::once(name.to_owned()).chain(numbers.map(grouped)).collect::<Vec<_>>()
    };
    let (asked, unasked): (Vec<_>, Vec<_>) = tally.resources().partition(|(_, counts)| counts.requests() > 0);
    let rows: Vec<_> = std::iter::once(head).chain(asked.into_iter().map(row)).collect();
    let mut text = aligned(&rows, &[1, 2, 3, 4, 5]);
    text.push_str(&render_losses(tally));
    text.push_str(&render_notes(tally));
    text.push_str(&render_absent(tally));
    text.push_str(&render_unasked(tally, unasked.into_iter().map(|(name, _)| name), shard));
    text.extend(render_left(tally).map(|left| format!("note: {left}\n")));
    let _ = writeln!(
        text,
        "{}, {}, {} sent in all",
        counted(tally.requests(), "request"),
        counted(tally.retries(), "retry"),
        grouped(attempts)
    );
    text
}

/// What a run had no reason to ask for.
fn render_unasked(tally: &Tally, names: impl Iterator<Item = &'static str>, shard: Option<Shard>) -> String {
    let (before, others): (Vec<_>, Vec<_>) = names.partition(|name| tally.is_read_before(name));
    let (_, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|name| tally.is_left(name));
    let (absent, never): (Vec<_>, Vec<_>) = others.into_iter().partition(|name| tally.is_absent(name));
    let mut text = String::new();
    if !before.is_empty() {
        let _ = writeln!(text, "read by the load that was cut off: {}", before.join(", "));
    }
    if !absent.is_empty() {
        let _ = writeln!(text, "not asked for, as they are switched off or empty: {}", absent.join(", "));
    }
    if !never.is_empty() {
        let why = match shard.is_some_and(|shard| !shard.is_first()) {
            true => "they are the first shard's, or nothing above them has come",
            false => "nothing above them has come",
        };
        let _ = writeln!(text, "not asked for, as {why}: {}", never.join(", "));
    }
    text
}

/// The lists of which the records above them say that they have nothing.
fn render_absent(tally: &Tally) -> String {
    let absent = tally.resources().map(|(name, counts)| (name, counts.absent()));
    let absent: Vec<_> = absent.filter(|(_, lists)| *lists > 0).collect();
    let (lists, of) = (absent.iter().map(|(_, lists)| lists).sum(), number(absent.len()));
    if absent.is_empty() {
        return String::new();
    }
    let of_each: Vec<_> =
        absent.iter().map(|(name, lists)| format!("`{name}` {}", grouped(*lists))).collect();
    format!(
        "note: {} of {} {} not asked for, as the records above say that they are switched off or empty: {}\n",
        counted(lists, "list"),
        counted(of, "resource"),
        were(lists),
        of_each.join(", ")
    )
}

fn were(number: u64) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// What a later run asks for.
pub(crate) fn render_left(tally: &Tally) -> Option<String> {
    let left = tally.left();
    let resources = tally.resources().filter(|(_, counts)| counts.left().lists > 0).count();
    let due = left.due_at.map_or_else(
        || "they change no more".to_owned(),
        |due_at| format!("the next is due at {}", due_at.minute_text()),
    );
    let (lists, resources) = (counted(left.lists, "list"), counted(number(resources), "resource"));
    let are = if left.lists == 1 { "is" } else { "are" };
    (left.lists > 0).then(|| format!("{lists} of {resources} {are} left for later: {due}"))
}

/// Why partitions were left out; the reasons come from outside and are kept to one line.
fn render_losses(tally: &Tally) -> String {
    let mut text = String::new();
    for (name, counts) in tally.resources() {
        for (loss, losses) in counts.losses() {
            let kind = match loss.kind {
                LossKind::Skipped => "skipped",
                LossKind::Failed => "failed",
            };
            let _ = writeln!(
                text,
                "{kind}: {} of `{name}`: {} (for example {})",
                counted(losses.partitions, "partition"),
                Excerpt::new(&loss.reason),
                Excerpt::new(&losses.example)
            );
        }
    }
    text
}

/// What was not read because it is known, and what had to be read though it was not asked for.
fn render_notes(tally: &Tally) -> String {
    let mut text = String::new();
    for (name, counts) in tally.resources() {
        let partitions = |number| counted(number, "partition");
        if counts.in_wide_lists() > 0 {
            let (many, lists) = (partitions(counts.in_wide_lists()), counted(counts.wide_lists(), "list"));
            let _ = writeln!(text, "note: {many} of `{name}` were read in {lists}");
        }
        for (reason, partitions) in counts.asides() {
            let reason = Excerpt::new(&reason);
            let _ = match partitions {
                0 => writeln!(text, "note: `{name}` is read one by one: {reason}"),
                one => writeln!(
                    text,
                    "note: {} of `{name}` were read one by one: {reason}",
                    counted(one, "partition")
                ),
            };
        }
        if counts.resumed() > 0 {
            let done = partitions(counts.resumed());
            let _ =
                writeln!(text, "note: {done} of `{name}` were read by the load that this one goes on with");
        }
        if counts.settled() > 0 {
            let ended = counted(counts.settled(), "record");
            let _ = writeln!(text, "note: {ended} of `{name}` ended long ago; what hangs on them is loaded");
        }
        if counts.disobeyed() > 0 {
            let whole = partitions(counts.disobeyed());
            let _ = writeln!(
                text,
                "note: {whole} of `{name}` did not come in the order and range that was asked for: read whole"
            );
        }
    }
    text
}

/// What the load changed beside the rows, and where they are. `place` is the destination's own name for itself.
pub(crate) fn render_load(summary: &LoadSummary, place: &str) -> String {
    const MOST: usize = 10;
    let mut text = String::new();
    let is_new = |change: &&SchemaChange| matches!(change, SchemaChange::CreateTable(_));
    let (new, other): (Vec<_>, Vec<_>) = summary.changes.iter().partition(is_new);
    // The columns of a new table are new with it.
    let is_part = |change: &&SchemaChange| {
        matches!(change, SchemaChange::AddColumn { .. })
            && new.iter().any(|new| new.table() == change.table())
    };
    let other: Vec<_> = other.into_iter().filter(|change| !is_part(change)).collect();
    if !new.is_empty() {
        let names: Vec<_> = new.iter().take(MOST).map(|change| format!("`{}`", change.table())).collect();
        let _ = writeln!(
            text,
            "schema: {}: {}{}",
            counted(number(new.len()), "new table"),
            names.join(", "),
            if new.len() > MOST { ", …" } else { "" }
        );
    }
    for change in other.iter().take(MOST) {
        let _ = writeln!(text, "schema: {change}");
    }
    if other.len() > MOST {
        let _ = writeln!(text, "schema: and {}", counted(number(other.len() - MOST), "more change"));
    }
    for (what, count) in &summary.discarded {
        let _ = writeln!(text, "discarded: {}", what.told(*count));
    }
    for note in &summary.notes {
        let _ = writeln!(text, "note: {note}");
    }
    for (table, rows) in &summary.deleted {
        let _ = writeln!(text, "deleted: {} of `{table}` are gone and marked", counted(*rows, "row"));
    }
    for (resource, breach) in &summary.breaches {
        let _ = writeln!(text, "failed: `{resource}`: {breach}");
        let _ = writeln!(text, "hint: {}", breach.hint(resource));
    }
    let rows: u64 = summary.tables.values().map(|written| written.inserted + written.updated).sum();
    let _ = writeln!(
        text,
        "load {}: {} in {} of {place}, {}",
        summary.load_id,
        counted(rows, "row"),
        counted(number(summary.tables.len()), "table"),
        seconds(summary.duration)
    );
    text
}

/// What came in other bytes than it should have, and was loaded all the same.
pub(crate) fn render_repaired(pages: u64) -> Option<String> {
    let held = counted(pages, "page");
    (pages > 0).then(|| format!("note: {held} held bytes that are no UTF-8, or no JSON; repaired\n"))
}

/// The line that nobody may miss when a limit cut something off.
pub(crate) fn render_truncated(tally: &Tally, limit: u64) -> Option<String> {
    let resources = tally.truncated();
    (!resources.is_empty()).then(|| {
        format!(
            "truncated: `--limit {limit}` cut off records of {}: these tables are NOT complete\n",
            resources.join(", ")
        )
    })
}

/// Why the run ended before everything was asked for.
pub(crate) fn render_stopped(spent: Spent) -> String {
    format!("stopped: {spent} is used up; continued by the next run\n")
}

/// Columns side by side; those named in `right` are aligned to the right.
pub(crate) fn aligned(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if right.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// `1 row`, `2,000 rows`, `3 retries`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{} {stem}ies", grouped(number)),
        (_, None) => format!("{} {noun}s", grouped(number)),
    }
}

/// `1.2 s`, or minutes and hours where there are some.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown: Vec<_> = [0, 999, 1_000, 1_234_567].map(grouped).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn nouns_follow_their_number() {
        let shown = [counted(1, "row"), counted(0, "row"), counted(2_000, "retry")];
        assert_eq!(shown, ["1 row", "0 rows", "2,000 retries"]);
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["name".to_owned(), "rows".to_owned()], vec!["projects".to_owned(), "7".to_owned()]];
        assert_eq!(aligned(&rows, &[1]), "name      rows\nprojects     7\n");
    }
}
