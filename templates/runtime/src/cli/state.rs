//! `state`: what the pipeline remembers between runs, per resource and partition; and how to make it forget.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wildmatch::WildMatch;

use super::format::{Format, print};
use super::{CliError, destination};
use crate::config::Config;
use crate::destination::{Destination, StateEntry};
use crate::extract::PartitionState;
use crate::load::{PIPELINE, forget_states};
use crate::moment::Moment;
use crate::report::{aligned, counted};

#[derive(Debug, Args)]
pub(super) struct StateArguments {
    #[command(subcommand)]
    command: Option<StateCommand>,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Show what is kept of each partition
    Show {
        /// Only these resources: a name, or a pattern with `*` and `?`
        pattern: Option<String>,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Forget the state of resources: the next run reads them from their start date
    Reset {
        /// A name, or a pattern with `*` and `?`
        pattern: String,
    },
}

pub(super) fn state(arguments: &StateArguments, config: &Config, pipeline: &str) -> Result<(), CliError> {
    let mut destination = destination::open(&config.destination)?;
    match &arguments.command {
        None => show(destination.as_mut(), "*", Format::Table),
        Some(StateCommand::Show { pattern, format }) => {
            show(destination.as_mut(), pattern.as_deref().unwrap_or("*"), *format)
        }
        Some(StateCommand::Reset { pattern }) => reset(destination, pattern, pipeline),
    }
}

fn show(destination: &mut dyn Destination, pattern: &str, format: Format) -> Result<(), CliError> {
    let pattern = WildMatch::new(pattern);
    let mut entries: Vec<StateEntry> = Vec::new();
    destination.each_state(&mut |entry| {
        if entry.resource != PIPELINE && pattern.matches(&entry.resource) {
            entries.push(entry);
        }
    })?;
    match format {
        Format::Json => {
            let described = entries.iter().map(described).collect();
            print(&format!("{:#}\n", Value::Array(described)))
        }
        Format::Table => print(&table(&entries)),
    }
}

fn described(entry: &StateEntry) -> Value {
    let partition: Value = serde_json::from_str(&entry.partition).unwrap_or_default();
    json!({"resource": entry.resource, "partition": partition, "state": entry.state})
}

fn table(entries: &[StateEntry]) -> String {
    let head = ["resource", "partition", "changes loaded up to", "read whole at", "reading"];
    let row = |entry: &StateEntry| {
        let state =
            entry.state.clone().and_then(|state| serde_json::from_value::<PartitionState>(state).ok());
        let state = state.unwrap_or_default();
        let shown = |moment: Option<Moment>| moment.map_or("-".to_owned(), |moment| moment.to_string());
        let reading = match (&state.reading, &state.done) {
            (Some(reading), _) => format!("begun in {}", reading.load),
            (None, Some(done)) => format!("done in {}", done.load),
            (None, None) => "-".to_owned(),
        };
        // Names come from outside: they must not move the cursor.
        let partition = match &state.covers {
            Some(covers) => format!("{} in lists for many", covers.of.len()),
            None => entry.partition.escape_debug().to_string().replace("\\\"", "\""),
        };
        let cursor = state.cursors.values().min().copied();
        vec![entry.resource.clone(), partition, shown(cursor), shown(state.swept_at), reading]
    };
    let head = head.map(str::to_owned).to_vec();
    aligned(&std::iter::once(head).chain(entries.iter().map(row)).collect::<Vec<_>>(), &[])
}

fn reset(destination: Box<dyn Destination>, pattern: &str, pipeline: &str) -> Result<(), CliError> {
    let is_meant = WildMatch::new(pattern);
    let count = forget_states(destination, pipeline, without, &|name| is_meant.matches(name))?;
    if count == 0 {
        return print(&format!("no state matches `{}`\n", pattern.escape_debug()));
    }
    print(&format!("state of {} reset\n", counted(u64::try_from(count).unwrap_or(u64::MAX), "partition")))
}

/// What the state says when nothing is known of some resources any more; `None` where it does not speak of them.
pub(super) fn without(state: &Value, is_meant: &dyn Fn(&str) -> bool) -> Option<Value> {
    let mut state: PartitionState = serde_json::from_value(state.clone()).ok()?;
    let before = state.clone();
    state.cursors.retain(|name, _| !is_meant(name));
    let speaks_of = |with: &[String]| with.iter().any(|name| is_meant(name));
    state.done = state.done.filter(|done| !speaks_of(&done.with));
    state.reading = state.reading.filter(|reading| !speaks_of(&reading.with));
    (state != before).then(|| serde_json::to_value(state).ok()).flatten()
}
