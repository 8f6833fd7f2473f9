//! `update`: a newer document, other resources or a newer runtime into a crate that people have edited.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::document::{Source, Text};
use crate::graph::Pattern;
use crate::memory::{Memory, MemoryError, Overlay};
use crate::merge::Unresolved;
use crate::render::Destination;
use crate::report;
use crate::update::{Update, Wishes, plan_update};
use crate::write::{Action, Lock, Place, Reason, Snapshot, is_workspace_member, look_at, uncommitted};

use super::engine::Engine;
use super::forgotten::{ask_for_document, ask_what_to_take};
use super::remembered::{overlays, remembered_spec, source_of};
use super::{Failure, destinations, few, parse_pattern, print_dangling, print_idle_actions};

/// Brings a pipeline up to date, and keeps what you have edited
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  gitlab-init update --dry-run
  gitlab-init update my-pipeline --spec newer.yaml
  gitlab-init update --add issue_links,tag:epics --remove project_events
  gitlab-init update --check --spec https://example.com/openapi.yaml")]
pub(super) struct UpdateArgs {
    /// The folder of the pipeline
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The OpenAPI document, `-` for standard input [default: where it came from before]
    #[arg(long, value_name = "FILE|URL")]
    spec: Option<String>,
    /// Corrections to the document, in place of those that it was made with
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    overlay: Vec<PathBuf>,
    /// Resources to add, by name, `tag:NAME` or path; `*` stands for any text, commas separate several
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',')]
    add: Vec<Pattern>,
    /// Resources to take out, named in the same way; their tables stay
    #[arg(long, value_name = "PATTERN", value_parser = parse_pattern, value_delimiter = ',')]
    remove: Vec<Pattern>,
    /// Where the pipeline loads to from now on
    #[arg(long, value_name = "KIND", value_parser = destinations())]
    destination: Option<Destination>,
    /// Files and folders to replace although nobody knows what was written there: your edits in them are lost
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    take: Vec<String>,
    /// Exchange the engine that several pipelines share as well: edits in it are lost
    #[arg(long)]
    engine: bool,
    /// Change nothing; exit 1 when an update would
    #[arg(long)]
    check: bool,
    /// Change nothing; print what would change, as a diff
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Also where git has changes that are not committed
    #[arg(long)]
    force: bool,
}

impl UpdateArgs {
    /// Another document, and nothing else.
    pub(super) fn from(dir: PathBuf, spec: Option<String>, overlay: Vec<PathBuf>) -> Self {
        Self { dir, spec, overlay, dry_run: true, ..Self::default() }
    }

    fn is_for_real(&self) -> bool {
        !self.check && !self.dry_run
    }
}

/// A pipeline, what it remembers, and what would be made of it. Nobody else writes there as long as this is held.
pub(super) struct Planned {
    pub(super) memory: Memory,
    pub(super) update: Update,
    _lock: Option<Lock>,
}

pub(super) fn plan(args: &UpdateArgs) -> Result<Planned, Failure> {
    let (place, lock) = look_at(&args.dir)?;
    if place == Place::Free {
        return Err(MemoryError::Nothing.into());
    }
    let snapshot = Snapshot::new(&args.dir);
    let memory = recall(&snapshot)?;
    let is_forgotten = memory.is_scant() && memory.answers.spec.is_none() && args.spec.is_none();
    let asked = if is_forgotten { ask_for_document(&memory)? } else { None };
    let spec = args.spec.clone().or(asked);
    let mut wishes = wishes(args, spec.as_deref(), &memory)?;
    let document = document(args, spec.as_deref(), &memory)?;
    let mut update = plan_update(&snapshot, &memory, wishes.clone(), &document)?;
    if args.is_for_real() && args.take.is_empty() {
        wishes.take = ask_what_to_take(&update)?;
        if !wishes.take.is_empty() {
            update = plan_update(&snapshot, &memory, wishes, &document)?;
        }
    }
    Ok(Planned { memory, update, _lock: lock })
}

pub(super) fn run(args: &UpdateArgs) -> Result<(), Failure> {
    let Planned { memory, update, _lock } = plan(args)?;
    let engine = Engine::find(&args.dir, &memory)?;
    print_dangling(&update.read);
    print_idle_actions(&update.read);
    print_what(&update);
    let changed =
        update.plan.changes.iter().filter(|change| !change.is_memory() && change.changes_something()).count();
    if args.dry_run {
        update
            .plan
            .changes
            .iter()
            .filter(|change| !change.is_memory())
            .for_each(|change| anstream::print!("{}", change.diff()));
        if let Some(engine) = engine.filter(|_| args.engine) {
            anstream::print!("{}", engine.diff());
        }
        return Ok(());
    }
    if args.check {
        let wished = engine.filter(|_| args.engine).map_or(0, |engine| engine.plan.changes.len());
        let changed = changed + wished;
        return if changed > 0 { Err(Failure::Outdated { files: changed }) } else { Ok(()) };
    }
    carry_out(&args.dir, &update, args.force)?;
    engine.map_or(Ok(()), |engine| engine.settle(args.engine, args.force))
}

/// Writes what was planned, and says what is left to do.
pub(super) fn carry_out(dir: &Path, update: &Update, force: bool) -> Result<(), Failure> {
    let plan = &update.plan;
    let name = &update.name;
    if !plan.changes_something() {
        anstream::eprintln!("`{name}` is up to date");
        return Ok(());
    }
    let open = if force { Vec::new() } else { uncommitted(dir, plan) };
    if !open.is_empty() {
        return Err(Failure::Uncommitted { paths: open });
    }
    plan.apply(dir)?;
    let conflicts: Vec<String> = plan.conflicts().map(|change| change.path.clone()).collect();
    if conflicts.is_empty() {
        anstream::eprintln!("updated `{name}`");
        return Ok(());
    }
    Err(Failure::Conflicts { paths: conflicts })
}

/// The plan, what it means for resources and tables, and what waits for a word of the user.
pub(super) fn print_what(update: &Update) {
    anstream::eprint!("{}", update.plan);
    if !update.left_out.is_empty() {
        anstream::eprintln!("left out, as you have deleted them: {}", few(&update.left_out));
    }
    if !update.diff.is_empty() {
        anstream::eprintln!("\n{}", report::diff_text(&update.diff));
    }
    let is_unknown = |action: &Action| *action == Action::Keep(Reason::Unknown);
    if update.plan.changes.iter().any(|change| is_unknown(&change.action)) {
        anstream::eprintln!(
            "hint: the release that made this crate kept no copies of what it wrote; `--take PATH` replaces a file or a folder by what is \
             rendered now, and `--take .` all of them\n"
        );
    }
}

/// What a crate remembers. What waits for a person would be hidden by new changes, so that comes first.
pub(super) fn recall(snapshot: &Snapshot) -> Result<Memory, Failure> {
    let mut memory = Memory::parse(&snapshot.memory())?;
    memory.complete(snapshot.text("config.toml").as_deref(), snapshot.text("Cargo.toml").as_deref());
    let texts = memory.pristine.keys().filter_map(|path| Some((path, snapshot.text(path)?)));
    let open: Vec<String> =
        texts.filter(|(_, text)| Unresolved::is_in(text)).map(|(path, _)| path.clone()).collect();
    if open.is_empty() { Ok(memory) } else { Err(Failure::Conflicts { paths: open }) }
}

fn wishes(args: &UpdateArgs, spec: Option<&str>, memory: &Memory) -> Result<Wishes, Failure> {
    let mut answers = memory.answers.clone();
    answers.workspace_member = is_workspace_member(&args.dir);
    answers.destination = args.destination.unwrap_or(answers.destination);
    if spec.is_some() {
        answers.spec = remembered_spec(spec, &args.dir)?;
    }
    let overlays = match args.overlay.as_slice() {
        [] => again(&memory.overlays, &args.dir),
        given => overlays(given, &args.dir)?,
    };
    let (add, remove) = (args.add.clone(), args.remove.clone());
    Ok(Wishes { answers, overlays, add, remove, take: args.take.clone(), anew: false })
}

/// Overlays as they are now, where they are still there.
fn again(overlays: &[Overlay], dir: &Path) -> Vec<Overlay> {
    let read = |overlay: &Overlay| {
        let text = Source::File(dir.join(&overlay.path)).read().ok().map(|text| text.body);
        Overlay { text: text.unwrap_or_else(|| overlay.text.clone()), ..overlay.clone() }
    };
    overlays.iter().map(read).collect()
}

fn document(args: &UpdateArgs, spec: Option<&str>, memory: &Memory) -> Result<Text, Failure> {
    let source = match spec {
        Some(spec) => {
            let Ok(source) = spec.parse::<Source>();
            source
        }
        None => source_of(memory.answers.spec.as_deref(), &args.dir),
    };
    match (source, spec) {
        (Source::Stdin, None) => Err(Failure::SpecUnknown),
        (source, _) => Ok(source.read()?),
    }
}
