//! What is worth telling of a run, in words that mean nothing to any service: a title, lines, and the same by name for
//! programs.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::account::{Account, LeftOut};
use crate::client::Excerpt;
use crate::config::{Notify, Occasion};
use crate::destination::SchemaChange;
use crate::extract::LossKind;
use crate::load::LoadSummary;
use crate::moment::Moment;
use crate::report::{counted, grouped, seconds};
use crate::told::{INTERRUPTED, PARTIAL, ToldError};

/// Something to read, and where it comes from by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) title: String,
    pub(crate) is_bad: bool,
    /// Short, and without line breaks or characters that move a cursor.
    pub(crate) lines: Vec<String>,
    /// Where more is to be found.
    pub(crate) link: Option<String>,
    /// For programs, with the names that `info --format json` has where it has the same.
    pub(crate) details: Map<String, Value>,
}

/// Lines of one occasion: what a channel of people still reads.
const MOST: usize = 10;

/// Bytes of a line.
const LENGTH: usize = 500;

impl Message {
    /// `None`: the run is not worth one.
    pub(crate) fn of(account: &Account, notify: &Notify) -> Option<Self> {
        let told = told(account, &notify.on);
        if told.is_empty() {
            return None;
        }
        let occasions: Vec<Occasion> = told.iter().map(|(occasion, _)| *occasion).collect();
        let mut lines: Vec<String> = told.into_iter().flat_map(|(_, lines)| shortened(lines)).collect();
        lines.extend(place(account));
        Some(Self {
            title: title(account, &occasions),
            is_bad: occasions.contains(&Occasion::Failure),
            lines: lines.iter().map(|line| Excerpt::within(LENGTH, line).to_string()).collect(),
            link: notify.link.clone(),
            details: details(account, &occasions, notify),
        })
    }

    /// One that shows whether messages arrive.
    pub(crate) fn of_check(pipeline: &str, notify: &Notify) -> Self {
        let on: Vec<&str> = notify.on.iter().map(|occasion| occasion.name()).collect();
        Self {
            title: format!("{pipeline}: a test message"),
            is_bad: false,
            lines: vec![format!("messages arrive here; they are sent on: {}", on.join(", "))],
            link: notify.link.clone(),
            details: Map::from_iter([
                ("pipeline".to_owned(), pipeline.into()),
                ("occasions".to_owned(), json!(["test"])),
            ]),
        }
    }
}

/// What is told on each occasion that there is.
fn told(account: &Account, on: &BTreeSet<Occasion>) -> Vec<(Occasion, Vec<String>)> {
    let lines = |occasion: &Occasion| match occasion {
        Occasion::Failure if account.exit_code != 0 => failure(account),
        Occasion::SchemaChange => changes(account).map(|change| format!("schema: {change}")).collect(),
        Occasion::Skipped => account.newly_skipped().iter().map(|one| left_out("skipped", one)).collect(),
        Occasion::TokenEnds => token(account),
        Occasion::Failure => Vec::new(),
    };
    on.iter().map(|occasion| (*occasion, lines(occasion))).filter(|(_, lines)| !lines.is_empty()).collect()
}

fn title(account: &Account, occasions: &[Occasion]) -> String {
    let shard = account.shard.map(|shard| format!(", shard {shard}")).unwrap_or_default();
    let class = account.error.as_ref().and_then(|error| error.class);
    let failed = || match (account.exit_code, class) {
        (PARTIAL, _) => "some partitions are missing, the rest is loaded".to_owned(),
        (INTERRUPTED, _) => "the run was interrupted".to_owned(),
        (_, Some(class)) => format!("the run failed: {class}"),
        (_, None) => "the run failed".to_owned(),
    };
    let phrase = |occasion: &Occasion| match occasion {
        Occasion::Failure => failed(),
        Occasion::SchemaChange => "tables have changed".to_owned(),
        Occasion::Skipped => "GitLab refuses partitions".to_owned(),
        Occasion::TokenEnds => "the token ends soon".to_owned(),
    };
    let phrases: Vec<String> = occasions.iter().map(phrase).collect();
    format!("{}{shard}: {}", account.pipeline, phrases.join("; "))
}

fn failure(account: &Account) -> Vec<String> {
    match &account.error {
        Some(error) => failure_of(error),
        None => failed_parts(account),
    }
}

fn failure_of(error: &ToldError) -> Vec<String> {
    let causes = error.causes.iter().map(|cause| format!("because {cause}"));
    let text = std::iter::once(error.message.clone()).chain(causes);
    let next = error.hint.iter().map(|hint| format!("next: {hint}"));
    // A message may say on a second line where, and a hint what to write.
    let text: Vec<String> = text.chain(next).collect();
    let lines = text.iter().flat_map(|text| text.lines()).map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Of a run that went on to its end all the same.
fn failed_parts(account: &Account) -> Vec<String> {
    let mut lines: Vec<String> =
        account.left_out(LossKind::Failed).iter().map(|one| left_out("failed", one)).collect();
    for (resource, breach) in account.loaded.iter().flat_map(|loaded| &loaded.breaches) {
        lines.push(format!("failed: `{resource}`: {breach}"));
        lines.push(format!("next: {}", breach.hint(resource)));
    }
    if account.is_strict {
        lines.extend(account.left_out(LossKind::Skipped).iter().map(|one| left_out("skipped", one)));
    }
    lines.push("next: the next run asks again for what is missing; `info` lists it".to_owned());
    lines
}

fn left_out(word: &str, LeftOut { resource, reason, partitions, example }: &LeftOut) -> String {
    let (reason, example) = (Excerpt::new(reason), Excerpt::new(example));
    format!("{word}: {} of `{resource}`: {reason} (for example {example})", counted(*partitions, "partition"))
}

/// Those of tables that were there; a first load makes all of them.
fn changes(account: &Account) -> impl Iterator<Item = &SchemaChange> {
    let loaded = account.loaded.iter().filter(|_| !account.earlier.is_empty());
    loaded.flat_map(|loaded| {
        let is_new = |name: &str| {
            let is = |change: &SchemaChange| matches!(change, SchemaChange::CreateTable(new) if new.name == name);
            loaded.changes.iter().any(is)
        };
        // The columns of a new table are new with it.
        let is_told = move |change: &&SchemaChange| {
            !matches!(change, SchemaChange::AddColumn { table, .. } if is_new(table))
        };
        loaded.changes.iter().filter(is_told)
    })
}

fn token(account: &Account) -> Vec<String> {
    let Some(end) = account.token_ends else { return Vec::new() };
    let left = match (end - account.today()).num_days() {
        ..=0 => "today".to_owned(),
        days => format!("in {}", counted(days.unsigned_abs(), "day")),
    };
    vec![
        format!("the token ends on {end}, {left}"),
        "next: make a new one in time, and put it where this one stands".to_owned(),
    ]
}

/// From where to where.
fn place(account: &Account) -> Option<String> {
    let from = account.source.as_ref().map(|source| format!("from {source}"));
    let to = account.place.as_ref().map(|place| format!("to {place}"));
    let loaded = account.loaded.as_ref().map(|LoadSummary { load_id, .. }| {
        format!("load {load_id}, {}, {}", counted(account.rows(), "row"), seconds(account.took))
    });
    let parts: Vec<String> = from.into_iter().chain(to).chain(loaded).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST + 1 {
        // What to do next is last.
        let last = lines.pop().filter(|line| line.starts_with("next: "));
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {} more", grouped(u64::try_from(more).unwrap_or(u64::MAX))));
        lines.extend(last);
    }
    lines
}

fn details(account: &Account, occasions: &[Occasion], notify: &Notify) -> Map<String, Value> {
    let losses = |kind| account.left_out(kind).iter().map(described).collect::<Vec<_>>();
    let requests = account.read.as_ref().map(|read| read.tally.requests());
    let details = json!({
        "pipeline": account.pipeline,
        "shard": account.shard.map(|shard| shard.to_string()),
        "occasions": occasions.iter().map(|occasion| occasion.name()).collect::<Vec<_>>(),
        "exit_code": account.exit_code,
        "error": account.error.as_ref().map(ToldError::json),
        "source": account.source,
        "destination": account.place,
        "load_id": account.loaded.as_ref().map(|loaded| &loaded.load_id),
        "started_at": Moment::from(account.started_at).to_string(),
        "seconds": account.took.as_secs_f64(),
        "rows": account.loaded.as_ref().map(|_| account.rows()),
        "requests": requests,
        "schema_changes": changes(account).map(ToString::to_string).collect::<Vec<_>>(),
        "skipped": losses(LossKind::Skipped),
        "failed": losses(LossKind::Failed),
        "token_ends_on": account.token_ends.map(|end| end.to_string()),
        "link": notify.link,
    });
    match details {
        Value::Object(details) => details,
        _ => Map::new(),
    }
}

fn described(LeftOut { resource, reason, partitions, example }: &LeftOut) -> Value {
    json!({"resource": resource, "reason": reason, "partitions": partitions, "example": example})
}
