//! `diff`: what a newer document means for a pipeline.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::diff::{Diff, diff_graphs};
use crate::document::Info;
use crate::gitlab::Preset;
use crate::graph::{Pattern, ResourceGraph};
use crate::report;

use super::update::{UpdateArgs, plan};
use super::{Failure, SpecArgs, parse_pattern, selection};

/// Tells what a newer document changes for a pipeline
#[derive(Debug, Args)]
#[command(
    override_usage = "gitlab-init diff [OPTIONS] <OLD> <NEW>\n       gitlab-init diff [OPTIONS] [--crate <DIR>] [NEW]",
    after_help = "\
Examples:
  gitlab-init diff older.yaml newer.yaml
  gitlab-init diff older.yaml newer.yaml --preset core --format markdown
  gitlab-init diff --crate my-pipeline newer.yaml"
)]
pub(super) struct DiffArgs {
    /// The OpenAPI document that a pipeline was made from, a file or a URL; without it, what the pipeline in a folder has is
    /// compared
    #[arg(value_name = "OLD")]
    first: Option<String>,
    /// The newer one, `-` for standard input [default: where the pipeline's document came from]
    #[arg(value_name = "NEW")]
    second: Option<String>,
    /// The folder of the pipeline
    #[arg(long = "crate", value_name = "DIR", default_value = ".", conflicts_with = "second")]
    dir: PathBuf,
    /// Corrections to both documents, as an OpenAPI overlay; a pipeline has its own
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    overlay: Vec<PathBuf>,
    /// Of two documents, only what such a pipeline takes
    #[arg(long, value_enum, requires = "second")]
    preset: Option<Preset>,
    /// Of two documents, only resources of this name, or by `tag:NAME` or a path, with what they start from; `*` stands for
    /// any text, commas separate several
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',', requires = "second")]
    select: Vec<Pattern>,
    /// Resources to leave out, named in the same way
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',', requires = "second")]
    exclude: Vec<Pattern>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit 1 when something changes
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// What matters first, and what is alike once
    Text,
    /// The same for the description of a merge request
    Markdown,
    /// Every single change
    Json,
}

pub(super) fn run(args: &DiffArgs) -> Result<(), Failure> {
    let (sides, diff) = match (&args.first, &args.second) {
        (Some(old), Some(new)) => of_documents(args, old, new)?,
        (new, _) => of_pipeline(args, new.clone())?,
    };
    let text = match args.format {
        Format::Text => report::diff_text(&diff),
        Format::Markdown => report::diff_markdown(&diff),
        Format::Json => report::diff_json(sides.each_ref(), &diff)? + "\n",
    };
    std::io::stdout().write_all(text.as_bytes())?;
    if args.check && !diff.is_empty() { Err(Failure::Differs) } else { Ok(()) }
}

fn of_documents(args: &DiffArgs, old: &str, new: &str) -> Result<([Info; 2], Diff), Failure> {
    let read = |spec: &str| SpecArgs { spec: Some(spec.to_owned()), overlay: args.overlay.clone() }.read();
    let (old, new) = (read(old)?, read(new)?);
    let mut diff = diff_graphs(&old.graph, &new.graph);
    if let Some(names) = wanted(args, [&old.graph, &new.graph])? {
        diff.narrow(&names);
    }
    Ok(([old.document.info, new.document.info], diff))
}

/// What the definitions of a pipeline say, and what an update would make of them.
fn of_pipeline(args: &DiffArgs, spec: Option<String>) -> Result<([Info; 2], Diff), Failure> {
    let planned = plan(&UpdateArgs::from(args.dir.clone(), spec, args.overlay.clone()))?;
    let answers = &planned.memory.answers;
    let old =
        Info { title: answers.spec_title.clone(), sha256: answers.spec_sha256.clone(), ..Info::default() };
    Ok(([old, planned.update.read.document.info], planned.update.diff))
}

/// The resources that either document has for what is asked for; `None`: all.
fn wanted(args: &DiffArgs, graphs: [&ResourceGraph; 2]) -> Result<Option<BTreeSet<String>>, Failure> {
    if args.preset.is_none() && args.select.is_empty() && args.exclude.is_empty() {
        return Ok(None);
    }
    for pattern in args.select.iter().chain(&args.exclude) {
        let [old, new] = graphs;
        if old.require(pattern).is_err() {
            new.require(pattern)?;
        }
    }
    let mut names = BTreeSet::new();
    let mut fault = None;
    for graph in graphs {
        let known = |patterns: &[Pattern]| -> Vec<Pattern> {
            patterns.iter().filter(|pattern| graph.require(pattern).is_ok()).cloned().collect()
        };
        let select = known(&args.select);
        if select.is_empty() && !args.select.is_empty() {
            continue;
        }
        let preset = args.preset.or(args.select.is_empty().then_some(Preset::All));
        match graph.select(&selection(&select, &known(&args.exclude), preset)) {
            Ok(graph) => names.extend(graph.resources.into_iter().map(|resource| resource.name)),
            Err(error) => fault = Some(error),
        }
    }
    match fault {
        Some(fault) if names.is_empty() => Err(fault.into()),
        _ => Ok(Some(names)),
    }
}
