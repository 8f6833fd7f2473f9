//! `new`: a document to a crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Read;
use crate::document::Text;
use crate::gitlab::Preset;
use crate::graph::{Pattern, ResourceGraph, Selection};
use crate::memory::{Memory, Overlay};
use crate::render::{Answers, Deploy, Destination, Names, Past, Runtime, render, runtime_files};
use crate::report::{self, Doubt};
use crate::update::{Wishes, plan_update};
use crate::write::{
    Place, Snapshot, WriteError, WritePlan, is_runtime, is_workspace_member, look_at, path_from,
};

use super::address::{base_url, paths};
use super::crate_name::crate_name;
use super::prompt::Scope;
use super::remembered::{overlays, remembered_spec};
use super::update::{carry_out, print_what, recall};
use super::{
    Failure, SpecArgs, destinations, engines, parse_pattern, picker, print_idle_actions, prompt, selection,
};

/// Makes a pipeline crate
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gitlab-init new my-pipeline --group my-group
  gitlab-init new ci-pipeline --preset ci --project https://gitlab.com/my-group/my-project
  gitlab-init new notes --select issue_notes,merge_request_notes --yes
  gitlab-init new own --spec openapi.yaml --overlay corrections.yaml --base-url https://gitlab.example")]
pub(super) struct NewArgs {
    /// The folder to make; its last part names the crate
    dir: PathBuf,
    #[command(flatten)]
    spec: SpecArgs,
    /// A set of resources [default: core, or all that can run of a document that hardly knows it]
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Take resources of this name as well, or by `tag:NAME` or a path; `*` stands for any text, commas separate several
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',')]
    select: Vec<Pattern>,
    /// Leave resources out, named in the same way
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',')]
    exclude: Vec<Pattern>,
    /// Where the pipeline loads to
    #[arg(long, value_name = "KIND", value_parser = destinations(), default_value = Destination::default().name())]
    destination: Destination,
    /// What runs it, with files for that under `deploy/`; commas separate several
    #[arg(long, value_name = "KIND", value_parser = engines(), value_delimiter = ',')]
    deploy: Vec<Deploy>,
    /// The GitLab to read from
    #[arg(long, value_name = "URL", default_value = "https://gitlab.com")]
    base_url: String,
    /// A group to load, with its subgroups and projects: its path, or the address of its page
    #[arg(long, value_name = "PATH|URL", value_delimiter = ',')]
    group: Vec<String>,
    /// A project to load: its path, the address of its page, or what `git clone` takes
    #[arg(long, value_name = "PATH|URL", value_delimiter = ',')]
    project: Vec<String>,
    /// A runtime that several pipelines share, in place of a copy; it is made when it is not there
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Give these choices to a pipeline that is there already; what you have edited stays
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &NewArgs) -> Result<(), Failure> {
    let name = crate_name(&args.dir)?;
    let base_url = base_url(&args.base_url)?;
    let groups = paths("--group", &args.group, &base_url)?;
    let projects = paths("--project", &args.project, &base_url)?;
    // What cannot be made is said before anybody is asked.
    let (place, _lock) = look_at(&args.dir)?;
    if place == Place::Pipeline && !args.force {
        return Err(WriteError::Exists { path: args.dir.display().to_string() }.into());
    }
    let document = args.spec.document()?;
    let read = args.spec.read_as(&document)?;
    let mut selection = selection(&args.select, &args.exclude, args.preset);
    let asks = prompt::is_wanted(args.yes);
    if asks && !selection.is_said() {
        selection = picker::pick(&read.graph)?;
    }
    let graph = read.graph.select(&selection)?;
    let said = Scope { base_url, groups, projects };
    let scope = if asks { prompt::ask(said)? } else { said };
    let answers = answers(args, name, &read, &selection, scope)?;
    let overlays = overlays(&args.spec.overlay, &args.dir)?;
    args.runtime.as_deref().map_or(Ok(()), make_runtime)?;
    if place == Place::Pipeline {
        return choose_again(args, answers, overlays, &document);
    }
    let files = render(&answers, &graph, &Past::default())?;
    let names = Names::of(&graph, &Past::default());
    WritePlan::fresh(&files, &Memory::new(answers.clone(), overlays, names, &files)).apply(&args.dir)?;
    print_doubts(&read, &graph, &args.spec.again());
    if read.graph.takes_all(&selection) {
        let title = report::printable(&read.document.info.title);
        anstream::eprintln!(
            "note: \"{title}\" has little of the preset `core`, so all that can run is taken\n"
        );
    }
    print_summary(args, &answers, &read.graph, &graph);
    Ok(())
}

/// Gives a pipeline that is there the choices of this command line. What was edited stays, as with `update`.
fn choose_again(
    args: &NewArgs,
    answers: Answers,
    overlays: Vec<Overlay>,
    document: &Text,
) -> Result<(), Failure> {
    let snapshot = Snapshot::new(&args.dir);
    let memory = recall(&snapshot)?;
    let (add, remove, take) = Default::default();
    let wishes = Wishes { answers, overlays, add, remove, take, anew: true };
    let update = plan_update(&snapshot, &memory, wishes, document)?;
    print_what(&update);
    carry_out(&args.dir, &update, args.force)
}

/// Before the crate that needs it, so that a fault leaves no crate without one.
fn make_runtime(path: &Path) -> Result<(), Failure> {
    if is_runtime(path)? {
        return Ok(());
    }
    Ok(WritePlan::write_all(path, runtime_files()?)?)
}

fn answers(
    args: &NewArgs,
    name: String,
    read: &Read,
    selection: &Selection,
    scope: Scope,
) -> Result<Answers, Failure> {
    let patterns =
        |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
    let runtime = match &args.runtime {
        Some(path) => Runtime::Shared(path_from(&args.dir, path)?),
        None => Runtime::Vendored,
    };
    Ok(Answers {
        name,
        spec: remembered_spec(args.spec.spec.as_deref(), &args.dir)?,
        spec_title: read.document.info.title.clone(),
        spec_sha256: read.document.info.sha256.clone(),
        preset: selection.preset,
        select: patterns(&selection.select),
        exclude: patterns(&selection.exclude),
        destination: args.destination,
        deploy: args.deploy.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        base_url: scope.base_url,
        groups: scope.groups,
        projects: scope.projects,
        runtime,
        workspace_member: is_workspace_member(&args.dir),
    })
}

/// A few lines, never a wall: `explain` tells the rest.
fn print_doubts(read: &Read, graph: &ResourceGraph, again: &str) {
    const SHOWN: usize = 5;
    print_idle_actions(read);
    let on = graph.resources.iter().filter(|resource| resource.enabled);
    let doubts: Vec<(&str, Doubt)> = on
        .flat_map(|resource| {
            let doubts = report::doubts(&read.document.info.origin, resource).into_iter();
            doubts.map(|doubt| (resource.name.as_str(), doubt))
        })
        .collect();
    for (_, doubt) in doubts.iter().take(SHOWN) {
        let [title, place, looked] =
            [&doubt.title, &doubt.place, &doubt.looked].map(|text| report::printable(text));
        anstream::eprintln!("warning: {title}\n  at {place}\n  {looked}");
    }
    if let Some((name, _)) = doubts.first() {
        let more = doubts.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("{more} more doubts; ") } else { String::new() };
        anstream::eprintln!(
            "\nhint: {more}`gitlab-init explain {name}{again}` prints the lines that settle it\n"
        );
    }
}

/// Every GET of the document is accounted for.
fn print_summary(args: &NewArgs, answers: &Answers, all: &ResourceGraph, graph: &ResourceGraph) {
    let on = graph.resources.iter().filter(|resource| resource.enabled).count();
    let off = match graph.resources.len() - on {
        0 => String::new(),
        1 => ", 1 more is off".to_owned(),
        off => format!(", {off} more are off"),
    };
    let dir = args.dir.display();
    let resources = if on == 1 { "resource" } else { "resources" };
    anstream::eprintln!("made `{}` in {dir}: {on} {resources}{off}", answers.name);
    let declared = || all.resources.iter().filter(|resource| resource.is_declared);
    let needy = declared().filter(|resource| !resource.is_ready()).count();
    anstream::eprintln!(
        "of {} GETs in the document, {needy} need input and {} are no resources; `gitlab-init explain PATH{}` says why",
        declared().count() + all.skipped.len(),
        all.skipped.len(),
        args.spec.again()
    );
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
