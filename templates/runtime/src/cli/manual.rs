//! What shells and `man` are told of the command line, made from the command line itself.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::CliError;

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// That of one command
    command: Option<String>,
}

pub(super) fn completions(arguments: &CompletionsArguments, mut program: Command) -> Result<(), CliError> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, name, &mut script);
    io::stdout().lock().write_all(&script).map_err(|source| CliError::Output { source })
}

pub(super) fn man(arguments: &ManArguments, mut program: Command) -> Result<(), CliError> {
    program.build();
    let page = match &arguments.command {
        None => Man::new(program),
        Some(name) => {
            let found = program.get_subcommands().find(|command| command.get_name() == name).cloned();
            let found = found.ok_or_else(|| CliError::NoSuchCommand { name: name.clone() })?;
            Man::new(found).title(format!("{}-{name}", program.get_name()))
        }
    };
    page.render(&mut io::stdout().lock()).map_err(|source| CliError::Output { source })
}
