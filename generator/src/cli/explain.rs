//! `explain`: every inferred fact of one resource, and why.

use std::io::Write;

use clap::Args;

use crate::graph::{ResourceGraph, SelectionError};
use crate::report;

use super::{Failure, SpecArgs};

/// Tells what is inferred of a resource, and why
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gitlab-init explain project_issues
  gitlab-init explain /projects/:id/issues --spec openapi.yaml")]
pub(super) struct ExplainArgs {
    /// The name of a resource, or the path of an endpoint, as the document or GitLab's own pages write it
    resource: String,
    #[command(flatten)]
    spec: SpecArgs,
}

pub(super) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let read = args.spec.read()?;
    let text = explain(&read.document.info.origin, &read.graph, &args.resource)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn explain(origin: &str, graph: &ResourceGraph, wanted: &str) -> Result<String, Failure> {
    if let Some(resource) = graph.find(wanted) {
        return Ok(report::explain(origin, resource));
    }
    match graph.skipped.iter().find(|skipped| skipped.path == wanted) {
        Some(skipped) => Ok(format!("GET {} is no resource: {}\n", skipped.path, skipped.reason)),
        None => Err(SelectionError::NoMatch {
            pattern: report::printable(wanted),
            suggestions: graph.suggestions(wanted),
        }
        .into()),
    }
}
