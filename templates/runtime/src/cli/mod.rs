//! The command line: arguments come in, an exit code goes out. One file per command.
//!
//! Data goes to stdout; everything for people (progress, report, errors, `-v`) to stderr. Exit codes: 0 fine, 1 failed,
//! 2 wrong usage or configuration, 3 invalid_credentials, 4 invalid_permissions, 5 no_resources, 6 some partitions
//! failed and the rest is loaded, 7 interrupted and what was read is loaded.

mod check;
mod destination;
mod fault;
mod format;
mod info;
mod interrupt;
mod login;
mod manual;
mod notice;
mod plan;
mod resources;
mod run;
mod schema;
mod share;
mod show;
mod sink;
mod state;
mod tell;
mod turn;
mod verbosity;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, Environment};
use crate::pipeline::Pipeline;
use crate::progress::Display;
use crate::told::ToldError;
use fault::CliError;
use tell::LogFormat;

/// Loads GitLab into tables.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The configuration; `secrets.toml` is looked for beside it [default: config.toml]
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Say more: -v what is left out and why, -vv every retry, -vvv every request
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// How progress, report and what `-v` says are written to stderr
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
}

impl Arguments {
    fn display(&self) -> Display {
        match (self.log_format, self.verbose) {
            (LogFormat::Json, _) => Display::Json,
            (LogFormat::Plain, 0) => Display::Auto,
            (LogFormat::Plain, _) => Display::Lines,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load what the configuration says
    Run(run::RunArguments),
    /// Sign in to GitLab by OAuth, and keep the tokens in secrets.toml
    Login(login::LoginArguments),
    /// Look at credentials, permissions and the scope, and load nothing
    Check(check::CheckArguments),
    /// Tell what a run would request, and about how many requests that is
    Plan(plan::PlanArguments),
    /// List the resources
    Resources(resources::ResourcesArguments),
    /// Tell how the last loads went
    Info(info::InfoArguments),
    /// Write down the tables for others: SQL, JSON Schema, a diagram, or dbt
    Schema(schema::SchemaArguments),
    /// Show what is loaded in a browser of this machine
    Show(show::ShowArguments),
    /// Show or reset what is remembered between runs
    State(state::StateArguments),
    /// Print what completes commands and options in a shell
    Completions(manual::CompletionsArguments),
    /// Print the page for `man`
    Man(manual::ManArguments),
}

/// The whole program.
pub(crate) fn main(pipeline: Pipeline) -> ExitCode {
    let parsed =
        program(&pipeline).try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    if arguments.log_format == LogFormat::Json {
        tell::tell_panics_as_json();
    }
    verbosity::start(arguments.verbose, arguments.log_format);
    match dispatch(&arguments, pipeline) {
        Ok(code) => code,
        Err(CliError::Output { source }) if source.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            arguments.log_format.error(&error.told());
            ExitCode::from(error.exit_code())
        }
    }
}

/// The command line, under the name that the crate has.
fn program(pipeline: &Pipeline) -> clap::Command {
    Arguments::command().name(pipeline.name).version(pipeline.version)
}

/// Arguments that are wrong, or that ask for help.
fn misused(error: &clap::Error) -> ExitCode {
    let texts = std::env::args_os().filter_map(|argument| argument.into_string().ok());
    if !error.use_stderr() || LogFormat::among(texts) == LogFormat::Plain {
        error.exit();
    }
    let text = error.render().to_string();
    let message = text.trim().trim_start_matches("error: ").to_owned();
    let told = ToldError { class: None, message, causes: Vec::new(), hint: None, exit_code: fault::USAGE };
    LogFormat::Json.error(&told);
    ExitCode::from(fault::USAGE)
}

fn dispatch(arguments: &Arguments, pipeline: Pipeline) -> Result<ExitCode, CliError> {
    let (all, api_root, display) = (pipeline.resources, pipeline.api_root, arguments.display());
    let environment = environment();
    let config = || Config::load(arguments.config.as_deref(), &environment, all, api_root);
    match &arguments.command {
        Command::Run(run) => {
            let config = config().map_err(CliError::from).inspect_err(|error| {
                if let Some(notify) = Config::notify(arguments.config.as_deref(), &environment) {
                    run::not_begun(error, &notify, &pipeline, display);
                }
            })?;
            return run::run(run, (&config, &environment), pipeline, display);
        }
        Command::Check(check) => return check::check(check, &config()?, &pipeline, display),
        Command::Login(login) => {
            login::login(login, &config()?)?;
            login::tell_what_stands_above(&config()?, arguments.log_format);
            Ok(())
        }
        Command::Plan(plan) => plan::plan(plan, (&config()?, &environment), pipeline, display),
        Command::Resources(resources) => resources::list(resources, &config()?, all),
        Command::Info(info) => info::info(info, &config()?),
        Command::Schema(schema) => schema::schema(schema, &config()?, &pipeline, arguments.log_format),
        Command::Show(show) => show::show(show, &config()?, &pipeline),
        Command::State(state) => state::state(state, &config()?, pipeline.name),
        Command::Completions(shell) => manual::completions(shell, program(&pipeline)),
        Command::Man(page) => manual::man(page, program(&pipeline)),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn environment() -> Environment {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}
