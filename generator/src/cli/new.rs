//! `new`: a document to a crate.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::document::Document;
use crate::gitlab::Preset;
use crate::graph::{Pattern, ResourceGraph};
use crate::render::{Answers, Destination, Runtime, render, runtime_files};
use crate::report::{self, Doubt};
use crate::write::{WritePlan, is_runtime, is_workspace_member, path_from};

use super::{Failure, Read, SpecArgs, parse_pattern, print_idle_actions, prompt, selection};

/// Makes a pipeline crate
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The folder to make; its last part names the crate
    dir: PathBuf,
    #[command(flatten)]
    spec: SpecArgs,
    /// A set of resources [default: core, unless `--select` is given]
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Take resources of this name, tag or path as well; `*` stands for any text
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern)]
    select: Vec<Pattern>,
    /// Leave resources of this name, tag or path out
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern)]
    exclude: Vec<Pattern>,
    /// Where the pipeline loads to
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    destination: Destination,
    /// The GitLab to read from
    #[arg(long, value_name = "URL", default_value = "https://gitlab.com")]
    base_url: String,
    /// A group to load, with its subgroups and projects
    #[arg(long, value_name = "PATH")]
    group: Vec<String>,
    /// A project to load
    #[arg(long, value_name = "PATH")]
    project: Vec<String>,
    /// A runtime that several pipelines share, in place of a copy; it is made when it is not there
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Write over the generated files of an existing folder
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &NewArgs) -> Result<(), Failure> {
    let name = crate_name(&args.dir)?;
    let read = args.spec.read()?;
    let graph = read.graph.select(&selection(&args.select, &args.exclude, args.preset))?;
    let mut answers = answers(args, name, &read)?;
    if prompt::is_wanted(args.yes) {
        prompt::ask(&mut answers)?;
    }
    let files = render(&answers, &graph)?;
    let plan = WritePlan::plan(&args.dir, &files, args.force)?;
    args.runtime.as_deref().map_or(Ok(()), make_runtime)?;
    plan.apply()?;
    print_doubts(&read.document, &graph);
    print_summary(&args.dir, &answers, &graph);
    Ok(())
}

/// Before the crate that needs it, so that a fault leaves no crate without one.
fn make_runtime(path: &Path) -> Result<(), Failure> {
    if is_runtime(path)? {
        return Ok(());
    }
    Ok(WritePlan::plan(path, &runtime_files()?, false)?.apply()?)
}

fn answers(args: &NewArgs, name: String, read: &Read) -> Result<Answers, Failure> {
    let patterns =
        |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
    let runtime = match &args.runtime {
        Some(path) => Runtime::Shared(path_from(&args.dir, path)?),
        None => Runtime::Vendored,
    };
    Ok(Answers {
        name,
        spec: args.spec.spec.clone(),
        spec_title: read.document.info.title.clone(),
        spec_sha256: read.document.info.sha256.clone(),
        preset: args.preset,
        select: patterns(&args.select),
        exclude: patterns(&args.exclude),
        destination: args.destination,
        base_url: args.base_url.clone(),
        groups: args.group.clone(),
        projects: args.project.clone(),
        runtime,
        workspace_member: is_workspace_member(&args.dir),
    })
}

/// The name of the folder, if it can name a crate.
fn crate_name(dir: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(dir)?;
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_free =
        syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_ok() && !RESERVED.contains(&name.as_str());
    if is_plain && starts_well && is_free { Ok(name) } else { Err(Failure::CrateName { name }) }
}

/// Names that cargo refuses, or that would hide a crate the pipeline uses.
const RESERVED: [&str; 6] = ["test", "core", "std", "alloc", "proc_macro", "tokio"];

/// A few lines, never a wall: `explain` tells the rest.
fn print_doubts(document: &Document, graph: &ResourceGraph) {
    const SHOWN: usize = 5;
    print_idle_actions(document);
    let on = graph.resources.iter().filter(|resource| resource.enabled);
    let doubts: Vec<(&str, Doubt)> = on
        .flat_map(|resource| {
            let doubts = report::doubts(&document.info.origin, resource).into_iter();
            doubts.map(|doubt| (resource.name.as_str(), doubt))
        })
        .collect();
    for (_, doubt) in doubts.iter().take(SHOWN) {
        anstream::eprintln!("warning: {}\n  at {}\n  {}", doubt.title, doubt.place, doubt.looked);
    }
    if let Some((name, _)) = doubts.first() {
        let more = doubts.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("{more} more doubts; ") } else { String::new() };
        anstream::eprintln!("\nhint: {more}`gitlab-init explain {name}` prints the lines that settle it\n");
    }
}

fn print_summary(dir: &Path, answers: &Answers, graph: &ResourceGraph) {
    let on = graph.resources.iter().filter(|resource| resource.enabled).count();
    let off = match graph.resources.len() - on {
        0 => String::new(),
        off => format!(", {off} more are off"),
    };
    let dir = dir.display();
    anstream::eprintln!("made `{}` in {dir}: {on} resources{off}", answers.name);
    if !graph.skipped.is_empty() {
        let skipped = graph.skipped.len();
        anstream::eprintln!(
            "{skipped} GETs of the document are no resources; `gitlab-init explain PATH` says why"
        );
    }
    anstream::eprintln!();
    anstream::eprintln!("next:");
    anstream::eprintln!("  cd {dir}");
    anstream::eprintln!("  put a token with the scope `read_api` into secrets.toml, or set GITLAB_TOKEN");
    if answers.groups.is_empty() && answers.projects.is_empty() {
        anstream::eprintln!(
            "  name groups or projects in config.toml; none means all that the token is a member of"
        );
    }
    anstream::eprintln!("  cargo run --release -- run");
}
