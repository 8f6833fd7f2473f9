//! The command line: arguments in, exit code out. People read stderr; data goes to stdout.

mod address;
mod crate_name;
mod diff;
mod engine;
mod explain;
mod forgotten;
mod inspect;
mod manual;
mod new;
mod picker;
mod prompt;
mod remembered;
mod update;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use inquire::InquireError;

use crate::Read;
use crate::document::{DocumentError, Source, Text};
use crate::graph::{Pattern, Selection, SelectionError};
use crate::infer::RecordedNames;
use crate::memory::MemoryError;
use crate::render::{Deploy, Destination, RenderError};
use crate::report;
use crate::update::UpdateError;
use crate::write::WriteError;

use address::AddressError;

/// Turns a GitLab OpenAPI document into a Rust pipeline that loads GitLab into tables.
#[derive(Debug, Parser)]
#[command(
    name = "gitlab-init",
    version,
    about,
    after_help = "\
Examples:
  gitlab-init new my-pipeline --group my-group
  gitlab-init inspect --select 'project_*'
  gitlab-init explain project_issues
  gitlab-init diff older.yaml newer.yaml"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::NewArgs),
    Update(update::UpdateArgs),
    Diff(diff::DiffArgs),
    Inspect(inspect::InspectArgs),
    Explain(explain::ExplainArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
}

/// Where the document comes from.
#[derive(Debug, Clone, Args)]
struct SpecArgs {
    /// The OpenAPI document, `-` for standard input; the bundled one when left out
    #[arg(long, value_name = "FILE|URL")]
    spec: Option<String>,
    /// Corrections to the document, as an OpenAPI overlay; commas separate several
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    overlay: Vec<PathBuf>,
}

/// Why a command failed, with the exit code that tells.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("git has changes that are not committed: {}", few(paths))]
    Uncommitted { paths: Vec<String> },
    #[error("conflicts wait for you in {}", few(paths))]
    Conflicts { paths: Vec<String> },
    #[error("an update would change {files} {}", if *files == 1 { "file" } else { "files" })]
    Outdated { files: usize },
    #[error("this pipeline is of the first release, which did not write down where \"{title}\" came from")]
    SpecForgotten { title: String },
    #[error("something changes for a pipeline")]
    Differs,
    #[error("the document came from standard input, so it cannot be read again")]
    SpecUnknown,
    #[error("`{name}` cannot name a crate")]
    CrateName { name: String },
    #[error("`{option}` cannot be `{value}`: {fault}")]
    Address { option: &'static str, value: String, fault: AddressError },
    #[error("cannot ask")]
    Prompt(#[from] InquireError),
    #[error("there is no command `{name}`")]
    NoSuchCommand { name: String },
    #[error("given up; nothing is made")]
    GivenUp,
    #[error("cannot write the output")]
    Output(#[from] std::io::Error),
    #[error("cannot write the output as JSON")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Document(error) => error.hint().map(str::to_owned),
            Self::Selection(error) => Some(error.hint()),
            Self::Write(error) => error.hint().map(str::to_owned),
            Self::Memory(error) => Some(error.hint().into()),
            Self::Uncommitted { .. } => Some("commit them first, so that the update can be told from them; or give `--force`".into()),
            Self::Conflicts { .. } => Some("each is marked by `<<<<<<< ours` (yours), `=======` and `>>>>>>> theirs` (what is new): keep what is right, and take the marks out".into()),
            Self::Outdated { .. } => Some("`gitlab-init update` brings it up to date, `--dry-run` shows how".into()),
            Self::SpecUnknown | Self::SpecForgotten { .. } => Some("name it with `--spec`".into()),
            Self::Render(_) => {
                Some("this is a fault of gitlab-init; please report it with the document".into())
            }
            Self::CrateName { .. } => {
                Some("use letters, digits, `-` and `_`, start with a letter, and take no name that Rust or the engine has: `my-gitlab` will do".into())
            }
            Self::Prompt(_) => Some("`--yes` asks nothing".into()),
            Self::Address { option: "--base-url", .. } => {
                Some("such as `--base-url https://gitlab.com`".into())
            }
            Self::Address { .. } => {
                Some("paste the address of its page, or give its path: `my-group/my-project`".into())
            }
            Self::NoSuchCommand { .. } => Some("`gitlab-init help` lists them".into()),
            Self::GivenUp | Self::Differs | Self::Output(_) | Self::Json(_) => None,
        }
    }

    /// 2 for what the user typed, 1 for what went wrong.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Selection(_)
            | Self::CrateName { .. }
            | Self::Address { .. }
            | Self::NoSuchCommand { .. }
            | Self::SpecUnknown
            | Self::SpecForgotten { .. } => 2,
            _ => 1,
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Document(error) => error.into(),
            UpdateError::Selection(error) => error.into(),
            UpdateError::Render(error) => error.into(),
        }
    }
}

/// A few paths, and how many more there are.
fn few(paths: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> =
        paths.iter().take(SHOWN).map(|path| format!("`{}`", crate::report::printable(path))).collect();
    let more = paths.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::New(args) => new::run(&args),
        Command::Update(args) => update::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output may stop early, as `head` does.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            print_failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn print_failure(failure: &Failure) {
    let (red, reset) = (anstyle::AnsiColor::Red.on_default().bold(), anstyle::Reset);
    anstream::eprintln!("{red}error{reset}: {failure}");
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        anstream::eprintln!("  caused by: {cause}");
        source = cause.source();
    }
    if let Some(hint) = failure.hint() {
        anstream::eprintln!("\nhint: {hint}");
    }
}

impl SpecArgs {
    /// The options that give the same document to another command, with a blank in front of each. What may carry a
    /// token stays out of sight.
    fn again(&self) -> String {
        let spec = self.spec.iter().map(|spec| match spec.split_once("://") {
            Some((_, rest)) if rest.contains(['?', '@']) => " --spec …".to_owned(),
            _ => format!(" --spec {}", shell_word(spec)),
        });
        let overlays = self.overlay.iter().map(|path| path.display().to_string());
        let overlays = overlays.map(|path| format!(" --overlay {}", shell_word(&path)));
        spec.chain(overlays).collect()
    }

    fn document(&self) -> Result<Text, Failure> {
        let source = self.spec.as_deref().map_or(Ok(Source::Bundled), str::parse);
        let Ok(source) = source;
        Ok(source.read()?)
    }

    fn read(&self) -> Result<Read, Failure> {
        self.read_as(&self.document()?)
    }

    /// As [`Self::read`], of a document that is read already.
    fn read_as(&self, document: &Text) -> Result<Read, Failure> {
        let overlays = self.overlay.iter().cloned().map(|path| Source::File(path).read().map_err(of_overlay));
        let overlays = overlays.collect::<Result<Vec<_>, _>>()?;
        let read = crate::read(document, &overlays, &RecordedNames::new())?;
        print_dangling(&read);
        Ok(read)
    }
}

/// A text as a shell takes it for one word.
fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+=,~".contains(letter);
    let text = report::printable(text);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn of_overlay(error: DocumentError) -> DocumentError {
    match error {
        DocumentError::Read { origin, source } => DocumentError::ReadOverlay { origin, source },
        other => other,
    }
}

/// Says which references lead nowhere: what they should describe is unknown.
fn print_dangling(read: &Read) {
    let Some(first) = read.dangling.first() else { return };
    let others = match read.dangling.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} other references"),
    };
    anstream::eprintln!(
        "warning: `{first}`{others} in {} leads nowhere; what stands there is not known",
        read.document.info.origin
    );
}

/// Names the actions of the user's overlays that changed nothing.
fn print_idle_actions(read: &Read) {
    for idle in &read.document.idle_actions {
        let [overlay, target] = [&idle.overlay, &idle.target].map(|text| report::printable(text));
        anstream::eprintln!("warning: an action of `{overlay}` matches nothing: {target}");
    }
}

/// Those that the runtime has.
fn destinations() -> impl TypedValueParser<Value = Destination> {
    PossibleValuesParser::new(Destination::all().map(Destination::name))
        .map(|name| Destination::named(&name).unwrap_or_default())
}

/// What can run a pipeline.
fn engines() -> impl TypedValueParser<Value = Deploy> {
    PossibleValuesParser::new(Deploy::all().map(Deploy::name))
        .try_map(|name| Deploy::named(&name).ok_or("it is none of those"))
}

/// Reads a pattern from the command line.
fn parse_pattern(text: &str) -> Result<Pattern, String> {
    text.parse().map_err(|error: crate::graph::PatternError| error.to_string())
}

fn selection(select: &[Pattern], exclude: &[Pattern], preset: Option<crate::gitlab::Preset>) -> Selection {
    Selection { preset, select: select.to_vec(), exclude: exclude.to_vec(), ..Selection::default() }
}
