//! `inspect`: what the document holds.

use std::io::{IsTerminal, Write};

use clap::{Args, ValueEnum};

use crate::graph::{Pattern, ResourceGraph};
use crate::report;

use super::{Failure, SpecArgs, parse_pattern, print_idle_actions, selection};

/// Lists the resources of a document and what is inferred of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gitlab-init inspect
  gitlab-init inspect --spec openapi.yaml --select 'project_*,tag:issues'
  gitlab-init inspect --spec openapi.yaml --format overlay > corrections.yaml
  gitlab-init inspect --format dot | dot -Tsvg > resources.svg")]
pub(super) struct InspectArgs {
    #[command(flatten)]
    spec: SpecArgs,
    /// Only resources of this name, or by `tag:NAME` or a path; `*` stands for any text, commas separate several
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',')]
    select: Vec<Pattern>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    /// All that is inferred, with reasons, doubts and what settles them
    Json,
    /// What is unsure, as an overlay to correct and give back with `--overlay`
    Overlay,
    /// Which resource starts from which, for Graphviz
    Dot,
}

pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let read = args.spec.read()?;
    let graph = narrow(&read.graph, &args.select)?;
    let text = match args.format {
        Format::Table => report::inspect_table(&graph, terminal_width()),
        Format::Overlay => report::overlay(&read.document.info.origin, &graph),
        Format::Dot => report::dot(&graph),
        Format::Json => report::inspect_json(&read.document.info, &read.document.auth(), &graph)? + "\n",
    };
    std::io::stdout().write_all(text.as_bytes())?;
    print_idle_actions(&read);
    if matches!(args.format, Format::Table) {
        print_counts(&graph, args.select.is_empty());
    }
    Ok(())
}

fn print_counts(graph: &ResourceGraph, of_all: bool) {
    let declared = || graph.resources.iter().filter(|resource| resource.is_declared);
    let ready = declared().filter(|resource| resource.is_ready()).count();
    let needy = declared().count() - ready;
    let skipped = format!("; endpoints skipped: {}", graph.skipped.len());
    let skipped = if of_all { skipped } else { String::new() };
    anstream::eprintln!("resources: {ready} ready, {needy} in need of input{skipped}");
}

/// The columns of the terminal that is written to, if it is one.
fn terminal_width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal
        .size_checked()
        .map(|(_, columns)| usize::from(columns))
        .filter(|_| std::io::stdout().is_terminal())
}

fn narrow(graph: &ResourceGraph, select: &[Pattern]) -> Result<ResourceGraph, Failure> {
    if select.is_empty() {
        return Ok(graph.clone());
    }
    let mut narrowed = graph.select(&selection(select, &[], None))?;
    narrowed.resources.retain(|resource| select.iter().any(|pattern| pattern.matches(resource)));
    narrowed.skipped.clear();
    Ok(narrowed)
}
