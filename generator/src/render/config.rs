//! What templates are told of the resources: plain words and values, safe to stand in a comment.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::graph::{Filter, FilterKind, Need, Resource, ResourceGraph};
use crate::text::one_line;

use super::Departed;
use super::template::quoted;

/// Descriptions longer than this end in an ellipsis.
const LONGEST: usize = 90;

/// So many filters in common are said once.
const ALIKE: usize = 3;

/// The resources of one part of the API, in the order of files in `src/resources/`.
#[derive(Debug, Serialize)]
pub(super) struct Part<'a> {
    name: String,
    resources: Vec<Entry<'a>>,
}

/// One resource, as the configuration shows it.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    name: &'a str,
    /// The line that says whether a run takes it, as wide as all of its part.
    line: String,
    summary: String,
    path: String,
    parent: Option<&'a str>,
    /// Why it is off.
    why_off: Option<String>,
    /// Placeholders that only the user can fill.
    inputs: Vec<&'a str>,
    /// What every request sends, so that nothing is hidden.
    query: &'a [(String, String)],
    filters: Vec<FilterEntry>,
    /// A resource above with the same filters.
    like: Option<&'a str>,
}

/// One filter, as a commented line shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct FilterEntry {
    name: String,
    /// A value that could stand there, as TOML.
    example: String,
    description: String,
    required: bool,
}

pub(super) fn parts(graph: &ResourceGraph) -> Vec<Part<'_>> {
    let mut sorted: BTreeMap<String, Vec<Entry<'_>>> = BTreeMap::new();
    let mut resources: Vec<&Resource> = graph.resources.iter().collect();
    resources.sort_by_key(|resource| &resource.part);
    for resource in resources {
        let part = resource.part.first().map_or_else(|| "root".to_owned(), |part| one_line(part));
        sorted.entry(part).or_default().push(entry(resource));
    }
    let mut seen: Vec<(Vec<FilterEntry>, &str)> = Vec::new();
    for entry in sorted.values_mut().flatten() {
        say_once(entry, &mut seen);
    }
    let mut parts: Vec<Part<'_>> =
        sorted.into_iter().map(|(name, resources)| Part { name, resources }).collect();
    parts.iter_mut().for_each(align);
    parts
}

/// Filters that a resource above has as well are not written again.
fn say_once<'a>(entry: &mut Entry<'a>, seen: &mut Vec<(Vec<FilterEntry>, &'a str)>) {
    if entry.filters.len() < ALIKE {
        return;
    }
    match seen.iter().find(|(filters, _)| *filters == entry.filters) {
        Some((_, name)) => {
            entry.like = Some(name);
            entry.filters.clear();
        }
        None => seen.push((entry.filters.clone(), entry.name)),
    }
}

fn align(part: &mut Part<'_>) {
    let width = part.resources.iter().map(|entry| entry.line.len()).max().unwrap_or_default();
    part.resources.iter_mut().for_each(|entry| entry.line = format!("{:<width$}", entry.line));
}

/// A resource that left the document, as the configuration and the README show it.
#[derive(Debug, Serialize)]
pub(super) struct DepartedEntry<'a> {
    name: &'a str,
    path: String,
    sections: &'a [String],
}

pub(super) fn departed(departed: &[Departed]) -> Vec<DepartedEntry<'_>> {
    let entries = departed.iter().map(|departed| DepartedEntry {
        name: &departed.given.name,
        path: one_line(&departed.request_path),
        sections: &departed.sections,
    });
    entries.collect()
}

fn entry(resource: &Resource) -> Entry<'_> {
    let inputs = resource.needs.iter().filter_map(|need| match need {
        Need::Param(name) => Some(name.as_str()),
        Need::Query(_) | Need::Parent(_) => None,
    });
    let is_own = |filter: &&Filter| resource.query.iter().all(|(name, _)| *name != filter.name);
    Entry {
        name: &resource.name,
        line: format!("{}.enabled = {}", resource.name, resource.enabled),
        summary: sentence(&resource.summary),
        path: one_line(&resource.request_path),
        parent: resource.parent(),
        why_off: (!resource.enabled).then(|| sentence(&resource.default.reason)),
        inputs: inputs.collect(),
        query: &resource.query,
        filters: resource.filters.iter().filter(is_own).map(filter).collect(),
        like: None,
    }
}

fn filter(filter: &Filter) -> FilterEntry {
    let choices = filter.values.iter().filter(|value| !value.is_empty()).cloned().collect::<Vec<_>>();
    let description = match choices.len() {
        0 | 1 => sentence(&filter.description),
        _ => sentence(&choices.join(" | ")),
    };
    FilterEntry {
        name: one_line(&filter.name),
        example: example(filter),
        description,
        required: filter.required,
    }
}

/// The first value that is allowed, or one of the right type.
fn example(filter: &Filter) -> String {
    let allowed = filter.values.iter().find(|value| !value.is_empty());
    let one = match (filter.kind, allowed) {
        (FilterKind::Bool, _) => "true".to_owned(),
        (FilterKind::Int, Some(value)) => one_line(value),
        (FilterKind::Int, None) => "1".to_owned(),
        (FilterKind::Time, _) => "\"2024-01-31T00:00:00Z\"".to_owned(),
        (FilterKind::Text | FilterKind::Any, Some(value)) => quoted(&one_line(value)),
        (FilterKind::Text | FilterKind::Any, None) => "\"…\"".to_owned(),
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
