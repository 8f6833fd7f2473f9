//! Picking resources on a terminal: a preset first, then each of them, with what it costs.

use std::collections::BTreeSet;
use std::fmt;

use clap::ValueEnum;
use inquire::list_option::ListOption;
use inquire::validator::{ErrorMessage, Validation};
use inquire::{MultiSelect, Select};

use crate::gitlab::Preset;
use crate::graph::{Pattern, Resource, ResourceGraph, Selection, SelectionError};
use crate::report;

use super::Failure;
use super::prompt::answered;

/// Rows of a list, where the terminal has them.
const ROWS: usize = 15;

/// Asks for a preset, and for what to add to it and to take away.
pub(super) fn pick(graph: &ResourceGraph) -> Result<Selection, Failure> {
    let starts = starts(graph);
    let question = Select::new("Start from:", starts).without_filtering();
    let question = question.with_help_message("up and down to move, enter to go on");
    let start = answered(question.with_formatter(&|start| start.value.name.to_owned()).prompt())?;
    let rows = rows(graph, &start.names);
    let on: Vec<usize> = (0..start.names.len()).collect();
    let question = MultiSelect::new("Resources:", rows)
        .with_default(&on)
        .with_page_size(ROWS.min(usize::from(console::Term::stderr().size().0).saturating_sub(4)).max(3))
        .with_help_message("type to search, space to take or leave, enter to go on; parents come along")
        .with_formatter(&|taken| format!("{} taken", taken.len()))
        .with_validator(|taken: &[ListOption<&Row<'_>>]| {
            Ok(match taken {
                [] => Validation::Invalid(ErrorMessage::Custom("take at least one".into())),
                _ => Validation::Valid,
            })
        });
    let taken: BTreeSet<&str> = answered(question.prompt())?.iter().map(|row| row.name).collect();
    Ok(selection(graph, &start, &taken)?)
}

/// What the list starts from.
#[derive(Debug)]
struct Start<'a> {
    name: &'static str,
    help: String,
    preset: Option<Preset>,
    /// The resources that it turns on.
    names: BTreeSet<&'a str>,
}

impl fmt::Display for Start<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:<8} {:>4}  {}", self.name, self.names.len(), self.help)
    }
}

/// The presets that the document knows, the likeliest first, and nothing to start from.
fn starts(graph: &ResourceGraph) -> Vec<Start<'_>> {
    let unasked = Selection::default();
    let all = graph
        .takes_all(&unasked)
        .then(|| start(graph, &unasked, "usual", "What can run without a request for each record of a list"));
    let presets = Preset::value_variants().iter().map(|preset| {
        let help = preset.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        let selection = Selection { preset: Some(*preset), ..Selection::default() };
        start(graph, &selection, preset.name(), &help.unwrap_or_default())
    });
    let nothing = Start {
        name: "none",
        help: "What you pick from the list".to_owned(),
        preset: None,
        names: BTreeSet::new(),
    };
    let known = all.into_iter().chain(presets).flatten().filter(|start| !start.names.is_empty());
    known.chain([nothing]).collect()
}

fn start<'a>(
    graph: &'a ResourceGraph,
    selection: &Selection,
    name: &'static str,
    help: &str,
) -> Option<Start<'a>> {
    let selected = graph.select(selection).ok()?;
    let on = selected.resources.iter().filter(|resource| resource.enabled && resource.is_ready());
    let names: BTreeSet<&str> =
        on.filter_map(|resource| graph.get(&resource.name)).map(|resource| resource.name.as_str()).collect();
    Some(Start { name, help: help.to_owned(), preset: selection.preset, names })
}

/// One resource in the list.
#[derive(Debug)]
struct Row<'a> {
    name: &'a str,
    text: String,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// What can run with what it costs, each on one line of the terminal: first what is on, then the rest, by their paths.
fn rows<'a>(graph: &'a ResourceGraph, on: &BTreeSet<&str>) -> Vec<Row<'a>> {
    /// What stands in front of a row.
    const MARK: usize = 7;
    /// Longer ones push the summary aside.
    const WIDEST: usize = 36;
    const COSTLIEST: usize = 24;
    let mut ready: Vec<&Resource> = graph.resources.iter().filter(|resource| resource.is_ready()).collect();
    ready.sort_by_key(|resource| (!on.contains(resource.name.as_str()), &resource.part));
    let costs: Vec<String> = ready.iter().map(|resource| report::cost(resource)).collect();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let name_width = widest(&mut ready.iter().map(|resource| resource.name.len())).min(WIDEST);
    let cost_width = widest(&mut costs.iter().map(String::len)).min(COSTLIEST);
    let columns = usize::from(console::Term::stderr().size().1).saturating_sub(MARK);
    let row = |(resource, cost): (&'a Resource, String)| {
        let (name, summary) = (resource.name.as_str(), report::printable(&resource.summary));
        let text = format!("{name:<name_width$}  {cost:<cost_width$}  {summary}");
        Row { name, text: text.chars().take(columns).collect() }
    };
    ready.into_iter().zip(costs).map(row).collect()
}

/// What was picked as it would have been said on the command line: the preset, what is added, and what is left out
/// unless something else starts from it.
fn selection(
    graph: &ResourceGraph,
    start: &Start<'_>,
    taken: &BTreeSet<&str>,
) -> Result<Selection, SelectionError> {
    let mut selection = Selection { preset: start.preset, ..Selection::default() };
    if *taken == start.names {
        return Ok(selection);
    }
    if start.preset.is_none() {
        selection.select = patterns(taken.iter().copied());
        return Ok(selection);
    }
    selection.select = patterns(taken.difference(&start.names).copied());
    let needed = with_ancestors(graph, taken);
    let mut left: BTreeSet<&str> = start.names.difference(&needed).copied().collect();
    let brought = graph.select(&selection)?;
    // What the preset brings without turning it on goes with what it starts from.
    loop {
        let is_orphan = |resource: &&Resource| parents(resource).any(|parent| left.contains(parent));
        let names =
            brought.resources.iter().filter(is_orphan).filter_map(|resource| graph.get(&resource.name));
        let grown: BTreeSet<&str> =
            names.map(|resource| resource.name.as_str()).chain(left.iter().copied()).collect();
        if grown.len() == left.len() {
            break;
        }
        left = grown;
    }
    selection.exclude = patterns(left.into_iter());
    Ok(selection)
}

fn patterns<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Pattern> {
    names.filter_map(|name| name.parse().ok()).collect()
}

fn with_ancestors<'a>(graph: &'a ResourceGraph, names: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut all = names.clone();
    let mut next: Vec<&str> = names.iter().copied().collect();
    while let Some(resource) = next.pop().and_then(|name| graph.get(name)) {
        next.extend(parents(resource).filter(|parent| all.insert(parent)));
    }
    all
}

fn parents(resource: &Resource) -> impl Iterator<Item = &str> {
    let sources = resource.params.iter().filter_map(|param| param.source.value.as_ref());
    sources.map(|source| source.resource.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;
    use crate::infer::RecordedNames;

    fn picked(preset: Preset, change: impl Fn(&mut BTreeSet<&str>)) -> (Selection, BTreeSet<String>) {
        let text = Source::Bundled.read().expect("the bundled document");
        let graph = crate::read(&text, &[], &RecordedNames::new()).expect("a document").graph;
        let starts = starts(&graph);
        let start = starts.iter().find(|start| start.preset == Some(preset)).expect("a preset");
        let mut taken = start.names.clone();
        change(&mut taken);
        let selection = selection(&graph, start, &taken).expect("a selection");
        let on = graph.select(&selection).expect("a graph").resources.into_iter();
        let on = on.filter(|resource| resource.enabled).map(|resource| resource.name).collect();
        let missing: Vec<&&str> = taken.iter().filter(|name| graph.get(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        (selection, on)
    }

    fn names(patterns: &[Pattern]) -> Vec<&str> {
        patterns.iter().map(Pattern::as_str).collect()
    }

    #[test]
    fn what_is_picked_is_what_the_command_line_says() {
        let (selection, _) = picked(Preset::Ci, |_| {});
        assert_eq!((selection.preset, selection.is_said()), (Some(Preset::Ci), true));
        assert!(selection.select.is_empty() && selection.exclude.is_empty());

        let (selection, on) = picked(Preset::Ci, |taken| {
            taken.insert("issue_notes");
            taken.remove("project_jobs");
        });
        assert_eq!(names(&selection.select), ["issue_notes"]);
        assert_eq!(names(&selection.exclude), ["project_jobs"]);
        assert!(on.contains("project_issues") && !on.contains("project_jobs"));
    }

    #[test]
    fn what_something_starts_from_stays() {
        let (selection, on) = picked(Preset::Core, |taken| {
            taken.remove("project_issues");
        });
        assert!(selection.exclude.is_empty() && on.contains("project_issues"));
    }

    /// Also what the preset brings without turning it on: otherwise the selection would be refused.
    #[test]
    fn what_starts_from_nothing_goes() {
        let (_, on) = picked(Preset::All, |taken| taken.retain(|name| *name == "metadata"));
        assert_eq!(on.into_iter().collect::<Vec<_>>(), ["metadata"]);
    }
}
