//! What templates are told of each resource: plain words and values, safe to stand in a comment.

use serde::Serialize;

use crate::graph::{Filter, FilterKind, Need, Resource, ResourceGraph};
use crate::text::one_line;

use super::template::quoted;

/// Descriptions longer than this end in an ellipsis.
const LONGEST: usize = 90;

/// One resource, as the configuration and the README show it.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    name: &'a str,
    table: &'a str,
    path: String,
    summary: String,
    primary_key: &'a [String],
    parent: Option<&'a str>,
    incremental: Option<&'a str>,
    enabled: bool,
    /// Why it is off.
    why_off: Option<String>,
    /// Placeholders that only the user can fill.
    inputs: Vec<&'a str>,
    /// What every request sends, so that nothing is hidden.
    query: &'a [(String, String)],
    filters: Vec<FilterEntry>,
}

/// One filter, as a commented line shows it.
#[derive(Debug, Serialize)]
struct FilterEntry {
    name: String,
    /// A value that could stand there, as TOML.
    example: String,
    description: String,
    required: bool,
}

pub(super) fn entries(graph: &ResourceGraph) -> Vec<Entry<'_>> {
    graph.resources.iter().map(entry).collect()
}

fn entry(resource: &Resource) -> Entry<'_> {
    let inputs = resource.needs.iter().filter_map(|need| match need {
        Need::Param(name) => Some(name.as_str()),
        Need::Query(_) | Need::Parent(_) => None,
    });
    Entry {
        name: &resource.name,
        table: &resource.table,
        path: one_line(&resource.request_path),
        summary: sentence(&resource.summary),
        primary_key: &resource.primary_key,
        parent: resource.parent(),
        incremental: resource.incremental.value.as_ref().map(|incremental| incremental.param.as_str()),
        enabled: resource.enabled,
        why_off: (!resource.enabled).then(|| sentence(&resource.default.reason)),
        inputs: inputs.collect(),
        query: &resource.query,
        filters: resource.filters.iter().map(filter).collect(),
    }
}

fn filter(filter: &Filter) -> FilterEntry {
    let choices = filter.values.iter().filter(|value| !value.is_empty()).cloned().collect::<Vec<_>>();
    let description = match choices.len() {
        0 | 1 => sentence(&filter.description),
        _ => sentence(&choices.join(" | ")),
    };
    // GitLab wants `name[]`, which the runtime writes for arrays.
    let name = one_line(filter.name.strip_suffix("[]").unwrap_or(&filter.name));
    FilterEntry { name, example: example(filter), description, required: filter.required }
}

/// The first value that is allowed, or one of the right type.
fn example(filter: &Filter) -> String {
    let allowed = filter.values.iter().find(|value| !value.is_empty());
    let one = match (filter.kind, allowed) {
        (FilterKind::Bool, _) => "true".to_owned(),
        (FilterKind::Int, Some(value)) => one_line(value),
        (FilterKind::Int, None) => "1".to_owned(),
        (FilterKind::Time, _) => "\"2024-01-31T00:00:00Z\"".to_owned(),
        (FilterKind::Text, Some(value)) => quoted(&one_line(value)),
        (FilterKind::Text, None) => "\"…\"".to_owned(),
    };
    if filter.is_array { format!("[{one}]") } else { one }
}

/// The first sentence on one line.
pub(super) fn sentence(text: &str) -> String {
    let words = one_line(text);
    let sentence = words.split_once(". ").map_or(words.as_str(), |(first, _)| first).trim_end_matches('.');
    match sentence.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or(sentence).trim_end()),
        None => sentence.to_owned(),
    }
}
