//! `info`: how the last loads went. What a run writes down about itself at its end, this shows.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::format::{Format, print};
use super::{CliError, destination};
use crate::client::{Client, Excerpt, Reason};
use crate::config::Config;
use crate::destination::LoadEntry;
use crate::extract::{Counts, LeftForLater, LossKind, Tally};
use crate::moment::Moment;
use crate::report::{aligned, counted, grouped, seconds};

#[derive(Debug, Args)]
pub(super) struct InfoArguments {
    /// How many loads, the newest first
    #[arg(long, value_name = "N", default_value_t = 5)]
    last: usize,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What is kept of a run: records, requests and what was left out, per resource.
pub(super) fn record_of(tally: &Tally, attempts: u64) -> Map<String, Value> {
    let is_told = |counts: &Counts| counts.requests() > 0 || counts.left().lists > 0 || counts.absent() > 0;
    let resources = tally.resources().filter(|(_, counts)| is_told(counts));
    let resources: Map<String, Value> =
        resources.map(|(name, counts)| (name.to_owned(), counts_of(counts))).collect();
    let left_out = tally.resources().flat_map(|(name, counts)| left_out_of(name, counts));
    Map::from_iter([
        ("requests".to_owned(), tally.requests().into()),
        ("retries".to_owned(), tally.retries().into()),
        ("sent".to_owned(), attempts.into()),
        ("resources".to_owned(), resources.into()),
        ("left_out".to_owned(), left_out.collect()),
        ("left_for_later".to_owned(), left_of(tally.left())),
        ("truncated".to_owned(), tally.truncated().into()),
    ])
}

fn left_of(left: LeftForLater) -> Value {
    json!({"lists": left.lists, "due_at": left.due_at.map(|due_at| due_at.to_string())})
}

/// In milliseconds, by what requests have waited for. A fraction would not do: the entry is part of what a Singer target
/// keeps, and some cannot write one back.
pub(super) fn waited(client: &Client) -> Value {
    let milliseconds = |reason| u64::try_from(client.waited(reason).as_millis()).unwrap_or(u64::MAX);
    json!({"rate_limit": milliseconds(Reason::RateLimit), "server": milliseconds(Reason::Server)})
}

fn counts_of(counts: &Counts) -> Value {
    json!({
        "records": counts.records(),
        "requests": counts.requests(),
        "retries": counts.retries(),
        "done_before": counts.resumed(),
        "settled": counts.settled(),
        "wide_lists": counts.wide_lists(),
        "in_wide_lists": counts.in_wide_lists(),
        "one_by_one": one_by_one(counts),
        "absent": counts.absent(),
        "left_for_later": left_of(counts.left()),
    })
}

/// Why partitions were read by lists of their own though there are lists for many.
fn one_by_one(counts: &Counts) -> Vec<Value> {
    let asides = counts.asides().into_iter();
    asides.map(|(reason, partitions)| json!({"reason": reason, "partitions": partitions})).collect()
}

fn left_out_of(name: &'static str, counts: &Counts) -> Vec<Value> {
    let described = counts.losses().into_iter().map(|(loss, losses)| {
        let kind = match loss.kind {
            LossKind::Skipped => "skipped",
            LossKind::Failed => "failed",
        };
        json!({
            "resource": name, "kind": kind, "partitions": losses.partitions,
            "reason": loss.reason, "example": losses.example,
        })
    });
    described.collect()
}

pub(super) fn info(arguments: &InfoArguments, config: &Config) -> Result<(), CliError> {
    let loads = destination::open(&config.destination)?.loads(arguments.last)?;
    match arguments.format {
        Format::Json => {
            let described = loads.iter().map(described).collect();
            print(&format!("{:#}\n", Value::Array(described)))
        }
        Format::Table if loads.is_empty() => print("no load yet\n"),
        Format::Table => print(&loads.iter().map(shown).collect::<Vec<_>>().join("\n")),
    }
}

fn described(load: &LoadEntry) -> Value {
    let mut described = json!({
        "load_id": load.load_id,
        "pipeline": load.pipeline,
        "status": load.status.name(),
        "started_at": Moment::from(load.started_at).to_string(),
        "finished_at": load.finished_at.map(|time| Moment::from(time).to_string()),
        "rows": load.rows,
    });
    if let Some(described) = described.as_object_mut() {
        described.extend(load.report.clone());
    }
    described
}

fn shown(load: &LoadEntry) -> String {
    let number = |name: &str| load.report.get(name).and_then(Value::as_u64);
    let mut head = vec![format!("load {}: {}", load.load_id, load.status.name())];
    head.extend(load.shard().map(|shard| format!("shard {shard}")));
    head.extend(duration(load).map(seconds));
    head.extend(number("requests").map(|requests| counted(requests, "request")));
    head.extend(number("retries").map(|retries| counted(retries, "retry")));
    let rows = load
        .rows
        .iter()
        .map(|(table, rows)| vec![format!("  {table}"), grouped(rows.as_u64().unwrap_or_default())]);
    let rows = aligned(&rows.collect::<Vec<_>>(), &[1]);
    let left_out: String = list(load, "left_out").map(left_out_line).collect();
    let left = left_line(load).unwrap_or_default();
    let told =
        [("failed", "breaches"), ("schema", "schema_changes"), ("discarded", "discarded"), ("note", "notes")];
    let stopped = load.report.get("stopped").and_then(Value::as_str);
    let stopped = stopped.map(|key| format!("  stopped: `{key}` was used up; continued by the next run\n"));
    let told: String = told
        .iter()
        .flat_map(|(word, name)| list(load, name).map(move |line| format!("  {word}: {}\n", text(line))))
        .collect();
    format!("{}\n{rows}{left_out}{left}{told}{}", head.join(", "), stopped.unwrap_or_default())
}

fn left_line(load: &LoadEntry) -> Option<String> {
    let left = load.report.get("left_for_later")?;
    let lists = left.get("lists").and_then(Value::as_u64).filter(|lists| *lists > 0)?;
    let due_at = left.get("due_at").and_then(Value::as_str).and_then(Moment::parse);
    let due = due_at.map(|due_at| format!(", the next due at {}", due_at.minute_text()));
    Some(format!("  left for later: {}{}\n", counted(lists, "list"), due.unwrap_or_default()))
}

fn left_out_line(left_out: &Value) -> String {
    let field = |name: &str| text(left_out.get(name).unwrap_or(&Value::Null));
    let partitions = left_out.get("partitions").and_then(Value::as_u64).unwrap_or_default();
    let (kind, resource, reason) = (field("kind"), field("resource"), field("reason"));
    format!("  {kind}: {} of `{resource}`: {reason}\n", counted(partitions, "partition"))
}

fn list<'l>(load: &'l LoadEntry, name: &str) -> impl Iterator<Item = &'l Value> {
    load.report.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Reasons come from outside: kept to one line.
fn text(value: &Value) -> String {
    Excerpt::new(value.as_str().unwrap_or_default()).to_string()
}

fn duration(load: &LoadEntry) -> Option<Duration> {
    load.finished_at?.duration_since(load.started_at).ok()
}
