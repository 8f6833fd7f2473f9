//! `inspect`: what the document holds.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::graph::{Pattern, ResourceGraph};
use crate::report;

use super::{Failure, SpecArgs, parse_pattern, print_idle_actions, selection};

/// Lists the resources of a document and what is inferred of them
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    spec: SpecArgs,
    /// Only resources of this name, tag or path; `*` stands for any text
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern)]
    select: Vec<Pattern>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let read = args.spec.read()?;
    let graph = narrow(read.graph, &args.select)?;
    let text = match args.format {
        Format::Table => report::inspect_table(&graph),
        Format::Json => report::inspect_json(&read.document.info, &read.document.auth(), &graph)? + "\n",
    };
    std::io::stdout().write_all(text.as_bytes())?;
    print_idle_actions(&read.document);
    if matches!(args.format, Format::Table) {
        let ready = graph.resources.iter().filter(|resource| resource.is_ready()).count();
        let needy = graph.resources.len() - ready;
        anstream::eprintln!(
            "{ready} resources are ready, {needy} need input, {} endpoints are skipped",
            graph.skipped.len()
        );
    }
    Ok(())
}

fn narrow(graph: ResourceGraph, select: &[Pattern]) -> Result<ResourceGraph, Failure> {
    if select.is_empty() {
        return Ok(graph);
    }
    let mut narrowed = graph.select(&selection(select, &[], None))?;
    narrowed.resources.retain(|resource| select.iter().any(|pattern| pattern.matches(resource)));
    narrowed.skipped.clear();
    Ok(narrowed)
}
